"""The at most three ways one text is read, each with the way back to the text as written."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from unicodedata import normalize

from clinical.ideation.fold import (
    ANY_I,
    LEET,
    LEET_DIGITS,
    LEET_SIGNS,
    MASKED,
    PLAIN,
    Folding,
    reach,
)
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.pattern import Meter
from clinical.ideation.repair import needs_reorder, needs_repair, rejoined, reordered
from clinical.ideation.tokens import (
    MARKS,
    Marked,
    Tokens,
    marked_words,
    place_of,
    resolved,
    tokens_of,
)

_CONTROLS = "".join(map(chr, range(9)))


@dataclass(kw_only=True)
class View:
    """One reading of a text: its words at once, clauses and places only when a rule has hit."""

    words: list[str]
    lexicon: Lexicon
    folded: str
    source: str
    table: Folding
    marked: Marked | None = None
    moved: list[int] | None = None
    new: frozenset[str] | None = None
    """Words that the text as written does not hold; None: this reading stands for itself."""

    def places(self, *, everywhere: bool) -> list[int]:
        """List the words a pattern hangs on: all, or those that stand near a new one."""
        found = [at for at, word in enumerate(self.words) if word in self.lexicon.by_anchor]
        if self.new is None or everywhere:
            return found
        new, reach = self.new, self.lexicon.reach
        near = {
            each
            for at, word in enumerate(self.words)
            if word in new
            for each in range(at - reach, at + reach + 1)
        }
        return [at for at in found if at in near]

    @cached_property
    def tokens(self) -> Tokens:
        """The words with the clause, sentence and line each stands in."""
        return tokens_of(
            self.marked.words if self.marked else marked_words(self.folded),
            self.words,
            contrast=self.lexicon.clause_starts,
            subjects=self.lexicon.first_person,
        )

    @cached_property
    def _reach(self) -> list[int]:
        return reach(self.source, self.table)

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Say which code points of the text the words `first`..`last` came from."""
        raw = self.marked.raw_of(first, last) if self.marked else (first, last)
        start, end = place_of(self.folded, *raw)
        touched = range(bisect_right(self._reach, start), bisect_right(self._reach, end - 1) + 1)
        if self.moved is None:
            return touched.start, touched.stop
        places = [self.moved[at] for at in touched]
        return min(places), max(places) + 1


def triggered_views(text: str, plain: str, lexicon: Lexicon, meter: Meter) -> Iterator[View]:
    """Give the readings of a text that hold any word a pattern hangs on."""
    words, chars = plain.split(), set(text)
    if not text.isascii():
        chars |= set(normalize("NFKC", text))
    reader = _Reader(lexicon, meter, words)
    spelt = reader.triggered(words)
    if spelt is not None:
        yield View(words=spelt, lexicon=lexicon, folded=plain, source=text, table=PLAIN)
    if _mixes_leet(text, words, chars):
        yield from _leet(text, reader)
    if needs_repair(text, plain, words, chars):
        yield from _repaired(text, reader)


@dataclass(frozen=True, slots=True)
class _Reader:
    """What the readings of one text share."""

    lexicon: Lexicon
    meter: Meter
    seen: list[str]
    """The words of the text as they are written."""
    looked_at: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def triggered(self, words: list[str]) -> list[str] | None:
        """Give the words as they are meant, or None where no pattern hangs on any of them."""
        self.meter.take(len(words))
        guesses, slips = self._guesses(words), self.lexicon.spelling.slips
        if not guesses and self.lexicon.triggers.isdisjoint(words):
            return None
        meant = {word: slips[word] for word in slips.keys() & set(words)} | guesses
        return [meant.get(word, word) for word in words] if meant else words

    def triggered_anew(self, words: list[str]) -> list[str] | None:
        """Give them only where a word that means something stands there more often than before."""
        new = {word for word in self.new(words) if len(word) > 1}
        if (
            self.lexicon.readable.isdisjoint(new)
            and self.lexicon.spelling.slips.keys().isdisjoint(new)
            and not self._guesses(new)
        ):
            return None
        return self.triggered(words)

    def new(self, words: list[str]) -> frozenset[str]:
        """Say which words stand there more often than in the text as it is written."""
        return frozenset(Counter(words) - Counter(self.seen))

    def _guesses(self, words: Iterable[str]) -> dict[str, str]:
        return self.lexicon.spelling.guesses(words, self.meter.take, self.looked_at)


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


def _leet(text: str, reader: _Reader) -> Iterator[View]:
    lexicon, folded = reader.lexicon, text.translate(LEET)
    words = folded.split()
    meant = {word: resolved(word, lexicon.vocabulary) for word in set(words)}
    spelt = reader.triggered_anew([meant[word] for word in words])
    if spelt is not None:
        yield View(
            words=spelt,
            lexicon=lexicon,
            folded=folded,
            source=text,
            table=LEET,
            new=reader.new(spelt),
        )


def _repaired(text: str, reader: _Reader) -> Iterator[View]:
    lexicon, source, moved = reader.lexicon, text, None
    if needs_reorder(text, set(text)):
        pieces = reordered(text)
        source = "".join(char for char, _ in pieces)
        moved = [at for _, at in pieces]
    folded = source.translate(MASKED)
    cut = marked_words(folded)
    meant = {word: _read_open(word, lexicon) for word in set(cut)}
    marked = rejoined([meant[word] for word in cut], lexicon.segments, lexicon.masks, reader.meter)
    words = [word for word in marked.words if word not in MARKS]
    spelt = reader.triggered_anew(words) if moved is None else reader.triggered(words)
    if spelt is not None:
        yield View(
            words=spelt,
            lexicon=lexicon,
            folded=folded,
            source=source,
            table=MASKED,
            marked=marked,
            moved=moved,
            new=reader.new(spelt) if moved is None else None,
        )


def _read_open(word: str, lexicon: Lexicon) -> str:
    bare = word.strip("*")
    if len(bare) == 1:
        word = bare
    return word if "*" in word or word == ANY_I else resolved(word, lexicon.vocabulary)
