"""What a reading of an entry comes to: a label, where in the text, and by which rules."""

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """What must happen: nothing, a human reads it the same clinic day, a human is paged now."""

    NONE = "none"
    REVIEW = "review"
    ESCALATE = "escalate"

    @property
    def rank(self) -> int:
        """Order of the labels: the higher one wins wherever two meet."""
        return RANK[self]


RANK = {Label.NONE: 0, Label.REVIEW: 1, Label.ESCALATE: 2}


class Reason(StrEnum):
    """What set the label."""

    NONE = "none"
    RULE = "rule"
    CONTEXT = "context"
    ITEM = "item"
    SCREENING_UNAVAILABLE = "screening_unavailable"
    MODEL_HIGH = "model_high"
    MODEL_LOW = "model_low"
    MODEL_MISSING = "model_missing"
    SCREENING_DELAYED = "screening_delayed"


RULE_ITEM = "ideation.item"
RULE_TEXT = "ideation.text"
RULE_WORDING = "ideation.wording"
RULE_UNAVAILABLE = "ideation.screening_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a rule hit, in code points of the text as it was written."""

    start: int
    end: int
    rule_id: str
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One reading of one text; it holds offsets and ids, never words of the text."""

    label: Label
    reason: Reason
    normaliser_version: str
    lexicon_version: str
    spans: tuple[Span, ...] = ()
    rule_ids: tuple[str, ...] = ()
    steps: int = 0
    fault: str = ""
    """Class and place of the error that kept the text from being read; never its message."""


def highest(*labels: Label) -> Label:
    """Combine labels: doubt is never averaged away, the highest stands."""
    return max(labels, key=RANK.__getitem__, default=Label.NONE)
