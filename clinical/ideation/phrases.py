"""Closed lists of words and phrases, looked up at one place of a text."""

from collections.abc import Iterable, Sequence


class Phrases:
    """A set of phrases of one or more words each."""

    __slots__ = ("_ending", "_starting", "starts", "words")

    def __init__(self, phrases: Iterable[str]) -> None:
        self._starting: dict[str, list[list[str]]] = {}
        self._ending: dict[str, list[list[str]]] = {}
        split = sorted((phrase.split() for phrase in phrases), key=len, reverse=True)
        for words in split:
            self._starting.setdefault(words[0], []).append(words)
            self._ending.setdefault(words[-1], []).append(words)
        self.starts = frozenset(self._starting)
        self.words = frozenset(words[0] for words in split if len(words) == 1)

    def __bool__(self) -> bool:
        return bool(self._starting)

    def at(self, words: Sequence[str], at: int) -> int:
        """Give the length of the longest phrase that starts here, or 0."""
        for phrase in self._starting.get(words[at], ()) if at < len(words) else ():
            if words[at : at + len(phrase)] == phrase:
                return len(phrase)
        return 0

    def before(self, words: Sequence[str], at: int) -> int:
        """Give the length of the longest phrase that ends just before this word, or 0."""
        for phrase in self._ending.get(words[at - 1], ()) if at > 0 else ():
            if at >= len(phrase) and words[at - len(phrase) : at] == phrase:
                return len(phrase)
        return 0

    def within(self, words: Sequence[str], places: range) -> bool:
        """Say whether any phrase starts and ends inside these places."""
        return any(
            0 < self.at(words, at) <= places.stop - at for at in places if words[at] in self.starts
        )
