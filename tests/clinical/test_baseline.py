"""Where a patient came from: their own days, else the intake score, else what is usual."""

from datetime import timedelta
from math import sqrt
from statistics import variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.baseline import Baseline, Known, baseline_of
from clinical.chart import WeeklyScore
from clinical.readings import ONE_DAY
from tests.clinical.charts import FIRST, after, chart, days, entry, phq9


def of(*levels: int | None, weekly: tuple[WeeklyScore, ...] = ()) -> Baseline:
    """Work it out from the days that end with the eve of the first infusion."""
    noted = chart(days(FIRST - len(levels) * ONE_DAY, *levels), weekly=weekly)
    return baseline_of(noted, noted.levels())


@pytest.mark.parametrize(
    ("levels", "level", "known"),
    [
        ((), 6.6, Known.NOTHING),
        ((9, 9), 6.6, Known.NOTHING),
        ((9, 9, 6), 8, Known.DIARY),
        ((9, None, 9, None, 6), 8, Known.DIARY),
    ],
    ids=str,
)
def test_three_days_make_a_personal_baseline(
    levels: tuple[int | None, ...], level: float, known: Known
) -> None:
    found = of(*levels)

    assert (found.level, found.known) == (level, known)


@pytest.mark.parametrize(("count", "level", "known"), [(2, 10, Known.INTAKE), (3, 5, Known.DIARY)])
def test_the_intake_score_stands_in_for_missing_days(
    count: int, level: float, known: Known
) -> None:
    found = of(*[5] * count, weekly=(phq9(FIRST, 27),))

    assert (found.level, found.known) == (level, known)


@pytest.mark.parametrize(("offset", "level"), [(-40, 10), (0, 10), (1, 6.6)])
def test_a_score_is_of_intake_up_to_the_first_day(offset: int, level: float) -> None:
    assert of(weekly=(phq9(FIRST + timedelta(days=offset), 27),)).level == level


def test_of_several_intake_scores_the_last_counts() -> None:
    scores = (phq9(FIRST - ONE_DAY, 27), phq9(FIRST - 20 * ONE_DAY, 0))

    assert of(weekly=scores).level == 10


def test_days_from_the_first_infusion_on_are_no_baseline() -> None:
    noted = chart([*days(FIRST - 3 * ONE_DAY, 8, 8, 8), *days(FIRST, 0, 0, 0), entry(after(3), 0)])

    assert baseline_of(noted, noted.levels()).level == 8


@pytest.mark.parametrize("levels", [(), (9,), (0, 10, 0), (0, 10, 0, 10)], ids=len)
def test_with_fewer_than_five_days_the_usual_noise_is_expected(levels: tuple[int, ...]) -> None:
    assert of(*levels).sd == pytest.approx(1.5)


@pytest.mark.parametrize("levels", [(6, 6, 6, 6, 6), (0, 10, 0, 10, 0), tuple(range(10))], ids=str)
def test_from_five_days_on_the_patients_own_noise_is_heard(levels: tuple[int, ...]) -> None:
    count = len(levels)
    pooled = (7 * 1.5**2 + (count - 1) * variance(levels)) / (7 + count - 1)

    assert of(*levels).sd == pytest.approx(sqrt(pooled))


@given(st.lists(st.integers(0, 10), max_size=30))
def test_the_noise_is_never_none_and_lies_between_the_usual_and_the_own(levels: list[int]) -> None:
    found = of(*levels)
    own = variance(levels) if len(levels) >= 5 else 2.25

    assert min(2.25, own) - 1e-9 <= found.sd**2 <= max(2.25, own) + 1e-9
    assert found.sd > 0.6


@given(st.lists(st.integers(0, 10), min_size=3, max_size=14), st.randoms(use_true_random=False))
def test_the_order_of_entries_changes_nothing(levels: list[int], chance: object) -> None:
    noted = days(FIRST - len(levels) * ONE_DAY, *levels)
    mixed = [*noted, *noted]
    chance.shuffle(mixed)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    shuffled = chart(mixed)

    assert baseline_of(shuffled, shuffled.levels()) == of(*levels)
