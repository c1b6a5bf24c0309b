"""The authored texts: enough of them, in enough voices, and nothing both learnt and measured."""

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from bench.ideation.corpus import (
    CORPUS,
    LABELS,
    UNSEEN,
    Row,
    development,
    hash_of,
    load_file,
    load_folder,
)

FILES = sorted([*CORPUS.glob("*.jsonl"), *UNSEEN.glob("*.jsonl")])
NEAR = 0.3
"""Share of three-word runs two texts have in common, above which one is a copy of the other."""
LONG_WORDS = 40


def grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)} or {tuple(words)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_says_whose_it_is(file: Path) -> None:
    first = json.loads(file.read_text().splitlines()[0])

    assert first["licence"] == "Apache-2.0"
    assert "language model" in first["about"]
    assert {row.label for row in load_file(file)} <= set(LABELS)


def test_there_are_enough_texts_of_every_kind() -> None:
    rows = load_folder(CORPUS)
    labels, langs = Counter(row.label for row in rows), Counter(row.lang for row in rows)
    entries = [row for row in rows if len(row.text.split()) >= LONG_WORDS]

    assert len(rows) - len(entries) >= 6_000
    assert len(entries) >= 600
    assert labels["escalate"] >= 2_500
    assert labels["review"] >= 1_500
    assert labels["none"] >= 2_000
    assert langs["en"] >= 0.6 * len(rows)
    assert all(langs[lang] >= 400 for lang in ("es", "fr", "de", "pt"))
    assert all(langs[lang] >= 150 for lang in ("it", "nl", "pl"))


def test_no_theme_and_register_outweigh_the_rest() -> None:
    rows = load_folder(CORPUS)
    cells = Counter((row.theme, row.register) for row in rows)

    assert len({row.theme for row in rows}) >= 12
    assert len({row.register for row in rows}) >= 10
    assert max(cells.values()) <= 0.05 * len(rows)


def test_the_unseen_texts_are_enough_to_measure_with() -> None:
    rows = load_folder(UNSEEN)
    labels = Counter(row.label for row in rows)
    hard = [row for row in rows if row.theme in {"ketamine_effect", "idiom"}]

    assert len(rows) >= 600
    assert labels["escalate"] >= 250
    assert len(hard) >= 100
    assert {row.lang for row in rows} >= {"en", "es", "fr", "de", "pt", "it", "nl", "pl"}


def test_no_id_and_no_text_stands_twice() -> None:
    rows = [*load_folder(CORPUS), *load_folder(UNSEEN)]

    assert max(Counter(row.id for row in rows).values()) == 1
    assert max(Counter(row.text for row in rows).values()) == 1


def index(rows: list[Row]) -> dict[tuple[str, ...], list[set[tuple[str, ...]]]]:
    found: dict[tuple[str, ...], list[set[tuple[str, ...]]]] = defaultdict(list)
    for row in rows:
        whole = grams(row.text)
        for gram in whole:
            found[gram].append(whole)
    return found


def test_nothing_that_measures_was_learnt() -> None:
    measured = index(load_folder(UNSEEN))

    copied = [
        row.id
        for row in [*load_folder(CORPUS), *development()]
        for mine in [grams(row.text)]
        for gram in mine
        for other in measured.get(gram, ())
        if len(mine & other) > NEAR * len(mine | other)
    ]

    assert copied == []


def test_the_name_of_the_corpus_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("one")
    before = hash_of(tmp_path)
    (tmp_path / "b.jsonl").write_text("")
    between = hash_of(tmp_path)
    (tmp_path / "a.jsonl").write_text("two")

    assert len({before, between, hash_of(tmp_path)}) == 3
