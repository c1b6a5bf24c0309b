"""Worse than before treatment: by the diary and by the PHQ-9, against the patient's own days."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Chart, Entry, WeeklyScore
from clinical.finding import Finding, Severity, Tier, period_of
from clinical.worse import WORSE, detect_worse
from tests.clinical.charts import (
    COURSE,
    FIRST,
    after,
    baseline,
    chart,
    days,
    entry,
    infusion,
    phq9,
)

BEFORE = baseline(4)


def found(of: Chart) -> list[Finding]:
    return list(detect_worse(of))


def told(*entries: Entry) -> list[Finding]:
    return found(chart([*BEFORE, *entries]))


def weekly(*scores: WeeklyScore) -> list[Finding]:
    return found(chart([], weekly=scores))


def half_way(day: int, level: int) -> Entry:
    """Make an entry half a point above a level."""
    items = {"low_mood": level, "anhedonia": level, "hopelessness": level + 1, "fatigue": level + 1}
    return entry(after(day), answers=items)


@pytest.mark.parametrize(("last", "fires"), [(5, False), (6, True), (10, True)], ids=str)
def test_the_mean_of_five_entries_counts_from_a_point_and_a_half_above(
    last: int, *, fires: bool
) -> None:
    assert bool(told(*days(after(2), 5, 5, 6, 6, last))) is fires


def test_a_mean_of_exactly_a_point_and_a_half_above_counts() -> None:
    exactly = [half_way(n, 5) for n in range(2, 7)]

    assert [each.numbers["now"] for each in told(*exactly)] == [5.5]
    assert told(*exactly[:4], entry(after(6), 5)) == []


@pytest.mark.parametrize("count", range(1, 8))
def test_five_entries_are_needed(count: int) -> None:
    findings = told(*days(after(2), *[9] * count))

    assert [each.local_date for each in findings] == ([after(6)] if count >= 5 else [])


def test_the_last_five_count_and_not_the_best() -> None:
    findings = told(*days(after(2), 0, 0, 0, 0, 0, 9, 9, 9, 9))

    assert [each.local_date for each in findings] == [after(10)]
    assert findings[0].numbers["now"] == 7.2


def test_missing_days_are_passed_over() -> None:
    assert told(*days(after(2), 9, None, 9, None, None, 9, 9, None, 9))


def test_two_entries_of_a_day_are_one_of_the_five() -> None:
    twice = [entry(after(2), 9, hour=8), *days(after(2), 9, 9, 9, 9)]

    assert told(*twice) == []


def test_days_of_an_infusion_are_left_out() -> None:
    assert told(*[entry(day, 10) for day in COURSE]) == []


def test_days_between_the_infusions_count() -> None:
    between = [entry(day + timedelta(days=2), 9) for day in COURSE[:5]]

    assert [each.local_date for each in told(*between)] == [COURSE[4] + timedelta(days=2)]


@pytest.mark.parametrize(("count", "fires"), [(0, False), (2, False), (3, True)], ids=str)
def test_a_baseline_needs_three_days(count: int, *, fires: bool) -> None:
    entries = [*baseline(4, count), *days(after(2), *[9] * 5)]

    assert bool(found(chart(entries))) is fires


def test_the_baseline_is_the_mean_of_its_days() -> None:
    early = days(FIRST - timedelta(days=3), 2, 4, 6)
    (finding,) = found(chart([*early, *days(after(2), *[6] * 5)]))

    assert finding.numbers["before_treatment"] == 4


def test_without_a_baseline_of_their_own_nobody_is_worse_than_an_assumed_one() -> None:
    assert found(chart(days(after(2), *[10] * 30))) == []


@pytest.mark.parametrize(("level", "fires"), [(6, False), (7, True)], ids=str)
def test_the_phq9_before_treatment_stands_in_for_the_days(level: int, *, fires: bool) -> None:
    """13 points are 4.8 on the scale of the diary."""
    entries = days(after(2), *[level] * 5)

    assert bool(found(chart(entries, weekly=[phq9(FIRST, 13)]))) is fires


def test_the_last_phq9_before_treatment_stands_in_not_an_earlier_one() -> None:
    scores = [phq9(FIRST - timedelta(days=30), 0), phq9(FIRST - timedelta(days=2), 13)]
    (finding,) = found(chart(days(after(2), *[9] * 5), weekly=scores))

    assert finding.numbers["before_treatment"] == pytest.approx(13 / 2.7, abs=0.01)


def test_days_before_treatment_come_before_the_phq9() -> None:
    of = chart([*BEFORE, *days(after(2), *[6] * 5)], weekly=[phq9(FIRST, 27)])

    assert [each.numbers["before_treatment"] for each in found(of)] == [4]


@pytest.mark.parametrize("before", [0, 10, 21])
@pytest.mark.parametrize(("rise", "fires"), [(5, False), (6, True)], ids=str)
def test_the_phq9_counts_from_six_points_above(before: int, rise: int, *, fires: bool) -> None:
    findings = weekly(phq9(FIRST, before), phq9(after(7), before + rise))

    assert bool(findings) is fires


@pytest.mark.parametrize(("now", "fires"), [(17, False), (18, True)], ids=str)
def test_several_scores_before_treatment_count_by_their_mean(now: int, *, fires: bool) -> None:
    early = [phq9(FIRST - timedelta(days=7), 10), phq9(FIRST, 13)]

    assert bool(weekly(*early, phq9(after(7), now))) is fires


def test_a_bad_score_on_the_first_day_is_nothing_the_treatment_did() -> None:
    assert weekly(phq9(FIRST - timedelta(days=7), 2), phq9(FIRST, 27)) == []


def test_a_score_on_the_first_day_is_one_before_treatment() -> None:
    assert weekly(phq9(FIRST, 20), phq9(after(7), 20)) == []
    assert weekly(phq9(FIRST + timedelta(days=1), 10), phq9(after(7), 27)) == []


def test_of_two_scores_on_one_day_the_higher_counts() -> None:
    scores = [phq9(FIRST, 10), phq9(after(7), 16), phq9(after(7), 3)]

    assert weekly(*scores) == weekly(*reversed(scores)) != []


def test_another_instrument_is_not_the_phq9() -> None:
    gad7 = [
        WeeklyScore(local_date=day, form="gad7@1", points=points, maximum=21)
        for day, points in ((FIRST, 3), (after(7), 20))
    ]

    assert weekly(*gad7) == []


def test_says_why_in_numbers() -> None:
    (diary,) = told(*days(after(2), *[6] * 5))
    (score,) = weekly(phq9(FIRST, 10), phq9(after(7), 17))

    assert diary.because == (
        f"diary level 6.0 on {after(6)}, before treatment 4.0; worse from 1.5 above it on"
    )
    assert (
        score.because
        == f"PHQ-9 17.0 on {after(7)}, before treatment 10.0; worse from 6 above it on"
    )
    assert (diary.numbers["limit"], score.numbers["limit"]) == (5.5, 16)


def test_is_an_alert() -> None:
    (finding,) = told(*days(after(2), *[6] * 5))

    assert (finding.rule, finding.severity, finding.tier) == (WORSE, Severity.URGENT, Tier.LIKELY)
    assert finding.period == period_of(6, 0)


def test_a_long_run_is_told_once_whichever_way_it_shows() -> None:
    entries = [*BEFORE, *days(after(2), *[9] * 40)]
    scores = [phq9(FIRST, 5), *[phq9(after(7 * n), 20) for n in range(1, 6)]]

    assert [each.local_date for each in found(chart(entries, weekly=scores))] == [after(6)]


@pytest.mark.parametrize(("gap", "times"), [(28, 1), (29, 2)], ids=["four weeks", "longer"])
def test_it_is_told_anew_after_four_quiet_weeks(gap: int, times: int) -> None:
    scores = [phq9(FIRST, 5), phq9(after(7), 20), phq9(after(7 + gap), 20)]

    assert len(weekly(*scores)) == times


def test_who_stays_worse_over_an_infusion_is_told_of_once() -> None:
    of = chart([*BEFORE, *days(after(2), *[9] * 12)], more_infusions=[infusion(7, after(9))])

    assert [each.period for each in found(of)] == [period_of(6, 0)]


def test_getting_worse_during_the_course_is_told_of_once_however_many_infusions() -> None:
    course = days(FIRST + timedelta(days=1), *[9] * 30)

    assert [each.period // period_of(1, 0) for each in found(chart([*BEFORE, *course]))] == [3]


@pytest.mark.parametrize(("gap", "times"), [(7, 1), (8, 2)], ids=["a week", "longer"])
def test_after_an_infusion_it_is_told_anew_once_it_was_better_for_a_week(
    gap: int, times: int
) -> None:
    scores = [phq9(FIRST, 5), phq9(after(7), 20), phq9(after(7 + gap), 20)]
    of = chart([], weekly=scores, more_infusions=[infusion(7, after(10))])

    assert [each.period for each in found(of)] == [period_of(6, 0), period_of(7, 0)][:times]


def test_a_better_week_after_an_infusion_and_worse_again_is_two_periods() -> None:
    levels = [*[9] * 8, *[2] * 12, *[9] * 8]
    of = chart([*BEFORE, *days(after(2), *levels)], more_infusions=[infusion(7, after(9))])

    assert [each.period for each in found(of)] == [period_of(6, 0), period_of(7, 0)]


def test_a_better_week_without_an_infusion_is_still_the_same_run() -> None:
    levels = [*[9] * 8, *[2] * 12, *[9] * 8]

    assert len(told(*days(after(2), *levels))) == 1


def test_a_few_better_days_after_each_infusion_make_no_new_period() -> None:
    levels = [*[9] * 8, *[6, 3, 3], *[9] * 10]
    of = chart([*BEFORE, *days(after(2), *levels)], more_infusions=[infusion(7, after(9))])

    assert len(found(of)) == 1


def test_the_diary_is_named_where_both_say_so_on_one_day() -> None:
    scores = [phq9(FIRST, 5), phq9(after(6), 20)]
    (finding,) = found(chart([*BEFORE, *days(after(2), *[9] * 5)], weekly=scores))

    assert finding.numbers["measured"] == "diary level"


def test_before_treatment_nobody_is_worse() -> None:
    worse = days(FIRST - timedelta(days=12), 2, 2, 2, 2, 9, 9, 9, 9, 9, 9, 9)

    assert found(chart(worse)) == []
    assert found(replace(chart(worse), infusions=())) == []


@given(st.lists(st.none() | st.integers(0, 10), min_size=5, max_size=30), st.integers(0, 29))
def test_a_worse_day_never_makes_it_later(levels: list[int | None], place: int) -> None:
    raised = [10 if n == place and level is not None else level for n, level in enumerate(levels)]
    calm, worse = told(*days(after(2), *levels)), told(*days(after(2), *raised))

    assert not calm or worse[0].local_date <= calm[0].local_date
