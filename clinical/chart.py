"""One patient's time line as plain values: what the rules look at, and nothing else."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import fmean
from types import MappingProxyType

from clinical.finding import period_of
from clinical.instruments import SideEffect
from clinical.instruments.form import Composite

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """One infusion that was given; `number` counts from the patient's first."""

    number: int
    started_at: datetime
    local_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One diary entry: codes and numbers, never the note."""

    local_date: date
    occurred_at: datetime
    form: str
    answers: Mapping[str, float | str]
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
    settled: tuple[Entry, ...] = field(init=False)
    """The entries that speak of the illness and not of an infusion, by day."""
    _levels: Mapping[date, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        days = {each.local_date for each in self.infusions}
        starts = sorted(each.started_at for each in self.infusions)
        settled = (
            entry
            for entry in self.entries
            if entry.local_date not in days and not _soon_after(entry, starts)
        )
        object.__setattr__(
            self, "settled", tuple(sorted(settled, key=lambda entry: entry.local_date))
        )
        object.__setattr__(self, "_levels", MappingProxyType(self._daily()))

    def infusions_in_order(self) -> list[Infusion]:
        """List the infusions by time."""
        return sorted(self.infusions, key=lambda infusion: infusion.started_at)

    def end_of_course(self) -> date | None:
        """Give the day of the last induction infusion."""
        given = self.infusions_in_order()
        if self.course_end is not None or not given:
            return self.course_end
        first = given[0].local_date
        return max(each.local_date for each in given if each.local_date - first <= INDUCTION)

    def number_before(self, day: date) -> int:
        """Give the number of the last infusion before a day; 0 where there was none."""
        return max((each.number for each in self.infusions if each.local_date < day), default=0)

    def infused_between(self, first: date, last: date) -> bool:
        """Say whether an infusion was given after the first day and up to the last."""
        return any(first < each.local_date <= last for each in self.infusions)

    def levels(self) -> Mapping[date, float]:
        """Give the daily level of each day that has one, infusion days left out, in order."""
        return self._levels

    def _daily(self) -> dict[date, float]:
        given: dict[date, list[Entry]] = defaultdict(list)
        for entry in self.settled:
            given[entry.local_date].append(entry)
        levels = {day: self._level(entries) for day, entries in given.items()}
        return {day: level for day, level in levels.items() if level is not None}

    def _level(self, entries: Sequence[Entry]) -> float | None:
        means = [
            fmean(found)
            for item in self.composite.items
            if (found := sorted(item_values(entries, item)))
        ]
        return fmean(means) if len(means) >= self.composite.at_least else None


def _soon_after(entry: Entry, starts: Sequence[datetime]) -> bool:
    before = bisect_right(starts, entry.occurred_at)
    return before > 0 and entry.occurred_at - starts[before - 1] < AFTER_INFUSION


def first_days(
    chart: Chart, days: Iterable[date], quiet: timedelta, *, strong: bool = False
) -> Iterator[tuple[date, int]]:
    """Give the first day of each run of days, with the period that is its own.

    A run ends when `quiet` passes without such a day, or with the next infusion.
    """
    runs: dict[int, int] = defaultdict(int)
    before: date | None = None
    for day in sorted(set(days)):
        if before is None or day - before > quiet or chart.infused_between(before, day):
            infusion = chart.number_before(day + timedelta(days=1))
            yield day, period_of(infusion, runs[infusion], strong=strong)
            runs[infusion] += 1
        before = day


def item_values(entries: Sequence[Entry], item: str) -> list[float]:
    """List the numbers that were answered to one item."""
    given = (entry.answers.get(item) for entry in entries)
    return [value for value in given if isinstance(value, int | float)]
