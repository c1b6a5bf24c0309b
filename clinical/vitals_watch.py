"""Readings from the start of an infusion to the way home that somebody on site must look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from clinical.chart import Chart, Infusion, Vital
from clinical.finding import Finding, Severity, Tier
from clinical.treatment import UNITS, Alarm, alarms_for, hypertension_grade

VITALS = "vitals.after_infusion"

NOT_BACK_GRADE = 2
"""Hypertension grade that pressure must be below when the patient is said to be ready to go.

Source: detection, section 9 (pressure not back below grade 2 at `discharge_ready_at`).
"""
READ_WITHIN = timedelta(minutes=30)
"""Time before discharge in which something must have been read. Source: detection, section 9."""
SAME_VISIT = timedelta(hours=24)
"""An instant further back is of a visit that is over: told as a task, and nobody is rung.

Source: house rule; records typed in a day later would ring for patients who are at home.
"""
SLOTS = 10
"""Periods that every infusion has for itself; more than there are kinds, so that one can be added.

Source: house rule.
"""
MINUTE = timedelta(minutes=1)
"""Unit in which an instant is told, counted from the start. Source: house rule."""

KINDS = (*Alarm, "pressure_not_back", "nothing_read")
"""Every kind has a period of its own by its place here, which is permanent: add at the end only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sign:
    """One reason to look at the patient."""

    kind: str
    at: datetime
    said: str
    numbers: dict[str, float | int | str]


class _Discharge(NamedTuple):
    """The instant somebody said ready to go, and what had been read from the start until then."""

    at: datetime
    readings: Sequence[Vital]


def detect_after_infusion(chart: Chart) -> Iterator[Finding]:
    """Say, once for each kind and infusion, that a reading is beyond its limit or is missing."""
    given = {each.number: each for each in chart.infusions}
    for _, infusion in sorted(given.items()):
        readings = _readings(infusion, until=chart.as_of)
        for sign in _beyond(readings):
            yield _finding(chart, infusion, sign)
        ready = infusion.discharge_ready_at
        if ready is not None and ready <= chart.as_of:
            until_then = [each for each in readings if each.measured_at <= ready]
            for sign in _at(_Discharge(ready, until_then)):
                yield _finding(chart, infusion, sign)


def _readings(infusion: Infusion, *, until: datetime) -> list[Vital]:
    """List what was read since the start, by time; of one instant the highest comes last."""
    read = {each for each in infusion.vitals if infusion.started_at <= each.measured_at <= until}
    return sorted(read, key=lambda each: (each.measured_at, each.kind, each.value))


def _beyond(readings: Sequence[Vital]) -> Iterator[_Sign]:
    """Give the first reading beyond each limit."""
    told: set[Alarm] = set()
    for each in readings:
        for alarm in alarms_for(**{each.kind: each.value}):
            if alarm not in told:
                told.add(alarm)
                yield _Sign(
                    kind=alarm,
                    at=each.measured_at,
                    said=f"{_told(each)}, {alarm.replace('_', ' ')}",
                    numbers={"reading": each.kind, "value": each.value},
                )


def _at(discharge: _Discharge) -> Iterator[_Sign]:
    """Judge what was known of the patient when somebody said that they could go."""
    newest = {each.kind: each for each in discharge.readings}
    pressure = [newest[kind] for kind in ("systolic", "diastolic") if kind in newest]
    values = {each.kind: each.value for each in pressure}
    grade = hypertension_grade(values.get("systolic"), values.get("diastolic"))
    if grade >= NOT_BACK_GRADE:
        yield _Sign(
            kind="pressure_not_back",
            at=discharge.at,
            said=f"ready to go at grade {grade}, last {' and '.join(map(_told, pressure))}",
            numbers={"grade": grade, **values},
        )
    if not any(discharge.at - each.measured_at <= READ_WITHIN for each in discharge.readings):
        minutes = READ_WITHIN // MINUTE
        yield _Sign(
            kind="nothing_read",
            at=discharge.at,
            said=f"ready to go, and nothing was read in the {minutes} minutes before",
            numbers={"minutes": minutes},
        )


def _told(reading: Vital) -> str:
    return f"{reading.kind} {reading.value:g} {UNITS[reading.kind]}"


def _finding(chart: Chart, infusion: Infusion, sign: _Sign) -> Finding:
    minutes = (sign.at - infusion.started_at) // MINUTE
    return Finding(
        rule=VITALS,
        severity=(Severity.URGENT if chart.as_of - sign.at <= SAME_VISIT else Severity.ROUTINE),
        because=(
            f"{sign.said}; {minutes} minutes after the start of infusion {infusion.number} on "
            f"{infusion.local_date}"
        ),
        local_date=infusion.local_date,
        period=infusion.number * SLOTS + KINDS.index(sign.kind),
        episode=infusion.number,
        tier=Tier.STRONG,
        numbers={"kind": sign.kind, "minutes_after_start": minutes, **sign.numbers},
    )
