"""Every pattern hits what it must and no more; a broken lexicon stops the start."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinical.ideation import Label, LexiconError, load_lexicon, screen
from clinical.ideation.lexicon import PACKAGED, Example, version_of
from clinical.ideation.pattern import MOST_BETWEEN, elements_of

LEXICON = load_lexicon()
BY_ID = {pattern.id: pattern for pattern in LEXICON.patterns}


@pytest.mark.parametrize("example", LEXICON.examples, ids=lambda example: example.pattern)
def test_a_pattern_hits_its_examples(example: Example) -> None:
    found = {text: screen(text, LEXICON) for text in example.must_hit}

    assert [text for text, read in found.items() if example.pattern not in read.rule_ids] == []
    assert [text for text, read in found.items() if read.label is Label.NONE] == []


@pytest.mark.parametrize("example", LEXICON.examples, ids=lambda example: example.pattern)
def test_a_pattern_leaves_the_others_alone(example: Example) -> None:
    hit = [t for t in example.must_not_hit if example.pattern in screen(t, LEXICON).rule_ids]

    assert hit == []


@pytest.mark.parametrize("lang", ["en", "es", "fr", "de", "pt"])
def test_the_languages_of_the_first_form_page(lang: str) -> None:
    paging = [p for p in LEXICON.patterns if p.lang == lang and p.escalates]
    themes = {pattern.theme for pattern in paging}

    assert {"intent", "passive", "burden", "means", "self_harm"} <= themes


@pytest.mark.parametrize("lang", ["it", "nl", "pl"])
def test_explicit_words_of_further_languages_page(lang: str) -> None:
    assert any(pattern.escalates for pattern in LEXICON.patterns if pattern.lang == lang)


def test_no_gap_is_longer_than_allowed() -> None:
    gaps = [element.gap for pattern in LEXICON.patterns for element in pattern.elements]

    assert max(gaps) <= MOST_BETWEEN


def test_no_pattern_hangs_on_a_word_that_may_be_absent() -> None:
    assert [p.id for p in LEXICON.patterns if p.elements[p.anchor].optional] == []


def test_the_version_is_the_hash_of_the_files() -> None:
    assert LEXICON.version == version_of(PACKAGED)
    assert len(LEXICON.version) == 64


def test_another_byte_is_another_version(tmp_path: Path) -> None:
    copy = shutil.copytree(PACKAGED, tmp_path / "lexicon")
    same = version_of(copy)
    (copy / "words.en.txt").write_text("the")

    assert same == LEXICON.version
    assert version_of(copy) != same


def change(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda row: {**row, **values}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change(severity="whatever"), "'severity' must be"),
        (change(must_hit=["only one"]), "fewer than 3 texts it must hit"),
        (change(must_not_hit=[]), "fewer than 2 texts it must leave alone"),
        (change(author=""), "'author' must be a text"),
        (change(licence=None), "'licence' must be a text"),
    ],
)
def test_a_bad_line_is_named(
    tmp_path: Path, damage: Callable[[dict[str, Any]], dict[str, Any]], sentence: str
) -> None:
    copy = shutil.copytree(PACKAGED, tmp_path / "lexicon")
    path = copy / "nl.jsonl"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(damage(json.loads(first))), *others]))

    with pytest.raises(LexiconError, match=r"nl\.jsonl, line 1") as raised:
        load_lexicon(copy)
    assert sentence in str(raised.value)


def test_two_patterns_with_one_id_are_refused(tmp_path: Path) -> None:
    copy = shutil.copytree(PACKAGED, tmp_path / "lexicon")
    path = copy / "nl.jsonl"
    path.write_text(path.read_text() + path.read_text())

    with pytest.raises(LexiconError, match="two patterns have the id nl"):
        load_lexicon(copy)


@pytest.mark.parametrize("name", ["shared.json", "classes.json", "cues.en.json"])
def test_a_missing_file_stops_the_start(tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(PACKAGED, tmp_path / "lexicon")
    (copy / name).unlink()

    with pytest.raises(LexiconError):
        load_lexicon(copy)


def test_an_empty_lexicon_stops_the_start(tmp_path: Path) -> None:
    copy = shutil.copytree(PACKAGED, tmp_path / "lexicon")
    for path in copy.glob("*.jsonl"):
        path.unlink()

    with pytest.raises(LexiconError, match="there are no patterns"):
        load_lexicon(copy)


def test_an_unknown_class_and_a_long_gap_are_refused() -> None:
    with pytest.raises(LexiconError, match="there is no class @nothing"):
        elements_of("i @nothing", {})
    with pytest.raises(LexiconError, match="a gap of 4 words is too long"):
        elements_of("i ~4 die", {})


def test_a_written_pattern_is_read_as_it_says() -> None:
    first, second, third = elements_of("want|would_like ~2 to? @end", {"end": ["die"]})

    assert (sorted(first.words), list(first.phrases)) == (["want"], [["would", "like"]])
    assert (second.gap, second.optional) == (2, True)
    assert (sorted(third.words), third.gap) == (["die"], 0)
