"""Every wording of the diary, in English and Spanish; a new wording is a new version."""

WORDING: dict[str, tuple[str, str]] = {
    "anxiety": (
        "How nervous or tense were you?",
        "¿Qué tan nervioso/a o tenso/a estuvo?",
    ),
    "worry": (
        "How hard was it to stop worrying?",
        "¿Qué tan difícil fue dejar de preocuparse?",
    ),
    "panic": (
        "How strong was sudden fear or panic at its worst?",
        "¿Qué tan fuerte fue el miedo repentino o el pánico en su peor momento?",
    ),
    "avoidance": (
        "How much did you stay away from things out of fear?",
        "¿Cuánto evitó cosas por miedo?",
    ),
    "dissociation": (
        "How far away or unreal did you, or the world around you, feel?",
        "¿Qué tan lejanos o irreales se sintieron usted o el mundo a su alrededor?",
    ),
    "activation": (
        "Compared with your usual self, how sped up were you, or how little sleep did you need?",
        (
            "Comparado con cómo es usted siempre, ¿qué tan acelerado/a estuvo o qué tan poco "
            "sueño necesitó?"
        ),
    ),
    "side_effects": (
        "How much did side effects bother you?",
        "¿Cuánto le molestaron los efectos secundarios?",
    ),
    "si_daily": (
        "Did you have thoughts of being dead or of ending your life?",
        "¿Tuvo pensamientos de estar muerto/a o de terminar con su vida?",
    ),
    "sleep_bad": (
        "How badly did you sleep last night?",
        "¿Qué tan mal durmió anoche?",
    ),
    "concentration": (
        "How hard was it to keep your mind on things?",
        "¿Qué tan difícil fue mantener la mente en las cosas?",
    ),
    "irritable": (
        "How easily were you annoyed?",
        "¿Con qué facilidad se molestó?",
    ),
    "si_intensity": (
        "How hard were these thoughts to put aside?",
        "¿Qué tan difícil fue apartar estos pensamientos?",
    ),
    "craving": (
        "How strongly did you want ketamine apart from your treatment?",
        "¿Cuántas ganas tuvo de ketamina fuera de su tratamiento?",
    ),
    "experience_distress": (
        "How unsettling was the experience during the infusion?",
        "¿Qué tan inquietante fue la experiencia durante la infusión?",
    ),
    "low_mood": (
        "How low or sad was your mood?",
        "¿Qué tan bajo o triste estuvo su ánimo?",
    ),
    "anhedonia": (
        "How little did things interest or please you?",
        "¿Qué tan poco le interesaron o le agradaron las cosas?",
    ),
    "hopelessness": (
        "How hopeless did the days ahead look?",
        "¿Qué tan sin esperanza vio los días que vienen?",
    ),
    "fatigue": (
        "How short of energy were you?",
        "¿Cuánta energía le faltó?",
    ),
    "intrusion": (
        "How much did unwanted memories push in?",
        "¿Cuánto se le impusieron recuerdos no deseados?",
    ),
    "trauma_avoidance": (
        "How hard did you work to keep away from reminders?",
        "¿Cuánto se esforzó por evitar lo que se lo recuerda?",
    ),
    "on_guard": (
        "How much were you on guard or easily startled?",
        "¿Cuánto estuvo en alerta o se sobresaltó con facilidad?",
    ),
    "numbness": (
        "How cut off from your feelings were you?",
        "¿Qué tan desconectado/a estuvo de sus sentimientos?",
    ),
    "obsession_time": (
        "How much of the day did unwanted thoughts or rituals take?",
        "¿Cuánto del día le ocuparon pensamientos no deseados o rituales?",
    ),
    "urge": (
        "How strong was the urge to do a ritual?",
        "¿Qué tan fuertes fueron las ganas de hacer un ritual?",
    ),
    "obsession_distress": (
        "How much did it upset you?",
        "¿Cuánto le angustió?",
    ),
    "hard_to_resist": (
        "How hard was it to resist?",
        "¿Qué tan difícil fue resistirse?",
    ),
    "pain_now": (
        "How strong is your pain right now?",
        "¿Qué tan fuerte es su dolor en este momento?",
    ),
    "pain_worst": (
        "How strong was it at its worst?",
        "¿Qué tan fuerte fue en su peor momento?",
    ),
    "pain_activity": (
        "How much did pain get in the way of what you do?",
        "¿Cuánto le estorbó el dolor en lo que hace?",
    ),
    "pain_enjoyment": (
        "How much did pain spoil what you enjoy?",
        "¿Cuánto le estropeó el dolor lo que disfruta?",
    ),
    "other_ketamine": (
        "Did you use ketamine, or something like it, outside the clinic?",
        "¿Usó ketamina, o algo parecido, fuera de la clínica?",
    ),
    "dis_unreal": (
        "Things looked unreal, as in a dream.",
        "Las cosas parecían irreales, como en un sueño.",
    ),
    "dis_slow": (
        "Things moved in slow motion.",
        "Las cosas se movían en cámara lenta.",
    ),
    "dis_apart": (
        "I felt apart from myself, as if watching.",
        "Me sentí fuera de mí, como si me observara.",
    ),
    "dis_body": (
        "My body felt changed or not mine.",
        "Sentí mi cuerpo cambiado o como si no fuera mío.",
    ),
    "dis_far": (
        "Things looked far off, as through a tunnel.",
        "Las cosas se veían lejanas, como a través de un túnel.",
    ),
    "dis_gap": (
        "I lost a piece of time.",
        "Perdí un trozo de tiempo.",
    ),
}
"""Item id, English, Spanish. Source: clinical content, section 3."""

PHQ9: dict[str, tuple[str, str, str]] = {
    "phq9_1": (
        "44250-9",
        "Little interest or pleasure in doing things",
        "Tener poco interés o placer en hacer las cosas",
    ),
    "phq9_2": (
        "44255-8",
        "Feeling down, depressed, or hopeless",
        "Sentirse desanimado/a, deprimido/a, o sin esperanza",
    ),
    "phq9_3": (
        "44259-0",
        "Trouble falling or staying asleep, or sleeping too much",
        "Con problemas en dormirse o en mantenerse dormido/a, o en dormir demasiado",
    ),
    "phq9_4": (
        "44254-1",
        "Feeling tired or having little energy",
        "Sentirse cansado/a o tener poca energía",
    ),
    "phq9_5": (
        "44251-7",
        "Poor appetite or overeating",
        "Tener poco apetito o comer en exceso",
    ),
    "phq9_6": (
        "44258-2",
        (
            "Feeling bad about yourself — or that you are a failure or have let yourself or "
            "your family down"
        ),
        (
            "Sentir falta de amor propio — o que sea un fracaso o que decepcionara a sí "
            "mismo/a o a su familia"
        ),
    ),
    "phq9_7": (
        "44252-5",
        "Trouble concentrating on things, such as reading the newspaper or watching television",
        (
            "Tener dificultad para concentrarse en cosas tales como leer el periódico o "
            "mirar la televisión"
        ),
    ),
    "phq9_8": (
        "44253-3",
        (
            "Moving or speaking so slowly that other people could have noticed? Or the "
            "opposite — being so fidgety or restless that you have been "
            "moving around a lot more than usual"
        ),
        (
            "Se mueve o habla tan lentamente que otra gente se podría dar cuenta — o de lo "
            "contrario, está tan agitado/a o inquieto/a que se mueve mucho más de lo acostumbrado"
        ),
    ),
    "phq9_9": (
        "44260-8",
        "Thoughts that you would be better off dead or of hurting yourself in some way",
        (
            "Se le han ocurrido pensamientos de que sería mejor estar muerto/a o de que se "
            "haría daño de alguna manera"
        ),
    ),
}
"""Item id, LOINC, English, Spanish. Source: clinical content, sections 4 and 6."""

GAD7: dict[str, tuple[str, str, str]] = {
    "gad7_1": (
        "69725-0",
        "Feeling nervous, anxious or on edge",
        "Sentirse nervioso/a, intranquilo/a o con los nervios de punta",
    ),
    "gad7_2": (
        "68509-9",
        "Not being able to stop or control worrying",
        "No poder dejar de preocuparse o no poder controlar la preocupación",
    ),
    "gad7_3": (
        "69733-4",
        "Worrying too much about different things",
        "Preocuparse demasiado por motivos diferentes",
    ),
    "gad7_4": (
        "69734-2",
        "Trouble relaxing",
        "Tener dificultad para relajarse",
    ),
    "gad7_5": (
        "69735-9",
        "Being so restless that it is hard to sit still",
        "Estar tan inquieto/a que es difícil permanecer sentado/a tranquilamente",
    ),
    "gad7_6": (
        "69689-8",
        "Becoming easily annoyed or irritable",
        "Molestarse o ponerse irritable fácilmente",
    ),
    "gad7_7": (
        "69736-7",
        "Feeling afraid as if something awful might happen",
        "Sentir miedo como si algo terrible pudiera pasar",
    ),
}
"""Item id, LOINC, English, Spanish. Source: clinical content, sections 4 and 6."""
