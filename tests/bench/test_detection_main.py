"""The table of the detection bench: a cohort goes through files and rules as with the command."""

import pytest
from rich.console import Console

from bench.detection import __main__ as bench
from bench.detection.cohort import Cohort, make_cohort
from bench.detection.detected import Detected, detected
from bench.detection.regime import STANDARD
from bench.detection.rivals import RIVALS, table_of
from bench.detection.score import score


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return make_cohort(STANDARD, 12, seed=3)


@pytest.fixture(scope="module")
def found(cohort: Cohort) -> Detected:
    return detected(cohort)


def test_the_watches_are_judged(cohort: Cohort, found: Detected) -> None:
    kinds = {alarm.kind for alarm in found.alarms}

    assert {"return", "silence"} <= kinds
    assert {alarm.patient for alarm in found.alarms} <= {each.patient for each in cohort.patients}
    assert len({each.patient for each in found.scores}) == len(cohort.patients)


def test_a_line_holds_a_figure_for_every_column(cohort: Cohort, found: Detected) -> None:
    result = score(cohort, found.alarms, found.scores)

    line = bench.row_of("standard", result, 100.4)

    assert len(line) == len(bench.COLUMNS)
    assert line[0] == "standard"
    assert line[1] == str(result.returns)
    assert line[-1] == "100"
    assert 0 < float(line[2]) <= 1


def test_ours_stands_above_every_rival(
    cohort: Cohort, found: Detected, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "CUT_PATIENTS", 20)
    judged = bench.beside(cohort, score(cohort, found.alarms, found.scores))
    console = Console(width=140, record=True)
    console.print(table_of(judged, "clinic"))
    text = console.export_text()

    assert judged[0].name == "return watch, as notified"
    assert all(f"{name}, cut" in text for name in RIVALS)


def test_every_other_watch_has_a_line(cohort: Cohort, found: Detected) -> None:
    lines = bench.watches(cohort, found.alarms)

    names = ("mania.activation", "dissociation.persistent", "silence.broken_habit", "no_response")
    assert all(any(line.startswith(name) for line in lines) for name in names)


def test_it_takes_time_to_judge(found: Detected) -> None:
    assert found.seconds > 0
    assert len(found.each) == 12
