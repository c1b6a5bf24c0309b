"""A folded text as words, with the clause, sentence and line each word stands in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, compress, product
from typing import NamedTuple

from clinical.ideation.fold import ANY_I, COLON, LINE, QUESTION, SENTENCE

MOST_OPEN_LETTERS = 3
"""A word with more unclear letters than this is read with i for all of them.

Source: house rule; eight spellings are tried at most, so the work stays linear.
"""
LONGEST_CLAUSE = 60
"""Words on either side of a hit that are looked at; in a longer clause nothing is lowered.

Source: house rule; dictation without stops is read by a human at once.
"""

_SIGNS = {SENTENCE: ".", QUESTION: "?", COLON: ":", LINE: "/"}
MARKS = frozenset(_SIGNS.values())
_ENDS_SENTENCE = frozenset(".?:")


class Unit(NamedTuple):
    """Words `first`..`last` of a text, and the code points they came from."""

    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Marked:
    """Words and marks in order, each with the words of the folded text it was made from.

    Without these, every word is made from its own.
    """

    words: list[str]
    raw: list[tuple[int, int]] | None = None

    def add(self, word: str, raw: tuple[int, int]) -> None:
        """Append one word or mark."""
        self.words.append(word)
        if self.raw is not None:
            self.raw.append(raw)

    def raw_of(self, first: int, last: int) -> tuple[int, int]:
        """Say which words of the folded text the words `first`..`last`, not marks, came from."""
        if self.raw is None:
            return first, last
        own = [raw for word, raw in zip(self.words, self.raw, strict=True) if word not in MARKS]
        return own[first][0], own[last - 1][1]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Words of one view, in parallel lists; all numbers rise through the text."""

    words: list[str]
    clause: list[int]
    sentence: list[int]
    line: list[int]
    questions: frozenset[int]
    colons: frozenset[int]

    def same_clause(self, first: int, last: int) -> range | None:
        """List the words of the clauses around `first`..`last`; None where they are too long."""
        start, stop = first, last
        while start > 0 and self.clause[start - 1] == self.clause[first]:
            start -= 1
            if first - start > LONGEST_CLAUSE:
                return None
        while stop < len(self.words) and self.clause[stop] == self.clause[last - 1]:
            stop += 1
            if stop - last > LONGEST_CLAUSE:
                return None
        return range(start, stop)


def marked_words(view: str) -> list[str]:
    """Split a folded text into words and the marks between clauses."""
    for mark, sign in _SIGNS.items():
        if mark in view:
            view = view.replace(mark, f" {sign} ")
    return view.split()


def tokens_of(
    marked: Sequence[str],
    words: list[str],
    *,
    contrast: Collection[str],
    subjects: Collection[str],
) -> Tokens:
    """Sort words into clauses; `words` are those of `marked` as they are meant."""
    spoken = [word not in MARKS for word in marked]
    starts = [
        word in MARKS or word in contrast or (word == "and" and behind in subjects)
        for word, behind in zip(marked, [*marked[1:], ""], strict=True)
    ]
    sentence = list(accumulate((word in _ENDS_SENTENCE for word in marked), initial=0))
    return Tokens(
        words=words,
        clause=list(compress(accumulate(starts), spoken)),
        sentence=list(compress(sentence, spoken)),
        line=list(compress(accumulate(word == "/" for word in marked), spoken)),
        questions=frozenset(sentence[at] for at, word in enumerate(marked) if word == "?"),
        colons=frozenset(sentence[at] + 1 for at, word in enumerate(marked) if word == ":"),
    )


def place_of(view: str, first: int, last: int) -> tuple[int, int]:
    """Say where the words `first` up to, and not including, `last` of a folded text stand."""
    start = view.split(None, first)[first]
    end = view.split(None, last - 1)[last - 1]
    return len(view) - len(start), len(view) - len(end) + len(end.split(None, 1)[0])


def resolved(word: str, known: Collection[str]) -> str:
    """Read the unclear letters of a word as i or l, whichever makes a word that is known."""
    if ANY_I not in word:
        return word
    for candidate in (word, word.strip(ANY_I)):
        open_letters = candidate.count(ANY_I)
        if open_letters <= MOST_OPEN_LETTERS:
            for letters in product("il", repeat=open_letters):
                tried = _filled(candidate, letters)
                if tried in known:
                    return tried
    return word.replace(ANY_I, "i")


def _filled(word: str, letters: Sequence[str]) -> str:
    for letter in letters:
        word = word.replace(ANY_I, letter, 1)
    return word
