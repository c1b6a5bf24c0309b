"""How well alarms fit what truly happened: the definitions behind every figure we state.

A hit is an alarm from the first day of the rise to 14 days after half of the improvement was lost,
before the infusion that helped. The delay counts from the day half was lost. A false alarm lies
further than 3 days from every return; one within 7 days of the last that was counted is the same.
False alarms are counted on stable days only: from 7 days after the course, away from returns.
Those of responders (half of the level before treatment gone) count, and the positive predictive
value is theirs; partial responders and patients whom the course did not help stand beside them.
Every return counts for the sensitivity, those of partial responders too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bench.detection.cohort import Cohort
from bench.detection.course import Event, Kind

HIT_UNTIL: Final = 14
NEAR: Final = 3
MERGED: Final = 7
SETTLED: Final = 7
BLOCK: Final = 14
WINDOW: Final = (-6, 7)
SOON: Final = 7
MONTH: Final = 30


class Alarm(NamedTuple):
    """One row a detector writes."""

    patient: str
    day: int
    kind: str
    tier: str


class DayScore(NamedTuple):
    """What a detector thinks of one patient on one day."""

    patient: str
    day: int
    score: float


class Tally(NamedTuple):
    """False alarms on days without an event."""

    false_alarms: int
    days: int

    @property
    def a_month(self) -> float:
        """Give the false alarms per 30 days."""
        return MONTH * self.false_alarms / self.days if self.days else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How well the alarms of a return fit; figures without a case are NaN."""

    returns: int
    hits: int
    delays: tuple[int, ...]
    """Days from the return day to the first hit, of the returns that were hit, in order."""
    unwritten: int
    """Returns of which nothing was written while they could be hit: nobody can find them."""
    responder_hits: int
    responders: Tally
    partial: Tally
    non_responders: Tally
    window_auroc: float
    day_auroc: float

    @property
    def sensitivity(self) -> float:
        """Give the share of returns that were hit."""
        return self.hits / self.returns if self.returns else float("nan")

    @property
    def of_written(self) -> float:
        """Give the share that was hit of the returns of which anything was written."""
        written = self.returns - self.unwritten
        return self.hits / written if written else float("nan")

    @property
    def within_7_days(self) -> float:
        """Give the share of all returns that were hit at most a week after half was lost."""
        soon = sum(delay <= SOON for delay in self.delays)
        return soon / self.returns if self.returns else float("nan")

    @property
    def median_delay(self) -> float:
        """Give the median delay of the hits."""
        return float(np.median(self.delays)) if self.delays else float("nan")

    @property
    def p90_delay(self) -> float:
        """Give the 90th percentile of the hits' delays."""
        return float(np.percentile(self.delays, 90)) if self.delays else float("nan")

    @property
    def ppv(self) -> float:
        """Give the share of hits among hits and false alarms, on responders."""
        told = self.responder_hits + self.responders.false_alarms
        return self.responder_hits / told if told else float("nan")

    @property
    def ppv_of_all(self) -> float:
        """Give the same on all patients, as a clinic would meet it."""
        tallies = (self.responders, self.partial, self.non_responders)
        told = self.hits + sum(each.false_alarms for each in tallies)
        return self.hits / told if told else float("nan")


def score(
    cohort: Cohort,
    alarms: Iterable[Alarm],
    scores: Iterable[DayScore] | None = None,
    *,
    tier: str | None = "likely",
) -> Result:
    """Judge the alarms of a return at one tier (None: any), and the daily scores where given."""
    days = alarm_days(alarms, Kind.RETURN, tier)
    stable, events = stable_days(cohort), cohort.events(Kind.RETURN)
    partial, unhelped = cohort.having(Kind.PARTIAL), cohort.having(Kind.NON_RESPONDER)
    responders = stable.keys() - partial - unhelped
    delays = {
        patient: [delay for event in own if (delay := _delay(event, days[patient])) is not None]
        for patient, own in events.items()
    }
    given = list(scores or ())
    return Result(
        returns=sum(map(len, events.values())),
        hits=sum(map(len, delays.values())),
        delays=tuple(sorted(delay for own in delays.values() for delay in own)),
        unwritten=_unwritten(cohort, events),
        responder_hits=sum(len(delays[patient]) for patient in responders),
        responders=tally(days, {p: stable[p] for p in responders}),
        partial=tally(days, {p: stable[p] for p in partial}),
        non_responders=tally(days, {p: stable[p] for p in unhelped}),
        window_auroc=_window_auroc(given, events, stable, responders),
        day_auroc=_day_auroc(given, events, stable, responders),
    )


def alarm_days(
    alarms: Iterable[Alarm], kind: Kind, tier: str | None
) -> defaultdict[str, list[int]]:
    """Give the days of the alarms of one kind and tier by patient, in order."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for alarm in alarms:
        if alarm.kind == kind and tier in {None, alarm.tier}:
            found[alarm.patient].add(alarm.day)
    return defaultdict(list, {patient: sorted(days) for patient, days in found.items()})


def stable_days(cohort: Cohort) -> dict[str, list[int]]:
    """Give each patient's days from a week after the course that are away from every return."""
    events = cohort.events(Kind.RETURN)
    return {
        each.patient: away_from(events[each.patient], each.last_ind + SETTLED, cohort.days)
        for each in cohort.patients
    }


def away_from(events: Sequence[Event], first: int, last: int) -> list[int]:
    """List the days that are further than 3 days from every event."""
    near = {day for each in events for day in range(each.onset - NEAR, each.end + NEAR + 1)}
    return [day for day in range(first, last + 1) if day not in near]


def tally(alarms: Mapping[str, Sequence[int]], quiet: Mapping[str, Sequence[int]]) -> Tally:
    """Count the alarms on quiet days, those within a week of one that was counted merged."""
    count = 0
    for patient, days in quiet.items():
        allowed = set(days)
        counted: int | None = None
        for day in alarms.get(patient, ()):
            if day in allowed and (counted is None or day - counted > MERGED):
                count += 1
                counted = day
    return Tally(count, sum(map(len, quiet.values())))


def _delay(event: Event, days: Sequence[int]) -> int | None:
    if event.return_day is None:
        return None
    last = min(event.end, event.return_day + HIT_UNTIL)
    return next((day - event.return_day for day in days if event.onset <= day <= last), None)


def _unwritten(cohort: Cohort, events: Mapping[str, Sequence[Event]]) -> int:
    written = {patient: [each.day for each in own] for patient, own in cohort.diaries().items()}
    return sum(
        _delay(event, written[patient]) is None for patient in events for event in events[patient]
    )


def _window_auroc(
    scores: Sequence[DayScore],
    events: Mapping[str, Sequence[Event]],
    stable: Mapping[str, Sequence[int]],
    responders: set[str],
) -> float:
    """Compare the highest score about each return with that of each stable fortnight."""
    by_day = {(each.patient, each.day): each.score for each in scores}
    about = [
        [(patient, event.return_day + shift) for shift in range(WINDOW[0], WINDOW[1] + 1)]
        for patient, own in events.items()
        for event in own
        if event.return_day is not None
    ]
    quiet = [
        [(patient, day) for day in block]
        for patient in responders
        for block in blocks(stable[patient])
    ]
    return auroc(_highest(by_day, about), _highest(by_day, quiet))


def _highest(
    by_day: Mapping[tuple[str, int], float], windows: Iterable[Iterable[tuple[str, int]]]
) -> list[float]:
    found = ([by_day[key] for key in window if key in by_day] for window in windows)
    return [max(values) for values in found if values]


def blocks(days: Sequence[int]) -> list[Sequence[int]]:
    """Cut days into stretches of 14 that follow each other without a gap."""
    found: list[Sequence[int]] = []
    start = 0
    while start + BLOCK <= len(days):
        if days[start + BLOCK - 1] - days[start] == BLOCK - 1:
            found.append(days[start : start + BLOCK])
            start += BLOCK
        else:
            start += 1
    return found


def _day_auroc(
    scores: Sequence[DayScore],
    events: Mapping[str, Sequence[Event]],
    stable: Mapping[str, Sequence[int]],
    responders: set[str],
) -> float:
    """Compare the days of a return, from the day half was lost, with the stable days."""
    ill = {
        (patient, day)
        for patient, own in events.items()
        for event in own
        if event.return_day is not None
        for day in range(event.return_day, event.end + 1)
    }
    quiet = {(patient, day) for patient in responders for day in stable[patient]}
    return auroc(
        [each.score for each in scores if (each.patient, each.day) in ill],
        [each.score for each in scores if (each.patient, each.day) in quiet],
    )


def auroc(ill: Sequence[float], well: Sequence[float]) -> float:
    """Give the chance that an ill one scores above a well one, ties counting half."""
    if not ill or not well:
        return float("nan")
    ordered = np.sort(np.asarray(well))
    below = np.searchsorted(ordered, ill, side="left")
    up_to = np.searchsorted(ordered, ill, side="right")
    return float((below + up_to).mean() / 2 / len(ordered))
