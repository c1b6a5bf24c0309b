"""The definitions behind our figures, on clinics small enough to count by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection.cohort import Cohort, Patient
from bench.detection.course import Event, Kind
from bench.detection.cut import alarms_at, cut
from bench.detection.diary import Entry
from bench.detection.regime import Group
from bench.detection.score import (
    Alarm,
    DayScore,
    Result,
    Tally,
    auroc,
    away_from,
    blocks,
    score,
    stable_days,
    tally,
)

DAYS = 120
ENTRY = Entry("ana", 1, 1, 1, 1, 1, 0, 0, 0, None)
END = 30
RETURN = Event("ana", Kind.RETURN, 60, 65, 90)
"""Alarms from day 60 to 79 are hits; those up to day 56 and from day 94 are false."""
LATER = Event("ana", Kind.RETURN, 100, 104, 118)


def clinic(*events: Event, names: Sequence[str] = ("ana",)) -> Cohort:
    return Cohort(
        days=DAYS,
        patients=tuple(Patient(name, "mdd", 15, END) for name in names),
        infusions=(),
        entries=(),
        truth=events,
        groups=dict.fromkeys(names, Group.RESPONDER),
        maintained=frozenset(),
    )


def alarms(*days: int, patient: str = "ana", tier: str = "likely") -> list[Alarm]:
    return [Alarm(patient, day, "return", tier) for day in days]


def judged(*days: int) -> Result:
    return score(clinic(RETURN), alarms(*days))


@pytest.mark.parametrize(
    ("day", "hits"),
    [(59, 0), (60, 1), (79, 1), (80, 0)],
    ids=["day before the rise", "first day of the rise", "a fortnight", "a day more"],
)
def test_a_hit_lies_between_the_rise_and_a_fortnight_after_half_was_lost(
    day: int, hits: int
) -> None:
    assert judged(day).hits == hits


@pytest.mark.parametrize(("day", "hits"), [(70, 1), (71, 0)])
def test_a_hit_comes_before_the_infusion_that_helped(day: int, hits: int) -> None:
    cohort = clinic(RETURN._replace(end=70))

    assert score(cohort, alarms(day)).hits == hits


def test_the_delay_is_that_of_the_first_hit_and_may_be_negative() -> None:
    assert judged(75, 62, 40).delays == (-3,)


def test_only_the_tier_that_is_judged_counts() -> None:
    rows = [*alarms(70, tier="watch"), *alarms(72)]

    assert score(clinic(RETURN), rows).delays == (7,)
    assert score(clinic(RETURN), rows, tier="watch").delays == (5,)
    assert score(clinic(RETURN), rows, tier="strong").hits == 0
    assert score(clinic(RETURN), rows, tier=None).delays == (5,)


@pytest.mark.parametrize(
    ("written", "of_written"),
    [([], 1.0), ([59, 80], 1.0), ([60], 0.5), ([79], 0.5)],
    ids=["nothing", "only before and after", "the first day", "the last"],
)
def test_a_return_of_which_nothing_was_written_is_told_apart(
    written: list[int], of_written: float
) -> None:
    there = [ENTRY._replace(patient="bob", day=day) for day in range(60, 80)]
    hers = [ENTRY._replace(day=day) for day in written]
    cohort = replace(
        clinic(RETURN, RETURN._replace(patient="bob"), names=("ana", "bob")),
        entries=(*there, *hers),
    )

    result = score(cohort, alarms(66, patient="bob"))

    assert result.sensitivity == 0.5
    assert result.of_written == of_written


def test_only_alarms_of_a_return_count() -> None:
    rows = [Alarm("ana", 66, "mania", "likely"), Alarm("ana", 110, "silence", "likely")]
    result = score(clinic(RETURN), rows)

    assert result.hits == 0
    assert result.responders.false_alarms == 0


@pytest.mark.parametrize(
    ("day", "false"),
    [(36, 0), (37, 1), (56, 1), (57, 0), (93, 0), (94, 1), (120, 1), (121, 0)],
)
def test_a_false_alarm_lies_on_a_stable_day(day: int, false: int) -> None:
    assert judged(day).responders.false_alarms == false


@pytest.mark.parametrize(
    ("days", "false"),
    [([40, 47], 1), ([40, 48], 2), ([40, 41, 47, 48], 2), (list(range(37, 57)), 3)],
    ids=["a week", "more than a week", "counted from the counted one", "every day"],
)
def test_false_alarms_within_a_week_of_a_counted_one_are_the_same(
    days: list[int], false: int
) -> None:
    assert judged(*days).responders.false_alarms == false


def test_stable_days_are_counted_without_those_near_a_return() -> None:
    assert judged().responders.days == (56 - 37 + 1) + (120 - 94 + 1)
    assert stable_days(clinic(RETURN))["ana"][:2] == [37, 38]


def test_the_rate_is_told_for_thirty_days() -> None:
    assert Tally(2, 120).a_month == 0.5
    assert math.isnan(Tally(0, 0).a_month)


def test_false_alarms_are_told_apart_by_what_the_course_did() -> None:
    names = ("ana", "ben", "eva")
    cohort = clinic(
        Event("ben", Kind.PARTIAL, 31, None, DAYS),
        Event("eva", Kind.NON_RESPONDER, 31, None, DAYS),
        names=names,
    )
    rows = [*alarms(50), *alarms(50, 70, patient="ben"), *alarms(50, 70, 90, patient="eva")]
    result = score(cohort, rows)

    tallies = (result.responders, result.partial, result.non_responders)
    assert [each.false_alarms for each in tallies] == [1, 2, 3]
    assert [each.days for each in tallies] == [84, 84, 84]


def test_the_predictive_value_is_that_of_responders_and_of_all() -> None:
    partial = Event("ben", Kind.PARTIAL, 31, None, DAYS)
    cohort = clinic(RETURN, partial, RETURN._replace(patient="ben"), names=("ana", "ben"))
    rows = [*alarms(40, 66), *alarms(40, 50, 66, patient="ben")]
    result = score(cohort, rows)

    assert result.sensitivity == 1
    assert result.ppv == 1 / 2
    assert result.ppv_of_all == 2 / 5


def test_within_a_week_is_a_share_of_all_returns() -> None:
    cohort = clinic(RETURN, LATER)

    assert score(cohort, alarms(72, 112)).within_7_days == 0.5
    assert score(cohort, alarms(72)).within_7_days == 0.5
    assert score(cohort, alarms(73, 112)).within_7_days == 0


def test_delays_are_told_by_median_and_ninetieth_percentile() -> None:
    result = score(clinic(RETURN, LATER), alarms(66, 107))

    assert result.median_delay == 2
    assert result.p90_delay == pytest.approx(2.8)


def test_what_has_no_case_has_no_figure() -> None:
    result = score(clinic(), [])

    for figure in (result.sensitivity, result.within_7_days, result.median_delay):
        assert math.isnan(figure)
    for figure in (result.p90_delay, result.ppv, result.ppv_of_all, result.window_auroc):
        assert math.isnan(figure)


def scores(**days: float) -> list[DayScore]:
    return [DayScore("ana", int(day[1:]), value) for day, value in days.items()]


@pytest.mark.parametrize(
    ("day", "area"),
    [(58, 0.5), (59, 1.0), (72, 1.0), (73, 0.5)],
    ids=["7 days before", "6 days before", "7 days after", "8 days after"],
)
def test_the_window_about_a_return_holds_its_highest_score(day: int, area: float) -> None:
    given_scores = [*scores(d65=1.0, d40=1.0, d100=1.0), DayScore("ana", day, 9.0)]

    assert score(clinic(RETURN), [], given_scores).window_auroc == area


def test_a_stable_fortnight_counts_by_its_highest_score() -> None:
    worse = scores(d37=0.0, d50=7.0, d94=2.0, d65=5.0)

    assert score(clinic(RETURN), [], worse).window_auroc == 0.5


def test_days_of_a_return_are_compared_with_stable_days() -> None:
    told = scores(d64=0.0, d65=5.0, d90=5.0, d91=0.0, d40=1.0, d100=6.0)

    assert score(clinic(RETURN), [], told).day_auroc == 0.5


def test_stable_fortnights_follow_each_other_without_a_gap() -> None:
    assert [(b[0], b[-1]) for b in blocks([*range(1, 20), *range(25, 53)])] == [
        (1, 14),
        (25, 38),
        (39, 52),
    ]
    assert blocks(list(range(13))) == []


def test_days_near_several_events_are_left_out() -> None:
    events = [RETURN._replace(onset=10, end=12), RETURN._replace(onset=20, end=20)]

    assert away_from(events, 5, 26) == [5, 6, 16, 24, 25, 26]


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=15),
    st.lists(st.integers(0, 5), min_size=1, max_size=15),
)
def test_the_area_is_the_share_of_pairs_in_the_right_order(ill: list[int], well: list[int]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in ill for b in well]

    assert auroc(ill, well) == pytest.approx(sum(pairs) / len(pairs))


@given(st.sets(st.integers(1, DAYS)))
def test_merged_alarms_are_never_more_than_fit_into_the_days(days: set[int]) -> None:
    counted = tally({"ana": sorted(days)}, {"ana": range(1, DAYS + 1)})

    assert bool(counted.false_alarms) is bool(days)
    assert counted.false_alarms <= min(len(days), DAYS // 8)


@given(st.lists(st.integers(1, DAYS), max_size=12))
def test_neither_order_nor_repetition_of_alarms_matters(days: list[int]) -> None:
    rows = alarms(*days)
    mixed = [*reversed(rows), *rows]

    told = scores(d40=1.0, d65=2.0)
    assert score(clinic(RETURN), mixed, told) == score(clinic(RETURN), rows, told)


def test_a_threshold_is_reached_by_the_score_itself() -> None:
    rows = alarms_at(scores(d40=1.0, d41=2.0, d42=3.0), 2.0)

    assert [each.day for each in rows] == [41, 42]
    assert {(each.kind, each.tier) for each in rows} == {("return", "likely")}


def test_a_threshold_is_the_lowest_that_keeps_the_rate() -> None:
    told = [DayScore("ana", day, float(day)) for day in (40, 50, 60, 70, 80, 90, 100, 110)]
    cohort = clinic()

    assert cut(cohort, told, nominal=30 * 2 / 84) == 100
    assert cut(cohort, told, nominal=30 * 8 / 84) == 40


def test_a_rate_of_nothing_needs_a_threshold_above_every_stable_day() -> None:
    told = scores(d40=3.0, d66=9.0)
    limit = cut(clinic(RETURN), told, nominal=0)

    assert 3 < limit < 9
    assert cut(clinic(RETURN), scores(d66=9.0), nominal=0) == math.inf


def test_a_threshold_is_cut_on_responders_alone() -> None:
    cohort = clinic(Event("ben", Kind.PARTIAL, 31, None, DAYS), names=("ana", "ben"))
    told = [DayScore("ana", 40, 1.0), DayScore("ben", 40, 8.0)]

    assert 1 < cut(cohort, told, nominal=0) < 8
