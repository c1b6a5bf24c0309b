"""How fast patients are assessed: every one of them once, and the same findings as the command."""

from pathlib import Path

import pytest
from rich.console import Console

from afterglow.cohort_files import Cohort, read_cohort
from afterglow.commands.detect import answers
from bench.detection import scale
from bench.detection.cohort import make_cohort, write_cohort
from bench.detection.pace import assess_rows, pace, seconds_each
from bench.detection.regime import STANDARD


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    write_cohort(make_cohort(STANDARD, 6, 120, seed=3), folder)
    return folder


@pytest.fixture(scope="module")
def clinic(folder: Path) -> Cohort:
    return read_cohort(folder)


def findings(clinic: Cohort) -> list[int]:
    return [len(assess_rows(clinic, patient)) for patient in clinic.patients]


def test_the_bench_finds_what_the_command_finds(clinic: Cohort) -> None:
    alarms = answers(clinic, scored=False).alarms

    assert sum(findings(clinic)) == len(alarms) > 0


def test_every_patient_is_timed(clinic: Cohort) -> None:
    seconds = seconds_each(clinic, clinic.patients)

    assert len(seconds) == len(clinic.patients)
    assert all(each > 0 for each in seconds)


def test_the_pace_is_told_by_its_middle_and_its_tail() -> None:
    line = pace([0.001] * 98 + [0.002, 0.1])

    assert "p50 1.00 ms" in line
    assert "p99 100.00 ms" in line
    assert "500 patients/s" in line


@pytest.mark.parametrize(("patients", "pieces"), [(1, 1), (50, 1), (51, 2), (230, 5)])
def test_the_pieces_hold_every_patient_once(patients: int, pieces: int) -> None:
    cut = list(scale.shares_of(patients))
    covered = [place for first, count in cut for place in range(first, first + count)]

    assert len(cut) == pieces
    assert covered == list(range(patients))


def test_after_the_last_patient_comes_the_first_again(folder: Path, clinic: Cohort) -> None:
    each = findings(clinic)
    scale.hold(folder)

    assert scale.assess_some(0, 6) == sum(each)
    assert scale.assess_some(10, 4) == each[4] + each[5] + each[0] + each[1]


def test_two_processes_find_what_one_does(folder: Path, clinic: Cohort) -> None:
    seconds, found = scale.reassessed(folder, 60, Console(quiet=True))

    assert seconds > 0
    assert found == 10 * sum(findings(clinic))


def test_the_hours_of_a_large_clinic_follow_from_the_pace() -> None:
    line = scale.verdict(1_000, 10.0, 70)

    assert "100 patients/s" in line
    assert line.endswith("50,000 patients would take 0.14 hours")
