"""A data file that is not fit for use stops the start, with a sentence that names it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinical.instruments import InstrumentError, registry, score
from clinical.instruments.effects import read_effects, read_meddra
from clinical.instruments.registry import PACKAGED

NAME = "calm3@1.en.json"


def calm3() -> dict[str, Any]:
    """Give a small instrument of the clinic's own."""
    return {
        "id": "calm3",
        "version": 1,
        "language": "en",
        "kind": "instrument",
        "title": "Calm in three questions",
        "recall": "over the last week",
        "status": "clinic file",
        "licence": {"text": "Own work", "source": "the clinic", "checked_on": "2026-01-31"},
        "conditions": [],
        "items": [
            {
                "id": f"calm3_{n}",
                "asked": "core",
                "text": "How calm were you?",
                "range": {"minimum": 0, "maximum": 2, "low": "not", "high": "very"},
            }
            for n in (1, 2, 3)
        ],
        "composite": None,
        "scoring": {"method": "sum", "minimum": 0, "maximum": 6, "missing": "refuse"},
        "bands": [{"from": 0, "label": "low"}, {"from": 4, "label": "high"}],
        "change": [],
        "loinc": {},
        "comparable_with": [],
        "examples": [{"answers": {"calm3_1": 2, "calm3_2": 2, "calm3_3": 1}, "total": 5}],
    }


def write(folder: Path, content: object, name: str = NAME) -> Path:
    (folder / name).write_text(json.dumps(content))
    return folder


def test_a_clinics_file_stands_beside_the_packaged_ones(tmp_path: Path) -> None:
    known = registry(write(tmp_path, calm3()))
    result = score(known.forms["calm3@1"], {"calm3_1": 2, "calm3_2": 1, "calm3_3": 1})

    assert result is not None
    assert (result.points, result.band) == (4, "high")
    assert set(registry().forms) < set(known.forms)


def change(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def apply(content: dict[str, Any]) -> None:
        part: Any = content
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = to

    return apply


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change("licence", to=None), "there is no licence line"),
        (change("licence", "source", to=" "), "'source' must be a text"),
        (change("licence", "checked_on", to="lately"), "the licence was checked on no date"),
        (change("items", 1, "id", to="calm3_1"), "two items have the same id"),
        (change("items", to=[]), "there are no items"),
        (change("items", to={}), "'items' must be a list"),
        (change("items", 0, "range", to=None), "needs either a range or answers"),
        (change("items", 0, "range", "maximum", to=0), "a range must end above its start"),
        (change("items", 0, "asked", to="never"), "'asked' must be one of"),
        (change("bands", 0, "from", to=1), "the bands leave a gap or overlap"),
        (change("bands", 1, "from", to=0), "the bands leave a gap or overlap"),
        (change("bands", 1, "from", to=7), "the bands leave a gap or overlap"),
        (change("examples", 0, "total", to=4), "example 1 does not give what it says"),
        (change("examples", 0, "answers", "calm3_1", to=3), "example 1 does not give"),
        (change("examples", 0, "answers", "calm3_1", to=1.0), "whole numbers or texts"),
        (change("examples", to=[]), "there are no examples"),
        (change("scoring", "method", to="guess"), "'method' must be one of"),
        (change("scoring", "missing", to="zero"), "'missing' must be 'refuse'"),
        (change("version", to="1"), "'version' must be a whole number"),
        (change("id", to="calm4"), "the name should be calm4@1.en.json"),
        (change("title", to=""), "'title' must be a text"),
        (change("composite", to={"items": ["x"], "at_least": 1}), "has no points"),
        (change("composite", to={"items": ["calm3_1", "calm3_2"], "at_least": 0}), "half"),
    ],
)
def test_a_bad_file_is_named(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    content = calm3()
    damage(content)

    with pytest.raises(InstrumentError) as raised:
        registry(write(tmp_path, content))

    assert str(raised.value).startswith(NAME)
    assert sentence in str(raised.value)


@pytest.mark.parametrize("content", ["", "[]", "{", '"text"'])
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)

    with pytest.raises(InstrumentError, match=r"calm3@1\.en\.json"):
        registry(tmp_path)


def test_a_suicidality_mark_on_an_answer_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    content = calm3()
    content["items"][0] = {
        "id": "calm3_1",
        "asked": "core",
        "text": "Yes or no?",
        "answers": [{"code": "yes", "points": 1, "text": "Yes"}],
        "suicidality": {"escalate": ["no"], "review": []},
    }

    with pytest.raises(InstrumentError, match="escalates answers it does not have"):
        registry(write(tmp_path, content))


def test_a_translation_that_changes_the_answers_is_refused(tmp_path: Path) -> None:
    other = {**calm3(), "language": "es"}
    other["items"][0]["range"]["maximum"] = 3
    write(tmp_path, calm3())
    write(tmp_path, other, "calm3@1.es.json")

    with pytest.raises(InstrumentError, match=r"differ from the en file"):
        registry(tmp_path)


def test_a_packaged_form_cannot_be_replaced(tmp_path: Path) -> None:
    phq9 = json.loads((PACKAGED / "phq9@1.en.json").read_text())

    with pytest.raises(InstrumentError, match="exists already"):
        registry(write(tmp_path, phq9, "phq9@1.en.json"))


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match="no such folder"):
        registry(tmp_path / "absent")


def test_prorating_needs_a_rule_with_its_source(tmp_path: Path) -> None:
    content = calm3()
    content["scoring"]["missing_rule"] = {"prorate_up_to": 1, "source": "its manual, page 4"}
    form = registry(write(tmp_path, content)).forms["calm3@1"]
    two = score(form, {"calm3_1": 2, "calm3_2": 1})

    assert two is not None
    assert (two.points, two.prorated) == (4.5, True)
    assert score(form, {"calm3_1": 2}) is None


@pytest.mark.parametrize(
    ("method", "points"), [("sum", 5), ("mean", 5 / 3), ("sum_times_4", 20), ("none", None)]
)
def test_every_way_of_scoring(tmp_path: Path, method: str, points: float | None) -> None:
    content = calm3()
    content["scoring"]["method"] = method
    content["bands"] = []
    content["examples"][0]["total"] = points
    form = registry(write(tmp_path, content)).forms["calm3@1"]
    result = score(form, {"calm3_1": 2, "calm3_2": 2, "calm3_3": 1})

    assert (None if result is None else result.points) == points


def test_removing_the_meddra_file_breaks_nothing(tmp_path: Path) -> None:
    codes = read_meddra(tmp_path / "meddra.json")
    effects = read_effects(PACKAGED / "effects" / "side_effects@1.en.json", codes)

    assert {effect.meddra for effect in effects.effects} == {None}
    assert "nausea" in effects.patient_ids


def test_side_effects_carry_their_codes_and_who_enters_them() -> None:
    effects = {effect.id: effect for effect in registry().effects.effects}

    assert effects["nausea"].meddra == "10028813"
    assert effects["disorientation"].meddra == effects["confusion"].meddra
    assert effects["other"].meddra is None
    assert effects["suicide_attempt"].entered_by == "staff"
    assert effects["hematuria"].from_infusion == 6


def test_a_side_effect_named_twice_is_refused(tmp_path: Path) -> None:
    name = "side_effects@1.en.json"
    content = json.loads((PACKAGED / "effects" / name).read_text())
    content["groups"][0]["effects"][0]["id"] = "vomiting"
    write(tmp_path, content, name)

    with pytest.raises(InstrumentError, match="two side effects have the same id"):
        read_effects(tmp_path / name, {})
