"""Does an entry speak of suicide: structured answers first, then the words of the note."""

from clinical.ideation.answers import EntryScreening, screen_answers, screen_entry, screen_note
from clinical.ideation.fold import NORMALISER_VERSION
from clinical.ideation.label import (
    RULE_ITEM,
    RULE_TEXT,
    RULE_UNAVAILABLE,
    Label,
    Reason,
    Screening,
    Span,
    highest,
)
from clinical.ideation.lexicon import Lexicon, load_lexicon
from clinical.ideation.pattern import LexiconError
from clinical.ideation.screen import screen, unavailable

__all__ = [
    "NORMALISER_VERSION",
    "RULE_ITEM",
    "RULE_TEXT",
    "RULE_UNAVAILABLE",
    "EntryScreening",
    "Label",
    "Lexicon",
    "LexiconError",
    "Reason",
    "Screening",
    "Span",
    "highest",
    "load_lexicon",
    "screen",
    "screen_answers",
    "screen_entry",
    "screen_note",
    "unavailable",
]
