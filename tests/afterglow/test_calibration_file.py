"""A file of thresholds is read strictly: a slip is named by file and key, nothing is guessed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from afterglow.calibration_file import Refused, read_calibration
from afterglow.cli import main
from afterglow.cohort_files import read_cohort
from afterglow.commands.detect import chart_of
from clinical.assess import RULES, assess, calibrated
from clinical.calibration import SHIPPED
from clinical.finding import Tier
from clinical.return_watch import IMPROVEMENT_LOST
from tests.afterglow.cohorts import diary, infusions, patient, worse_from, write_cohort

Slip = Callable[[dict[str, Any]], object]


def calibration(**other: Any) -> dict[str, Any]:
    """Write the shipped thresholds as a file has them."""
    tiers = {c.tier.value: {"threshold": c.threshold, "nominal": c.nominal} for c in SHIPPED.cuts}
    return {"version": "house-3", "floor": SHIPPED.floor, "tiers": tiers, **other}


def stored(folder: Path, content: object) -> Path:
    path = folder / "house.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def shifted(by: float) -> dict[str, Any]:
    found = calibration()
    for cut in found["tiers"].values():
        cut["threshold"] += by
    return found


def test_every_tier_is_read_from_the_lowest_to_the_highest(tmp_path: Path) -> None:
    found = read_calibration(stored(tmp_path, calibration(cohort="sha256:1", code="sha256:2")))

    assert (found.version, found.floor, found.cuts) == ("house-3", SHIPPED.floor, SHIPPED.cuts)


SLIPS: dict[str, tuple[Slip, str]] = {
    "no version": (lambda f: f.pop("version"), "version"),
    "no floor": (lambda f: f.pop("floor"), "floor"),
    "no tiers": (lambda f: f.pop("tiers"), "tiers"),
    "a tier missing": (lambda f: f["tiers"].pop("strong"), "strong"),
    "a tier too many": (lambda f: f["tiers"].update(confirmed=f["tiers"]["strong"]), "confirmed"),
    "a key too many": (lambda f: f.update(treshold=1), "treshold"),
    "no threshold": (lambda f: f["tiers"]["likely"].pop("threshold"), "threshold"),
    "no nominal": (lambda f: f["tiers"]["likely"].pop("nominal"), "nominal"),
    "a text for a number": (lambda f: f["tiers"]["watch"].update(threshold="-1"), "watch.thresh"),
    "odds nobody reaches": (lambda f: f["tiers"]["strong"].update(threshold=15), "strong.thresh"),
    "never wrong": (lambda f: f["tiers"]["strong"].update(nominal=0), "strong.nominal"),
    "a floor below nothing": (lambda f: f.update(floor=-0.1), "floor"),
    "a version with words": (lambda f: f.update(version="our own; better"), "version"),
    "tiers out of order": (lambda f: f["tiers"]["likely"].update(threshold=-2), "likely.thresh"),
    "surer and more often wrong": (lambda f: f["tiers"]["strong"].update(nominal=1), "strong.nom"),
}


@pytest.mark.parametrize(("slip", "key"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_named_by_file_and_key(tmp_path: Path, slip: Slip, key: str) -> None:
    content = calibration()
    slip(content)

    with pytest.raises(Refused) as refused:
        read_calibration(stored(tmp_path, content))
    assert str(refused.value).startswith("house.json: ")
    assert key in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "\ufeff{}",
        json.dumps(calibration() | {"floor": float("nan")}),
        "[" * 9999,
    ],
)
def test_what_is_no_such_json_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refused, match=r"^house\.json: "):
        read_calibration(stored(tmp_path, content))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    twice = json.dumps(calibration()).replace('"floor"', '"floor": 0.1, "floor"')

    with pytest.raises(Refused, match="`floor` stands twice"):
        read_calibration(stored(tmp_path, twice))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "house.json"
    path.write_bytes(b'{"version": "\xff"}')

    with pytest.raises(Refused):
        read_calibration(path)


def a_return(folder: Path) -> Path:
    rows = worse_from(diary("ana", 90), 60, 8)
    return write_cohort(folder, [patient("ana")], infusions("ana"), rows)


def run(folder: Path, *options: str) -> tuple[int, str]:
    paths = ("--in", str(folder), "--out", str(folder / "alarms.csv"))
    result = CliRunner().invoke(main, ("detect", *paths, *options))
    return result.exit_code, result.output


def days_told(folder: Path, *options: str) -> dict[str, int]:
    """Say on which day each tier of the return was told."""
    code, said = run(folder, *options)
    assert code == 0, said
    rows = [line.split(",") for line in (folder / "alarms.csv").read_text().splitlines()]
    return {row[3]: int(row[1]) for row in rows if row[4] == IMPROVEMENT_LOST}


def test_the_thresholds_as_shipped_change_nothing(tmp_path: Path) -> None:
    as_shipped = days_told(a_return(tmp_path))

    assert set(as_shipped) == {Tier.WATCH, Tier.LIKELY, Tier.STRONG}
    own = stored(tmp_path, calibration())
    assert days_told(tmp_path, "--calibration", str(own)) == as_shipped


def test_higher_thresholds_tell_later(tmp_path: Path) -> None:
    as_shipped = days_told(a_return(tmp_path))
    later = days_told(tmp_path, "--calibration", str(stored(tmp_path, shifted(5))))

    assert all(later[tier] >= day for tier, day in as_shipped.items())
    assert later[Tier.LIKELY] > as_shipped[Tier.LIKELY]


def test_thresholds_that_nothing_reaches_tell_nothing(tmp_path: Path) -> None:
    content = calibration()
    for cut in content["tiers"].values():
        cut["threshold"] = 14

    own = str(stored(tmp_path, content))
    assert days_told(a_return(tmp_path), "--calibration", own) == {}


def test_a_finding_names_the_calibration_it_was_told_by(tmp_path: Path) -> None:
    cohort = read_cohort(a_return(tmp_path))
    chart = chart_of(cohort, cohort.patients[0])
    own = read_calibration(stored(tmp_path, calibration()))
    found = [
        each
        for each in assess(chart, now=chart.as_of, rules=calibrated(RULES, own))
        if each.rule == IMPROVEMENT_LOST
    ]

    assert found
    assert all(each.numbers["calibration"] == "house-3" for each in found)
    assert all(each.because.endswith("calibration house-3") for each in found)


def test_another_floor_moves_the_scores(tmp_path: Path) -> None:
    own = stored(tmp_path, calibration(floor=0.2))
    scores = [tmp_path / "shipped.csv", tmp_path / "own.csv"]
    run(a_return(tmp_path), "--scores", str(scores[0]))
    run(tmp_path, "--scores", str(scores[1]), "--calibration", str(own))

    assert scores[0].read_text() != scores[1].read_text()


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_file_that_cannot_be_read_ends_with_two_and_writes_nothing(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "house.json" if content is None else stored(tmp_path, content)
    code, said = run(a_return(tmp_path), "--calibration", str(path))

    assert code == 2
    assert "Error: " in said
    assert "house.json" in said
    assert not (tmp_path / "alarms.csv").exists()
