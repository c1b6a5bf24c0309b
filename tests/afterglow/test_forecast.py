"""`afterglow forecast`: three files in, one suggested review for each patient out."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afterglow.cli import main
from afterglow.commands.forecast import COLUMNS, NOTICE
from tests.afterglow.cohorts import (
    COURSE,
    diary,
    infusions,
    level,
    patient,
    worse_from,
    write_cohort,
)

LAST = 60


def run(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["forecast", "--in", str(folder), *more])


def read(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["patient"]: row for row in csv.DictReader(file)}


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    """Ana is well, bea's symptoms came back, cem was never helped, dua is in the middle of it."""
    names = ("ana", "bea", "cem")
    return write_cohort(
        tmp_path / "clinic",
        [*map(patient, names), patient("dua", first=COURSE[0], last=LAST + 9)],
        [row for name in names for row in infusions(name)] + [{"patient": "dua", "day": 15}],
        [
            *diary("ana", LAST),
            *worse_from(diary("bea", LAST), 45, 7),
            *diary("cem", LAST, after=7),
            *diary("dua", LAST),
        ],
    )


def test_who_is_well_gets_a_suggested_review(clinic: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    assert run(clinic, "--out", str(out)).exit_code == 0

    ana = read(out)["ana"]
    assert tuple(ana) == COLUMNS
    assert ana["day"] == str(LAST)
    assert ana["days_since_infusion"] == str(LAST - COURSE[-1])
    assert int(ana["low_days"]) < int(ana["median_days"])
    assert LAST < int(ana["review_day"]) < LAST + int(ana["median_days"])
    assert ana["why_not"] == ""


def test_who_gets_none_is_told_why(clinic: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    assert run(clinic, "--out", str(out)).exit_code == 0

    rows = read(out)
    assert list(rows) == ["ana", "bea", "cem", "dua"]
    assert rows["bea"]["why_not"] == "return already found"
    assert rows["cem"]["why_not"] == "no clear response"
    assert rows["dua"]["why_not"] == "course not over"
    assert rows["bea"]["median_days"] == rows["bea"]["review_day"] == ""


def test_a_small_clinic_rests_on_the_published_curve(clinic: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    assert run(clinic, "--out", str(out)).exit_code == 0

    assert {row["fitted_on_stretches"] for row in read(out).values()} == {"0"}


def test_a_clinic_whose_patients_return_early_is_forecast_early(tmp_path: Path) -> None:
    names = [f"p{nth:02}" for nth in range(40)]
    folder = write_cohort(
        tmp_path / "early",
        [patient(name) for name in [*names, "new"]],
        [row for name in [*names, "new"] for row in infusions(name)],
        [
            row
            for nth, name in enumerate(names)
            for row in worse_from(diary(name, LAST), COURSE[-1] + 9 + nth % 5, 7)
        ]
        + [row for row in diary("new", LAST) if int(row["day"]) <= COURSE[-1] + 3],
    )
    out = tmp_path / "out.csv"

    assert run(folder, "--out", str(out)).exit_code == 0

    new = read(out)["new"]
    assert new["fitted_on_stretches"] == "41"
    assert float(new["chance_now"]) > 0.5
    assert new["review_day"] == str(LAST)


def test_without_a_file_a_table_is_printed_with_what_it_is_not(clinic: Path) -> None:
    told = run(clinic)

    assert told.exit_code == 0
    assert "ana" in told.output
    assert " ".join(NOTICE.split()[:6]) in " ".join(told.output.split())


def test_a_malformed_file_ends_with_2_and_leaves_what_was_there(
    clinic: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before\n")
    with (clinic / "entries.csv").open("a", encoding="utf-8") as file:
        file.write("ana,never,,,,,,,,\n")

    told = run(clinic, "--out", str(out))

    assert told.exit_code == 2
    assert "entries.csv" in told.output
    assert "column day" in told.output
    assert out.read_text() == "before\n"


def test_a_folder_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere").exit_code == 2


def test_a_target_that_cannot_be_written_ends_with_2(clinic: Path, tmp_path: Path) -> None:
    told = run(clinic, "--out", str(tmp_path / "no" / "such" / "out.csv"))

    assert told.exit_code == 2
    assert "No such file" in told.output


def test_files_without_a_patient_are_no_failure(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    assert run(write_cohort(tmp_path / "empty", [], [], []), "--out", str(out)).exit_code == 0
    assert out.read_text().strip() == ",".join(COLUMNS)


def test_a_patient_without_any_entry_gets_the_curve_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    folder = write_cohort(
        tmp_path / "silent",
        [patient("ana"), patient("bea")],
        [*infusions("ana"), *infusions("bea")],
        [level("bea", LAST, 2)],
    )

    assert run(folder, "--out", str(out)).exit_code == 0

    ana = read(out)["ana"]
    assert ana["why_not"] == ""
    assert float(ana["chance_now"]) > 0.2
