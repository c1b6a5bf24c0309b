"""The at most three ways one text is read, each with the way back to the text as written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from unicodedata import normalize

from clinical.ideation.fold import (
    ANY_I,
    LEET,
    LEET_DIGITS,
    LEET_SIGNS,
    MASKED,
    PLAIN,
    Folding,
    origins,
)
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.pattern import Meter
from clinical.ideation.repair import needs_reorder, needs_repair, rejoined, reordered
from clinical.ideation.tokens import (
    Marked,
    Tokens,
    extents_in,
    marked_words,
    resolved,
    tokens_of,
    with_raw,
)

_CONTROLS = "".join(map(chr, range(9)))


@dataclass(slots=True)
class View:
    """One reading of a text: its words, and how to find them in the text."""

    tokens: Tokens
    folded: str
    source: str
    table: Folding
    moved: list[int] | None
    _way: tuple[list[tuple[int, int]], list[int]] | None = None

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Say which code points of the text the words `first`..`last` came from."""
        if self._way is None:
            self._way = (extents_in(self.folded), origins(self.source, self.table))
        extents, origin = self._way
        start, stop = self.tokens.raw[first][0], self.tokens.raw[last - 1][1]
        touched = origin[extents[start][0] : extents[stop - 1][1]]
        if self.moved is not None:
            touched = [self.moved[at] for at in touched]
        return min(touched), max(touched) + 1


def triggered_views(text: str, plain: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    """Give the readings of a text that hold any word a pattern hangs on."""
    words, chars = plain.split(), set(text)
    if not text.isascii():
        chars |= set(normalize("NFKC", text))
    meter.take(len(words))
    guesses = _triggers(words, lexicon, meter)
    if guesses is not None:
        yield _view(with_raw(marked_words(plain)), guesses, lexicon, (plain, text, PLAIN, None))
    if _mixes_leet(text, words, chars):
        yield from _leet(text, lexicon, meter)
    if needs_repair(text, plain, words, chars):
        yield from _repaired(text, lexicon, meter)


def _triggers(words: Collection[str], lexicon: Lexicon, meter: Meter) -> dict[str, str] | None:
    guesses = lexicon.spelling.guesses(words, meter.take)
    if guesses or not lexicon.triggers.isdisjoint(words):
        return guesses
    return None


def _mixes_leet(text: str, words: list[str], chars: set[str]) -> bool:
    """Say whether digits or signs stand inside words; numbers alone are only numbers."""
    digits = not LEET_DIGITS.isdisjoint(chars) and not all(map(str.isalpha, words))
    if digits and any(not word.isalpha() and not word.isdigit() for word in words):
        return True
    signs = LEET_SIGNS & chars
    return bool(signs) and (
        not text.isascii() or any(_before_a_letter(text, sign) for sign in signs)
    )


def _before_a_letter(text: str, sign: str) -> bool:
    return any(part.lstrip(_CONTROLS)[:1].isalnum() for part in text.split(sign)[1:])


def _leet(text: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    folded = text.translate(LEET)
    meter.take(len(folded.split()))
    marked = [resolved(word, lexicon.vocabulary) for word in marked_words(folded)]
    guesses = _triggers(marked, lexicon, meter)
    if guesses is not None:
        yield _view(with_raw(marked), guesses, lexicon, (folded, text, LEET, None))


def _repaired(text: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    source, moved = text, None
    if needs_reorder(text, set(text)):
        pieces = reordered(text)
        source = "".join(char for char, _ in pieces)
        moved = [at for _, at in pieces]
    folded = source.translate(MASKED)
    cut = [_read_open(word, lexicon) for word in marked_words(folded)]
    meter.take(len(cut))
    marked = rejoined(cut, lexicon.segments, lexicon.masks, meter)
    guesses = _triggers(marked.words, lexicon, meter)
    if guesses is not None:
        yield _view(marked, guesses, lexicon, (folded, source, MASKED, moved))


def _read_open(word: str, lexicon: Lexicon) -> str:
    return word if "*" in word or word == ANY_I else resolved(word, lexicon.vocabulary)


def _view(
    marked: Marked,
    guesses: dict[str, str],
    lexicon: Lexicon,
    way: tuple[str, str, Folding, list[int] | None],
) -> View:
    tokens = tokens_of(
        marked,
        spelling=lexicon.spelling.slips,
        contrast=lexicon.clause_starts,
        subjects=lexicon.first_person,
    )
    if guesses:
        tokens.words = [guesses.get(word, word) for word in tokens.words]
    folded, source, table, moved = way
    return View(tokens=tokens, folded=folded, source=source, table=table, moved=moved)
