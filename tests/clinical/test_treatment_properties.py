"""Warnings and grades around an infusion, compared with counting them by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

from hypothesis import given as holds_for
from hypothesis import settings
from hypothesis import strategies as st

from clinical.treatment import (
    Alarm,
    Given,
    Unusual,
    alarms_for,
    hypertension_grade,
    is_early,
    warnings_for,
)

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAIN = Given(
    started_at=START,
    ended_at=START + HOUR,
    others=(),
    number_in_course=1,
    planned_infusions=6,
)
PRESSURE = st.none() | st.integers(40, 220)


def told(given: Given, *, now: datetime = START + HOUR) -> list[Unusual]:
    return warnings_for(given, now=now)


@settings(max_examples=40)
@holds_for(st.integers(-100, 100))
def test_an_infusion_within_a_day_either_way_is_close(hours: int) -> None:
    beside = replace(PLAIN, others=(START + hours * HOUR,))

    assert told(beside) == ([Unusual.WITHIN_24_HOURS] if abs(hours) < 24 else [])


@settings(max_examples=40)
@holds_for(st.lists(st.integers(30, 400), max_size=6), st.integers(25, 400))
def test_an_early_infusion_is_under_six_tenths_of_the_median_gap(
    gaps: list[int], last: int
) -> None:
    back = [START - (last + sum(gaps[:count])) * HOUR for count in range(len(gaps) + 1)]
    early = len(gaps) >= 2 and last < 0.6 * median(gaps)

    assert is_early(replace(PLAIN, others=back)) is early
    assert told(replace(PLAIN, others=back)) == ([Unusual.SPACING_SHORT] if early else [])


@settings(max_examples=40)
@holds_for(st.integers(1, 12), st.none() | st.integers(1, 12))
def test_a_count_is_over_the_plan_only_where_there_is_one(number: int, planned: int | None) -> None:
    over = planned is not None and number > planned
    given = replace(PLAIN, number_in_course=number, planned_infusions=planned)

    assert told(given) == ([Unusual.OVER_PLANNED_COUNT] if over else [])


@settings(max_examples=40)
@holds_for(st.integers(0, 400), st.booleans())
def test_a_missing_end_is_asked_for_after_three_hours(
    minutes: int,
    ended: bool,  # noqa: FBT001 # drawn by position
) -> None:
    given = PLAIN if ended else replace(PLAIN, ended_at=None)
    missing = not ended and minutes > 180

    assert told(given, now=START + timedelta(minutes=minutes)) == (
        [Unusual.END_MISSING] if missing else []
    )


@settings(max_examples=40)
@holds_for(st.lists(st.integers(-100, 200), max_size=4))
def test_one_appointment_forgotten_for_three_days_is_enough(hours_ago: list[int]) -> None:
    given = replace(PLAIN, open_appointments=[START - hours * HOUR for hours in hours_ago])
    forgotten = any(hours > 72 for hours in hours_ago)

    assert told(given, now=START) == ([Unusual.APPOINTMENT_WITHOUT_INFUSION] if forgotten else [])


@settings(max_examples=40)
@holds_for(PRESSURE, PRESSURE)
def test_the_grade_is_the_higher_of_both_halves(high: int | None, low: int | None) -> None:
    by_high = sum((high or 0) >= limit for limit in (120, 140, 160))
    by_low = sum((low or 0) >= limit for limit in (80, 90, 100))

    assert hypertension_grade(high, low) == max(by_high, by_low)


@settings(max_examples=40)
@holds_for(PRESSURE, PRESSURE, st.none() | st.integers(30, 180), st.none() | st.integers(80, 100))
def test_the_alarms_of_a_moment_are_those_of_its_readings(
    high: int | None, low: int | None, rate: int | None, spo2: int | None
) -> None:
    expected = {
        Alarm.HYPERTENSION_GRADE_3: (high or 0) >= 160 or (low or 0) >= 100,
        Alarm.SPO2_LOW: spo2 is not None and spo2 < 92,
        Alarm.HEART_RATE_LOW: rate is not None and rate < 50,
        Alarm.HEART_RATE_HIGH: rate is not None and rate > 130,
    }
    alarms = alarms_for(systolic=high, diastolic=low, heart_rate=rate, spo2=spo2)

    assert alarms == [alarm for alarm, beyond in expected.items() if beyond]
