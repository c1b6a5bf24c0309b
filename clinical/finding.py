"""What a rule says about a chart, and how soon somebody must hear it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How soon a human must look."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"
    NOTICE = "notice"
    """Kept and shown in the feed, and no alert: nobody is told."""

    @property
    def rank(self) -> int:
        """Order of sending: a higher rank goes first."""
        return SEVERITY_RANK[self]


SEVERITY_RANK: Mapping[Severity, int] = MappingProxyType(
    {Severity.EMERGENCY: 9, Severity.URGENT: 5, Severity.ROUTINE: 1, Severity.NOTICE: 0}
)
"""Rank stored beside the severity, so that the database can order by it.

Source: house rule; the gaps leave room for the pages that test the road itself.
"""


class Tier(StrEnum):
    """How sure a watch is; each has its own rate of false alarms."""

    WATCH = "watch"
    LIKELY = "likely"
    STRONG = "strong"
    CONFIRMED = "confirmed"


MOST_RUNS = 50
"""Runs of days of one kind that one stretch between infusions can hold in a period.

Source: house rule; a run ends after a quiet week, so fifty fill a year.
"""


def period_of(infusion: int, run: int, *, strong: bool = False) -> int:
    """Give a run of days after an infusion its own number, so that it is told once."""
    return (2 * infusion + strong) * MOST_RUNS + min(run, MOST_RUNS - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a rule found: why, in numbers a clinician can check, and never in patient words."""

    rule: str
    severity: Severity
    because: str
    local_date: date
    period: int = 0
    episode: int | None = None
    """Period of the alert where several findings of a rule belong on one; else its own."""
    tier: Tier = Tier.LIKELY
    due_within: timedelta | None = None
    """A task is done by so long after it was raised; None is no task."""
    numbers: Mapping[str, float | int | str] = field(default_factory=dict[str, float | int | str])
