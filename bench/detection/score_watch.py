"""How well the other watches fit: mania, dissociation, silence, and a course that did not help."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.detection.cohort import Cohort
from bench.detection.course import Event, Kind
from bench.detection.score import Alarm, Tally, alarm_days, away_from, tally

MANIA_WITHIN: Final = 4
ENGAGED: Final = 0.5
"""Patients who answer at least this share of the days outside their silences are engaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResult:
    """How well the alarms of one watch fit."""

    events: int
    hits: int
    delays: tuple[int, ...]
    """Days from the onset to the first hit, of the events that were hit, in order."""
    quiet: Tally
    """False alarms on the days away from events, of the patients the watch is for."""

    @property
    def sensitivity(self) -> float:
        """Give the share of events with an alarm while they last."""
        return self.hits / self.events if self.events else float("nan")

    def within(self, days: int) -> float:
        """Give the share of all events with an alarm at most so many days after the onset."""
        soon = sum(delay <= days for delay in self.delays)
        return soon / self.events if self.events else float("nan")


def score_mania(cohort: Cohort, alarms: Iterable[Alarm]) -> WatchResult:
    """Judge the mania watch on the bipolar patients; `within(MANIA_WITHIN)` is its goal."""
    bipolar = [each.patient for each in cohort.patients if each.dx == "bipolar"]
    return _judge(cohort, alarms, Kind.MANIA, dict.fromkeys(bipolar, 1))


def score_dissociation(cohort: Cohort, alarms: Iterable[Alarm]) -> WatchResult:
    """Judge the watch for dissociation from the day after the first infusion, on all patients."""
    first = {each.patient: each.first_inf + 1 for each in cohort.patients}
    return _judge(cohort, alarms, Kind.DISSOCIATION, first)


def score_silence(cohort: Cohort, alarms: Iterable[Alarm]) -> WatchResult:
    """Judge the silence watch; its false alarms are counted on engaged patients."""
    return _judge(cohort, alarms, Kind.SILENCE, dict.fromkeys(engaged(cohort), 1))


def score_no_response(cohort: Cohort, alarms: Iterable[Alarm]) -> tuple[float, float]:
    """Give the share told not to have responded, of those the course did not help and the rest."""
    told = {each.patient for each in alarms if each.kind == "no_response"}
    unhelped = cohort.having(Kind.NON_RESPONDER)
    rest = {each.patient for each in cohort.patients} - unhelped
    return _share(told, unhelped), _share(told, rest)


def engaged(cohort: Cohort) -> list[str]:
    """List the patients who answer at least half of the days outside their silences."""
    silent, diaries = cohort.events(Kind.SILENCE), cohort.diaries()
    found: list[str] = []
    for patient, entries in diaries.items():
        away = {day for each in silent[patient] for day in range(each.onset, each.end + 1)}
        if len(entries) >= ENGAGED * (cohort.days - len(away)):
            found.append(patient)
    return found


def _share(told: set[str], of: set[str]) -> float:
    return len(told & of) / len(of) if of else float("nan")


def _judge(
    cohort: Cohort, alarms: Iterable[Alarm], kind: Kind, first: Mapping[str, int]
) -> WatchResult:
    """Judge alarms of a kind at any tier; quiet days run from each patient's first."""
    days, events = alarm_days(alarms, kind, None), cohort.events(kind)
    delays = [
        delay
        for patient, own in events.items()
        for event in own
        if (delay := _delay(event, days[patient])) is not None
    ]
    quiet = {p: away_from(events[p], start, cohort.days) for p, start in first.items()}
    return WatchResult(
        events=sum(map(len, events.values())),
        hits=len(delays),
        delays=tuple(sorted(delays)),
        quiet=tally(days, quiet),
    )


def _delay(event: Event, days: Sequence[int]) -> int | None:
    return next((day - event.onset for day in days if event.onset <= day <= event.end), None)
