"""What the scores of a text's units come to: the highest stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinical.ideation.label import Label, Reason
from clinical.ideation.tokens import Unit

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a note means: a label, why, and where, in code points."""

    label: Label
    reason: Reason
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which score on somebody is paged, and from which one somebody reads."""

    page: float
    read: float


def meaning_of(scored: Sequence[tuple[Unit, float]], limits: Thresholds, *, whole: bool) -> Meaning:
    """Turn scores into a label; a note of which only a part was scored is for a human."""
    best = max((score for _, score in scored), default=float("-inf"))
    if best >= limits.page:
        label, reason, floor = Label.ESCALATE, Reason.MODEL_HIGH, limits.page
    elif best >= limits.read:
        label, reason, floor = Label.REVIEW, Reason.MODEL_LOW, limits.read
    elif not whole:
        return Meaning(label=Label.REVIEW, reason=Reason.MODEL_MISSING)
    else:
        return Meaning(label=Label.NONE, reason=Reason.NONE)
    hits = {(unit.start, unit.end) for unit, score in scored if score >= floor}
    return Meaning(label=label, reason=reason, spans=tuple(sorted(hits)))
