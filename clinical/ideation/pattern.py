"""One lexicon pattern: classes of words in a row, with bounded gaps, tried around its anchor.

Written form: words parted by blanks; `a|b` either; `a_b` two words as one choice; `@name` a class;
`word?` may be absent; `~2` up to two other words between (at most three).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from clinical.ideation.phrases import Phrases

MOST_BETWEEN = 3
"""A gap is never longer than this many words.

Source: house rule, ideation matcher; longer gaps join what does not belong together.
"""


class LexiconError(ValueError):
    """A lexicon file is not fit for use; the message names the file and the pattern."""


class BudgetExceededError(Exception):
    """Reading this text takes more steps than its length allows."""


@dataclass(slots=True)
class Meter:
    """Counts the steps of one reading; never measures time, a busy machine would page."""

    limit: int
    steps: int = 0

    def take(self, steps: int = 1) -> None:
        """Count steps.

        Raises:
            BudgetExceededError: there are none left.
        """
        self.steps = min(self.steps + steps, self.limit + 1)
        if self.steps > self.limit:
            raise BudgetExceededError


@dataclass(frozen=True, kw_only=True)
class Element:
    """One place of a pattern."""

    words: frozenset[str]
    phrases: tuple[list[str], ...]
    gap: int
    optional: bool

    @cached_property
    def _runs(self) -> Phrases:
        return Phrases(map(" ".join, self.phrases))

    @property
    def first_words(self) -> frozenset[str]:
        """Words of which one stands in the text wherever this place is matched."""
        return self.words | {phrase[0] for phrase in self.phrases}

    @property
    def longest(self) -> int:
        """Words that this place and the gap before it take at most."""
        return self.gap + max((len(phrase) for phrase in self.phrases), default=1)

    def end_at(self, words: Sequence[str], at: int) -> int:
        """Match from this word on; give the place behind the match, or -1."""
        if self.phrases and (length := self._runs.at(words, at)):
            return at + length
        return at + 1 if at < len(words) and words[at] in self.words else -1

    def start_before(self, words: Sequence[str], at: int) -> int:
        """Match what ends before this word; give the place where it begins, or -1."""
        if self.phrases and (length := self._runs.before(words, at)):
            return at - length
        return at - 1 if at > 0 and words[at - 1] in self.words else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One line of the lexicon, ready to be tried."""

    id: str
    lang: str
    theme: str
    escalates: bool
    elements: tuple[Element, ...]
    anchor: int
    unless: Phrases
    unless_next: Phrases
    negative: bool
    own: bool
    keys: tuple[tuple[str, int], ...]
    """Words at which the pattern is tried, and how far into its anchor each of them stands."""
    left: tuple[frozenset[str], ...]
    right: tuple[frozenset[str], ...]
    """Words of which one must stand on that side of the anchor, for every place there."""
    reach: int
    """Words before and behind its anchor that the pattern does not go beyond."""

    def likely(self, before: Sequence[str], behind: Sequence[str]) -> bool:
        """Say quickly whether trying the pattern is worth it, from the words near its anchor."""
        for needed in self.left:
            if needed.isdisjoint(before):
                return False
        return not any(needed.isdisjoint(behind) for needed in self.right)

    def match(self, words: Sequence[str], at: int, meter: Meter) -> tuple[int, int] | None:
        """Try the pattern with its anchor at this word; give first and last word (exclusive)."""
        meter.take()
        middle = self.elements[self.anchor].end_at(words, at)
        if middle < 0:
            return None
        first = self._left(words, at, self.anchor, meter)
        if first < 0:
            return None
        last = self._right(words, middle, self.anchor + 1, meter)
        return None if last < 0 else (first, last)

    def _right(
        self, words: Sequence[str], at: int, place: int, meter: Meter, spare: int = 0
    ) -> int:
        if place == len(self.elements):
            return at
        element = self.elements[place]
        gap = max(spare, element.gap)
        for start in range(at, at + gap + 1):
            meter.take()
            end = element.end_at(words, start)
            if end >= 0:
                rest = self._right(words, end, place + 1, meter)
                if rest >= 0:
                    return rest
        return self._right(words, at, place + 1, meter, gap) if element.optional else -1

    def _left(self, words: Sequence[str], at: int, place: int, meter: Meter, spare: int = 0) -> int:
        if place == 0:
            return at
        element = self.elements[place - 1]
        gap = max(spare, self.elements[place].gap)
        for end in range(at, at - gap - 1, -1):
            meter.take()
            start = element.start_before(words, end)
            if start >= 0:
                rest = self._left(words, start, place - 1, meter)
                if rest >= 0:
                    return rest
        return self._left(words, at, place - 1, meter, gap) if element.optional else -1


def elements_of(written: str, classes: Mapping[str, Sequence[str]]) -> tuple[Element, ...]:
    """Read the written form.

    Raises:
        LexiconError: it names a class that does not exist or a gap that is too long.
    """
    elements: list[Element] = []
    gap = 0
    for part in written.split():
        if part.startswith("~"):
            gap = int(part[1:] or MOST_BETWEEN)
            if gap > MOST_BETWEEN:
                raise LexiconError(f"a gap of {gap} words is too long")
            continue
        optional = part.endswith("?")
        choices = _choices(part.rstrip("?"), classes)
        elements.append(
            Element(
                words=frozenset(each for each in choices if "_" not in each),
                phrases=tuple(
                    sorted((each.split("_") for each in choices if "_" in each), key=_longest)
                ),
                gap=gap,
                optional=optional,
            )
        )
        gap = 0
    return tuple(elements)


def _longest(phrase: Sequence[str]) -> int:
    return -len(phrase)


def _choices(part: str, classes: Mapping[str, Sequence[str]]) -> list[str]:
    found: list[str] = []
    for choice in part.split("|"):
        if not choice.startswith("@"):
            found.append(choice)
        elif choice[1:] in classes:
            found.extend(classes[choice[1:]])
        else:
            raise LexiconError(f"there is no class {choice}")
    return found
