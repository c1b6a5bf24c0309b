"""Statements in the other languages, written for these tests, one a line."""

PAGING = {
    "es": """
Me quiero matar.
No tengo ganas de seguir viviendo.
Quisiera estar muerto.
Estoy pensando en quitarme la vida.
Quiero morir, no aguanto más.
Tengo pensamientos suicidas todos los días.
Pienso en el suicidio cada noche.
Anoche intenté suicidarme.
Ojalá no me despertara nunca más.
Mi familia estaría mejor sin mí.
Soy una carga para todos.
Estoy cansada de vivir.
No vale la pena vivir así.
Quiero acabar con todo.
He pensado en saltar del puente.
Pienso en tomarme todas las pastillas.
Me corto otra vez, no puedo parar.
Tengo ganas de hacerme daño.
Escribí una carta de despedida.
Preferiría estar muerta.
""",
    "fr": """
J'ai envie de mourir.
Je pense à me suicider.
Ma famille serait mieux sans moi.
Je veux en finir.
Je ne veux plus vivre.
J'ai des pensées suicidaires tous les jours.
J'ai pensé à me pendre.
Je voudrais être morte.
J'aimerais m'endormir et ne plus me réveiller.
Je suis un fardeau pour tout le monde.
Je suis fatiguée de vivre.
Il n'y a plus aucune raison de vivre.
Je veux mettre fin à mes jours.
J'ai envie de me faire du mal.
Je pense à sauter du pont.
J'ai écrit une lettre d'adieu.
Le suicide me paraît la seule solution.
J'ai encore envie de me couper.
""",
    "de": """
Ich habe Selbstmordgedanken.
Ich möchte nicht mehr aufwachen.
Ich will nicht mehr leben.
Ich möchte sterben.
Ich bringe mich um.
Ich denke daran, mich zu erhängen, mich umzubringen.
Ich bin suizidal.
Ich bin lebensmüde.
Ich will mir das Leben nehmen.
Ohne mich wäre alles leichter für alle.
Ich bin nur eine Last für meine Familie.
Ich wäre lieber tot.
Ich wünschte, ich wäre tot.
Ich habe mich wieder geritzt.
Ich habe einen Abschiedsbrief geschrieben.
Ich will mich vor den Zug werfen, mich umbringen.
Ich habe keinen Grund zu leben.
Heute starke Suizidgedanken.
""",
    "pt": """
Quero me matar.
Não aguento mais viver.
Estou pensando em suicídio.
Quero morrer.
Tenho vontade de morrer.
Penso em tirar minha própria vida.
Tenho pensamentos suicidas.
Preferia estar morta.
Queria dormir e não acordar mais.
Minha família ficaria melhor sem mim.
Sou um peso para todos.
Estou cansado de viver.
Não vale a pena viver.
Quero acabar com tudo.
Voltei a me cortar.
Tenho vontade de me machucar.
Escrevi uma carta de despedida.
""",
    "it": """
Voglio morire.
Penso al suicidio.
Ho pensieri di suicidio.
Voglio farla finita.
Non voglio più vivere.
Vorrei essere morta.
""",
    "nl": """
Ik wil dood.
Ik denk aan zelfmoord.
Ik ben suicidaal.
Ik wil niet meer leven.
Ik wil een eind aan mijn leven maken.
""",
    "pl": """
Chcę umrzeć.
Mam myśli samobójcze.
Nie chcę żyć.
Myślę o samobójstwie.
Chcę się zabić.
""",
}

READ_LATER = {
    "es": """
Ya no tengo pensamientos suicidas.
Mi tío se suicidó.
No quiero morir.
Sin ideas suicidas esta semana.
Nunca pienso en el suicidio.
""",
    "fr": """
Je n'ai pas d'idées suicidaires.
Mon voisin s'est suicidé.
Je ne veux pas mourir.
Aucune pensée suicidaire cette semaine.
Je n'ai jamais pensé au suicide.
""",
    "de": """
Ich habe keine Suizidgedanken mehr.
Mein Onkel hat sich umgebracht.
Ich will nicht sterben.
Keine Selbstmordgedanken in dieser Woche.
Nicht suizidal.
""",
    "pt": """
Não tenho pensamentos suicidas.
Meu tio se matou.
Não quero morrer.
Sem pensamentos suicidas nesta semana.
Nunca pensei em suicídio.
""",
}

QUIET = {
    "es": """
Estoy muerto de cansancio.
Dormí seis horas y caminé con mi hermana.
Me duele la cabeza desde ayer.
Quiero salir a pasear mañana.
No quiero comer nada.
La infusión fue tranquila y vi colores.
Me corté el pelo por la tarde.
Tengo la próxima cita el jueves.
Estoy triste y sin energía.
Murió el perro de mi vecina.
""",
    "fr": """
Je suis mort de fatigue.
J'ai dormi six heures et promené le chien.
J'ai mal à la tête depuis hier.
Je veux sortir demain avec une amie.
Je ne veux pas manger ce soir.
La perfusion était calme, j'ai vu des couleurs.
Je suis triste et sans énergie.
Le prochain rendez-vous est jeudi matin.
Je me suis coupé les cheveux.
""",
    "de": """
Ich bin todmüde.
Sechs Stunden geschlafen, dann mit dem Hund draußen.
Kopfschmerzen seit gestern, sonst gut.
Ich will morgen spazieren gehen.
Ich will nichts essen.
Die Infusion war ruhig, ich habe Farben gesehen.
Traurig und ohne Energie heute.
Der nächste Termin ist am Donnerstag.
Das Handy ist tot.
""",
    "pt": """
Estou morto de cansaço.
Dormi seis horas e passeei com o cachorro.
Dor de cabeça desde ontem.
Quero sair amanhã com uma amiga.
Não quero comer nada hoje.
A infusão foi calma e vi cores.
Estou triste e sem energia.
A próxima consulta é na quinta de manhã.
Cortei o cabelo à tarde.
""",
    "it": """
Ho dormito bene e ho mangiato con la famiglia.
Oggi sono stanco e triste.
""",
    "nl": """
Ik heb goed geslapen en ben met de hond naar het park geweest.
Vandaag ben ik moe en verdrietig.
""",
    "pl": """
Dobrze spałem i byłem z psem na spacerze.
Dzisiaj jestem zmęczony i smutny.
""",
}
