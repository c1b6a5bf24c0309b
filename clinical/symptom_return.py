"""Have symptoms come back after the infusions? Seen twice, days apart, with nothing given between.

This is the rule that confirms a return; it stays when earlier watches join it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean, median

from clinical.baseline import (
    FEWEST_BASELINE_ENTRIES,
    intake_levels,
    level_before,
    levels_before,
)
from clinical.chart import Chart
from clinical.finding import Finding, Severity, Tier
from clinical.readings import weekly_levels
from clinical.response import no_clear_response

HALF_LOST_TWICE = "symptom_return.half_lost_twice"

CLEAR_RESPONSE = 0.4
"""Share of the level before treatment that must have gone for its loss to be confirmed.

Source: detection, section 4; more than the watch asks (a partial response), as it has no odds.
"""
SHARE_LOST = 0.5
"""Share of the personal improvement that must be lost.

Source: clinical content, section 9 (return day: the level has lost >= 50 % of the improvement).
"""
APART = (timedelta(days=5), timedelta(days=15))
"""Two looks this far apart confirm each other.

Source: SUSTAIN-1 (Daly 2019): relapse at two consecutive assessments 5-15 days apart.
"""
GOOD_WINDOW = timedelta(days=10)
"""The good level is read from the days up to this long after the course.

Source: clinical content, section 9 (response is judged over the 10 days after `course_end`).
"""
FEWEST_GOOD_ENTRIES = 3
"""Days with a level after the course that make a good level.

Source: detection, section 4 (decided from the third entry after the course).
"""
SMALLEST_IMPROVEMENT = 1.5
"""Points (0-10) of improvement below which half of it is within the noise of one day.

Source: detection, section 2 (smallest size of a full return).
"""
GOOD_ENTRIES = 5
"""The first so many days with a level make the good level, so that an early return cannot hide it.

Source: house rule; with all ten days a return on the fifth day was missed.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Improvement:
    """Where the patient came from and how good it became, on the 0-10 scale."""

    before: float
    good: float

    @property
    def limit(self) -> float:
        """The level at which half of the improvement is lost."""
        return self.before - SHARE_LOST * (self.before - self.good)

    @property
    def large_enough(self) -> bool:
        """Whether half of it stands out of the noise."""
        return self.before - self.good >= SMALLEST_IMPROVEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loss:
    """Two looks at which half was lost."""

    first: date
    last: date
    levels: tuple[float, float]
    measured: str
    improvement: _Improvement


def detect_half_lost_twice(chart: Chart) -> Iterator[Finding]:
    """Say, once for each stretch between infusions, that half of the improvement was lost twice."""
    end = chart.end_of_course()
    if end is None:
        return
    told: set[int] = set()
    for loss in sorted(_losses(chart, end), key=lambda loss: (loss.last, loss.first)):
        period = chart.number_before(loss.first)
        if period not in told:
            told.add(period)
            yield _finding(chart, loss, period)


def _losses(chart: Chart, end: date) -> Iterator[_Loss]:
    daily = chart.levels()
    before, good = levels_before(chart, daily), _good(daily, end)
    improvement = _improvement(chart, before, good)
    if improvement is None or _no_response(before, good):
        return
    if improvement.large_enough:
        yield from _daily_losses(chart, daily, improvement, end)
    yield from _weekly_losses(chart, improvement, end)


def _improvement(
    chart: Chart, levels: Sequence[float], good: Sequence[float]
) -> _Improvement | None:
    before, _ = level_before(chart, levels)
    if before is None or len(good) < FEWEST_GOOD_ENTRIES:
        return None
    return _Improvement(before=before, good=median(good))


def _good(daily: Mapping[date, float], end: date) -> list[float]:
    last = end + GOOD_WINDOW
    days = [day for day in daily if end < day <= last]
    return [daily[day] for day in days[:GOOD_ENTRIES]]


def _no_response(before: Sequence[float], after: Sequence[float]) -> bool:
    enough = min(len(before), len(after)) >= FEWEST_BASELINE_ENTRIES
    return enough and no_clear_response(before, after, CLEAR_RESPONSE)


def _daily_losses(
    chart: Chart, daily: Mapping[date, float], improvement: _Improvement, end: date
) -> Iterator[_Loss]:
    """Find the first loss of each stretch between infusions; later ones are not told."""
    days, levels = list(daily), list(daily.values())
    bad = [day for day, level in daily.items() if day > end and level >= improvement.limit]
    told: set[int] = set()
    for last in bad:
        stretch = chart.number_before(last)
        if stretch in told:
            continue
        for first in bad[bisect_left(bad, last - APART[1]) : bisect_right(bad, last - APART[0])]:
            between = levels[bisect_left(days, first) : bisect_right(days, last)]
            if median(between) >= improvement.limit and not chart.infused_between(first, last):
                told.add(stretch)
                yield _Loss(
                    first=first,
                    last=last,
                    levels=(daily[first], daily[last]),
                    measured="diary level",
                    improvement=improvement,
                )
                break


def _weekly_losses(chart: Chart, improvement: _Improvement, end: date) -> Iterator[_Loss]:
    weekly = weekly_levels(chart)
    intake = intake_levels(chart)
    before = fmean(intake) if intake else improvement.before
    after = [day for day in weekly if day > end]
    for nth, (first, last) in enumerate(pairwise(after)):
        best = [weekly[day] for day in after[:nth]]
        own = _Improvement(before=before, good=min(best, default=improvement.good))
        apart = APART[0] <= last - first <= APART[1]
        lost = min(weekly[first], weekly[last]) >= own.limit
        if own.large_enough and apart and lost and not chart.infused_between(first, last):
            yield _Loss(
                first=first,
                last=last,
                levels=(weekly[first], weekly[last]),
                measured="weekly score",
                improvement=own,
            )


def _finding(chart: Chart, loss: _Loss, period: int) -> Finding:
    limit, known = loss.improvement.limit, loss.improvement
    treated_since = chart.infused_between(loss.last, date.max)
    days = (loss.last - _last_infusion(chart, loss.first)).days
    return Finding(
        rule=HALF_LOST_TWICE,
        severity=Severity.ROUTINE if treated_since else Severity.URGENT,
        because=(
            f"{loss.measured} {loss.levels[0]:.1f} on {loss.first} and {loss.levels[1]:.1f} on "
            f"{loss.last}; half of the improvement is lost from {limit:.1f} on "
            f"(before treatment {known.before:.1f}, good level {known.good:.1f}); "
            f"{days} days after infusion {period}"
        ),
        local_date=loss.last,
        period=period,
        tier=Tier.CONFIRMED,
        numbers={
            "measured": loss.measured,
            "first_day": loss.first.isoformat(),
            "last_day": loss.last.isoformat(),
            "first_level": round(loss.levels[0], 2),
            "last_level": round(loss.levels[1], 2),
            "limit": round(limit, 2),
            "before_treatment": round(known.before, 2),
            "good_level": round(known.good, 2),
            "days_since_infusion": days,
            "infusion_number": period,
        },
    )


def _last_infusion(chart: Chart, day: date) -> date:
    return max(each.local_date for each in chart.infusions if each.local_date < day)
