"""Warnings around an infusion and grades of a reading, over the whole range of each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
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

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SYSTOLIC_GRADES = {90: 0, 119: 0, 120: 1, 139: 1, 140: 2, 159: 2, 160: 3, 240: 3}
DIASTOLIC_GRADES = {50: 0, 79: 0, 80: 1, 89: 1, 90: 2, 99: 2, 100: 3, 140: 3}


def infusion(
    *gaps: float,
    number: int = 1,
    planned: int | None = None,
    ended: bool = True,
    missed: Sequence[datetime] = (),
) -> Given:
    """Describe an infusion at noon; the gaps in days run back from it."""
    others, at = list[datetime](), NOON
    for gap in gaps:
        at -= gap * DAY
        others.append(at)
    return Given(
        started_at=NOON,
        ended_at=NOON + timedelta(minutes=40) if ended else None,
        others=others,
        number_in_course=number,
        planned_infusions=planned,
        open_appointments=missed,
    )


@pytest.mark.parametrize("high", SYSTOLIC_GRADES)
@pytest.mark.parametrize("low", DIASTOLIC_GRADES)
def test_the_worse_half_sets_the_grade(high: int, low: int) -> None:
    expected = max(SYSTOLIC_GRADES[high], DIASTOLIC_GRADES[low])

    assert hypertension_grade(high, low) == expected
    assert (alarms_for(systolic=high, diastolic=low) != []) is (expected == 3)


@pytest.mark.parametrize("high", SYSTOLIC_GRADES)
def test_one_half_alone_is_graded(high: int) -> None:
    assert hypertension_grade(high, None) == SYSTOLIC_GRADES[high]


@pytest.mark.parametrize("low", DIASTOLIC_GRADES)
def test_the_other_half_alone_is_graded(low: int) -> None:
    assert hypertension_grade(None, low) == DIASTOLIC_GRADES[low]


@pytest.mark.parametrize(
    ("rate", "alarm"),
    [
        (0, Alarm.HEART_RATE_LOW),
        (49, Alarm.HEART_RATE_LOW),
        (49.9, Alarm.HEART_RATE_LOW),
        (50, None),
        (90, None),
        (130, None),
        (130.1, Alarm.HEART_RATE_HIGH),
        (131, Alarm.HEART_RATE_HIGH),
        (220, Alarm.HEART_RATE_HIGH),
    ],
)
def test_a_heart_rate_at_its_limits(rate: float, alarm: Alarm | None) -> None:
    assert alarms_for(heart_rate=rate) == ([] if alarm is None else [alarm])


@pytest.mark.parametrize(
    ("spo2", "low"), [(0, True), (91, True), (91.9, True), (92, False), (100, False)]
)
def test_oxygen_at_its_limit(spo2: float, *, low: bool) -> None:
    assert (alarms_for(spo2=spo2) == [Alarm.SPO2_LOW]) is low


def test_every_alarm_of_one_moment_is_told() -> None:
    slow = alarms_for(systolic=160, diastolic=100, heart_rate=40, spo2=80)

    assert slow == [Alarm.HYPERTENSION_GRADE_3, Alarm.SPO2_LOW, Alarm.HEART_RATE_LOW]
    assert alarms_for() == []


@pytest.mark.parametrize("usual", [2, 3, 7, 14, 28, 60])
@pytest.mark.parametrize(("share", "early"), [(0.59, True), (0.6, False), (1, False), (2, False)])
def test_an_infusion_is_early_under_six_tenths_of_the_usual_gap(
    usual: int, share: float, *, early: bool
) -> None:
    assert is_early(infusion(share * usual, usual, usual, usual)) is early


@pytest.mark.parametrize(("gaps", "early"), [((), 0), ((1,), 0), ((1, 9), 0), ((1, 9, 9), 1)])
def test_two_gaps_make_a_usual_one(gaps: tuple[float, ...], *, early: int) -> None:
    assert is_early(infusion(*gaps)) is bool(early)


def test_one_long_holiday_does_not_change_the_usual_gap() -> None:
    assert not is_early(infusion(7, 7, 90, 7, 7))
    assert is_early(infusion(4, 7, 90, 7, 7))


@pytest.mark.parametrize(
    ("apart", "close"),
    [(SECOND, True), (DAY - SECOND, True), (DAY, False), (DAY + SECOND, False)],
    ids=str,
)
@pytest.mark.parametrize("side", [-1, 1], ids=["before", "after"])
def test_two_infusions_within_a_day_either_way(apart: timedelta, side: int, *, close: bool) -> None:
    described = Given(
        started_at=NOON,
        ended_at=NOON,
        others=[NOON + side * apart],
        number_in_course=1,
        planned_infusions=None,
    )

    assert (warnings_for(described, now=NOON) == [Unusual.WITHIN_24_HOURS]) is close


@pytest.mark.parametrize("planned", [1, 6, 8])
@pytest.mark.parametrize("more", [-1, 0, 1, 5])
def test_only_more_than_planned_is_told(planned: int, more: int) -> None:
    found = warnings_for(infusion(number=planned + more, planned=planned), now=NOON)

    assert (found == [Unusual.OVER_PLANNED_COUNT]) is (more > 0)


@pytest.mark.parametrize(
    ("passed", "missing"),
    [(timedelta(), 0), (timedelta(hours=3), 0), (timedelta(hours=3) + SECOND, 1), (9 * DAY, 1)],
    ids=str,
)
def test_an_end_is_asked_for_after_three_hours(passed: timedelta, missing: int) -> None:
    found = warnings_for(infusion(ended=False), now=NOON + passed)

    assert found == [Unusual.END_MISSING] * missing
    assert warnings_for(infusion(), now=NOON + passed) == []


@pytest.mark.parametrize(
    ("passed", "told"), [(3 * DAY, 0), (3 * DAY + SECOND, 1), (-DAY, 0)], ids=str
)
def test_an_appointment_is_asked_about_after_three_days(passed: timedelta, told: int) -> None:
    found = warnings_for(infusion(missed=[NOON - passed, NOON]), now=NOON)

    assert found == [Unusual.APPOINTMENT_WITHOUT_INFUSION] * told


def test_all_warnings_can_stand_together() -> None:
    described = infusion(
        0.5, 7, 7, number=9, planned=6, ended=False, missed=[NOON - 4 * DAY, NOON - 9 * DAY]
    )

    assert set(warnings_for(described, now=NOON + DAY)) == set(Unusual)


@settings(max_examples=60)
@holds_for(st.lists(st.floats(0.1, 90), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_others_does_not_matter(gaps: list[float], chance: object) -> None:
    described = infusion(*gaps)
    turned = list(described.others)
    chance.shuffle(turned)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    again = Given(
        started_at=NOON,
        ended_at=described.ended_at,
        others=turned,
        number_in_course=1,
        planned_infusions=None,
    )

    assert warnings_for(again, now=NOON) == warnings_for(described, now=NOON)


@settings(max_examples=60)
@holds_for(st.floats(0, 200), st.floats(0, 100), st.floats(0, 300), st.floats(0, 200))
def test_any_reading_gets_an_answer_without_doubles(
    rate: float, spo2: float, high: float, low: float
) -> None:
    found = alarms_for(systolic=high, diastolic=low, heart_rate=rate, spo2=spo2)

    assert len(found) == len(set(found)) <= 3
