"""Who takes the patient home: settled a day before an infusion, or somebody has to ask."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinical.finding import Finding, Severity

UNCONFIRMED = "escort.unconfirmed"
UNCONFIRMED_VERSION = f"{UNCONFIRMED}@1"

ASKED_BEFORE = (timedelta(hours=24), timedelta(hours=2))
"""Times before a visit at which its escort must stand, the longest first.

Source: clinical content, section 7 (unconfirmed at 24 h and at 2 h raises a task).
"""
SLOTS = 2
"""Periods that every minute a visit can be planned for has for itself. Source: as above."""
MINUTE = timedelta(minutes=1)
"""Unit in which visits are told apart. Source: house rule; nobody plans by seconds."""
HOUR = timedelta(hours=1)
"""Unit in which the time left is told. Source: house rule."""
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
"""From when minutes are counted. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unescorted:
    """A planned infusion that nobody is known to take the patient home from."""

    planned_at: datetime
    local_date: date


def detect_unconfirmed(visit: Unescorted, *, now: datetime) -> Finding | None:
    """Say, once for each time it must be settled by, that a visit still has no escort.

    A visit planned at short notice is told once for the time that is left, not for those passed.
    """
    left = visit.planned_at - now
    passed = [place for place, before in enumerate(ASKED_BEFORE) if left <= before]
    if not passed or left <= timedelta():
        return None
    hours = ASKED_BEFORE[passed[-1]] // HOUR
    return Finding(
        rule=UNCONFIRMED,
        severity=Severity.ROUTINE,
        because=f"no escort is confirmed, {hours} hours or less before the visit of "
        f"{visit.local_date}",
        local_date=visit.local_date,
        period=(visit.planned_at - EPOCH) // MINUTE * SLOTS + passed[-1],
        numbers={"hours_before": hours},
    )
