"""A text as the models read it: in one spelling, and in pieces that each could be the one.

What a phone or a person changes about the same words (case, accents, look-alikes, zero width,
digits for letters, letters apart, masks, line ends) is gone from them, so that it cannot change the
reading. What stands around a sentence cannot either: it is read by itself too.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from clinical.ideation.fold import (
    APOSTROPHES,
    LEET_DIGITS,
    LEET_SIGNS,
    MASKED,
    MASKS,
    MOST_FOLDED,
    PART,
    PARTED,
    PLAIN,
)
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.pattern import Meter
from clinical.ideation.repair import needs_rejoining, needs_reorder, rejoined, reordered, unmasked
from clinical.ideation.tokens import Unit, resolved

TOGETHER = 3
"""Sentences that are read as one: "It's all arranged. Nobody knows. I won't be there." """
LONGEST_PLAIN = 30
WINDOW, STRIDE = 24, 8
"""Words from which a sentence is read in windows as well, as dictation without stops needs."""

SHORTEST_WORD = 2
"""Letters before a stop that has no blank behind it ("slept.Ate"), for it to end a sentence."""
DISGUISES = LEET_DIGITS | LEET_SIGNS | MASKS | {"_"}
GONE, INSIDE, SOFT, LINE, STOP = -1, 0, 1, 2, 4
"""What a sign does: it is not there, is part of the text, parts it, ends a line or a sentence.

Several of them in a row do what each does.
"""
LEVELS = (SOFT | LINE | STOP, SOFT | STOP, LINE | STOP, STOP)
"""What a sentence may end with: each way of reading line ends and quotation marks is tried."""
_HYPHENS = frozenset("-\u2010\u2011")
_INSIDE = frozenset(",_/&%+=") | _HYPHENS | APOSTROPHES | DISGUISES
_STOPS = frozenset(".!?\u2026;\u3002\uff0e\uff01\uff1f\uff1b\u203c\u2047\u2048\u2049")
_EDGES = "".join(_STOPS) + ",:'\"()"
_BETWEEN_LETTERS = DISGUISES | APOSTROPHES
_NO_WORD = re.compile(r"[^\w ]")
"""Signs that may part a text: letters, digits and blanks never do."""
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
    fine: list[Unit] = []
    kinds: list[int] = []
    cuts = list(_cut(source))
    parts = [source[start:end] for start, end, _ in cuts]
    for (start, end, kind), own in zip(cuts, _words_of(parts, lexicon, meter), strict=True):
        first = len(words)
        words += own
        if own:
            fine.append(Unit(first, len(words), moved[start], moved[end - 1] + 1))
            kinds.append(kind)
        elif kinds:
            kinds[-1] |= kind
    meter.take(len(words))
    slips = lexicon.spelling.slips
    return Pieces(
        [slips.get(word, word) for word in words], list(dict.fromkeys(_units(fine, kinds)))
    )


def _cleaned(text: str) -> tuple[str, Sequence[int]]:
    """Drop what cannot be seen, undo what is hidden, and say where each sign came from."""
    signs = set(text)
    if GONE not in map(_KINDS.__getitem__, signs) and not needs_reorder(text, signs):
        return text, range(len(text))
    seen = [piece for piece in reordered(text) if _KINDS[piece[0]] != GONE]
    return "".join(sign for sign, _ in seen), [at for _, at in seen]


def _cut(text: str) -> Iterator[tuple[int, int, int]]:
    """Part a text at every sign that parts, and say how much each does."""
    start = 0
    parting = {sign: kind for sign in set(text) if (kind := _KINDS[sign]) > INSIDE}
    parting |= dict.fromkeys(_HYPHENS.intersection(text), SOFT)
    for at in [found.start() for found in _NO_WORD.finditer(text)]:
        kind = parting.get(text[at], INSIDE)
        if kind == INSIDE:
            continue
        if (kind != STOP or _ends(text, at)) and not _within(text, at):
            yield start, at + 1, kind
            start = at + 1
    if start < len(text):
        yield start, len(text), STOP


def _within(text: str, at: int) -> bool:
    """Say whether a sign belongs to a time ("9:30") or a word ("self-harm"): it parts nothing."""
    if text[at] in _HYPHENS:
        return not (text[max(at - 1, 0) : at] + text[at + 1 : at + 2]).isspace()
    return text[at] == ":" and text[at + 1 : at + 2].isdigit()


def _ends(text: str, at: int) -> bool:
    """Say whether a stop stands at an end: not in "3.5", not in "k.i.l.l", not in "k!ll"."""
    after, before = text[at + 1 : at + 2], text[max(at - SHORTEST_WORD, 0) : at]
    if not after.isalnum():
        return True
    whole = len(before) == SHORTEST_WORD and before.isalpha()
    return after.isalpha() and whole and text[at] != "!"


def _units(fine: Sequence[Unit], kinds: Sequence[int]) -> Iterator[Unit]:
    """Put the parts together to sentences, and each with the one or two behind it."""
    alone: set[tuple[int, int]] = set()
    together: set[tuple[int, int]] = set()
    present = STOP
    for kind in set(kinds):
        present |= kind
    for ends in {ends & present for ends in LEVELS}:
        stops = [at for at, kind in enumerate(kinds[:-1]) if kind & ends] + [len(fine) - 1]
        starts = [0, *(at + 1 for at in stops)]
        alone.update(zip(starts, stops, strict=False))
        for behind in range(1, TOGETHER):
            together.update(zip(starts, stops[behind:], strict=False))
    for first, last in sorted(alone | together) if fine else ():
        unit = Unit(fine[first].first, fine[last].last, fine[first].start, fine[last].end)
        if (first, last) in alone:
            yield unit
            yield from _windows(unit)
        elif unit.last - unit.first <= 2 * LONGEST_PLAIN:
            yield unit


def _windows(unit: Unit) -> Iterator[Unit]:
    if unit.last - unit.first > LONGEST_PLAIN:
        for first in range(unit.first, unit.last - WINDOW + STRIDE, STRIDE):
            yield Unit(first, min(first + WINDOW, unit.last), unit.start, unit.end)


def _words_of(parts: Sequence[str], lexicon: Lexicon, meter: Meter) -> list[list[str]]:
    """Read the words of every part; what nothing in the text asks for is not looked for."""
    folded = PART.join(parts).translate(PARTED).split(PART) if parts else []
    words = [part.split() for part in folded]
    meant = {token: _meant(token, lexicon, meter) for token in _disguised(" ".join(parts))}
    for at, part in enumerate(parts if meant else ()):
        tokens = part.replace("_", " ").split()
        if not meant.keys().isdisjoint(tokens):
            read = (meant.get(token) or token.translate(PLAIN).split() for token in tokens)
            words[at] = list(chain.from_iterable(read))
    if needs_rejoining(list(chain.from_iterable(words))):
        for at, own in enumerate(words):
            if needs_rejoining(own):
                words[at] = rejoined(own, lexicon.segments, {}, meter).words
    return words


def _disguised(text: str) -> set[str]:
    """Find what may be other words than it looks like: with digits or signs among its letters."""
    signs = {sign for sign in set(text) if sign == "_" or MASKED[ord(sign)] != PLAIN[ord(sign)]}
    if not signs:
        return set()
    return {
        token
        for token in text.replace("_", " ").split()
        if not signs.isdisjoint(token) and not token.strip(_EDGES).isdigit()
    }


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
