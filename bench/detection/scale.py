"""How long a large clinic takes to be assessed anew: `python -m bench.detection.scale 20000`.

A few hundred made-up patients of a year, again and again, on two processes; nothing is written.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track

from afterglow.cohort_files import Cohort, read_cohort
from bench.detection.cohort import make_cohort, write_cohort
from bench.detection.pace import assess_rows
from bench.detection.regime import STANDARD

PATIENTS = 5_000
DISTINCT = 200
DAYS = 365
PROCESSES = 2
AT_ONCE = 50
SEED = 20_262
LARGE = 50_000

held: list[Cohort] = []
"""The made-up clinic of one process; read once, when the process starts."""


def hold(folder: Path) -> None:
    """Read the made-up clinic."""
    held[:] = [read_cohort(folder)]


def assess_some(first: int, count: int) -> int:
    """Assess so many patients from one place on, beginning anew at the end; count findings."""
    (cohort,) = held
    some = islice(cycle(cohort.patients), first % len(cohort.patients), None)
    return sum(len(assess_rows(cohort, patient)) for patient in islice(some, count))


def shares_of(patients: int) -> Iterator[tuple[int, int]]:
    """Cut the patients into the pieces that a process takes at once: first, and how many."""
    for first in range(0, patients, AT_ONCE):
        yield first, min(AT_ONCE, patients - first)


def reassessed(folder: Path, patients: int, console: Console) -> tuple[float, int]:
    """Assess so many patients on all processes; give seconds of the clock, and findings."""
    firsts, counts = zip(*shares_of(patients), strict=True)
    pool = ProcessPoolExecutor(
        PROCESSES, mp_context=get_context("spawn"), initializer=hold, initargs=(folder,)
    )
    with pool:
        list(pool.map(assess_some, range(PROCESSES), [1] * PROCESSES))
        began = time.perf_counter()
        pieces = track(
            pool.map(assess_some, firsts, counts),
            "assessing",
            total=len(firsts),
            console=console,
            transient=True,
        )
        found = sum(pieces)
        return time.perf_counter() - began, found


def verdict(patients: int, seconds: float, findings: int) -> str:
    """Tell how fast it was, and what that means for a large clinic."""
    a_second = patients / seconds
    return (
        f"{patients:,} patients x {DAYS} days on {PROCESSES} processes: {seconds:.1f} s, "
        f"{a_second:.0f} patients/s, {findings:,} findings; "
        f"{LARGE:,} patients would take {LARGE / a_second / 3600:.2f} hours"
    )


def main() -> None:
    """Assess as many patients as were asked for."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    if patients < 1:
        sys.exit("assess at least one patient")
    console = Console(width=130)
    with TemporaryDirectory() as folder:
        cohort = make_cohort(STANDARD, min(DISTINCT, patients), DAYS, seed=SEED)
        write_cohort(cohort, Path(folder))
        console.print(verdict(patients, *reassessed(Path(folder), patients, console)))


if __name__ == "__main__":
    main()
