"""What a text's words weigh: the same for the same words, and never less for words around them."""

import dataclasses
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation import Label, Reason, load_lexicon, screen
from clinical.ideation.label import RULE_WORDING
from clinical.ideation.lexicon import PACKAGED, WORDING_FILE
from clinical.ideation.tokens import Unit
from clinical.ideation.wording import (
    BUCKETS,
    RESOLUTION,
    Wording,
    numbers,
    read_wording,
    write_wording,
)

LEXICON = load_lexicon()
MARCH = "They can give my slot in March to somebody else, I won't be around for it."


def weighing(page: float = 1.0, **weights: float) -> Wording:
    """Weigh some words, phrases (written with _ for the blanks) and nothing else."""
    table = array("h", [0]) * BUCKETS
    for phrase, weight in weights.items():
        words = phrase.split("_")
        table[numbers(words)[len(words) - 1][0]] = int(weight * RESOLUTION)
    return Wording(table, -1.0, page)


def score(wording: Wording, text: str) -> float:
    words = text.split()
    [found] = wording.scores(words, [Unit(0, len(words), 0, len(text))])
    return found


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("gone", 2.0 / 2),
        ("gone fishing", (2.0 - 1.0) / 2),
        ("fishing gone", 2.0 / 2),
        ("be gone by spring", (2.0 + 3.0) / 2),
        ("gone be gone by spring gone x x x", (6.0 + 3.0) / 3),
        ("nothing of it here", 0.0),
    ],
)
def test_words_and_phrases_are_added_and_shared_by_length(text: str, weight: float) -> None:
    wording = weighing(gone=2.0, gone_fishing=-1.0, be_gone_by=3.0)

    assert score(wording, text) == pytest.approx(weight - 1.0)


def test_a_phrase_that_leaves_the_unit_does_not_count() -> None:
    wording, words = weighing(be_gone=4.0), ["be", "gone"]

    assert wording.scores(words, [Unit(0, 1, 0, 2), Unit(0, 2, 0, 7)]) == [-1.0, 1.0]
    assert wording.scores([], []) == []


def test_long_words_that_begin_alike_share_a_weight() -> None:
    one, other, short = numbers(["goodbyes", "goodbye", "goodb"]).stems

    assert one == other >= 0
    assert short == -1


def test_the_numbers_are_the_same_in_every_process() -> None:
    found = numbers(["to", "be"])

    assert found == ([512708, 167437], [232533], [], [-1, -1])


@given(st.lists(st.text(max_size=12), max_size=30))
def test_every_word_has_its_numbers_and_no_phrase_runs_past_the_end(words: list[str]) -> None:
    found = numbers(words)

    assert list(map(len, found)) == [max(len(words) - less, 0) for less in (0, 1, 2, 0)]
    assert all(-1 <= number < BUCKETS for column in found for number in column)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    written = weighing(gone=1.25, page=2.5)
    write_wording(written, tmp_path / "w.bin")

    read = read_wording(tmp_path / "w.bin")

    assert (read.page, read.bias) == (2.5, -1.0)
    assert score(read, "gone") == score(written, "gone")


@pytest.mark.parametrize("raw", [b"", b"\0" * 8, b"\0" * 8 + b"no zlib", b"\0" * 4])
def test_what_is_damaged_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "w.bin").write_bytes(raw)

    with pytest.raises(ValueError, match="damaged"):
        read_wording(tmp_path / "w.bin")


def test_the_weights_in_the_package_are_small_and_page() -> None:
    assert (PACKAGED / WORDING_FILE).stat().st_size < 1_000_000
    assert 0 < LEXICON.wording.page < 10


def test_what_no_pattern_says_pages_by_its_wording() -> None:
    read = screen(f"Slept badly. {MARCH} Soup for dinner.", LEXICON)

    assert (read.label, read.reason, read.rule_ids) == (
        Label.ESCALATE,
        Reason.RULE,
        (RULE_WORDING,),
    )
    assert any(span.start == len("Slept badly.") for span in read.spans)
    silent = dataclasses.replace(LEXICON.wording, page=99.0)
    assert screen(MARCH, dataclasses.replace(LEXICON, wording=silent)).label is Label.NONE


def test_what_a_pattern_pages_about_is_weighed_no_more() -> None:
    assert RULE_WORDING not in screen(f"I want to die. {MARCH}", LEXICON).rule_ids
