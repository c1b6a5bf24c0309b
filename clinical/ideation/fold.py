"""Fold a text so that one spelling of a word is left, and know where each letter came from.

Every code point is folded by itself, so a folded text is one `str.translate`, and the way back
to the original is a running sum that is only made when a rule has hit.
"""

import json
import unicodedata
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import cast

NORMALISER_VERSION = "2"

SENTENCE, QUESTION, COLON, LINE = "\x1f", "\x1d", "\x1e", "\n"
"""Marks of the clause boundaries; each counts as white space, so `str.split` drops them all."""

ANY_I = "\x01"
"""Stands for `1`, `|` and `!` between letters until the vocabulary says whether i or l is meant."""

PART = "\x1c"
"""Parts of a text that are folded at once are parted by it; `PARTED` leaves it as it is."""

MOST_FOLDED = 30_000
"""Code points whose folding is remembered; more would let a caller fill the memory.

Source: house rule; every alphabet, symbol block and emoji of the data files fits.
"""
FIRST_FOLDED = 0x250
"""All code points below this are folded at start: the Latin alphabets.

Source: house rule; rarer ones are folded when they first occur.
"""

FULL_WIDTH = 0xFEE0
"""How far the full-width form of a sign is from the plain one. Source: Unicode, block FF00."""

_DATA = Path(__file__).parent / "lexicon" / "folding.json"
_SENTENCE_ENDS = frozenset(".!;\u3002\uff0e\uff01\uff1b\u2026\u061b\u06d4\u203c")
_QUESTIONS = frozenset("?\uff1f\u061f\u00bf\u2047\u2048\u2049")
_COLONS = frozenset(":\uff1a")
_LINES = frozenset("\n\v\f\x85\u2028\u2029")
APOSTROPHES = frozenset("'\u2019\u2018\u02bc\u02bb`\u00b4\u2032\uff07\u201b")
_TAGS = range(0xE0020, 0xE007F)


class Folding(dict[int, str]):
    """What each code point becomes; unknown ones are worked out when first met."""

    def __init__(self, letters: Mapping[str, str], leet: Mapping[str, str]) -> None:
        super().__init__()
        self._letters = letters
        self._leet = {**leet, **{_full_width(sign): letter for sign, letter in leet.items()}}
        for code in range(FIRST_FOLDED):
            self[code] = self._fold(chr(code))

    def __missing__(self, code: int) -> str:
        folded = self._fold(chr(code))
        if len(self) < MOST_FOLDED:
            self[code] = folded
        return folded

    def _fold(self, char: str) -> str:
        known = self._known(char)
        if known is not None:
            return known
        return "".join(map(self._plain, unicodedata.normalize("NFKD", char).casefold()))

    def _plain(self, char: str) -> str:
        known = self._known(char)
        if known is not None:
            return known
        return char if char.isalnum() else " "

    def _known(self, char: str) -> str | None:
        for table in (self._leet, self._letters):
            if char in table:
                return table[char]
        return _mark_of(char)


def _full_width(sign: str) -> str:
    return chr(ord(sign) + FULL_WIDTH) if sign.isascii() else sign


def _mark_of(char: str) -> str | None:
    """Say what a mark becomes; None for letters, digits and everything that parts words."""
    for chars, mark in (
        (_SENTENCE_ENDS, SENTENCE),
        (_QUESTIONS, QUESTION),
        (_COLONS, COLON),
        (_LINES, LINE),
        (APOSTROPHES, ""),
    ):
        if char in chars:
            return mark
    if char in "\t\r":
        return " "
    return "" if unicodedata.category(char) in {"Cf", "Cc", "Mn", "Me"} else None


def _read() -> Mapping[str, Mapping[str, str]]:
    return cast("Mapping[str, Mapping[str, str]]", json.loads(_DATA.read_text("utf-8")))


_folding = _read()
_letters = {**_folding["confusables"], **_folding["emoji"]}

PLAIN = Folding(_letters, {})
PARTED = Folding({**_letters, PART: PART}, {})
LEET = Folding(_letters, _folding["leet"])
LEET_DIGITS = frozenset(each for each in _folding["leet"] if each.isdigit())
LEET_SIGNS = frozenset(_folding["leet"]) - LEET_DIGITS
MASKS = frozenset("*#")
MASKED = Folding({**_letters, "*": "*", "#": "*"}, _folding["leet"])


def reach(text: str, table: Folding) -> list[int]:
    """Say how long the folded text is behind each code point of the text."""
    lengths = {sign: len(table[ord(sign)]) for sign in set(text)}
    return list(accumulate(map(lengths.__getitem__, text)))


def untagged(char: str) -> str:
    """Turn an invisible tag character into the letter it hides; leave others alone."""
    code = ord(char)
    return chr(code - _TAGS.start + ord(" ")) if code in _TAGS else char
