"""A cohort of diaries as three CSV files, and tables that are written whole or not at all."""

import csv
import io
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

PATIENTS = ("patient", "dx", "first_inf", "last_ind")
INFUSIONS = ("patient", "day")
DAILY_ITEMS = (
    "low_mood",
    "anhedonia",
    "anxiety",
    "sleep_bad",
    "dissociation",
    "side_effects",
    "activation",
)
ENTRIES = ("patient", "day", *DAILY_ITEMS, "phq9")
DAILY_TOP = 10
PHQ9_TOP = 27
LAST_DAY = 36_525
"""A century of days: what lies beyond is a slip, not a diary."""

Table = Iterable[Sequence[str | int | float]]


class Malformed(Exception):
    """A file is not of its form; the sentence says where, and never what the cell holds."""

    def __init__(self, file: str, line: int, column: str, what: str) -> None:
        """Name the place."""
        super().__init__(f"{file}, line {line}, column {column}: {what}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One line of patients.csv; days are integers from 1."""

    name: str
    dx: str
    first_infusion: int
    course_end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryRow:
    """One line of entries.csv; what was not answered is absent."""

    day: int
    answers: Mapping[str, float]
    phq9_points: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Patients in the order of their file, with what was recorded of each."""

    patients: Sequence[Patient]
    infusions: Mapping[str, Sequence[int]]
    rows: Mapping[str, Sequence[DiaryRow]]
    last_entry_day: int
    """The last day of entries.csv; 0 when it has none."""
    last_day: int
    """The last day of which anything was recorded, of anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file by the names of its header."""

    file: str
    number: int
    cells: Mapping[str, str]

    def refused(self, column: str, what: str) -> Malformed:
        """Say what is wrong with a cell."""
        return Malformed(self.file, self.number, column, what)

    def day(self, column: str) -> int:
        """Read a day."""
        cell = self.cells[column].strip()
        digits = cell.isascii() and cell.isdigit() and len(cell) <= len(str(LAST_DAY))
        if not digits or not 1 <= int(cell) <= LAST_DAY:
            raise self.refused(column, f"a day is a whole number from 1 to {LAST_DAY}")
        return int(cell)

    def points(self, column: str, top: int) -> float | None:
        """Read an answer; None where nothing was answered."""
        cell = self.cells[column].strip()
        if not cell:
            return None
        try:
            value = float(cell)
        except ValueError:
            value = -1.0
        if "_" in cell or not 0 <= value <= top:
            raise self.refused(column, f"an answer is a number from 0 to {top}, or empty")
        return value

    def known(self, patients: Iterable[str]) -> str:
        """Read the name of a patient that patients.csv holds."""
        if self.cells["patient"] not in patients:
            raise self.refused("patient", "patients.csv does not name this patient")
        return self.cells["patient"]


def read_cohort(folder: Path) -> Cohort:
    """Read the three files.

    Raises:
        Malformed: one of them is not of its form.
    """
    patients = _read_patients(folder / "patients.csv")
    infusions: dict[str, list[int]] = defaultdict(list)
    for line in _lines(folder / "infusions.csv", INFUSIONS):
        infusions[line.known(patients)].append(line.day("day"))
    rows: dict[str, list[DiaryRow]] = defaultdict(list)
    for line in _lines(folder / "entries.csv", ENTRIES):
        rows[line.known(patients)].append(_diary_row(line))
    last_entry_day = max((row.day for found in rows.values() for row in found), default=0)
    last_infusion_day = max((day for days in infusions.values() for day in days), default=1)
    return Cohort(
        patients=tuple(patients.values()),
        infusions=infusions,
        rows=rows,
        last_entry_day=last_entry_day,
        last_day=max(last_entry_day, last_infusion_day),
    )


def _read_patients(path: Path) -> dict[str, Patient]:
    found: dict[str, Patient] = {}
    for line in _lines(path, PATIENTS):
        name = line.cells["patient"]
        if not name or name in found:
            raise line.refused("patient", "each patient has a name, and one line")
        first, last = line.day("first_inf"), line.day("last_ind")
        if last < first:
            raise line.refused("last_ind", "the course ends before its first infusion")
        dx = line.cells["dx"]
        found[name] = Patient(name=name, dx=dx, first_infusion=first, course_end=last)
    return found


def _diary_row(line: Line) -> DiaryRow:
    answers = {item: line.points(item, DAILY_TOP) for item in DAILY_ITEMS}
    return DiaryRow(
        day=line.day("day"),
        answers={item: value for item, value in answers.items() if value is not None},
        phq9_points=line.points("phq9", PHQ9_TOP),
    )


def _lines(path: Path, columns: Sequence[str]) -> Iterator[Line]:
    """Read line by line; bytes that are no UTF-8 are carried through as they are."""
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    records = _records(path.name, text)
    _, header = next(records, (1, list[str]()))
    for column in columns:
        if header.count(column) != 1:
            raise Malformed(path.name, 1, column, "the header must name it once")
    for number, cells in records:
        if len(cells) < len(header):
            raise Malformed(path.name, number, header[len(cells)], "the cell is missing")
        if len(cells) > len(header):
            raise Malformed(
                path.name, number, str(len(header) + 1), "the header has no such column"
            )
        yield Line(file=path.name, number=number, cells=dict(zip(header, cells, strict=True)))


def _records(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Give the cells of each line that has any, with the number of the line they begin on."""
    reader = csv.reader(io.StringIO(text, newline=""))
    number = 1
    try:
        for cells in reader:
            if cells:
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise Malformed(file, number, "unknown", str(error)) from error


def write_whole(tables: Mapping[Path, Table]) -> None:
    """Write every table aside, then put all of them in their places, in this order."""
    with ExitStack() as left_over:
        written: dict[Path, Path] = {}
        for target, rows in tables.items():
            with tempfile.NamedTemporaryFile(
                "w",
                dir=target.absolute().parent,
                delete=False,
                encoding="utf-8",
                errors="surrogateescape",
                newline="",
            ) as file:
                written[target] = Path(file.name)
                left_over.callback(written[target].unlink, missing_ok=True)
                csv.writer(file, lineterminator="\n").writerows(rows)
        for target, aside in written.items():
            aside.replace(target)
