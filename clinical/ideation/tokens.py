"""A folded text as words, with the clause, sentence and line each word stands in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import product
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
    """Words and marks in order, each with the words of the folded text it was made from."""

    words: list[str]
    raw: list[tuple[int, int]]

    def add(self, word: str, raw: tuple[int, int]) -> None:
        """Append one word or mark."""
        self.words.append(word)
        self.raw.append(raw)


@dataclass(slots=True)
class Tokens:
    """Words of one view, in parallel lists; all numbers rise through the text."""

    words: list[str] = field(default_factory=list[str])
    raw: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    clause: list[int] = field(default_factory=list[int])
    sentence: list[int] = field(default_factory=list[int])
    line: list[int] = field(default_factory=list[int])
    questions: set[int] = field(default_factory=set[int])
    colons: set[int] = field(default_factory=set[int])

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


def with_raw(marked: list[str]) -> Marked:
    """Give each word its number in the folded text; marks are not counted."""
    out = Marked(marked, [])
    raw = 0
    for word in marked:
        step = word not in MARKS
        out.raw.append((raw, raw + step))
        raw += step
    return out


def tokens_of(
    marked: Marked,
    words: list[str],
    *,
    contrast: Collection[str],
    subjects: Collection[str],
) -> Tokens:
    """Sort words into clauses; `words` are those of `marked` as they are meant."""
    out = Tokens(words=words)
    clause = sentence = line = 0
    for at, word in enumerate(marked.words):
        if word in MARKS:
            clause += 1
            line += word == "/"
            if word in _ENDS_SENTENCE:
                sentence = _end_sentence(out, word, sentence)
            continue
        if word in contrast or (word == "and" and _next(marked.words, at) in subjects):
            clause += 1
        out.raw.append(marked.raw[at])
        out.clause.append(clause)
        out.sentence.append(sentence)
        out.line.append(line)
    return out


def _end_sentence(out: Tokens, mark: str, sentence: int) -> int:
    if mark == "?":
        out.questions.add(sentence)
    elif mark == ":":
        out.colons.add(sentence + 1)
    return sentence + 1


def _next(words: Sequence[str], at: int) -> str:
    return words[at + 1] if at + 1 < len(words) else ""


def extents_in(view: str) -> list[tuple[int, int]]:
    """Say where each word of a folded text begins and ends."""
    found: list[tuple[int, int]] = []
    at = 0
    for word in view.split():
        start = view.index(word, at)
        at = start + len(word)
        found.append((start, at))
    return found


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
