"""A text as the models read it: in one spelling, and in pieces that each could be the one.

What a phone or a person changes about the same words (case, accents, look-alikes, zero width,
digits for letters, letters apart, masks, line ends) is gone from them, so that it cannot change the
reading. What stands around a sentence cannot either: it is read by itself too.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clinical.ideation.fold import (
    APOSTROPHES,
    LEET_DIGITS,
    LEET_SIGNS,
    MASKED,
    MASKS,
    MOST_FOLDED,
    PLAIN,
)
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.pattern import Meter
from clinical.ideation.repair import needs_reorder, needs_repair, rejoined, reordered, unmasked
from clinical.ideation.tokens import Unit, resolved

TOGETHER = 3
"""Sentences that are read as one: "It's all arranged. Nobody knows. I won't be there." """
LONGEST_PLAIN = 30
WINDOW, STRIDE = 24, 8
"""Words from which a sentence is read in windows as well, as dictation without stops needs."""

SHORTEST_WORD = 2
"""Letters before a stop that has no blank behind it ("slept.Ate"), for it to end a sentence."""
DISGUISES = LEET_DIGITS | LEET_SIGNS | MASKS | {"_"}
GONE, INSIDE, SOFT, LINE, STOP = range(-1, 4)
"""What a sign does: it is not there, is part of the text, parts it, ends a line or
a sentence."""
LEVELS = (
    frozenset({SOFT, LINE, STOP}), frozenset({SOFT, STOP}), frozenset({LINE, STOP}),
    frozenset({STOP}),
)  # fmt: skip
"""What a sentence may end with: each way of reading line ends and quotation marks is tried."""
_INSIDE = frozenset(",-\u2010\u2011_/&%+=") | APOSTROPHES | DISGUISES
_STOPS = frozenset(".!?\u2026;\u3002\uff0e\uff01\uff1f\uff1b\u203c\u2047\u2048\u2049")
_FULL_WIDTH = "\uff00"
_EDGES = "".join(_STOPS) + ",:'\"()"
_BETWEEN_LETTERS = DISGUISES | APOSTROPHES
_LINES = frozenset("\n\v\f\r\x85\u2028\u2029")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The words of a text, and every unit they are read in."""

    words: list[str]
    units: list[Unit]

    def text_of(self, unit: Unit) -> str:
        """Give a unit as the encoder reads it."""
        return " ".join(self.words[unit.first : unit.last])


class _Kinds(dict[str, int]):
    """What each sign does; worked out when first met."""

    def __missing__(self, sign: str) -> int:
        kind = _kind_of(sign)
        if len(self) < MOST_FOLDED:
            self[sign] = kind
        return kind


def _kind_of(sign: str) -> int:
    plain = unicodedata.normalize("NFKC", sign)
    sign = plain if len(plain) == 1 else sign
    if sign in _STOPS:
        return STOP
    if sign in _LINES:
        return LINE
    if unicodedata.category(sign) in {"Cf", "Cc"} and sign != "\t":
        return GONE
    if sign in _INSIDE or sign.isalnum() or sign.isspace():
        return INSIDE
    return INSIDE if unicodedata.category(sign)[0] in "MCL" else SOFT


_KINDS = _Kinds()


def pieces_of(text: str, lexicon: Lexicon, meter: Meter) -> Pieces:
    """Cut a text into words and units; linear in its length.

    Raises:
        BudgetExceededError: it takes more steps than the meter allows.
    """
    source, moved = _cleaned(text)
    words: list[str] = []
    read: dict[str, list[str]] = {}
    fine: list[Unit] = []
    kinds: list[int] = []
    for start, end, kind in _cut(source):
        first = len(words)
        words += _words_of(source[start:end], lexicon, meter, read)
        if len(words) > first:
            fine.append(Unit(first, len(words), moved[start], moved[end - 1] + 1))
            kinds.append(kind)
        elif kinds:
            kinds[-1] = max(kinds[-1], kind)
    found: dict[Unit, None] = {}
    present = frozenset(kinds) | {STOP}
    for ends in dict.fromkeys(ends & present for ends in LEVELS):
        found |= dict.fromkeys(_together(list(_merged(fine, kinds, ends))))
    meter.take(len(words))
    slips = lexicon.spelling.slips
    return Pieces([slips.get(word, word) for word in words], list(found))


def _cleaned(text: str) -> tuple[str, Sequence[int]]:
    """Drop what cannot be seen, undo what is hidden, and say where each sign came from."""
    kinds = set(map(_KINDS.__getitem__, set(text)))
    if GONE not in kinds and not needs_reorder(text, set(text)):
        return text, range(len(text))
    seen = [piece for piece in reordered(text) if _KINDS[piece[0]] != GONE]
    return "".join(sign for sign, _ in seen), [at for _, at in seen]


def _cut(text: str) -> Iterator[tuple[int, int, int]]:
    """Part a text at every sign that parts, and say how much each does."""
    start = 0
    for at, kind in enumerate(map(_KINDS.__getitem__, text)):
        if kind > INSIDE and (kind != STOP or _ends(text, at)) and not _in_a_time(text, at):
            yield start, at + 1, kind
            start = at + 1
    if start < len(text):
        yield start, len(text), STOP


def _in_a_time(text: str, at: int) -> bool:
    return text[at] == ":" and text[at + 1 : at + 2].isdigit()


def _ends(text: str, at: int) -> bool:
    """Say whether a stop stands at an end: not in "3.5", not in "k.i.l.l", not in "k!ll"."""
    after, before = text[at + 1 : at + 2], text[max(at - SHORTEST_WORD, 0) : at]
    if not after.isalnum():
        return True
    whole = len(before) == SHORTEST_WORD and before.isalpha()
    return after.isalpha() and whole and text[at] != "!"


def _merged(fine: Sequence[Unit], kinds: Sequence[int], ends: frozenset[int]) -> Iterator[Unit]:
    first: Unit | None = None
    for unit, kind in zip(fine, kinds, strict=True):
        first = first or unit
        if kind in ends:
            yield Unit(first.first, unit.last, first.start, unit.end)
            first = None
    if first is not None:
        yield Unit(first.first, fine[-1].last, first.start, fine[-1].end)


def _together(sentences: Sequence[Unit]) -> Iterator[Unit]:
    """Yield each sentence, its windows, and each with the one or two behind it."""
    for at, unit in enumerate(sentences):
        for last in sentences[at : at + TOGETHER]:
            if last is unit or last.last - unit.first <= 2 * LONGEST_PLAIN:
                yield Unit(unit.first, last.last, unit.start, last.end)
        if unit.last - unit.first > LONGEST_PLAIN:
            for first in range(unit.first, unit.last - WINDOW + STRIDE, STRIDE):
                yield Unit(first, min(first + WINDOW, unit.last), unit.start, unit.end)


def _words_of(text: str, lexicon: Lexicon, meter: Meter, read: dict[str, list[str]]) -> list[str]:
    if DISGUISES.isdisjoint(text) and max(text) < _FULL_WIDTH:
        words = text.translate(PLAIN).split()
    else:
        tokens = text.replace("_", " ").split()
        for token in tokens:
            if token not in read:
                read[token] = _meant(token, lexicon, meter)
        words = [word for token in tokens for word in read[token]]
    plain = " ".join(words)
    if needs_repair(plain, plain, words, set()):
        words = rejoined(words, lexicon.segments, {}, meter).words
    return words


def _meant(token: str, lexicon: Lexicon, meter: Meter) -> list[str]:
    """Read one token as it is written, or as what its digits and signs stand for."""
    plain = token.translate(PLAIN).split()
    if all(map(str.isdigit, plain)) or (len(plain) == 1 and plain[0].isalpha() and token.isalpha()):
        return plain
    hidden = [_opened(word, lexicon, meter) for word in token.translate(MASKED).split()]
    if hidden and (lexicon.readable.issuperset(hidden) or _dressed(token, lexicon, plain)):
        return hidden
    return plain


def _dressed(token: str, lexicon: Lexicon, plain: Sequence[str]) -> bool:
    """Say whether signs stand between letters as letters do: "l0rry", "b@nk"; not "50mg"."""
    bare = token.strip(_EDGES)
    inner = bare[1:-1]
    if DISGUISES.isdisjoint(inner) or lexicon.readable.issuperset(plain):
        return False
    return bare[0].isalpha() and all(s.isalpha() or s in _BETWEEN_LETTERS for s in inner)


def _opened(word: str, lexicon: Lexicon, meter: Meter) -> str:
    bare = word.strip("*#")
    if "*" in bare or "#" in bare:
        return unmasked(bare.replace("#", "*"), lexicon.masks, meter)
    return resolved(bare, lexicon.readable)
