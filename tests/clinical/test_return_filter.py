"""The six-state filter, day by day, against its definition written out at length."""

from dataclasses import replace
from itertools import pairwise
from math import exp, inf, log, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.return_filter import TINY, Step, follow
from clinical.return_tuning import SPECIFIED, Chances, Tuning

NONE = SPECIFIED.prior
BEFORE, NOISE = 8.0, 3.0
ROWS = (
    (1 - 2 / 35, 0.6 / 35, 0.25 / 35, 0, 0.15 / 35, 1 / 35),
    (0.03, 0.67, 0.30, 0, 0, 0),
    (0.03, 0, 0.67, 0.30, 0, 0),
    (0.03, 0, 0, 0.67, 0.30, 0),
    (0.015, 0, 0, 0, 0.985, 0),
    (0.40, 0.02, 0, 0, 0, 0.58),
)
"""Daily chances from each state (rows) to each, as the specification's table has them."""


def run(
    levels: list[float | None],
    *,
    weekly: dict[int, float] | None = None,
    infusions: tuple[int, ...] = (),
    tuning: Tuning = SPECIFIED,
) -> list[Step]:
    scores = [(weekly or {}).get(day) for day in range(len(levels))]
    return follow(levels, scores, infusions, before=BEFORE, noise=NOISE, tuning=tuning)


def moved(chances: Chances, *, restored: bool = False) -> list[float]:
    """Take a day's step by the table."""
    after = [sum(chances[a] * ROWS[a][b] for a in range(6)) for b in range(6)]
    if restored:
        given_back = 0.85 * sum(after[1:])
        after = [after[0] + given_back, *(0.15 * each for each in after[1:])]
    return after


def density(value: float, mean: float, variance: float) -> float:
    return exp(-((value - mean) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)


def weights(
    value: float, good: float, full: float, *, variance: float, weekly: bool
) -> list[float]:
    """Weigh the states by their densities at length, in the peak's own measure."""
    value = min(max(value, good - 1), good + full + 0.5)
    means = [good + full * nth / 4 for nth in range(5)]
    top = good + full + 0.5
    share = (0.01, 1.0) if weekly else (0.002, 0.98)
    peak = 1.0 if weekly else 1 / sqrt(variance)
    alike = density(value, means[2], variance)
    growth = min(density(means[2], means[2], variance) / density(top, means[2], variance), 10)
    stray = share[0] * growth * alike / density(0, 0, variance)
    spell_mean = good + min(0.8 if weekly else 2.4, full / 2)
    wider = variance if weekly else variance + 1
    parted = inf if weekly else means[2] + (means[2] - spell_mean) * variance
    spell = density(value, spell_mean, wider)
    if value > parted:
        spell = density(parted, spell_mean, wider) / density(parted, means[2], variance) * alike
    told = [*(density(value, mean, variance) for mean in means), spell]
    return [share[1] * peak * each / density(0, 0, variance) + stray for each in told]


def shared(weighed: list[float]) -> list[float]:
    return [each / sum(weighed) for each in weighed]


def test_the_table_of_the_specification_leads_from_each_state_to_some_state() -> None:
    assert [sum(row) for row in ROWS] == pytest.approx([1] * 6)


def test_the_first_day_follows_the_infusion_that_ended_the_course() -> None:
    (step,) = run([None])

    assert step.chances == pytest.approx(moved(NONE, restored=True))


def test_a_day_without_a_word_moves_by_the_table_alone() -> None:
    steps = run([None] * 40)

    for one, following in pairwise(steps):
        assert following.chances == pytest.approx(moved(one.chances))
        assert (following.good, following.good_variance) == (0.35 * BEFORE, 1.6**2)


def test_silence_makes_a_return_likelier_and_never_sure() -> None:
    lost = [step.lost for step in run([None] * 300)]

    assert lost == sorted(lost)
    assert 0.5 < lost[-1] < 0.8


@pytest.mark.parametrize("day", [11, 14], ids=["the day before", "two days after"])
def test_other_days_than_an_infusions_own_and_the_next_are_days_like_any(day: int) -> None:
    steps = run([None] * 20, infusions=(12,))

    assert steps[day].chances == pytest.approx(moved(steps[day - 1].chances))


@pytest.mark.parametrize("day", [12, 13], ids=["the day", "the next"])
def test_an_infusion_gives_back_most_of_what_was_lost_on_its_day_and_the_next(day: int) -> None:
    steps = run([None] * 20, infusions=(12,))

    assert steps[day].chances == pytest.approx(moved(steps[day - 1].chances, restored=True))


def test_infusions_on_two_days_in_a_row_give_back_once_a_day() -> None:
    steps = run([None] * 20, infusions=(12, 13))

    assert steps[13].chances == pytest.approx(moved(steps[12].chances, restored=True))


def test_an_infusion_unsettles_the_good_level_on_its_own_day_only() -> None:
    steps = run([None] * 20, infusions=(12, 12))
    added = [later.good_variance - one.good_variance for one, later in pairwise(steps)]

    assert added == pytest.approx([*[0] * 11, 1, *[0] * 7])


@pytest.mark.parametrize("level", [0, 0.5, 1.8, 2.8, 4, 4.35, 5.25, 6.75, 8, 8.5, 10])
@pytest.mark.parametrize("before", [2, 5, 8, 10])
def test_a_level_weighs_each_state_by_its_density(level: float, before: float) -> None:
    good = 0.35 * before
    full = max(1.5, 0.95 * before - good)
    (step,) = follow([level], [None], (), before=before, noise=NOISE)
    weighed = weights(level, good, full, variance=NOISE + 1.6**2, weekly=False)
    expected = [a * b for a, b in zip(moved(NONE, restored=True), weighed, strict=True)]

    assert step.chances == pytest.approx(shared(expected))


@pytest.mark.parametrize("score", [0, 2, 3.7, 5.2, 7.6, 10])
@pytest.mark.parametrize("before", [2, 5, 8, 10])
def test_a_weekly_score_weighs_them_by_its_own_error(score: float, before: float) -> None:
    good = 0.35 * before
    full = max(1.5, 0.95 * before - good)
    (step,) = follow([None], [score], (), before=before, noise=NOISE)
    variance = (2.3 / 2.7) ** 2 + 0.5 + 1.6**2
    weighed = weights(score, good, full, variance=variance, weekly=True)
    expected = [a * b for a, b in zip(moved(NONE, restored=True), weighed, strict=True)]

    assert step.chances == pytest.approx(shared(expected))
    assert (step.good, step.good_variance) == (good, 1.6**2)


def test_a_day_with_both_is_weighed_by_both_against_the_same_good_level() -> None:
    (both,) = run([5.0], weekly={0: 4.0})
    (level,) = run([5.0])
    full = 0.95 * BEFORE - 0.35 * BEFORE
    variance = (2.3 / 2.7) ** 2 + 0.5 + 1.6**2
    weighed = weights(4.0, 0.35 * BEFORE, full, variance=variance, weekly=True)

    assert both.chances == pytest.approx(
        shared([a * b for a, b in zip(level.chances, weighed, strict=True)])
    )
    assert (both.good, both.good_variance) == (level.good, level.good_variance)


@pytest.mark.parametrize("level", [0.0, 2.0, 10.0])
def test_the_good_level_is_learnt_as_far_as_the_patient_is_holding(level: float) -> None:
    (step,) = run([level])
    gain = 1.6**2 / (1.6**2 + NOISE / step.chances[0])

    assert step.good == pytest.approx(0.35 * BEFORE + gain * (level - 0.35 * BEFORE))
    assert step.good_variance == pytest.approx((1 - gain) * 1.6**2 + 0.004)


def test_a_patient_who_holds_teaches_the_filter_their_own_good_level() -> None:
    assert run([1.0] * 60)[-1].good == pytest.approx(1.0, abs=0.05)


def test_a_return_is_not_taken_for_the_good_level() -> None:
    steps = run([*[1.0] * 30, *[8.0] * 60])

    assert steps[-1].good < 2.5
    assert steps[-1].lost > 0.98


@pytest.mark.parametrize("floor", [0, 0.5, 0.75, 1.0])
def test_the_good_level_is_never_surer_than_the_floor(floor: float) -> None:
    steps = run([2.0] * 90, tuning=replace(SPECIFIED, floor=floor))

    assert min(step.good_variance for step in steps) == pytest.approx(max(floor, 0.11), abs=0.02)


def test_the_shipped_floor_is_that_of_the_specification() -> None:
    assert run([2.0] * 90)[-1].good_variance == 0.75


@pytest.mark.parametrize(
    ("hazard", "used"), [(0, 1 / 120), (1 / 50, 1 / 50), (1 / 5, 1 / 10)], ids=str
)
def test_a_hazard_is_kept_within_its_bounds(hazard: float, used: float) -> None:
    certain = replace(SPECIFIED, hazards=(hazard,), prior=(1, 0, 0, 0, 0, 0), infusion_restores=0)
    (step,) = run([None], tuning=certain)

    assert step.chances[1:] == pytest.approx((0.6 * used, 0.25 * used, 0, 0.15 * used, 1 / 35))


def test_hazards_follow_the_days_since_the_last_infusion_and_the_last_one_stays() -> None:
    tuning = replace(SPECIFIED, hazards=(0.01, 0.02, 0.03), infusion_restores=0)
    steps = run([None] * 8, infusions=(4,), tuning=tuning)
    begun = [
        (step.chances[4] - 0.3 * one.chances[3] - 0.985 * one.chances[4]) / one.chances[0] / 0.15
        for one, step in pairwise(steps)
    ]

    assert begun == pytest.approx([0.02, 0.03, 0.03, 0.03, 0.01, 0.02, 0.03])


def test_the_chance_before_the_days_reading_is_that_of_time_alone() -> None:
    first, second = run([2.0, 9.0])

    assert second.lost_before == pytest.approx(sum(moved(first.chances)[2:5]))
    assert second.lost > second.lost_before > first.lost


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ((1, 0, 0, 0, 0, 0), log(TINY / (1 + TINY))),
        ((0, 0, 0.25, 0.25, 0.5, 0), -log(TINY / (1 + TINY))),
        ((0.5, 0, 0, 0, 0.5, 0), 0),
        ((0.25, 0.25, 0.25, 0, 0, 0.25), log(1 / 3)),
    ],
    ids=["holding", "lost", "even", "one in four"],
)
def test_the_statistic_is_the_log_odds_of_half_or_more_lost(
    chances: Chances, expected: float
) -> None:
    step = Step(chances, 0, 2, 1, NOISE)

    assert step.statistic == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("terrible", "low", "high"), [(1, 0.2, 0.4), (2, 0.7, 0.9), (3, 0.9, 1)])
def test_one_terrible_day_may_pass_and_three_hardly(terrible: int, low: float, high: float) -> None:
    assert low < run([*[2.0] * 30, *[8.0] * terrible])[-1].lost < high


def test_three_bad_days_that_passed_are_forgotten_within_a_week() -> None:
    assert run([*[2.0] * 30, *[4.5] * 3, *[2.0] * 4])[-1].lost < 0.1


def test_levels_and_scores_are_of_the_same_days() -> None:
    with pytest.raises(ValueError, match="shorter"):
        follow([1.0, 2.0], [None], (), before=BEFORE, noise=NOISE)


def test_a_bad_day_is_less_of_a_return_where_bad_spells_look_like_one() -> None:
    alike = replace(SPECIFIED, spell_like_return=1.0)
    days: list[float | None] = [*[2.0] * 20, 8.0]

    assert run(days, tuning=alike)[-1].lost < run(days)[-1].lost


def test_noise_of_days_grows_with_their_correlation() -> None:
    assert SPECIFIED.noise(1.5) == pytest.approx(0.8 * 2.25 * 1.25 / 0.75)
    assert replace(SPECIFIED, phi=0).noise(1.5) == pytest.approx(0.8 * 2.25)


@pytest.mark.parametrize(("good", "full"), [(2.8, 4.8), (6.1, 1.5), (7.6, 1.5), (0, 7.6)], ids=str)
def test_a_full_return_leads_nearly_back_and_is_never_small(good: float, full: float) -> None:
    assert SPECIFIED.full_return(8, good) == pytest.approx(full)


LEVEL = st.floats(0, 10)
DAYS = st.lists(st.tuples(st.none() | LEVEL, st.none() | LEVEL), min_size=1, max_size=60)
PERSON = st.tuples(LEVEL, st.floats(1.05, 20))
GIVEN = st.lists(st.integers(0, 60), max_size=6)


def followed(
    days: list[tuple[float | None, float | None]], given: list[int], person: tuple[float, float]
) -> list[Step]:
    levels, weekly = [day[0] for day in days], [day[1] for day in days]
    return follow(levels, weekly, given, before=person[0], noise=person[1])


@given(DAYS, GIVEN, PERSON)
def test_chances_stay_chances(
    days: list[tuple[float | None, float | None]], at: list[int], person: tuple[float, float]
) -> None:
    for step in followed(days, at, person):
        assert sum(step.chances) == pytest.approx(1, abs=1e-9)
        assert min(step.chances) >= 0
        assert 0 <= step.good <= 10
        assert step.good_variance >= 0.75


@given(DAYS, GIVEN, PERSON, LEVEL, LEVEL, st.none() | LEVEL)
def test_a_worse_level_never_makes_a_return_less_likely_that_day(
    days: list[tuple[float | None, float | None]],
    at: list[int],
    person: tuple[float, float],
    one: float,
    other: float,
    score: float | None,
) -> None:
    better, worse = (
        followed([*days, (level, score)], at, person)[-1] for level in sorted((one, other))
    )

    assert worse.statistic >= better.statistic - 1e-9


@given(DAYS, GIVEN, PERSON, LEVEL, LEVEL, st.none() | LEVEL)
def test_nor_does_a_worse_weekly_score(
    days: list[tuple[float | None, float | None]],
    at: list[int],
    person: tuple[float, float],
    one: float,
    other: float,
    level: float | None,
) -> None:
    better, worse = (
        followed([*days, (level, score)], at, person)[-1] for score in sorted((one, other))
    )

    assert worse.statistic >= better.statistic - 1e-9


CHANCES = st.lists(st.floats(0.0001, 1), min_size=6, max_size=6)


@given(CHANCES, st.lists(LEVEL, min_size=2, max_size=8), PERSON, st.floats(0.75, 4))
def test_from_whatever_was_believed_a_worse_level_is_never_better_news(
    believed: list[float], levels: list[float], person: tuple[float, float], spread: float
) -> None:
    prior: Chances = tuple(each / sum(believed) for each in believed)  # type: ignore[assignment] # six of them
    tuning = replace(SPECIFIED, prior=prior, good_variance=spread, infusion_restores=0)
    lost = [
        follow([level], [None], (), before=person[0], noise=person[1], tuning=tuning)[0].lost
        for level in sorted(levels)
    ]

    assert all(later >= one - 1e-12 for one, later in pairwise(lost))


@given(DAYS, GIVEN, PERSON, st.integers(1, 60))
def test_what_comes_later_changes_no_earlier_day(
    days: list[tuple[float | None, float | None]],
    at: list[int],
    person: tuple[float, float],
    cut: int,
) -> None:
    known = followed(days[:cut], [day for day in at if day < cut], person)

    assert known == followed(days, at, person)[:cut]


@given(st.floats(0, 10), st.lists(st.booleans(), max_size=120), st.floats(1.05, 20))
def test_days_at_the_good_level_never_speak_for_a_return(
    before: float, answered: list[bool], noise: float
) -> None:
    levels = [0.35 * before if each else None for each in answered]
    steps = follow(levels, [None] * len(levels), (), before=before, noise=noise)

    assert all(
        step.lost < step.lost_before
        for step, level in zip(steps, levels, strict=True)
        if level is not None
    )
