"""The only words that may leave the house, in every language we speak."""

from dataclasses import dataclass
from enum import StrEnum


class PageKind(StrEnum):
    """Why somebody is rung; nothing finer than this ever leaves."""

    URGENT = "urgent"
    ROUTINE = "routine"
    TEST = "test"
    NEW_INFORMATION = "new_information"


class Language(StrEnum):
    """A language the fixed words exist in."""

    EN = "en"
    ES = "es"


@dataclass(frozen=True, slots=True)
class Words:
    """What a lock screen or an inbox shows."""

    title: str
    body: str


WORDS: dict[Language, dict[PageKind, Words]] = {
    Language.EN: {
        PageKind.URGENT: Words(
            "Care team alert", "An urgent item needs your attention. Open the app."
        ),
        PageKind.ROUTINE: Words(
            "Care team update", "An item is waiting for your review. Open the app."
        ),
        PageKind.TEST: Words("Care team test", "This is a test page. Open the app to confirm it."),
        PageKind.NEW_INFORMATION: Words(
            "Care team alert", "An open item has new information. Open the app."
        ),
    },
    Language.ES: {
        PageKind.URGENT: Words(
            "Aviso al equipo", "Un asunto urgente requiere su atención. Abra la aplicación."
        ),
        PageKind.ROUTINE: Words(
            "Novedad para el equipo", "Un asunto espera su revisión. Abra la aplicación."
        ),
        PageKind.TEST: Words(
            "Prueba para el equipo",
            "Este es un aviso de prueba. Abra la aplicación para confirmarlo.",
        ),
        PageKind.NEW_INFORMATION: Words(
            "Aviso al equipo", "Un asunto abierto tiene información nueva. Abra la aplicación."
        ),
    },
}
"""Source: escalation.md 7.7; no name, drug, symptom, score, count or clinic in any of them."""

KIND_CODES: dict[PageKind, str] = {
    PageKind.URGENT: "u",
    PageKind.ROUTINE: "r",
    PageKind.TEST: "t",
    PageKind.NEW_INFORMATION: "u",
}
"""The `k` of a payload. New information about an urgent item rings as urgently as the item."""


def words_for(kind: PageKind, language: Language) -> Words:
    """Return the fixed words of one kind of page in one language."""
    return WORDS[language][kind]


def is_fixed(title: str, body: str) -> bool:
    """Say whether a title and a body are together one row of the table."""
    return any(Words(title, body) in table.values() for table in WORDS.values())
