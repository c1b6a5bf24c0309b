"""Signs that ketamine does harm or is wanted for itself: told to the prescriber, judged by nobody.

Requests for an earlier infusion are a sign too; they are not recorded yet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from clinical.chart import Chart, answered, first_days
from clinical.finding import Finding, Severity
from clinical.treatment import FEWEST_GAPS, SHORT_SHARE

SIGNAL = "misuse.signal"
YES = "yes"

STRONG_CRAVING = 4
"""Points (0-10) of craving on one day that count. Source: detection, section 9."""
CRAVING_DAYS = 3
"""Days with such a craving that are told. Source: detection, section 9 (3 of 7 days)."""
CRAVING_WINDOW = timedelta(days=7)
"""The days among which they lie. Source: detection, section 9 (3 of 7 days)."""
URINARY = frozenset(
    {
        "cystitis_noninfective",
        "urinary_frequency",
        "urinary_urgency",
        "dysuria",
        "urinary_tract_pain",
        "hematuria",
    }
)
"""Effects on the bladder. Source: clinical content, section 5 (group bladder)."""
URINARY_ONCE = 2
"""Grade at which one day is told. Source: detection, section 9 (urinary grade >= 2 once)."""
URINARY_TWICE = 1
"""Grade at which a second day is told. Source: detection, section 9 (grade 1 twice in 14 days)."""
URINARY_WINDOW = timedelta(days=14)
"""The days among which both lie. Source: detection, section 9 (grade 1 twice in 14 days)."""
SHORT_IN_A_ROW = 2
"""Short intervals between infusions that are told; a third says nothing new.

Source: detection, section 9 (two intervals in a row).
"""
SAME_RUN = timedelta(days=14)
"""Days without the sign after which its return is told anew.

Source: house rule; the bladder is asked about once a week.
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Sign:
    """One reason to look, on one day."""

    day: date
    points: float
    because: str


def detect_signal(chart: Chart) -> Iterator[Finding]:
    """Say, once for each kind of sign and run of days, that the use of ketamine needs a look."""
    for place, (kind, signs_of) in enumerate(KINDS):
        worst = {sign.day: sign for sign in sorted(signs_of(chart))}
        for day, period in first_days(chart, worst, SAME_RUN):
            yield _finding(kind, worst[day], len(KINDS) * period + place)


def _other_ketamine(chart: Chart) -> Iterator[_Sign]:
    for entry in chart.entries:
        if entry.answers.get("other_ketamine") == YES:
            day = entry.local_date
            yield _Sign(day=day, points=1, because=f"ketamine from elsewhere, reported on {day}")


def _craving(chart: Chart) -> Iterator[_Sign]:
    strongest: dict[date, float] = {}
    for entry, points in answered(chart.entries, "craving"):
        if points >= STRONG_CRAVING:
            day = entry.local_date
            strongest[day] = max(strongest.get(day, points), points)
    bad = sorted(strongest)
    for first, day in zip(bad, bad[CRAVING_DAYS - 1 :], strict=False):
        if day - first < CRAVING_WINDOW:
            yield _Sign(
                day=day,
                points=strongest[day],
                because=(
                    f"craving {strongest[day]:g} on {day}, {STRONG_CRAVING} or more on "
                    f"{CRAVING_DAYS} days since {first}"
                ),
            )


def _urinary(chart: Chart) -> Iterator[_Sign]:
    grades: dict[date, int] = {}
    for entry in chart.with_effects:
        for effect in entry.side_effects:
            if effect.id in URINARY and effect.severity >= URINARY_TWICE:
                day = entry.local_date
                grades[day] = max(grades.get(day, 0), effect.severity)
    before: date | None = None
    for day, grade in sorted(grades.items()):
        if grade >= URINARY_ONCE:
            yield _Sign(day=day, points=grade, because=f"bladder, grade {grade} on {day}")
        elif before is not None and day - before < URINARY_WINDOW:
            because = f"bladder, grade {grade} on {day} and before it on {before}"
            yield _Sign(day=day, points=grade, because=because)
        before = day


def _short_intervals(chart: Chart) -> Iterator[_Sign]:
    """Find two short intervals in a row after the course; within it they are planned."""
    given = _maintenance(chart)
    gaps = [(later - earlier).total_seconds() for (earlier, _), (later, _) in pairwise(given)]
    short = 0
    for place, gap in enumerate(gaps):
        before = gaps[: place - short]
        if len(before) < FEWEST_GAPS or gap >= SHORT_SHARE * median(before):
            short = 0
            continue
        short += 1
        if short == SHORT_IN_A_ROW:
            share = max(gap, gaps[place - 1]) / median(before)
            usual = timedelta(seconds=median(before)) / timedelta(days=1)
            day = given[place + 1][1]
            yield _Sign(
                day=day,
                points=round(share, 2),
                because=(
                    f"two intervals in a row up to {day} of at most {share:.2f} of the usual "
                    f"{usual:.1f} days"
                ),
            )


def _maintenance(chart: Chart) -> list[tuple[datetime, date]]:
    """List start and day of the last infusion of the course and of those after it."""
    end = chart.end_of_course() or date.max
    return sorted(
        {(each.started_at, each.local_date) for each in chart.infusions if each.local_date >= end}
    )


KINDS: tuple[tuple[str, Callable[[Chart], Iterator[_Sign]]], ...] = (
    ("other_ketamine", _other_ketamine),
    ("craving", _craving),
    ("urinary", _urinary),
    ("short_intervals", _short_intervals),
)
"""Every kind has periods of its own by its place here, which is permanent: add at the end only."""


def _finding(kind: str, sign: _Sign, period: int) -> Finding:
    return Finding(
        rule=SIGNAL,
        severity=Severity.URGENT if kind == KINDS[0][0] else Severity.ROUTINE,
        because=sign.because,
        local_date=sign.day,
        period=period,
        numbers={"kind": kind, "points": sign.points},
    )
