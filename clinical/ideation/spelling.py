"""Misspellings of a short list of long words, found without comparing every word with every other.

One slip (a letter more, fewer, other, or two swapped) is listed beforehand. Two slips, allowed
from eight letters on, are found by deleting: both spellings share a form with letters left out.
"""

from collections.abc import Callable, Collection, Iterable
from itertools import combinations
from string import ascii_lowercase

LONG = 8
"""Letters from which a word may hold two slips and still be meant.

Source: house rule, ideation normaliser (distance 1, from 8 letters on 2).
"""
SLIPS = 2
"""Most slips that are forgiven. Source: house rule, as `LONG`."""


def one_slip(word: str) -> set[str]:
    """List every spelling that is one slip away."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    other = {left + each + right[1:] for left, right in cuts if right for each in ascii_lowercase}
    more = {left + each + right for left, right in cuts for each in ascii_lowercase}
    return (fewer | swapped | other | more) - {word}


class Spelling:
    """Which word a misspelling means."""

    __slots__ = ("_firsts", "_longest", "_shortened", "slips")

    def __init__(self, words: Iterable[str], *, known: Collection[str]) -> None:
        wanted = sorted(words)
        self.slips = {slip: word for word in wanted for slip in one_slip(word) if slip not in known}
        self._shortened: dict[str, str] = {}
        for word in wanted:
            if len(word) >= LONG:
                for short in _shortened(word):
                    self._shortened.setdefault(short, word)
        self._longest = max(map(len, wanted), default=0) + SLIPS
        self._firsts = frozenset(word[0] for word in wanted if len(word) >= LONG)

    def candidates(
        self,
        words: Iterable[str],
        known: Collection[str],
        count: Callable[[int], None],
        steps: int,
    ) -> dict[str, str]:
        """Find the words of a text that are two slips away from a long word."""
        firsts, shortest = self._firsts, LONG - SLIPS
        asked = [word for word in words if len(word) >= shortest and word[0] in firsts]
        found: dict[str, str] = {}
        for word in asked:
            if word not in known and word not in self.slips:
                count(steps)
                meant = self._far(word)
                if meant is not None:
                    found[word] = meant
        return found

    def _far(self, word: str) -> str | None:
        if len(word) > self._longest:
            return None
        for short in _shortened(word):
            meant = self._shortened.get(short)
            if meant is not None and distance(word, meant) <= SLIPS:
                return meant
        return None


def _shortened(word: str) -> list[str]:
    places = range(len(word))
    return [
        "".join(word[at] for at in places if at not in gone)
        for count in range(SLIPS + 1)
        for gone in combinations(places, count)
    ]


def distance(one: str, two: str) -> int:
    """Count the slips between two spellings: letters more, fewer, other, or swapped."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for at, letter in enumerate(one, start=1):
        older, before, row = before, row, [at]
        for to, other in enumerate(two, start=1):
            cost = min(row[to - 1] + 1, before[to] + 1, before[to - 1] + (letter != other))
            if at > 1 and to > 1 and letter == two[to - 2] and one[at - 2] == other:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
    return row[-1]
