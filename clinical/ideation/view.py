"""The at most three ways one text is read, each with the way back to the text as written."""

from collections.abc import Iterator
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
    MARKS,
    Marked,
    Tokens,
    extents_in,
    marked_words,
    resolved,
    tokens_of,
    with_raw,
)

_CONTROLS = "".join(map(chr, range(9)))


@dataclass(slots=True, kw_only=True)
class View:
    """One reading of a text: its words at once, clauses and places only when a rule has hit."""

    words: list[str]
    lexicon: Lexicon
    folded: str
    source: str
    table: Folding
    marked: Marked | None = None
    moved: list[int] | None = None
    _tokens: Tokens | None = None
    _way: tuple[list[tuple[int, int]], list[int]] | None = None

    @property
    def tokens(self) -> Tokens:
        """The words with the clause, sentence and line each stands in."""
        if self._tokens is None:
            self._tokens = tokens_of(
                self.marked or with_raw(marked_words(self.folded)),
                self.words,
                contrast=self.lexicon.clause_starts,
                subjects=self.lexicon.first_person,
            )
        return self._tokens

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
    spelt = _triggered(words, lexicon, meter)
    if spelt is not None:
        yield View(words=spelt, lexicon=lexicon, folded=plain, source=text, table=PLAIN)
    if _mixes_leet(text, words, chars):
        yield from _leet(text, lexicon, meter)
    if needs_repair(text, plain, words, chars):
        yield from _repaired(text, lexicon, meter)


def _triggered(words: list[str], lexicon: Lexicon, meter: Meter) -> list[str] | None:
    """Give the words as they are meant, or None where no pattern hangs on any of them."""
    meter.take(len(words))
    guesses = lexicon.spelling.guesses(words, meter.take)
    slips = lexicon.spelling.slips
    if guesses or not lexicon.triggers.isdisjoint(words):
        return [guesses.get(word) or slips.get(word, word) for word in words]
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
    words = folded.split()
    meant = {word: resolved(word, lexicon.vocabulary) for word in set(words)}
    words = [meant[word] for word in words]
    spelt = _triggered(words, lexicon, meter)
    if spelt is not None:
        yield View(words=spelt, lexicon=lexicon, folded=folded, source=text, table=LEET)


def _repaired(text: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    source, moved = text, None
    if needs_reorder(text, set(text)):
        pieces = reordered(text)
        source = "".join(char for char, _ in pieces)
        moved = [at for _, at in pieces]
    folded = source.translate(MASKED)
    cut = marked_words(folded)
    meant = {word: _read_open(word, lexicon) for word in set(cut)}
    marked = rejoined([meant[word] for word in cut], lexicon.segments, lexicon.masks, meter)
    words = [word for word in marked.words if word not in MARKS]
    spelt = _triggered(words, lexicon, meter)
    if spelt is not None:
        yield View(
            words=spelt,
            lexicon=lexicon,
            folded=folded,
            source=source,
            table=MASKED,
            marked=marked,
            moved=moved,
        )


def _read_open(word: str, lexicon: Lexicon) -> str:
    bare = word.strip("*")
    if len(bare) == 1:
        word = bare
    return word if "*" in word or word == ANY_I else resolved(word, lexicon.vocabulary)
