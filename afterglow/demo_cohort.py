"""Thirty invented patients: who they are and how they do; chance fills in the rest."""

from dataclasses import dataclass
from typing import Final

SUDDEN, GRADUAL, SLOW = 2, 9, 26
"""Days in which a return takes back what was won: a fall, a slide, a drift over weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """One patient in a line.

    `response` is the share of the symptoms that the course takes away, `returns_after` the days
    from its last infusion to the first of the return.
    """

    name: str
    condition: str
    days: int
    response: float
    also: tuple[str, ...] = ()
    returns_after: int | None = None
    return_takes: int = GRADUAL
    booster: bool = False
    maintenance_every: int | None = None
    language: str = "en"
    lingering_dissociation: bool = False
    headaches: bool = False
    goes_silent: bool = False
    speeds_up: bool = False
    in_need: bool = False

    @property
    def bipolar(self) -> bool:
        """Say whether there was ever a high."""
        return "bipolar_depression" in (self.condition, *self.also)


COHORT: Final = (
    Sketch(name="Aoife Brennan", condition="trd", days=180, response=0.7, maintenance_every=28),
    Sketch(name="Tomasz Wilk", condition="trd", days=165, response=0.65, returns_after=105),
    Sketch(name="Grace Oyelaran", condition="trd", days=170, response=0.12),
    Sketch(name="Daniel Ferreira", condition="mdd", days=180, response=0.75),
    Sketch(
        name="Maeve Kilbride", condition="trd", days=176, response=0.7, also=("anxiety",),
        returns_after=70, return_takes=SUDDEN, booster=True,
    ),
    Sketch(name="Ines Caballero", condition="trd", days=150, response=0.6, language="es"),
    Sketch(
        name="Oskar Lindqvist", condition="bipolar_depression", days=180, response=0.68,
        returns_after=118, return_takes=SLOW,
    ),
    Sketch(name="Priya Raman", condition="ptsd", days=175, response=0.66, maintenance_every=21),
    Sketch(name="Hannah Vogel", condition="trd", days=140, response=0.36),
    Sketch(
        name="Callum Reid", condition="ptsd", days=124, response=0.62, returns_after=80,
        also=("chronic_pain",),
    ),
    Sketch(name="Noor Haddad", condition="anxiety", days=160, response=0.7),
    Sketch(
        name="Piotr Zielinski", condition="trd", days=178, response=0.72, returns_after=19,
        return_takes=SUDDEN, booster=True,
    ),
    Sketch(name="Siobhan Doyle", condition="ocd", days=150, response=0.33),
    Sketch(name="Ewan Mackay", condition="chronic_pain", days=170, response=0.58),
    Sketch(name="Lucia Navarro", condition="mdd", days=145, response=0.7, language="es",
           returns_after=98),
    Sketch(name="Ben Achterberg", condition="trd", days=120, response=0.05),
    Sketch(
        name="Fatima Rahmani", condition="suicidal_ideation", days=100, response=0.68,
        also=("trd",), returns_after=62, return_takes=SUDDEN, in_need=True,
    ),
    Sketch(name="Jonas Eriksen", condition="trd", days=180, response=0.7, maintenance_every=28),
    Sketch(
        name="Rosa Benitez", condition="bipolar_depression", days=150, response=0.3, language="es"
    ),
    Sketch(name="Amara Nwosu", condition="trd", days=110, response=0.72),
    Sketch(name="Keith Pollard", condition="chronic_pain", days=130, response=0.1, headaches=True),
    Sketch(
        name="Yuki Tanabe", condition="ptsd", days=148, response=0.64, returns_after=96,
        goes_silent=True,
    ),
    Sketch(name="Clara Devlin", condition="trd", days=120, response=0.68),
    Sketch(
        name="Marek Novotny", condition="mdd", days=110, response=0.66, returns_after=52,
        return_takes=SLOW,
    ),
    Sketch(
        name="Leila Farouk", condition="trd", days=160, response=0.7, lingering_dissociation=True
    ),
    Sketch(name="Sam Whitcombe", condition="bipolar_depression", days=140, response=0.61),
    Sketch(name="Greta Hollis", condition="ocd", days=165, response=0.5),
    Sketch(name="Victor Amsel", condition="trd", days=75, response=0.66),
    Sketch(name="Orla Tierney", condition="anxiety", days=150, response=-0.12),
    Sketch(
        name="David Mensah", condition="bipolar_depression", days=40, response=0.6, speeds_up=True
    ),
)  # fmt: skip
