"""One patient's time line as plain values: what the rules look at, and nothing else."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate, groupby
from math import fsum
from operator import attrgetter, itemgetter
from statistics import fmean
from types import MappingProxyType

from clinical.finding import period_of
from clinical.instruments import SideEffect
from clinical.instruments.form import Composite
from clinical.kept import once

AFTER_INFUSION = timedelta(hours=24)
"""An entry this soon after an infusion began speaks of the infusion, not of the illness.

Source: detection, section 1; leaving these entries out costs nothing measurable (.951 to .948).
"""
INDUCTION = timedelta(days=28)
"""Infusions up to this long after the first belong to the induction, unless staff said otherwise.

Source: McInnes 2022, published induction of 4-8 infusions in 7-28 days.
"""
TOP = 10
"""Upper end of the scale that levels are told on. Source: clinical content, section 3 (0-10)."""
NUMBER = (int, float)
"""What an answer must be to be counted with; a code of a choice is a text."""
DAY_OF = attrgetter("local_date")
Answers = Mapping[str, float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """One reading: systolic, diastolic (mm[Hg]), heart_rate (/min) or spo2 (%)."""

    kind: str
    value: float
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """One infusion that was given; `number` counts from the patient's first.

    `course` counts the patient's courses; None where nobody said which one it belongs to.
    """

    number: int
    started_at: datetime
    local_date: date
    course: int | None = None
    discharge_ready_at: datetime | None = None
    vitals: tuple[Vital, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVisit:
    """A visit for an infusion that is neither cancelled nor has its infusion."""

    planned_at: datetime
    local_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InductionPlan:
    """So many infusions within so many days: what a course in its induction is meant to be."""

    course: int
    infusions: int
    window_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One diary entry: codes and numbers, never the note."""

    local_date: date
    occurred_at: datetime
    form: str
    answers: Answers
    side_effects: tuple[SideEffect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyScore:
    """The total of an instrument, with the highest total it can give."""

    local_date: date
    form: str
    points: float
    maximum: float

    @property
    def level(self) -> float:
        """The total on the scale of the daily level, 0-10."""
        return self.points * TOP / self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything the rules may know of a patient at one instant.

    `composite` names the daily items of the primary condition; entries before it changed are left
    out by whoever builds the chart. `course_end` is the day of the last induction infusion where
    staff or the plan fixed it; otherwise it is worked out. The order of the sequences is free.
    """

    as_of: datetime
    conditions: tuple[str, ...]
    primary_condition: str
    composite: Composite
    infusions: Sequence[Infusion] = ()
    entries: Sequence[Entry] = ()
    weekly_scores: Sequence[WeeklyScore] = ()
    course_end: date | None = None
    planned_visits: Sequence[PlannedVisit] = ()
    induction_plan: InductionPlan | None = None
    kept: dict[object, object] = field(
        init=False, repr=False, compare=False, default_factory=dict[object, object]
    )
    """What `once` has worked out; every rule asks for the same few things."""

    @property
    @once
    def settled(self) -> tuple[Entry, ...]:
        """The entries that speak of the illness and not of an infusion, by day."""
        days = {each.local_date for each in self.infusions}
        starts = sorted(each.started_at for each in self.infusions)
        settled = (
            entry
            for entry in self.entries
            if entry.local_date not in days and not _soon_after(entry, starts)
        )
        return tuple(sorted(settled, key=DAY_OF))

    @property
    @once
    def with_effects(self) -> tuple[Entry, ...]:
        """The entries that name side effects, in the order they came."""
        return tuple(entry for entry in self.entries if entry.side_effects)

    @once
    def infusions_in_order(self) -> Sequence[Infusion]:
        """List the infusions by time."""
        return sorted(self.infusions, key=lambda infusion: infusion.started_at)

    @once
    def infusion_days(self) -> tuple[date, ...]:
        """List the days with an infusion, in order."""
        return tuple(sorted({each.local_date for each in self.infusions}))

    def first_infusion(self) -> date:
        """Give the day of the first infusion; the end of time where there was none."""
        return min(self.infusion_days()[:1], default=date.max)

    @once
    def end_of_course(self) -> date | None:
        """Give the day of the last induction infusion; None where none was given by then."""
        given = self.infusions_in_order()
        first = given[0].local_date if given else date.max
        if self.course_end is not None or not given:
            return self.course_end if self.course_end and self.course_end >= first else None
        return max(each.local_date for each in given if each.local_date - first <= INDUCTION)

    def number_before(self, day: date) -> int:
        """Give the number of the last infusion before a day; 0 where there was none."""
        return self._numbers()[bisect_left(self.infusion_days(), day)]

    def number_on(self, day: date) -> int:
        """Give the number of the last infusion up to a day; 0 where there was none."""
        return self._numbers()[bisect_right(self.infusion_days(), day)]

    @once
    def _numbers(self) -> Sequence[int]:
        """Give the highest number before the first infusion day, and up to each of them."""
        highest = dict.fromkeys(self.infusion_days(), 0)
        for each in self.infusions:
            highest[each.local_date] = max(highest[each.local_date], each.number)
        return list(accumulate(highest.values(), max, initial=0))

    def infused_between(self, first: date, last: date) -> bool:
        """Say whether an infusion was given after the first day and up to the last."""
        days = self.infusion_days()
        return bisect_right(days, first) < bisect_right(days, last)

    @once
    def levels(self) -> Mapping[date, float]:
        """Give the daily level of each day that has one, infusion days left out, in order.

        What was received twice counts once: `distinct` alone decides what the same entry is.
        """
        mean_of_all, levels = _mean_of_all(self.composite.items), dict[date, float]()
        for day, (first, *others) in groupby(self.settled, key=DAY_OF):
            level = None if others else mean_of_all(first.answers)
            if level is None:
                level = self._level([first, *others])
            if level is not None:
                levels[day] = level
        return MappingProxyType(levels)

    def _level(self, entries: Sequence[Entry]) -> float | None:
        different = distinct(entries)
        means = [
            fmean(found)
            for item in self.composite.items
            if (found := sorted(item_values(different, item)))
        ]
        return fmean(means) if len(means) >= self.composite.at_least else None


def _mean_of_all(items: Sequence[str]) -> Callable[[Answers], float | None]:
    """Give the mean of answers that hold a number for every item; None otherwise.

    Nearly every entry does, and a level is what most of the time for a chart goes into.
    """
    if len(items) <= 1:
        return lambda _: None
    values_of = itemgetter(*items)

    def mean(answers: Answers) -> float | None:
        try:
            return fsum(values_of(answers)) / len(items)
        except (KeyError, TypeError):
            return None

    return mean


def distinct(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Leave out entries that say the same as another of the same instant: received twice."""
    if len({each.local_date for each in entries}) == len(entries):
        return entries
    return list({_said(each): each for each in entries}.values())


def _said(entry: Entry) -> tuple[object, ...]:
    return (entry.local_date, entry.occurred_at, entry.form, tuple(sorted(entry.answers.items())))


def _soon_after(entry: Entry, starts: Sequence[datetime]) -> bool:
    before = bisect_right(starts, entry.occurred_at)
    return before > 0 and entry.occurred_at - starts[before - 1] < AFTER_INFUSION


def first_days(
    chart: Chart,
    days: Iterable[date],
    quiet: timedelta,
    *,
    strong: bool = False,
    over_infusion: timedelta = timedelta(),
) -> Iterator[tuple[date, int]]:
    """Give the first day of each run of days, with the period that is its own.

    A run ends when `quiet` passes without such a day, or with the next infusion. With
    `over_infusion` it goes on over infusions, and ends sooner, when so long passes, after one.
    """
    runs: dict[int, int] = defaultdict(int)
    start = before = date.min
    for day in sorted(set(days)):
        infused = day - before > over_infusion and chart.infused_between(start, day)
        if day - before > quiet or infused:
            start, infusion = day, chart.number_before(day + timedelta(days=1))
            yield day, period_of(infusion, runs[infusion], strong=strong)
            runs[infusion] += 1
        before = day


def item_values(entries: Iterable[Entry], item: str) -> list[float]:
    """List the numbers that were answered to one item."""
    return [value for _, value in answered(entries, item)]


def numbers_in(entry: Entry, items: Iterable[str]) -> list[float]:
    """List the numbers that one entry answers to some items, in their order."""
    given = map(entry.answers.get, items)
    return [value for value in given if isinstance(value, NUMBER)]


def answered(entries: Iterable[Entry], item: str) -> Iterator[tuple[Entry, float]]:
    """Give each entry that answers an item with a number, and the number."""
    for entry in entries:
        value = entry.answers.get(item)
        if isinstance(value, NUMBER):
            yield entry, value
