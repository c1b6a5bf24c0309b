"""What stands out around an infusion: warnings and grades, never refusals.

An interval, a count or a reading that is unusual is told; whether to go on is the clinic's act.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

CLOSE = timedelta(hours=24)
"""Two infusions within this time are worth a second look.

Source: clinical content, section 7 (second infusion within 24 h).
"""
SHORT_SHARE = 0.6
"""Share of the patient's own median spacing below which an infusion comes early.

Source: clinical content, section 7 (spacing < 60 % of the patient's median).
"""
FEWEST_GAPS = 2
"""Gaps between infusions that make a median of the patient's own.

Source: house rule; the median of one gap is that gap.
"""
END_EXPECTED = timedelta(hours=3)
"""How long after its start an infusion without an end is asked about.

Source: clinical content, section 7 (missing `ended_at` 3 h after start).
"""
RECORD_EXPECTED = timedelta(days=3)
"""How long after an appointment its infusion should have been recorded.

Source: clinical content, section 7 (no infusion recorded 3 days after its appointment).
"""

UNITS = {"systolic": "mm[Hg]", "diastolic": "mm[Hg]", "heart_rate": "/min", "spo2": "%"}
"""Units of the readings, in UCUM. Source: clinical content, section 6."""
GRADES = ((3, 160, 100), (2, 140, 90), (1, 120, 80))
"""Hypertension by systolic or diastolic pressure, mm[Hg].

Source: CTCAE v5 as in clinical content, section 8.
"""
ALARM_GRADE = 3
"""Source: clinical content, section 8 (default alarm: grade 3 pressure)."""
LOWEST_SPO2 = 92
"""Per cent; below it is an alarm. Source: clinical content, section 8, to be confirmed locally."""
HEART_RATES = (50, 130)
"""Per minute; outside them is an alarm. Source: clinical content, section 8, as above."""


class Unusual(StrEnum):
    """What is unusual about an infusion."""

    WITHIN_24_HOURS = "within_24_hours"
    SPACING_SHORT = "spacing_short"
    OVER_PLANNED_COUNT = "over_planned_count"
    END_MISSING = "end_missing"
    APPOINTMENT_WITHOUT_INFUSION = "appointment_without_infusion"


class Alarm(StrEnum):
    """What is unusual about a reading."""

    HYPERTENSION_GRADE_3 = "hypertension_grade_3"
    SPO2_LOW = "spo2_low"
    HEART_RATE_LOW = "heart_rate_low"
    HEART_RATE_HIGH = "heart_rate_high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One infusion among the others of its patient; `others` are the starts of all of them."""

    started_at: datetime
    ended_at: datetime | None
    others: Sequence[datetime]
    number_in_course: int
    planned_infusions: int | None
    open_appointments: Sequence[datetime] = ()


def warnings_for(given: Given, *, now: datetime) -> list[Unusual]:
    """Say what is unusual about an infusion."""
    checks = {
        Unusual.WITHIN_24_HOURS: any(
            abs(given.started_at - other) < CLOSE for other in given.others
        ),
        Unusual.SPACING_SHORT: is_early(given),
        Unusual.OVER_PLANNED_COUNT: (
            given.planned_infusions is not None and given.number_in_course > given.planned_infusions
        ),
        Unusual.END_MISSING: given.ended_at is None and now - given.started_at > END_EXPECTED,
        Unusual.APPOINTMENT_WITHOUT_INFUSION: any(
            now - planned > RECORD_EXPECTED for planned in given.open_appointments
        ),
    }
    return [warning for warning, found in checks.items() if found]


def is_early(given: Given) -> bool:
    """Say whether an infusion comes earlier than this patient's infusions used to."""
    return comes_early(given.started_at, given.others)


def comes_early(started_at: datetime, others: Iterable[datetime]) -> bool:
    """Say whether a start comes earlier than the spacing of the starts before it."""
    before = sorted(other for other in others if other < started_at)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(before)]
    if len(gaps) < FEWEST_GAPS:
        return False
    return (started_at - before[-1]).total_seconds() < SHORT_SHARE * median(gaps)


def hypertension_grade(systolic: float | None, diastolic: float | None) -> int:
    """Grade a blood pressure; 0 is none, a missing half counts as normal."""
    for grade, high, low in GRADES:
        if (systolic or 0) >= high or (diastolic or 0) >= low:
            return grade
    return 0


def alarms_for(
    *,
    systolic: float | None = None,
    diastolic: float | None = None,
    heart_rate: float | None = None,
    spo2: float | None = None,
) -> list[Alarm]:
    """Say which readings of one moment are beyond the default limits."""
    slowest, fastest = HEART_RATES
    checks = {
        Alarm.HYPERTENSION_GRADE_3: hypertension_grade(systolic, diastolic) >= ALARM_GRADE,
        Alarm.SPO2_LOW: spo2 is not None and spo2 < LOWEST_SPO2,
        Alarm.HEART_RATE_LOW: heart_rate is not None and heart_rate < slowest,
        Alarm.HEART_RATE_HIGH: heart_rate is not None and heart_rate > fastest,
    }
    return [alarm for alarm, found in checks.items() if found]
