"""Everyday notes for the simulated patients, by how the day was; written for this project."""

from typing import Final

LOW, MIDDLING, BETTER, INFUSION = "low", "middling", "better", "infusion"

NOTES: Final = {
    ("en", LOW): (
        "Stayed in bed until noon again. The kitchen can wait.",
        "Everything feels like wading through wet sand today.",
        "Cancelled on my sister. She was kind about it, which made it worse.",
        "Cried in the car park for no reason I could name.",
        "Slept three hours, then lay there listening to the fridge.",
        "Opened the post, closed it again. Tomorrow.",
        "Could not follow the film. My head is all cotton wool.",
        "My back hurt from doing nothing.",
        "Ate toast over the sink. It counts.",
    ),
    ("en", MIDDLING): (
        "Grey but bearable. Did the washing up.",
        "Walked to the shop and back without the headphones.",
        "Work was fine until three, then I ran out of steam.",
        "Argued with the insurance people for an hour.",
        "Slept badly, blamed the neighbours' dog.",
        "Neither good nor bad. Watched the rain.",
        "Managed the school run. That was today's mountain.",
        "New tablets for blood pressure from my GP, started this morning.",
    ),
    ("en", BETTER): (
        "Laughed at something on the radio and noticed that I had.",
        "Played the piano for the first time since spring.",
        "Coffee tasted of coffee.",
        "Went to the allotment; the beans have come up.",
        "Called my brother and stayed on the line for an hour.",
        "I read forty pages and could tell you what was in them.",
        "My head was quiet this morning, and I noticed the birds.",
        "Swam twenty lengths. Legs like jelly, mood like summer.",
        "Booked the train to see Mum.",
    ),
    ("en", INFUSION): (
        "Infusion this morning. Floaty for an hour, then very tired.",
        "Felt sick on the drive home, fine after tea.",
        "The ceiling turned into a map. Not unpleasant.",
        "Slept the whole afternoon after the clinic.",
        "Easier than last time; the music helped.",
        "A little woozy on the stairs. My neighbour walked me up.",
    ),
    ("es", LOW): (
        "Hoy no he salido de casa. Me pesa todo.",
        "He dormido fatal y no me concentro en nada.",
        "Dejé sonar el teléfono. No tenía fuerzas para hablar.",
    ),
    ("es", MIDDLING): (
        "Día normal. Fui a comprar y cociné algo.",
        "Por la mañana regular, por la tarde mejor.",
    ),
    ("es", BETTER): (
        "Paseé una hora junto al río y me sentó bien.",
        "Quedé con mi prima y me reí mucho.",
        "He vuelto a pintar después de meses.",
    ),
    ("es", INFUSION): (
        "Infusión esta mañana. Mareada un rato, luego tranquila.",
        "Un poco de náusea al volver a casa, nada más.",
    ),
}

IN_NEED = "It is all back. I wish I would not wake up tomorrow. I have not told anybody."
"""What the one patient writes about whom the demo clinic is paged."""
