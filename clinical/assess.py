"""Every rule over one chart: the same findings for the same chart, whenever it is replayed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinical.chart import Chart
from clinical.dissociation import PERSISTENT, detect_persistent
from clinical.finding import Finding
from clinical.side_effect import SEVERE, detect_severe
from clinical.symptom_return import HALF_LOST_TWICE, detect_half_lost_twice

CLOCK_SKEW = timedelta(days=1)
"""A phone's day may be this far ahead of the database's clock.

Source: detection, section 1 (`local_date` is accepted within one day of the instant).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One detector, the ids it may report under, and the version of its reasoning."""

    ids: tuple[str, ...]
    version: int
    detect: Callable[[Chart], Iterator[Finding]]


RULES = (
    Rule(ids=(PERSISTENT,), version=1, detect=detect_persistent),
    Rule(ids=(SEVERE,), version=1, detect=detect_severe),
    Rule(ids=(HALF_LOST_TWICE,), version=1, detect=detect_half_lost_twice),
)
RULE_IDS = tuple(sorted(name for rule in RULES for name in rule.ids))
RULES_VERSION = ",".join(f"{rule.ids[0]}@{rule.version}" for rule in RULES)


def assess(chart: Chart, *, now: datetime) -> list[Finding]:
    """Run every rule over what was known by `now`, in the order of days and rules."""
    known = _until(chart, now)
    found = [finding for rule in RULES for finding in rule.detect(known)]
    return sorted(found, key=lambda each: (each.local_date, each.rule, each.period))


def _until(chart: Chart, now: datetime) -> Chart:
    latest = now.date() + CLOCK_SKEW
    return replace(
        chart,
        infusions=[each for each in chart.infusions if each.started_at <= now],
        entries=[each for each in chart.entries if each.local_date <= latest],
        weekly_scores=[each for each in chart.weekly_scores if each.local_date <= latest],
    )
