"""Cohorts small enough to read, as the three files `afterglow detect` takes."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from afterglow.cohort_files import ENTRIES, INFUSIONS, PATIENTS

Cell = str | int | float
Cells = Mapping[str, Cell]

COURSE = (15, 18, 22, 25, 29, 32)
"""Days of the infusions of everybody here: 14 days of diary stand before them."""


def patient(name: str, dx: str = "mdd", first: int = COURSE[0], last: int = COURSE[-1]) -> Cells:
    return {"patient": name, "dx": dx, "first_inf": first, "last_ind": last}


def infusions(name: str, *more: int) -> list[Cells]:
    return [{"patient": name, "day": day} for day in (*COURSE, *more)]


def level(name: str, day: int, points: float, **more: Cell) -> Cells:
    """One line with the same answer to each of the four items."""
    four = dict.fromkeys(("low_mood", "anhedonia", "anxiety", "sleep_bad"), points)
    return {"patient": name, "day": day, **four, "dissociation": 0, "side_effects": 0, **more}


def diary(name: str, last: int, *, before: float = 7, after: float = 2) -> list[Cells]:
    """Write every day: ill until the course, well since."""
    return [level(name, day, before if day <= COURSE[0] else after) for day in range(1, last + 1)]


def worse_from(rows: Iterable[Cells], day: int, points: float) -> list[Cells]:
    """Let every level from a day on be another."""
    return [
        level(str(row["patient"]), int(row["day"]), points) if int(row["day"]) >= day else row
        for row in rows
    ]


def write(path: Path, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_cohort(
    folder: Path, patients: Iterable[Cells], given: Iterable[Cells], entries: Iterable[Cells]
) -> Path:
    folder.mkdir(exist_ok=True)
    write(folder / "patients.csv", PATIENTS, patients)
    write(folder / "infusions.csv", INFUSIONS, given)
    write(folder / "entries.csv", ENTRIES, entries)
    return folder
