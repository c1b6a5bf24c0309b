"""A chart's days as plain numbers: levels, weekly scores, infusions, and when the course ended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from types import MappingProxyType

from clinical.chart import INDUCTION, TOP, Chart
from clinical.kept import once

PAUSE = timedelta(days=7)
"""Days without infusion after which a course whose end nobody fixed counts as over.

Source: house rule; published courses give one infusion a week or more (McInnes 2022).
"""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What each day says, in the order of days."""

    levels: Mapping[date, float]
    weekly: Mapping[date, float]
    infusions: tuple[date, ...]
    noted: tuple[date, ...]
    """Days with an entry or a weekly score, whatever it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseEnd:
    """A day that was, for some time, known as the last of the induction."""

    day: date
    number: int
    """Of the infusion that was the last one then."""
    first: date
    """Day of the first infusion."""
    fixed: bool
    until: date
    """The last day on which this was known as the end."""

    def holds_on(self, day: date) -> bool:
        """Say whether the course was over on a day, for all that was known then."""
        sure = self.fixed or day - self.day > PAUSE or day - self.first > INDUCTION
        return self.day < day <= self.until and sure


@once
def readings_of(chart: Chart) -> Readings:
    """Read a chart by day."""
    return Readings(
        levels=_on_scale(chart.levels()),
        weekly=_on_scale(weekly_levels(chart)),
        infusions=chart.infusion_days(),
        noted=_noted(chart),
    )


def _noted(chart: Chart) -> tuple[date, ...]:
    written = {each.local_date for each in chart.entries}
    return tuple(sorted(written | {each.local_date for each in chart.weekly_scores}))


@once
def weekly_levels(chart: Chart) -> Mapping[date, float]:
    """Give the weekly levels in order; of two on one day the higher counts."""
    scores = sorted((each.local_date, each.level) for each in chart.weekly_scores)
    return MappingProxyType(dict(scores))


def course_ends(chart: Chart, readings: Readings) -> list[CourseEnd]:
    """List the days that were known as the end of the course, each for as long as it was.

    Where nobody fixed the end, each infusion of the induction is the last until the next is given:
    what was said of a day stays what could be said on it.
    """
    given, end = readings.infusions, chart.course_end
    if not given or (end is not None and end < given[0]):
        return []
    course = [day for day in given if day - given[0] <= INDUCTION] if end is None else [end]
    return [
        CourseEnd(
            day=day,
            number=infusion_number(chart, day),
            first=given[0],
            fixed=end is not None,
            until=following - ONE_DAY if following else date.max,
        )
        for day, following in zip(course, [*course[1:], None], strict=True)
    ]


def days_between(first: date, last: date) -> Iterator[date]:
    """Give every day from the first to the last."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def infusion_number(chart: Chart, day: date) -> int:
    """Give the number of the last infusion up to a day; 0 where there was none."""
    return chart.number_on(day)


def _on_scale(levels: Mapping[date, float]) -> Mapping[date, float]:
    if all(0 <= level <= TOP for level in levels.values()):
        return levels
    return {
        day: min(max(level, 0.0), float(TOP)) for day, level in levels.items() if isfinite(level)
    }
