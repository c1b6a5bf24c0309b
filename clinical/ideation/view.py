"""The at most three ways one text is read, each with the way back to the text as written."""

from collections.abc import Iterator
from dataclasses import dataclass

from clinical.ideation.fold import (
    ANY_I,
    LEET,
    LEET_CHARS,
    LINE,
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

STEPS_PER_GUESS = 20
"""Steps that one search for a word two slips away counts. Source: measured, about 20 us each."""


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
    words = plain.split()
    meter.steps += len(words)
    slips = _triggers(words, lexicon, meter)
    if slips is not None:
        yield _view(with_raw(marked_words(plain)), slips, lexicon, (plain, text, PLAIN, None))
    if not LEET_CHARS.isdisjoint(text):
        yield from _leet(text, lexicon, meter)
    if needs_repair(text, words):
        yield from _repaired(text, lexicon, meter)


def _triggers(words: list[str], lexicon: Lexicon, meter: Meter) -> dict[str, str] | None:
    guesses = lexicon.spelling.candidates(words, lexicon.vocabulary, meter.take, STEPS_PER_GUESS)
    if guesses or not lexicon.triggers.isdisjoint(words):
        return guesses
    return None


def _leet(text: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    folded = text.translate(LEET)
    marked = [resolved(word, lexicon.vocabulary) for word in marked_words(folded)]
    slips = _triggers(marked, lexicon, meter)
    if slips is not None:
        yield _view(with_raw(marked), slips, lexicon, (folded, text, LEET, None))


def _repaired(text: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    source, moved = text, None
    if needs_reorder(text):
        pieces = reordered(text)
        source = "".join(char for char, _ in pieces)
        moved = [at for _, at in pieces]
    folded = source.translate(MASKED)
    cut = [_read_open(word, lexicon) for word in marked_words(folded)]
    marked = rejoined(cut, lexicon.vocabulary, lexicon.masks, meter)
    slips = _triggers(marked.words, lexicon, meter)
    if slips is not None:
        yield _view(marked, slips, lexicon, (folded, source, MASKED, moved))


def _read_open(word: str, lexicon: Lexicon) -> str:
    return word if "*" in word or word == ANY_I else resolved(word, lexicon.vocabulary)


def _view(
    marked: Marked,
    slips: dict[str, str],
    lexicon: Lexicon,
    way: tuple[str, str, Folding, list[int] | None],
) -> View:
    tokens = tokens_of(
        marked,
        spelling={**lexicon.spelling.slips, **slips} if slips else lexicon.spelling.slips,
        contrast=lexicon.clause_starts,
        subjects=lexicon.first_person,
    )
    folded, source, table, moved = way
    return View(tokens=tokens, folded=folded, source=source, table=table, moved=moved)


def lines_of(plain: str) -> list[list[str]]:
    """Split a folded text into the words of each line."""
    return [line.split() for line in plain.split(LINE)]
