"""Every rule over one chart: the same findings for the same chart, whenever it is replayed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from clinical.calibration import SHIPPED, Calibration
from clinical.chart import Chart
from clinical.dissociation import PERSISTENT, detect_persistent
from clinical.finding import Finding, Severity
from clinical.infusion_watch import EARLY, OVERDUE, detect_early, detect_overdue
from clinical.mania import ACTIVATION, detect_activation
from clinical.misuse import SIGNAL, detect_signal
from clinical.response import NO_RESPONSE, detect_no_response
from clinical.return_watch import IMPROVEMENT_LOST, detect_improvement_lost
from clinical.side_effect import SEVERE, detect_severe
from clinical.silence import BROKEN_HABIT, detect_broken_habit
from clinical.symptom_return import HALF_LOST_TWICE, detect_half_lost_twice
from clinical.vitals_watch import VITALS, detect_after_infusion
from clinical.worse import WORSE, detect_worse

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
    Rule(ids=(IMPROVEMENT_LOST,), version=1, detect=detect_improvement_lost),
    Rule(ids=(NO_RESPONSE,), version=1, detect=detect_no_response),
    Rule(ids=(WORSE,), version=2, detect=detect_worse),
    Rule(ids=(ACTIVATION,), version=1, detect=detect_activation),
    Rule(ids=(BROKEN_HABIT,), version=2, detect=detect_broken_habit),
    Rule(ids=(SIGNAL,), version=1, detect=detect_signal),
    Rule(ids=(VITALS,), version=1, detect=detect_after_infusion),
    Rule(ids=(EARLY,), version=1, detect=detect_early),
    Rule(ids=(OVERDUE,), version=1, detect=detect_overdue),
)
WATCH_VERSION = next(rule.version for rule in RULES if IMPROVEMENT_LOST in rule.ids)
"""Of the watch that has thresholds: another reasoning has other odds, and needs others."""
FRESH = timedelta(days=14)
"""A day further back asks for no hurry: what is found of it so late is a task, and rings nobody.

Source: house rule; a first look at old diaries would ring for every return of the last year.
"""
RULE_IDS = tuple(sorted(name for rule in RULES for name in rule.ids))
RULES_VERSION = ",".join(f"{rule.ids[0]}@{rule.version}" for rule in RULES)


def assess(chart: Chart, *, now: datetime, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """Run every rule over what was known by `now`, in the order of days and rules."""
    known = _until(chart, now)
    found = [_unhurried(finding, now) for rule in rules for finding in rule.detect(known)]
    return sorted(found, key=lambda each: (each.local_date, each.rule, each.period))


def _unhurried(finding: Finding, now: datetime) -> Finding:
    """Let nobody be rung for what is long past."""
    if finding.severity is Severity.URGENT and now.date() - finding.local_date > FRESH:
        return replace(finding, severity=Severity.ROUTINE)
    return finding


def calibrated(rules: Sequence[Rule], calibration: Calibration) -> Sequence[Rule]:
    """Give the rules with other thresholds than those shipped."""
    if calibration == SHIPPED:
        return rules
    watches: dict[tuple[str, ...], Callable[[Chart], Iterator[Finding]]] = {
        (IMPROVEMENT_LOST,): partial(detect_improvement_lost, calibration=calibration),
        (BROKEN_HABIT,): partial(detect_broken_habit, calibration=calibration),
    }
    return [replace(rule, detect=watches.get(rule.ids, rule.detect)) for rule in rules]


def _until(chart: Chart, now: datetime) -> Chart:
    latest = now.date() + CLOCK_SKEW
    infusions = [each for each in chart.infusions if each.started_at <= now]
    entries = [each for each in chart.entries if each.local_date <= latest]
    weekly = [each for each in chart.weekly_scores if each.local_date <= latest]
    lengths = len(chart.infusions), len(chart.entries), len(chart.weekly_scores)
    if (len(infusions), len(entries), len(weekly)) == lengths and chart.as_of == now:
        return chart
    return replace(chart, as_of=now, infusions=infusions, entries=entries, weekly_scores=weekly)
