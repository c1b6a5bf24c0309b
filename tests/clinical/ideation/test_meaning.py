"""What the scores of a note come to."""

import pytest

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import Meaning, Thresholds, meaning_of
from clinical.ideation.tokens import Unit

LIMITS = Thresholds(page=2.0, read=1.0)
ONE, TWO = Unit(0, 1, 0, 4), Unit(1, 2, 4, 7)


@pytest.mark.parametrize(
    ("scores", "label", "reason", "spans"),
    [
        ((2.0, 0.0), Label.ESCALATE, Reason.MODEL_HIGH, ((0, 4),)),
        ((1.0, 2.5), Label.ESCALATE, Reason.MODEL_HIGH, ((4, 7),)),
        ((1.99, 0.0), Label.REVIEW, Reason.MODEL_LOW, ((0, 4),)),
        ((1.2, 1.0), Label.REVIEW, Reason.MODEL_LOW, ((0, 4), (4, 7))),
        ((0.99, -9.0), Label.NONE, Reason.NONE, ()),
    ],
)
def test_the_highest_score_stands(
    scores: tuple[float, float], label: Label, reason: Reason, spans: tuple[tuple[int, int], ...]
) -> None:
    meant = meaning_of([*zip((ONE, TWO), scores, strict=True)], LIMITS, whole=True)

    assert (meant.label, meant.reason, meant.spans) == (label, reason, spans)


def test_units_of_one_place_are_named_once() -> None:
    same = Unit(0, 2, 0, 4)

    assert meaning_of([(ONE, 3.0), (same, 3.0)], LIMITS, whole=True).spans == ((0, 4),)


def test_what_was_too_long_to_be_read_is_for_a_human() -> None:
    assert meaning_of([(ONE, -9.0)], LIMITS, whole=False).reason is Reason.MODEL_MISSING
    assert meaning_of([(ONE, 9.0)], LIMITS, whole=False).label is Label.ESCALATE
    assert meaning_of([], LIMITS, whole=True) == Meaning(label=Label.NONE, reason=Reason.NONE)
