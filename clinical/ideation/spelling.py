"""Misspellings of a short list of long words, found without comparing every word with every other.

One slip (a letter more, fewer, other, or two swapped) is listed beforehand. Two slips, allowed
from eight letters on, are counted only for words that begin alike and share the letters.
"""

from collections.abc import Callable, Collection, Iterable
from string import ascii_lowercase

LONG = 8
"""Letters from which a word may hold two slips and still be meant.

Source: house rule, ideation normaliser (distance 1, from 8 letters on 2).
"""
SLIPS = 2
"""Most slips that are forgiven. Source: house rule, as `LONG`."""
STEPS_PER_COUNT = 100
"""Steps that counting the slips between two words takes. Source: measured, one for every pair."""


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

    __slots__ = ("_by_first", "_known", "_shortest", "slips")

    def __init__(
        self, words: Iterable[str], *, known: Collection[str], readable: Collection[str] = ()
    ) -> None:
        """Take the words that may be meant, those of the lexicon, and others of the languages.

        One slip makes even a readable word suspicious, two do not: "suicida" is one of Spanish.
        """
        wanted = sorted(words)
        self._known = frozenset(known).union(readable)
        self.slips = {slip: word for word in wanted for slip in one_slip(word) if slip not in known}
        long = [word for word in wanted if len(word) >= LONG]
        self._shortest = min(map(len, long), default=LONG) - SLIPS
        self._by_first: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for word in long:
            self._by_first.setdefault(word[0], []).append((word, frozenset(word)))

    def guesses(
        self, words: Iterable[str], take: Callable[[int], None], looked_at: dict[str, str | None]
    ) -> dict[str, str]:
        """Find the words of a text that are two slips away from a long word.

        What was `looked_at` in the same text is not looked at again.
        """
        firsts, shortest, known = self._by_first, self._shortest, self._known
        unclear = [word for word in words if len(word) >= shortest and word[0] in firsts]
        found: dict[str, str] = {}
        for word in unclear:
            if word not in known and word not in found:
                if word not in looked_at:
                    looked_at[word] = self._meant(word, take)
                meant = looked_at[word]
                if meant is not None:
                    found[word] = meant
        return found

    def _meant(self, word: str, take: Callable[[int], None]) -> str | None:
        letters = set(word)
        for meant, needed in self._by_first[word[0]]:
            near = abs(len(word) - len(meant)) <= SLIPS
            if near and len(needed & letters) >= len(needed) - SLIPS:
                take(STEPS_PER_COUNT)
                if distance(word, meant) <= SLIPS:
                    return meant
        return None


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
