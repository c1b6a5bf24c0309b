"""Stage 2 without its model: what of a note is read, and what the scores come to.

A sentence is read for itself and together with the next one, because "I won't be there. It's all
arranged." says more than both; a short note is read as a whole too. The highest score stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clinical.ideation.label import Label, Reason

ENDS = frozenset(".!?…;\n")
LONGEST_WHOLE = 300
"""Code points of a note that is read as a whole as well. Source: the corpus' training units."""
MOST_UNITS = 120
"""Pieces of one note that are read: some 40 sentences; what is beyond is read by a human."""

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


def sentences(text: str) -> Iterator[Span]:
    """Cut a note where a sentence or a line ends."""
    start = 0
    for at, sign in enumerate(text):
        follows = text[at + 1 : at + 2]
        if sign == "\n" or (sign in ENDS and (not follows or follows.isspace())):
            if text[start : at + 1].strip():
                yield start, at + 1
            start = at + 1
    if text[start:].strip():
        yield start, len(text)


def units(text: str) -> list[Span]:
    """List what is read: each sentence, each with the next, and a short note as a whole."""
    single = list(sentences(text))
    pairs = [(a, d) for (a, _), (_, d) in pairwise(single)]
    whole = [(0, len(text))] if single and len(text) < LONGEST_WHOLE else []
    return list(dict.fromkeys([*single, *pairs, *whole]))


def meaning_of(text: str, scored: Sequence[tuple[Span, float]], limits: Thresholds) -> Meaning:
    """Turn the scores of a note's units into a label; a note too long to be read is for a human."""
    best = max((score for _, score in scored), default=float("-inf"))
    if best >= limits.page:
        label, reason, floor = Label.ESCALATE, Reason.MODEL_HIGH, limits.page
    elif best >= limits.read:
        label, reason, floor = Label.REVIEW, Reason.MODEL_LOW, limits.read
    elif len(scored) < len(units(text)):
        return Meaning(label=Label.REVIEW, reason=Reason.MODEL_MISSING)
    else:
        return Meaning(label=Label.NONE, reason=Reason.NONE)
    hits = sorted(span for span, score in scored if score >= floor)
    return Meaning(label=label, reason=reason, spans=tuple(hits))
