"""When a hit may be read by a human the same day instead of paging one now.

Lowering is by closed lists, inside the clause of the hit, and only if every hit of the entry is
lowered and nothing in the entry raises it again. Whatever is not on a list stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinical.ideation.pattern import Pattern
from clinical.ideation.phrases import Phrases
from clinical.ideation.tokens import Tokens

REACH = 9
"""Words between a cue and the hit it governs, all of them from the list of fillers.

Source: house rule; longer chains were seen to join what does not belong together.
"""
RESOLVED_WITHIN = 4
"""Words between a hit and the verb that says it is over, all of them fillers.

Source: house rule, as `REACH`.
"""


YEAR_DIGITS = 4
DOUBLED_WITHIN = 6
"""Words before a negation in which another one turns it around ("can't say I'm not").

Source: house rule; doubt raises.
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One pattern at one place: words `first` up to, and not including, `last`."""

    pattern: Pattern
    first: int
    last: int


def lowered_all(
    tokens: Tokens, hits: Sequence[Hit], cues: Mapping[str, Mapping[str, Phrases]]
) -> bool:
    """Say whether every hit is lowered and nothing in the entry raises it again.

    A word that belongs to several languages is read with the cues of each of them.
    """
    languages = sorted({hit.pattern.lang for hit in hits})
    contexts = {lang: Context(tokens, cues[lang]) for lang in languages}
    for hit in hits:
        speaking = {other.pattern.lang for other in hits if _overlap(hit, other)}
        if not any(contexts[lang].lowers(hit) for lang in sorted(speaking)):
            return False
    return not any(context.raises_again(hits) for context in contexts.values())


def _overlap(one: Hit, two: Hit) -> bool:
    return one.first < two.last and two.first < one.last


class Context:
    """The cue lists, looking at one view of one text."""

    __slots__ = ("_cues", "_tokens", "_words")

    def __init__(self, tokens: Tokens, cues: Mapping[str, Phrases]) -> None:
        self._tokens = tokens
        self._words = tokens.words
        self._cues = cues

    def lowers(self, hit: Hit) -> bool:
        """Say whether a cue in the clause of this hit lets a human read it later the same day."""
        clause = self._tokens.same_clause(hit.first, hit.last)
        if clause is None or self._asked_of_oneself(hit):
            return False
        return (
            self._negated(hit, clause)
            or self._resolved(hit, clause)
            or self._history(hit, clause)
            or self._someone_else(hit, clause)
            or self._quoted(hit, clause)
        )

    def raises_again(self, hits: Sequence[Hit]) -> bool:
        """Say whether anything in the entry takes the comfort of the cues back."""
        first = min(hit.first for hit in hits)
        lists = ("raisers", "contrast", "times", "limiting")
        starts = frozenset[str]().union(*(self._cues[name].starts for name in lists))
        return any(
            self._raiser(at, first, hits) for at, word in enumerate(self._words) if word in starts
        )

    def _has(self, cue: str, places: range) -> bool:
        return self._cues[cue].within(self._words, places)

    def _asked_of_oneself(self, hit: Hit) -> bool:
        return self._tokens.sentence[hit.first] in self._tokens.questions

    def _negated(self, hit: Hit, clause: range) -> bool:
        negation, fillers = self._cues["negation"], self._cues["fillers"]
        if hit.pattern.negative:
            return False
        if any(self._words[at] in negation.words for at in range(hit.first, hit.last)):
            return True
        at, oldest = hit.first, max(clause.start, hit.first - REACH)
        while at > oldest:
            length = negation.before(self._words, at)
            if length and at - length >= clause.start:
                return not self._negated_twice(at - length, clause)
            step = fillers.before(self._words, at)
            if not step:
                return False
            at -= step
        return False

    def _negated_twice(self, at: int, clause: range) -> bool:
        return self._has("double", range(max(clause.start, at - DOUBLED_WITHIN), at))

    def _resolved(self, hit: Hit, clause: range) -> bool:
        over, denied = self._cues["resolved"], self._cues["denied"]
        at = hit.last
        while at < min(len(self._words), hit.last + RESOLVED_WITHIN + 1):
            if denied.at(self._words, at):
                return self._only_a_denial(at)
            if at >= clause.stop:
                return False
            if over.at(self._words, at):
                return not self._has("negation", range(hit.last, at))
            if not self._cues["after_fillers"].at(self._words, at):
                return False
            at += 1
        return False

    def _only_a_denial(self, at: int) -> bool:
        """Accept "thoughts: none", the answer standing alone behind its colon, or no colon."""
        tokens = self._tokens
        same_line = at > 0 and tokens.line[at] == tokens.line[at - 1]
        near = (
            tokens.sentence[at] == tokens.sentence[at - 1] or tokens.sentence[at] in tokens.colons
        )
        alone = at + 1 == len(self._words) or tokens.clause[at + 1] != tokens.clause[at]
        return same_line and near and alone

    def _history(self, hit: Hit, clause: range) -> bool:
        near = range(max(clause.start, hit.first - REACH), min(clause.stop, hit.last + REACH))
        past = self._has("past", near) or any(map(self._in_year, near))
        return past and not self._has("present", clause)

    def _in_year(self, at: int) -> bool:
        word = self._words[at]
        is_year = len(word) == YEAR_DIGITS and word.isdigit() and word[:2] in {"19", "20"}
        return is_year and at > 0 and self._words[at - 1] in {"in", "en", "em", "im", "before"}

    def _someone_else(self, hit: Hit, clause: range) -> bool:
        if hit.pattern.own or self._has("own", range(hit.first, hit.last)):
            return False
        if self._has("subjects", range(hit.last, clause.stop)):
            return False
        for at in range(hit.last - 1, clause.start - 1, -1):
            if self._words[at] in self._cues["subjects"].words:
                return False
            if self._words[at] in self._cues["others"].words:
                return True
        return False

    def _quoted(self, hit: Hit, clause: range) -> bool:
        if self._has("media", clause) and not self._has("involved", clause):
            return True
        return self._has("asked", range(clause.start, hit.first)) and self._answered_no(hit)

    def _answered_no(self, hit: Hit) -> bool:
        tokens, at = self._tokens, hit.last
        while at < len(self._words) and tokens.line[at] == tokens.line[hit.last - 1]:
            if self._cues["said_no"].at(self._words, at):
                return True
            at += 1
        return False

    def _raiser(self, at: int, first: int, hits: Sequence[Hit]) -> bool:
        words, cues = self._words, self._cues
        if cues["raisers"].at(words, at):
            denied = at > 0 and words[at - 1] in {"hasnt", "havent", "not", "never", "didnt"}
            return not denied and not self._inside(at, hits)
        behind = at > first
        if behind and cues["contrast"].at(words, at):
            return not self._harmless_turn(at)
        if words[at] in cues["times"].words:
            clause = self._tokens.same_clause(at, at + 1)
            return clause is None or not self._has("appointment", clause)
        length = cues["limiting"].at(words, at)
        return length > 0 and not cues["harmless"].at(words, at + length)

    def _inside(self, at: int, hits: Sequence[Hit]) -> bool:
        return any(hit.first <= at < hit.last for hit in hits)

    def _harmless_turn(self, at: int) -> bool:
        """Accept "... but not any more": the turn itself says that it is over."""
        clause = self._tokens.same_clause(at, at + 1)
        return clause is not None and self._has("over_now", clause)
