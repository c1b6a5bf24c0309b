"""Does a text speak of suicide? Pure, deterministic, total, linear in the length of the text."""

from collections.abc import Iterator, Sequence
from itertools import islice
from unicodedata import normalize

from clinical.ideation.context import Hit, lowered_all
from clinical.ideation.fold import LINE, NORMALISER_VERSION, PLAIN
from clinical.ideation.label import RULE_UNAVAILABLE, RULE_WORDING, Label, Reason, Screening, Span
from clinical.ideation.lexicon import Lexicon
from clinical.ideation.pattern import BudgetExceededError, Meter, Pattern
from clinical.ideation.pieces import pieces_of
from clinical.ideation.view import View, triggered_views

LONGEST_TEXT = 10_000
"""Code points; a longer text is read as well and shown to a human whatever it says.

Source: house rule, ideation fail-safe (notes are limited to the same length).
"""
MOST_READ = 70_000
"""Code points of an overlong text that are read. Source: 64 KiB limit of the fail-safe."""
STEPS_AT_ONCE = 2_000
STEPS_PER_CODE_POINT = 6
"""Budget of one reading: `STEPS_AT_ONCE` and this for every code point.

Source: measured; everyday notes take under one step a code point, hostile ones under ten.
"""
MOST_HITS = 40
"""With more hits than this nothing is lowered: somebody must read it.

Source: house rule; keeps the reading of cues linear.
"""
FEWEST_WORDS = 5
MOST_UNKNOWN = 0.7
"""A line of at least `FEWEST_WORDS` words with more unknown ones than this cannot be read here.

Source: house rule, ideation languages.
"""
ENOUGH_KNOWN = 1 - MOST_UNKNOWN
"""With this share of known words nothing more is counted. Source: as `MOST_UNKNOWN`."""
LAST_LATIN = "\u024f"
FEWEST_LETTERS = 4
"""Letters of other scripts from which the share of them is looked at. Source: house rule."""
FIRST_SYLLABLE, LAST_SYLLABLE = "\u3400", "\ud7a3"
"""Signs that stand for whole syllables count twice: two of them can be a sentence.

Source: house rule; Unicode blocks of Chinese characters and Korean syllables.
"""


def screen(text: str, lexicon: Lexicon) -> Screening:
    """Read one text; whatever cannot be read in its budget is answered with `escalate`."""
    meter = Meter(limit=STEPS_AT_ONCE + STEPS_PER_CODE_POINT * min(len(text), MOST_READ))
    try:
        return _screen(text[:MOST_READ], lexicon, meter, too_long=len(text) > LONGEST_TEXT)
    except BudgetExceededError:
        return unavailable(lexicon.version, steps=meter.steps)


def unavailable(lexicon_version: str, *, steps: int = 0, fault: str = "") -> Screening:
    """Make the answer for a text that could not be screened: a human must look now."""
    return Screening(
        label=Label.ESCALATE,
        reason=Reason.SCREENING_UNAVAILABLE,
        normaliser_version=NORMALISER_VERSION,
        lexicon_version=lexicon_version,
        rule_ids=(RULE_UNAVAILABLE,),
        steps=steps,
        fault=fault,
    )


def _screen(text: str, lexicon: Lexicon, meter: Meter, *, too_long: bool) -> Screening:
    plain = text.translate(PLAIN)
    read: list[tuple[View, list[Hit]]] = []
    spans: set[tuple[int, int, str, str]] = set()
    for view in triggered_views(text, plain, lexicon, meter):
        places = view.places(everywhere=bool(read))
        hits = list(islice(_hits(view, places, meter), MOST_HITS + 1))
        if hits:
            read.append((view, hits))
            spans.update(_spans(view, hits))
    label, reason = _judge(read, lexicon)
    if label is not Label.ESCALATE:
        judged = [(start, end) for view, hits in read for start, end, _, _ in _lowered(view, hits)]
        worded = set(_worded(text, lexicon, meter, judged))
        if worded:
            label, reason = Label.ESCALATE, Reason.RULE
            spans |= worded
    rules = {rule for _, _, rule, _ in spans}
    if label is not Label.ESCALATE and (too_long or not _readable(text, plain, lexicon)):
        label, reason = Label.ESCALATE, Reason.SCREENING_UNAVAILABLE
        rules.add(RULE_UNAVAILABLE)
    return Screening(
        label=label,
        reason=reason,
        normaliser_version=NORMALISER_VERSION,
        lexicon_version=lexicon.version,
        spans=tuple(
            Span(start=start, end=end, rule_id=rule, lang=lang)
            for start, end, rule, lang in sorted(spans)
        ),
        rule_ids=tuple(sorted(rules)),
        steps=meter.steps,
    )


def _spans(view: View, hits: Sequence[Hit]) -> Iterator[tuple[int, int, str, str]]:
    for hit in hits:
        start, end = view.place(hit.first, hit.last)
        yield start, end, hit.pattern.id, hit.pattern.lang


def _lowered(view: View, hits: Sequence[Hit]) -> Iterator[tuple[int, int, str, str]]:
    return _spans(view, [hit for hit in hits if hit.pattern.escalates])


def _worded(
    text: str, lexicon: Lexicon, meter: Meter, judged: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, str, str]]:
    """Give the places whose wording alone pages.

    Not where a pattern has hit and its context lowered it: that was read word by word.
    """
    pieces = pieces_of(text, lexicon, meter)
    scores = lexicon.wording.scores(pieces.words, pieces.units)
    for unit, score in zip(pieces.units, scores, strict=True):
        if score >= lexicon.wording.page and not any(
            start < unit.end and unit.start < end for start, end in judged
        ):
            yield unit.start, unit.end, RULE_WORDING, ""


def _hits(view: View, places: Sequence[int], meter: Meter) -> Iterator[Hit]:
    words, by_anchor, reach = view.words, view.lexicon.by_anchor, view.lexicon.reach
    for at in places:
        before, behind = words[max(at - reach, 0) : at], words[at + 1 : at + reach + 1]
        for pattern, offset in by_anchor[words[at]]:
            if at < offset or not pattern.likely(before, behind):
                continue
            match = pattern.match(words, at - offset, meter)
            if match is not None and _stands(view, pattern, *match):
                yield Hit(pattern, *match)


def _stands(view: View, pattern: Pattern, first: int, last: int) -> bool:
    tokens = view.tokens
    if tokens.sentence[first] != tokens.sentence[last - 1]:
        return False
    if pattern.unless_next and last < len(tokens.words):
        same = tokens.sentence[last] == tokens.sentence[last - 1]
        if same and pattern.unless_next.at(tokens.words, last):
            return False
    if not pattern.unless:
        return True
    clause = tokens.same_clause(first, last)
    return clause is None or not pattern.unless.within(tokens.words, clause)


def _judge(read: Sequence[tuple[View, list[Hit]]], lexicon: Lexicon) -> tuple[Label, Reason]:
    if not read:
        return Label.NONE, Reason.NONE
    lowered = False
    for view, hits in read:
        paging = [hit for hit in hits if hit.pattern.escalates]
        if not paging:
            continue
        if len(hits) > MOST_HITS or not lowered_all(view.tokens, paging, lexicon.cues):
            return Label.ESCALATE, Reason.RULE
        lowered = True
    return Label.REVIEW, Reason.CONTEXT if lowered else Reason.RULE


def _readable(text: str, plain: str, lexicon: Lexicon) -> bool:
    if not text.isascii() and _other_script(text):
        return False
    known = lexicon.readable.__contains__
    for part in _parts(plain.split(LINE), plain):
        words = part.split()
        if len(words) >= FEWEST_WORDS and sum(map(known, words)) < ENOUGH_KNOWN * len(words):
            unknown = sum(1 for word in words if word.isalpha() and not known(word))
            if unknown > MOST_UNKNOWN * len(words):
                return False
    return True


def _parts(lines: list[str], whole: str) -> list[str]:
    """Give each line and, where there are several, all of them: short lines hide a language."""
    return lines if len(lines) == 1 else [*lines, whole]


def _foreign(char: str) -> bool:
    return char > LAST_LATIN and char.isalpha() and normalize("NFKD", char) > LAST_LATIN


def _other_script(text: str) -> bool:
    if max(text, default="") <= LAST_LATIN:
        return False
    for part in _parts(text.splitlines(), text):
        other = list(filter(_foreign, part))
        heard = len(other) + sum(FIRST_SYLLABLE <= char <= LAST_SYLLABLE for char in other)
        if heard >= FEWEST_LETTERS and len(other) > MOST_UNKNOWN * sum(map(str.isalpha, part)):
            return True
    return False
