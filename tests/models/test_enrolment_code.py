"""Codes as people type them: forgiven what looks alike, caught what is a slip."""

from collections.abc import Callable

import pytest

from models.enrolment import ALPHABET, Code, read_code


@pytest.mark.parametrize(
    "as_typed",
    [
        str.lower,
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", ""),
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code.replace("0", "o").replace("1", "I"),
        lambda code: f"  {code} ".replace("-", " \u2013 "),
    ],
    ids=["A5-lower-case", "A5-spaces", "A5-joined", "A5-O-and-l", "A5-o-and-I", "A5-dashes"],
)
def test_a05_a_code_is_read_as_people_type_it(as_typed: Callable[[str], str]) -> None:
    drawn = [Code.draw() for _ in range(50)]

    assert [read_code(as_typed(code.text)) for code in drawn] == drawn


def test_every_slip_and_every_swap_of_neighbours_is_found() -> None:
    bare = Code.draw().text.replace("-", "")
    slips = [
        bare[:i] + symbol + bare[i + 1 :]
        for i in range(20)
        for symbol in ALPHABET
        if symbol != bare[i]
    ]
    swaps = [
        bare[:i] + bare[i + 1] + bare[i] + bare[i + 2 :]
        for i in range(18)
        if bare[i] != bare[i + 1]
    ]

    assert [s for s in slips + swaps if read_code(s) is not None] == []


@pytest.mark.parametrize("typed", ["", "-", "O" * 64, "U" * 20, "\u0130" * 20, "1234"])
def test_what_cannot_be_a_code_is_not_read_as_one(typed: str) -> None:
    assert read_code(typed) is None
