"""How well the watches find what was made up, beside simpler ones: `make bench-detection`.

Every cohort goes through the files and functions of `afterglow detect`; thresholds are those that
ship. The rivals' thresholds are cut on other patients than those they are judged on.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from afterglow.cohort_files import read_cohort
from afterglow.commands.detect import answers
from bench.detection.cohort import Cohort, make_cohort, write_cohort
from bench.detection.pace import pace, seconds_each
from bench.detection.regime import REGIMES
from bench.detection.score import Alarm, DayScore, Result, score
from bench.detection.score_watch import (
    MANIA_WITHIN,
    score_dissociation,
    score_mania,
    score_no_response,
    score_silence,
)

PATIENTS = 300
SEED = 20_261
COLUMNS = (
    "regime", "returns", "found", "of written", "in 7 days", "median delay", "p90", "false a month",
    "not helped", "PPV", "window AUROC", "patients/s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the rules made of a cohort, and how long that took."""

    alarms: Sequence[Alarm]
    scores: Sequence[DayScore]
    seconds: float
    each: Sequence[float]
    """Seconds of each patient, from rows to findings."""


def detected(cohort: Cohort) -> Detected:
    """Run the rules over a cohort as the command does."""
    with TemporaryDirectory() as folder:
        write_cohort(cohort, Path(folder))
        read = read_cohort(Path(folder))
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


def row_of(name: str, result: Result, patients_per_second: float) -> list[str]:
    """Write one line of the table."""
    return [
        name, str(result.returns), f"{result.sensitivity:.3f}", f"{result.of_written:.3f}",
        f"{result.within_7_days:.3f}",
        f"{result.median_delay:.1f}", f"{result.p90_delay:.0f}", f"{result.responders.a_month:.2f}",
        f"{result.non_responders.a_month:.2f}", f"{result.ppv:.2f}", f"{result.window_auroc:.3f}",
        f"{patients_per_second:.0f}",
    ]  # fmt: skip


def main() -> None:
    """Print the table of returns for every regime, and the other watches on the standard one."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    console = Console(width=130)
    table = Table(title=f"symptom_return.improvement_lost, tier likely, as notified; seed {seed}")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "regime" else "right")
    others: list[str] = []
    each: list[float] = []
    for name, regime in track(REGIMES.items(), "cohorts", console=console, transient=True):
        cohort = make_cohort(regime, PATIENTS, seed=seed)
        found = detected(cohort)
        result = score(cohort, found.alarms, found.scores)
        table.add_row(*row_of(name, result, PATIENTS / found.seconds))
        each += found.each
        if not others:
            others = watches(cohort, found.alarms)
    console.print(table)
    console.print(pace(each))
    console.print(f"other watches, {next(iter(REGIMES))} cohort:")
    for line in others:
        console.print(f"  {line}")


def watches(cohort: Cohort, alarms: Sequence[Alarm]) -> list[str]:
    """Say how the other watches did."""
    mania, (unhelped, helped) = score_mania(cohort, alarms), score_no_response(cohort, alarms)
    judged = {
        "mania.activation": mania,
        "dissociation.persistent": score_dissociation(cohort, alarms),
        "silence.broken_habit": score_silence(cohort, alarms),
    }
    return [
        *(
            f"{name}: {each.hits} of {each.events} found, {each.quiet.a_month:.3f} false a month"
            for name, each in judged.items()
        ),
        f"mania.activation within {MANIA_WITHIN} days: {mania.within(MANIA_WITHIN):.3f}",
        f"no_response: told of {unhelped:.3f} of those not helped and of {helped:.3f} of the rest",
    ]


if __name__ == "__main__":
    main()
