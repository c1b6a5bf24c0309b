"""Activation that adds up: against the patient's own usual, at the limit, and once for each run."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.chart import Chart, Entry
from clinical.finding import Finding, Severity, Tier, period_of
from clinical.mania import ACTIVATION, detect_activation
from tests.clinical.charts import COURSE, FIRST, after, chart, entry, infusion


def active(day: int, points: int, *, hour: int = 20) -> Entry:
    return entry(after(day), answers={"activation": points}, hour=hour)


def usual(*points: int) -> list[Entry]:
    """Make the days right before the first infusion."""
    start = FIRST - timedelta(days=len(points))
    return [
        entry(start + timedelta(days=n), answers={"activation": value})
        for n, value in enumerate(points)
    ]


def found(of: Chart) -> list[Finding]:
    return list(detect_activation(of))


def told(*entries: Entry) -> list[Finding]:
    return found(chart(entries))


def bipolar(of: Chart) -> Chart:
    return replace(of, conditions=("ptsd", "bipolar_depression"))


@pytest.mark.parametrize(("points", "fires"), [(5, False), (6, True), (10, True)], ids=str)
def test_one_day_counts_from_five_and_a_half_points_above_the_usual(
    points: int, *, fires: bool
) -> None:
    assert bool(told(*usual(0, 0, 0), active(2, points))) is fires


def test_a_sum_of_exactly_four_is_told() -> None:
    exactly = [*usual(0, 0, 0), active(2, 6, hour=8), active(2, 5)]

    assert [each.numbers["excess"] for each in told(*exactly)] == [4.0]


@pytest.mark.parametrize(
    ("points", "day"), [(1, None), (2, 6), (3, 4), (4, 3), (5, 3)], ids=["1", "2", "3", "4", "5"]
)
def test_days_above_the_usual_add_up(points: int, day: int | None) -> None:
    findings = told(*usual(0, 0, 0), *[active(n, points) for n in range(2, 12)])

    assert [each.local_date for each in findings] == ([after(day)] if day else [])


@pytest.mark.parametrize(("ease", "fires"), [(0, False), (1, True)], ids=str)
def test_a_calm_day_takes_away_what_had_added_up(ease: int, *, fires: bool) -> None:
    days = [active(2, 3), active(3, ease), active(4, 4)]

    assert bool(told(*usual(0, 0, 0), *days)) is fires


@pytest.mark.parametrize("high", [3, 4, 5])
def test_after_five_days_at_the_usual_nothing_is_left_of_the_sum(high: int) -> None:
    """The sum falls by one a day at least, and was below four: no clause of its own is needed."""
    calm = [active(3 + n, 0) for n in range(5)]
    again = told(*usual(0, 0, 0), active(2, high), *calm, active(9, 6))

    assert [each.numbers["since"] for each in again] == [str(after(9))]


def test_missing_days_neither_add_nor_take_away() -> None:
    findings = told(*usual(0, 0, 0), active(2, 4), active(40, 4))

    assert [each.local_date for each in findings] == [after(40)]
    assert findings[0].numbers["since"] == str(after(2))


@pytest.mark.parametrize(("points", "fires"), [(8, False), (9, True)], ids=str)
def test_the_patients_own_days_before_treatment_are_the_usual(points: int, *, fires: bool) -> None:
    assert bool(told(*usual(3, 3, 3), active(2, points))) is fires


@pytest.mark.parametrize(("count", "limit"), [(0, 8), (2, 8), (3, 6)], ids=str)
def test_fewer_than_three_days_before_treatment_are_no_usual(count: int, limit: int) -> None:
    early = usual(*[0] * count)

    assert not told(*early, active(2, limit - 1))
    assert told(*early, active(2, limit))


def test_the_reason_says_whether_the_usual_is_the_patients_own() -> None:
    (own,) = told(*usual(1, 1, 1), active(2, 9))
    (assumed,) = told(active(2, 9))

    assert (own.numbers["usual"], own.numbers["usual_from"]) == (
        1,
        "mean of 3 days before treatment",
    )
    assert (assumed.numbers["usual"], assumed.numbers["usual_from"]) == (2, "assumed")


def test_the_day_of_the_first_infusion_is_not_before_it() -> None:
    (on_the_day,) = told(*usual(0, 0, 0), entry(FIRST, answers={"activation": 5}), active(2, 9))

    assert on_the_day.numbers["usual"] == 0


def test_days_after_the_first_infusion_do_not_change_the_usual() -> None:
    later = [active(n, 1) for n in range(2, 30)]
    (finding,) = told(*usual(0, 0, 0), *later, active(31, 10))

    assert finding.numbers["usual"] == 0


def test_before_treatment_each_day_is_held_against_the_days_before_it() -> None:
    (finding,) = told(*usual(0, 0, 0, 8, 0, 0))

    assert finding.local_date == FIRST - timedelta(days=3)
    assert finding.numbers["usual_from"] == "mean of 3 days before treatment"
    assert finding.period == period_of(0, 0)


def test_the_day_of_an_infusion_counts_too() -> None:
    on_the_day = entry(COURSE[2], answers={"activation": 10})

    assert [each.local_date for each in told(*usual(0, 0, 0), on_the_day)] == [COURSE[2]]


def test_several_answers_of_a_day_count_by_their_mean() -> None:
    assert not told(*usual(0, 0, 0), active(2, 10, hour=8), active(2, 0))
    assert told(*usual(0, 0, 0), active(2, 10, hour=8), active(2, 2))


@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 4))
def test_one_answer_received_many_times_weighs_no_more(one: int, two: int, copies: int) -> None:
    morning, evening = active(2, one, hour=8), active(2, two)
    early = usual(0, 0, 0)

    assert told(*early, morning, evening) == told(*early, *[morning] * copies, evening)


@given(st.lists(st.integers(0, 10), min_size=1, max_size=20), st.integers(0, 19))
def test_a_more_active_day_never_makes_the_first_alarm_later(points: list[int], at: int) -> None:
    early = usual(0, 1, 2)
    worse = [10 if n == at else value for n, value in enumerate(points)]
    before = told(*early, *[active(2 + n, value) for n, value in enumerate(points)])
    later = told(*early, *[active(2 + n, value) for n, value in enumerate(worse)])

    assert not before or later[0].local_date <= before[0].local_date


def test_without_the_answer_nothing_is_said() -> None:
    silent = [entry(after(n), 10, answers={"sleep_bad": 0}) for n in range(2, 20)]

    assert told(*usual(0, 0, 0), *silent) == []


def test_bipolar_patients_are_told_of_at_once_and_others_are_kept_on_record() -> None:
    of = chart([*usual(0, 0, 0), active(2, 9)])
    (other,) = found(of)
    (own,) = found(bipolar(of))

    assert (other.severity, own.severity) == (Severity.NOTICE, Severity.URGENT)
    assert {other.tier, own.tier} == {Tier.LIKELY}
    assert {other.rule, own.rule} == {ACTIVATION}


def test_a_patient_who_turns_out_to_be_bipolar_is_told_of_anew() -> None:
    of = chart([*usual(0, 0, 0), active(2, 9)])

    assert [each.period for each in found(of)] == [period_of(6, 0)]
    assert [each.period for each in found(bipolar(of))] == [period_of(6, 0, strong=True)]


def test_a_long_episode_is_told_once() -> None:
    episode = [active(n, 9) for n in range(2, 30)]

    assert [each.local_date for each in told(*usual(0, 0, 0), *episode)] == [after(2)]


@pytest.mark.parametrize(("gap", "times"), [(7, 1), (8, 2)], ids=["within a week", "later"])
def test_an_alarm_after_a_quiet_week_is_told_anew(gap: int, times: int) -> None:
    assert len(told(*usual(0, 0, 0), active(2, 9), active(2 + gap, 9))) == times


def test_after_an_alarm_the_sum_begins_again() -> None:
    calm = [active(n, 0) for n in range(3, 7)]
    findings = told(*usual(0, 0, 0), active(2, 10), *calm, active(10, 9))

    assert [each.local_date for each in findings] == [after(2), after(10)]
    assert findings[1].numbers["since"] == str(after(10))


def test_an_episode_that_lasts_beyond_an_infusion_is_told_under_its_number() -> None:
    episode = [active(n, 9) for n in range(2, 8)]
    of = chart([*usual(0, 0, 0), *episode], more_infusions=[infusion(7, after(4))])

    assert [each.period for each in found(of)] == [period_of(6, 0), period_of(7, 0)]


def test_says_why_in_numbers() -> None:
    (finding,) = told(*usual(1, 1, 1), active(2, 5), active(3, 6))

    assert finding.because == (
        f"activation 6.0 on {after(3)}, usually 1.0 (mean of 3 days before treatment); the excess "
        f"since {after(2)} adds up to 6.2, told from 4 on"
    )
    assert finding.numbers["limit"] == 4
