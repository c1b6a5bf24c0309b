"""What the rules make of a made-up clinic, through the files and functions of the command."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from afterglow.cohort_files import Cohort as Rows
from afterglow.cohort_files import read_cohort
from afterglow.commands.detect import answers
from bench.detection.cohort import Cohort, write_cohort
from bench.detection.pace import seconds_each
from bench.detection.score import Alarm, DayScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the rules made of a cohort, and how long that took."""

    alarms: Sequence[Alarm]
    scores: Sequence[DayScore]
    seconds: float
    each: Sequence[float]
    """Seconds of each patient, from rows to findings."""


def rows_of(cohort: Cohort) -> Rows:
    """Write a clinic's files and read them again."""
    with TemporaryDirectory() as folder:
        write_cohort(cohort, Path(folder))
        return read_cohort(Path(folder))


def statistic(cohort: Cohort) -> list[DayScore]:
    """Give the statistic of every day, without gate, tiers or episodes."""
    return [DayScore(*row) for row in answers(rows_of(cohort), scored=True).scores]


def detected(cohort: Cohort) -> Detected:
    """Run the rules over a cohort as the command does."""
    read = rows_of(cohort)
    began = time.process_time()
    found = answers(read, scored=False)
    seconds = time.process_time() - began
    scores = answers(read, scored=True).scores
    return Detected(
        alarms=[Alarm(*row[:4]) for row in found.alarms],
        scores=[DayScore(*row) for row in scores],
        seconds=seconds,
        each=seconds_each(read, read.patients),
    )
