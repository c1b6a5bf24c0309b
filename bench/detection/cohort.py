"""A made-up clinic with everything that is true of it, and its files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from numpy.random import default_rng

from bench.detection.course import Course, Event, Kind, draw_course
from bench.detection.diary import Entry, write_diary
from bench.detection.regime import Group, Regime
from bench.detection.watches import draw_others


class Patient(NamedTuple):
    """One row of the patients' file."""

    patient: str
    dx: str
    first_inf: int
    last_ind: int


class Infusion(NamedTuple):
    """One row of the infusions' file."""

    patient: str
    day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """A made-up clinic over `days` days: what a detector may read, and the truth."""

    days: int
    patients: tuple[Patient, ...]
    infusions: tuple[Infusion, ...]
    entries: tuple[Entry, ...]
    truth: tuple[Event, ...]
    groups: Mapping[str, Group]
    maintained: frozenset[str]

    def events(self, kind: Kind) -> dict[str, list[Event]]:
        """Give what truly happened of one kind by patient, patients without it included."""
        found: dict[str, list[Event]] = {each.patient: [] for each in self.patients}
        for event in self.truth:
            if event.kind is kind:
                found[event.patient].append(event)
        return found

    def having(self, kind: Kind) -> set[str]:
        """Give the patients to whom something of a kind truly happened."""
        return {event.patient for event in self.truth if event.kind is kind}

    def diaries(self) -> dict[str, list[Entry]]:
        """Give the entries by patient, in the order of days."""
        found: dict[str, list[Entry]] = {each.patient: [] for each in self.patients}
        for entry in sorted(self.entries, key=lambda each: each.day):
            found[entry.patient].append(entry)
        return found

    def infusion_days(self) -> dict[str, set[int]]:
        """Give the days with an infusion by patient."""
        found: dict[str, set[int]] = {each.patient: set() for each in self.patients}
        for infusion in self.infusions:
            found[infusion.patient].add(infusion.day)
        return found


def make_cohort(regime: Regime, patients: int = 300, days: int = 180, *, seed: int) -> Cohort:
    """Draw a clinic; one seed gives the same courses in every regime that shares their numbers."""
    courses: list[Course] = []
    entries: list[Entry] = []
    for number in range(patients):
        life, others, noise, gaps, weekly = (default_rng((seed, number, part)) for part in range(5))
        course = draw_course(life, regime, f"p{number + 1:04d}", days)
        felt = draw_others(others, regime, course)
        entries += write_diary((noise, gaps, weekly), regime, course, felt)
        courses.append(course)
    return Cohort(
        days=days,
        patients=tuple(Patient(c.patient, c.dx, c.first_inf, c.last_ind) for c in courses),
        infusions=tuple(Infusion(c.patient, day) for c in courses for day in c.infusions),
        entries=tuple(entries),
        truth=tuple(event for c in courses for event in sorted(c.events, key=_order)),
        groups={c.patient: c.group for c in courses},
        maintained=frozenset(c.patient for c in courses if c.maintained),
    )


def _order(event: Event) -> tuple[int, str]:
    return event.onset, event.kind


def write_cohort(cohort: Cohort, folder: Path) -> None:
    """Write the three files a detector reads, and the truth beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "patients.csv", Patient._fields, cohort.patients)
    _write(folder / "infusions.csv", Infusion._fields, cohort.infusions)
    _write(folder / "entries.csv", Entry._fields, cohort.entries)
    _write(folder / "truth.csv", Event._fields, cohort.truth)


def _write(file: Path, names: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
