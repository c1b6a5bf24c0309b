"""Side effects that need a call: help was needed, the mind stays unclear, or they come again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clinical.chart import Chart, Entry, answered, first_days
from clinical.finding import Finding, Severity

SEVERE = "side_effect.severe"
BOTHER = "side effects in all"
DAILY_ITEM = "side_effects"

NEEDED_HELP = 3
"""Patient's severity "needed help" (CTCAE grade 3). Source: clinical content, section 5."""
LIMITS_DAY = 2
"""Patient's severity "limits my day" (CTCAE grade 2). Source: clinical content, section 5."""
UNCLEAR_MIND = frozenset({"hallucinations", "confusion", "psychosis", "delirium"})
"""Effects that should be gone a day after an infusion. Source: detection, section 9."""
AT_ANY_GRADE = frozenset({"hematuria"})
"""Effects told at any grade. Source: detection, section 9 (ketamine cystitis)."""
IF_TWICE = frozenset({"vomiting", "headache"})
"""Effects told when they limit two days. Source: detection, section 9."""
BOTHERED_ONCE = 8
"""Points (0-10) of the one daily item on a day without infusion. Source: section 9 (start)."""
BOTHERED_TWICE = 5
"""Points (0-10) of the one daily item on two such days. Source: detection, section 9 (start)."""
SAME_RUN = timedelta(days=7)
"""Days without a sign after which its return is told anew. Source: house rule."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Sign:
    """One reason to call, on one day."""

    day: date
    points: float
    because: str


def detect_severe(chart: Chart) -> Iterator[Finding]:
    """Say, once for each run of days, that a call is due; help that was needed is told apart."""
    settled = [entry for entry in chart.settled if entry.side_effects]
    bothered = list(_bothered(chart))
    strong = [sign for entry in chart.with_effects for sign in _needed_help(entry)]
    milder = [sign for entry in chart.with_effects for sign in _named(entry, AT_ANY_GRADE)]
    milder += [sign for entry in settled for sign in _named(entry, UNCLEAR_MIND)]
    milder += [sign for sign in bothered if sign.points >= BOTHERED_ONCE]
    milder += _twice(chart, bothered)
    yield from _told(chart, strong, strong=True)
    yield from _told(chart, milder, strong=False)


def _needed_help(entry: Entry) -> Iterator[_Sign]:
    for effect in entry.side_effects:
        if effect.severity >= NEEDED_HELP:
            yield _Sign(day=entry.local_date, points=effect.severity, because=effect.id)


def _named(entry: Entry, effects: frozenset[str]) -> list[_Sign]:
    return [
        _Sign(day=entry.local_date, points=effect.severity, because=effect.id)
        for effect in entry.side_effects
        if effect.severity and effect.id in effects
    ]


def _bothered(chart: Chart) -> Iterator[_Sign]:
    """Give the one daily item where the list beside it names no effect that was there."""
    for entry, points in answered(chart.settled, DAILY_ITEM):
        if points >= BOTHERED_TWICE and not any(each.severity for each in entry.side_effects):
            yield _Sign(day=entry.local_date, points=points, because=BOTHER)


def _twice(chart: Chart, bothered: Sequence[_Sign]) -> Iterator[_Sign]:
    bad = [
        sign
        for entry in chart.with_effects
        for sign in _named(entry, IF_TWICE)
        if sign.points >= LIMITS_DAY
    ]
    bad += bothered
    seen: dict[str, date] = {}
    for sign in sorted(bad):
        if timedelta() < sign.day - seen.get(sign.because, sign.day) <= SAME_RUN:
            yield _Sign(day=sign.day, points=sign.points, because=f"{sign.because} on two days")
        seen[sign.because] = sign.day


def _told(chart: Chart, signs: Sequence[_Sign], *, strong: bool) -> Iterator[Finding]:
    worst: dict[date, _Sign] = {}
    for sign in sorted(signs):
        worst[sign.day] = sign
    for day, period in first_days(chart, worst, SAME_RUN, strong=strong):
        sign = worst[day]
        yield Finding(
            rule=SEVERE,
            severity=Severity.URGENT,
            because=f"{sign.because}, rated {sign.points} by the patient on {day}",
            local_date=day,
            period=period,
            numbers={"effect": sign.because, "points": sign.points},
        )
