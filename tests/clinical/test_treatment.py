"""Warnings and grades around an infusion: at the threshold, and one step either side."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from clinical.treatment import (
    Alarm,
    Given,
    Unusual,
    alarms_for,
    hypertension_grade,
    warnings_for,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def infusion(
    *,
    others: Sequence[timedelta] = (),
    ended: bool = True,
    number: int = 1,
    planned: int | None = None,
    appointments: Sequence[timedelta] = (),
) -> Given:
    """Describe an infusion that began at noon; the others by how long before or after."""
    return Given(
        started_at=NOON,
        ended_at=NOON + timedelta(minutes=40) if ended else None,
        others=[NOON + each for each in others],
        number_in_course=number,
        planned_infusions=planned,
        open_appointments=[NOON + each for each in appointments],
    )


def told(given: Given, after: timedelta = timedelta(hours=1)) -> list[Unusual]:
    return warnings_for(given, now=NOON + after)


def test_an_ordinary_infusion_has_no_warning() -> None:
    days = [timedelta(days=-n) for n in (3, 6, 9)]

    assert told(infusion(others=days, number=4, planned=6)) == []


@pytest.mark.parametrize(
    ("apart", "close"),
    [
        (timedelta(hours=-24), False),
        (timedelta(hours=-24) + MINUTE, True),
        (timedelta(hours=24) - MINUTE, True),
        (timedelta(hours=24), False),
    ],
    ids=["a day before", "less than a day before", "less than a day after", "a day after"],
)
def test_a_second_infusion_within_a_day_is_told(apart: timedelta, *, close: bool) -> None:
    assert (Unusual.WITHIN_24_HOURS in told(infusion(others=[apart]))) is close


@pytest.mark.parametrize(
    ("last", "early"),
    [(timedelta(days=6), False), (timedelta(days=6) - MINUTE, True)],
    ids=["at 60 %", "just under"],
)
def test_a_spacing_under_60_per_cent_of_the_usual_is_told(last: timedelta, *, early: bool) -> None:
    others = [-last - timedelta(days=10 * n) for n in range(4)]

    assert (Unusual.SPACING_SHORT in told(infusion(others=others))) is early


def test_no_spacing_is_short_before_there_is_a_usual_one() -> None:
    others = [-timedelta(days=2), -timedelta(days=30)]

    assert told(infusion(others=others)) == []


def test_later_infusions_do_not_make_an_earlier_one_short() -> None:
    others = [timedelta(days=n) for n in (2, 30, 60, 90)]

    assert told(infusion(others=others)) == []


@pytest.mark.parametrize(
    ("number", "planned", "over"), [(6, 6, False), (7, 6, True), (7, None, False)]
)
def test_more_than_planned_is_told(number: int, planned: int | None, *, over: bool) -> None:
    found = told(infusion(number=number, planned=planned))

    assert (Unusual.OVER_PLANNED_COUNT in found) is over


@pytest.mark.parametrize(
    ("after", "ended", "missing"),
    [
        (timedelta(hours=3), False, False),
        (timedelta(hours=3) + MINUTE, False, True),
        (timedelta(hours=30), True, False),
    ],
)
def test_an_end_that_is_missing_is_told_after_three_hours(
    after: timedelta, *, ended: bool, missing: bool
) -> None:
    assert (Unusual.END_MISSING in told(infusion(ended=ended), after)) is missing


@pytest.mark.parametrize(
    ("planned", "forgotten"),
    [(timedelta(days=-3), False), (timedelta(days=-3) - MINUTE, True), (timedelta(days=5), False)],
)
def test_an_appointment_without_its_infusion_is_told_after_three_days(
    planned: timedelta, *, forgotten: bool
) -> None:
    found = told(infusion(appointments=[planned]), timedelta())

    assert (Unusual.APPOINTMENT_WITHOUT_INFUSION in found) is forgotten


@pytest.mark.parametrize(
    ("systolic", "diastolic", "grade"),
    [
        (119, 79, 0),
        (120, 79, 1),
        (119, 80, 1),
        (139, 89, 1),
        (140, 80, 2),
        (120, 90, 2),
        (159, 99, 2),
        (160, 80, 3),
        (120, 100, 3),
        (160, None, 3),
        (None, 100, 3),
        (None, None, 0),
    ],
)
def test_hypertension_is_graded_by_the_worse_half(
    systolic: float | None, diastolic: float | None, grade: int
) -> None:
    assert hypertension_grade(systolic, diastolic) == grade


@holds_for(st.floats(40, 300), st.floats(20, 200), st.floats(0, 50))
def test_a_higher_pressure_never_has_a_lower_grade(high: float, low: float, more: float) -> None:
    grade = hypertension_grade(high, low)

    assert hypertension_grade(high + more, low) >= grade
    assert hypertension_grade(high, low + more) >= grade


@pytest.mark.parametrize(
    ("readings", "alarms"),
    [
        ({}, []),
        ({"systolic": 159, "diastolic": 99, "heart_rate": 50, "spo2": 92}, []),
        ({"heart_rate": 130}, []),
        ({"systolic": 160}, [Alarm.HYPERTENSION_GRADE_3]),
        ({"spo2": 91}, [Alarm.SPO2_LOW]),
        ({"heart_rate": 49}, [Alarm.HEART_RATE_LOW]),
        ({"heart_rate": 131}, [Alarm.HEART_RATE_HIGH]),
        ({"spo2": 85, "heart_rate": 140}, [Alarm.SPO2_LOW, Alarm.HEART_RATE_HIGH]),
    ],
)
def test_readings_beyond_the_limits_are_told(
    readings: dict[str, float], alarms: list[Alarm]
) -> None:
    assert alarms_for(**readings) == alarms
