"""The development file: figures are printed, and every change of a label shows as a difference.

One author, no clinician: a smoke test, no evidence. Patterns are not written to single rows.
"""

import json
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from clinical.ideation import Label, load_lexicon, screen

DATA = Path(__file__).parents[2] / "data"
ROWS = [
    cast("dict[str, str]", json.loads(line))
    for line in (DATA / "checklist_dev.jsonl").read_text("utf-8").splitlines()
]
GOLDEN = cast("dict[str, str]", json.loads((DATA / "checklist_labels.json").read_text("utf-8")))
LABELS = {row["id"]: screen(row["text"], load_lexicon()).label for row in ROWS}


def count(expected: str) -> Counter[Label]:
    return Counter(LABELS[row["id"]] for row in ROWS if row["expected"] == expected)


def test_figures(capsys: pytest.CaptureFixture[str]) -> None:
    paging, reading, quiet = count("escalate"), count("review"), count("none")
    recall = paging[Label.ESCALATE] / paging.total()
    seen = 1 - reading[Label.NONE] / reading.total()
    with capsys.disabled():
        print(  # noqa: T201 # the figure is for whoever runs the test
            f"\ndevelopment file: recall of escalate {recall:.3f}, silent misses "
            f"{paging[Label.NONE]}, review rows seen {seen:.3f}, "
            f"pages on none {quiet[Label.ESCALATE]}"
        )

    assert recall >= 0.95
    assert paging[Label.NONE] <= 1
    assert seen == 1
    assert quiet == {Label.NONE: 117}


@pytest.mark.parametrize("language", ["es", "fr", "de", "pt"])
def test_explicit_statements_of_the_other_languages_page(language: str) -> None:
    rows = [row for row in ROWS if row["category"] == f"{language}_escalate"]

    assert [row["id"] for row in rows if LABELS[row["id"]] is not Label.ESCALATE] == []


@pytest.mark.parametrize("category", ["intent", "obfuscation", "plan", "double_negation"])
def test_the_gravest_kinds_page_without_exception(category: str) -> None:
    rows = [r for r in ROWS if r["category"] == category and r["expected"] == "escalate"]
    missed = [row["id"] for row in rows if LABELS[row["id"]] is not Label.ESCALATE]

    assert missed == []


def test_labels_are_as_recorded() -> None:
    changed = {
        row: (GOLDEN.get(row), str(label))
        for row, label in LABELS.items()
        if GOLDEN.get(row) != label
    }

    assert changed == {}
