"""`afterglow detect --scores`: the statistic of every patient and day after the course."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afterglow.cohort_files import read_cohort
from afterglow.commands.detect import chart_of, day_number, detect
from clinical.return_track import statistic_by_day
from tests.afterglow.cohorts import (
    COURSE,
    Cells,
    diary,
    infusions,
    level,
    patient,
    worse_from,
    write_cohort,
)

END = COURSE[-1]


def run(folder: Path, scores: Path) -> Result:
    paths = ["--in", str(folder), "--out", str(folder / "alarms.csv"), "--scores", str(scores)]
    return CliRunner().invoke(detect, paths)


def scored(folder: Path) -> dict[tuple[str, int], float]:
    """Run the command and read the scores, in the order of the file."""
    result = run(folder, folder / "scores.csv")
    assert result.exit_code == 0, result.output
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["patient"], int(row["day"])): float(row["score"]) for row in rows}


def two(folder: Path, back: int = 60) -> Path:
    """Write a patient who gets worse and one who stops writing on day 50."""
    return write_cohort(
        folder,
        [patient("bea"), patient("ana")],
        [*infusions("ana"), *infusions("bea")],
        [*worse_from(diary("ana", 90), back, 8), *diary("bea", 50)],
    )


def test_every_day_from_the_course_to_the_last_of_the_file_has_a_score(tmp_path: Path) -> None:
    found = scored(two(tmp_path))

    days = range(END + 1, 91)
    assert list(found) == [(name, day) for name in ("bea", "ana") for day in days]
    assert (tmp_path / "scores.csv").read_text().startswith("patient,day,score\nbea,33,-")


def test_a_score_is_the_statistic_of_the_rules(tmp_path: Path) -> None:
    found = scored(two(tmp_path))
    cohort = read_cohort(tmp_path)
    ana = chart_of(cohort, cohort.patients[1])

    expected = {("ana", day_number(day)): score for day, score in statistic_by_day(ana)}
    assert len(expected) == 90 - END
    assert {key: score for key, score in found.items() if key[0] == "ana"} == expected


def test_days_without_an_entry_do_not_change_those_before(tmp_path: Path) -> None:
    found = scored(two(tmp_path))
    cohort = read_cohort(tmp_path)
    bea = chart_of(cohort, cohort.patients[0])

    known = statistic_by_day(bea)
    assert [found["bea", day_number(day)] for day, _ in known] == [score for _, score in known]
    assert day_number(known[-1][0]) == 50


def test_a_return_lifts_the_score(tmp_path: Path) -> None:
    found = scored(two(tmp_path))

    assert found["ana", 59] < -2 < 2 < found["ana", 64]


def test_no_score_knows_a_later_day(tmp_path: Path) -> None:
    whole = scored(two(tmp_path))
    entries: list[Cells] = [*worse_from(diary("ana", 62), 60, 8), *diary("bea", 50)]
    given = [*infusions("ana"), *infusions("bea")]
    part = scored(write_cohort(tmp_path, [patient("bea"), patient("ana")], given, entries))

    assert part == {(name, day): score for (name, day), score in whole.items() if day <= 62}


def test_a_patient_whom_the_course_did_not_help_has_scores_as_well(tmp_path: Path) -> None:
    rows = [level("ana", day, 7) for day in range(1, 61)]
    found = scored(write_cohort(tmp_path, [patient("ana")], infusions("ana"), rows))

    assert [day for _, day in found] == list(range(END + 1, 61))


@pytest.mark.parametrize("last", [0, 20, END])
def test_a_course_that_is_not_over_has_no_score(tmp_path: Path, last: int) -> None:
    folder = write_cohort(tmp_path, [patient("ana")], infusions("ana"), diary("ana", last))

    assert scored(folder) == {}
    assert (tmp_path / "scores.csv").read_text() == "patient,day,score\n"


def test_scores_change_no_alarm(tmp_path: Path) -> None:
    folder = two(tmp_path)
    scored(folder)
    with_scores = (folder / "alarms.csv").read_bytes()
    CliRunner().invoke(detect, ["--in", str(folder), "--out", str(folder / "alone.csv")])

    assert (folder / "alone.csv").read_bytes() == with_scores


def test_two_runs_write_the_same_scores(tmp_path: Path) -> None:
    scored(two(tmp_path))
    first = (tmp_path / "scores.csv").read_bytes()
    scored(tmp_path)

    assert (tmp_path / "scores.csv").read_bytes() == first


@pytest.mark.parametrize("name", ["alarms.csv", "no/scores.csv"])
def test_scores_that_cannot_be_written_leave_no_alarms(tmp_path: Path, name: str) -> None:
    result = run(two(tmp_path), tmp_path / name)

    assert result.exit_code == 2
    assert "Error: " in result.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "patients.csv",
        "infusions.csv",
        "entries.csv",
    }
