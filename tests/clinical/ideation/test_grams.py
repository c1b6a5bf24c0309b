"""Pieces of words, numbered: the same for the same wording, whatever its dress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation.grams import BUCKETS, grams, pieces_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I won't be there.", ["i", "won't", "be", "there"]),
        ("I won\u2019t", ["i", "won't"]),
        ("¿Mañana? Ya NO", ["manana", "ya", "no"]),
        ("4 pills / day", ["4", "pills", "day"]),
        ("", []),
    ],
)
def test_words_are_small_and_plain(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_pieces_are_phrases_and_parts_of_words() -> None:
    found = list(pieces_of("no one"))

    assert {"no", "one", "no one", "~_n", "~one_"} <= set(found)
    assert not any(" " in piece for piece in found if piece.startswith("~"))


def test_the_same_wording_has_the_same_numbers() -> None:
    assert grams("Ich KANN nicht mehr") == grams("ich kann nicht mehr!")
    assert grams("one two") != grams("two one")


def test_the_numbers_are_the_same_in_every_process() -> None:
    assert grams("to") == [23667, 92406, 127794, 172293, 216518, 239429, 250564]


@given(st.text(max_size=300))
def test_any_text_has_numbers_in_order(text: str) -> None:
    found = grams(text)

    assert found == sorted(set(found))
    assert all(0 <= number < BUCKETS for number in found)
