"""Activation that builds up: a switch into mania is looked for, its absence is never assumed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from statistics import fmean

from clinical.chart import Chart, answered, distinct, first_days
from clinical.finding import Finding, Severity

ACTIVATION = "mania.activation"
ITEM = "activation"
BIPOLAR = "bipolar_depression"

SPREAD = 1.1
"""Points (0-10) that one day's activation strays from the usual. Source: detection, section 9."""
ALLOWANCE = 1.0
"""Spreads above the usual that a day may stand without adding up. Source: detection, section 9."""
ALARM = 4.0
"""Sum of spreads beyond the allowance that is told. Source: detection, section 9."""
FEWEST_DAYS = 3
"""Days with an answer before treatment that make a usual of one's own.

Source: detection, section 9 (personal pre-treatment mean, >= 3 entries).
"""
USUAL = 2.0
"""Points taken as usual where a patient's own are not known. Source: section 9 (start)."""
SAME_RUN = timedelta(days=7)
"""Days without an alarm after which the next is told anew. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alarm:
    """A day on which the excess had added up."""

    day: date
    since: date
    activation: float
    total: float
    usual: float
    usual_from: str


def detect_activation(chart: Chart) -> Iterator[Finding]:
    """Say, once for each run of days, that activation has added up beyond the usual."""
    alarms = {alarm.day: alarm for alarm in _alarms(chart)}
    bipolar = BIPOLAR in chart.conditions
    for day, period in first_days(chart, alarms, SAME_RUN, strong=bipolar):
        yield _finding(alarms[day], period, bipolar=bipolar)


def _alarms(chart: Chart) -> Iterator[_Alarm]:
    treated = chart.first_infusion()
    before: list[float] = []
    usual, usual_from = _usual(before)
    total, since = 0.0, date.min
    for day, activation in _by_day(chart):
        since = since if total else day
        total = max(0.0, total + (activation - usual) / SPREAD - ALLOWANCE)
        if total >= ALARM:
            yield _Alarm(
                day=day,
                since=since,
                activation=activation,
                total=total,
                usual=usual,
                usual_from=usual_from,
            )
            total = 0.0
        if day < treated:
            before.append(activation)
            usual, usual_from = _usual(before)


def _by_day(chart: Chart) -> list[tuple[date, float]]:
    """Give the mean of each day; the same answer received twice counts once."""
    given = sorted((e.local_date, points) for e, points in answered(distinct(chart.entries), ITEM))
    if len({day for day, _ in given}) == len(given):
        return given
    days = groupby(given, key=itemgetter(0))
    return [(day, fmean([points for _, points in answers])) for day, answers in days]


def _usual(before: list[float]) -> tuple[float, str]:
    """Give what is usual by the days before treatment that are known so far, and why."""
    if len(before) < FEWEST_DAYS:
        return USUAL, "assumed"
    return fmean(before), f"mean of {len(before)} days before treatment"


def _finding(alarm: _Alarm, period: int, *, bipolar: bool) -> Finding:
    return Finding(
        rule=ACTIVATION,
        severity=Severity.URGENT if bipolar else Severity.NOTICE,
        because=(
            f"activation {alarm.activation:.1f} on {alarm.day}, usually {alarm.usual:.1f} "
            f"({alarm.usual_from}); the excess since {alarm.since} adds up to {alarm.total:.1f}, "
            f"told from {ALARM:g} on"
        ),
        local_date=alarm.day,
        period=period,
        numbers={
            "activation": round(alarm.activation, 2),
            "usual": round(alarm.usual, 2),
            "usual_from": alarm.usual_from,
            "excess": round(alarm.total, 2),
            "limit": ALARM,
            "since": alarm.since.isoformat(),
        },
    )
