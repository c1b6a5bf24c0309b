"""The reviewed words: patterns, cue lists and vocabulary, read once and hashed into a version."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import cast

from clinical.ideation.fold import PLAIN
from clinical.ideation.pattern import Element, LexiconError, Pattern, elements_of
from clinical.ideation.phrases import Phrases
from clinical.ideation.spelling import Spelling
from clinical.ideation.wording import Wording, read_wording

PACKAGED = Path(__file__).parent / "lexicon"
WORDING_FILE = "wording.bin"
"""Made by `python -m bench.ideation.train` from the corpus; the other files are written by hand."""
ELIDING = frozenset({"fr", "it"})
ELISIONS = ("d", "j", "l", "m", "n", "s", "t", "qu", "c")
ALWAYS, EVERYWHERE, COMMON, RARE = 1_000_000, 10_000, 100, 1
"""How much it costs to try a pattern at a word, by how often the word occurs.

Source: house rule; a pattern hangs on the words that everyday notes hold least.
"""
FEWEST_HITS, FEWEST_OTHERS = 3, 2
"""Every pattern shows at least so many texts it must hit, and so many it must leave alone.

Source: house rule, ideation lexicon.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What one pattern must hit and must leave alone."""

    pattern: str
    escalates: bool
    must_hit: tuple[str, ...]
    must_not_hit: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Everything the reading of a text needs to know, immutable."""

    version: str
    patterns: tuple[Pattern, ...]
    by_anchor: Mapping[str, tuple[tuple[Pattern, int], ...]]
    reach: int
    """Words before and behind its anchor that no pattern goes beyond."""
    triggers: frozenset[str]
    spelling: Spelling
    vocabulary: frozenset[str]
    readable: frozenset[str]
    """More words, only to tell that a line is in a language that can be read here."""
    segments: frozenset[str]
    masks: Mapping[int, tuple[str, ...]]
    cues: Mapping[str, Mapping[str, Phrases]]
    clause_starts: frozenset[str]
    first_person: frozenset[str]
    examples: tuple[Example, ...]
    wording: Wording


@cache
def load_lexicon(folder: Path = PACKAGED) -> Lexicon:
    """Read the lexicon.

    Raises:
        LexiconError: a file is missing or not fit for use; the message names it.
    """
    try:
        return _load(folder)
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, LexiconError):
            raise
        raise LexiconError(f"{folder.name}: a lexicon file is missing or damaged") from error


def version_of(folder: Path) -> str:
    """Hash the sorted files of a lexicon: its release id."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _load(folder: Path) -> Lexicon:
    shared = _lists(folder / "shared.json")
    cues = {path.suffixes[0][1:]: _lists(path) for path in sorted(folder.glob("cues.*.json"))}
    classes = _lists(folder / "classes.json")
    vocabulary = frozenset(word for path in folder.glob("words.*.txt") for word in _words(path))
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in _rows(path)]
    if not rows:
        raise LexiconError(f"{folder.name}: there are no patterns")
    weights = dict.fromkeys(shared["common"], COMMON)
    weights |= dict.fromkeys(shared["everywhere"], EVERYWHERE)
    weights |= dict.fromkeys(shared["always"], ALWAYS)
    patterns = tuple(_pattern(row, classes, weights, cues[str(row["lang"])]) for row in rows)
    _check_ids(patterns)
    by_anchor = _by_anchor(patterns)
    segments = frozenset(
        word for pattern in patterns for element in pattern.elements for word in _all_words(element)
    )
    readable = vocabulary | segments | frozenset(_words(folder / "readable.txt"))
    spelling = Spelling(shared["long_words"], known=vocabulary | segments, readable=readable)
    return Lexicon(
        version=version_of(folder),
        patterns=patterns,
        by_anchor=MappingProxyType(by_anchor),
        reach=max(pattern.reach for pattern in patterns),
        triggers=frozenset(by_anchor) | frozenset(spelling.slips),
        spelling=spelling,
        vocabulary=vocabulary | segments,
        readable=readable,
        segments=vocabulary
        | frozenset(
            word for row in rows for each in _elements(row, classes) for word in _all_words(each)
        ),
        masks=MappingProxyType(_by_length(by_anchor)),
        cues=MappingProxyType({lang: _phrases(lists) for lang, lists in cues.items()}),
        clause_starts=frozenset(shared["clauses"]),
        first_person=frozenset(shared["first_person"]),
        examples=tuple(_example(row) for row in rows),
        wording=read_wording(folder / WORDING_FILE, readable),
    )


def _phrases(lists: Mapping[str, Sequence[str]]) -> Mapping[str, Phrases]:
    return MappingProxyType({name: Phrases(phrases) for name, phrases in lists.items()})


def _fold(phrase: str) -> str:
    return " ".join(phrase.translate(PLAIN).split())


def _lists(path: Path) -> dict[str, list[str]]:
    lists = cast("dict[str, list[str]]", json.loads(path.read_text("utf-8")))
    return {name: sorted({_fold(each) for each in phrases}) for name, phrases in lists.items()}


def _words(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield from line.translate(PLAIN).split()


def _rows(path: Path) -> Iterator[dict[str, object]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            row = cast("dict[str, object]", json.loads(line))
            _check_row(row)
        except (KeyError, TypeError, ValueError) as error:
            raise LexiconError(f"{path.name}, line {number}: {error}") from error
        yield row


def _check_row(row: Mapping[str, object]) -> None:
    for key in ("id", "pattern", "lang", "theme", "author", "added_on", "source", "licence"):
        if not row[key] or not isinstance(row[key], str):
            raise LexiconError(f"{key!r} must be a text")
    if row["severity"] not in {"escalate", "review"}:
        raise LexiconError("'severity' must be 'escalate' or 'review'")
    if len(_texts(row, "must_hit")) < FEWEST_HITS:
        raise LexiconError(f"fewer than {FEWEST_HITS} texts it must hit")
    if len(_texts(row, "must_not_hit")) < FEWEST_OTHERS:
        raise LexiconError(f"fewer than {FEWEST_OTHERS} texts it must leave alone")


def _texts(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", row.get(key, [])))


def _example(row: Mapping[str, object]) -> Example:
    return Example(
        pattern=str(row["id"]),
        escalates=row["severity"] == "escalate",
        must_hit=_texts(row, "must_hit"),
        must_not_hit=_texts(row, "must_not_hit"),
    )


def _pattern(
    row: Mapping[str, object],
    classes: Mapping[str, Sequence[str]],
    weights: Mapping[str, int],
    cues: Mapping[str, Sequence[str]],
) -> Pattern:
    negations = frozenset(each for each in cues["negation"] if " " not in each)
    own = frozenset(cues["own"])
    elements = _elements(row, classes)
    if row["lang"] in ELIDING:
        elements = tuple(_elided(element) for element in elements)
    words = frozenset(word for element in elements for word in _all_words(element))
    anchor, keys = _anchor(elements, weights)
    return Pattern(
        id=str(row["id"]),
        lang=str(row["lang"]),
        theme=str(row["theme"]),
        escalates=row["severity"] == "escalate",
        elements=elements,
        anchor=anchor,
        keys=keys,
        left=_needed(elements[:anchor]),
        right=_needed(elements[anchor + 1 :]),
        reach=sum(element.longest for element in elements),
        unless=_named(_texts(row, "unless"), classes),
        unless_next=_named(_texts(row, "unless_next"), classes),
        negative=bool(row.get("negative", not negations.isdisjoint(words))),
        own=any(_all_words(element) <= own for element in elements if not element.optional),
    )


def _elements(
    row: Mapping[str, object], classes: Mapping[str, Sequence[str]]
) -> tuple[Element, ...]:
    written = [
        each if each.startswith("~") else "|".join(_folded_choices(each))
        for each in str(row["pattern"]).split()
    ]
    plain = {name: [each.replace(" ", "_") for each in words] for name, words in classes.items()}
    return elements_of(" ".join(written), plain)


def _named(words: Sequence[str], classes: Mapping[str, Sequence[str]]) -> Phrases:
    lists = (classes[each[1:]] if each.startswith("@") else [_fold(each)] for each in words)
    return Phrases(phrase for each in lists for phrase in each)


def _folded_choices(part: str) -> list[str]:
    optional = "?" if part.endswith("?") else ""
    choices = part.rstrip("?").split("|")
    folded = [each if each.startswith("@") else _fold(each).replace(" ", "_") for each in choices]
    return [*folded[:-1], folded[-1] + optional]


def _all_words(element: Element) -> frozenset[str]:
    return element.words | {word for phrase in element.phrases for word in phrase}


def _elided(element: Element) -> Element:
    more = {each + word for word in element.words if word[0] in "aeiouh" for each in ELISIONS}
    phrases = [
        [each + phrase[0], *phrase[1:]]
        for phrase in element.phrases
        if phrase[0][0] in "aeiouh"
        for each in ELISIONS
    ]
    return replace(element, words=element.words | more, phrases=(*element.phrases, *phrases))


def _anchor(
    elements: Sequence[Element], weights: Mapping[str, int]
) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Choose the place of a pattern whose words are the rarest, and its words."""
    keys = [_keys(element, weights) for element in elements]

    def cost(place: int) -> tuple[bool, int, int]:
        heavy = sum(weights.get(word, RARE) for word, _ in keys[place])
        return elements[place].optional, heavy, place

    best = min(range(len(elements)), key=cost)
    return best, keys[best]


def _needed(elements: Sequence[Element]) -> tuple[frozenset[str], ...]:
    return tuple(element.first_words for element in elements if not element.optional)


def _keys(element: Element, weights: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    rarest = (
        min((weights.get(word, RARE), at, word) for at, word in enumerate(phrase))
        for phrase in element.phrases
    )
    return tuple(sorted({(word, 0) for word in element.words} | {(w, at) for _, at, w in rarest}))


def _by_anchor(patterns: Sequence[Pattern]) -> dict[str, tuple[tuple[Pattern, int], ...]]:
    found: dict[str, list[tuple[Pattern, int]]] = {}
    for pattern in patterns:
        for word, offset in pattern.keys:
            found.setdefault(word, []).append((pattern, offset))
    return {word: tuple(each) for word, each in found.items()}


def _by_length(words: Iterable[str]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for word in sorted(words):
        found.setdefault(len(word), []).append(word)
    return {length: tuple(each) for length, each in found.items()}


def _check_ids(patterns: Sequence[Pattern]) -> None:
    ids = [pattern.id for pattern in patterns]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise LexiconError(f"two patterns have the id {twice[0]}")
