"""How a text is worded, weighed: words, phrases of two and three, and how long words begin.

A linear model with no table of words: each piece is hashed, so a release holds none of the corpus
it was trained on. Linear in the length of the text, deterministic, standard library only.
"""

import struct
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from zlib import crc32

from clinical.ideation.tokens import Unit

BUCKETS = 1 << 19
"""Numbers a piece may have; two that share one are rare enough not to matter."""
STEM = 5
"""Letters by which a longer word is known as well: forms of one word begin alike."""
FEWEST = 4
"""A unit of fewer words weighs no more than one of four."""
RESOLUTION = 2048
"""Weights are kept as whole numbers of this part of one."""
_HEAD = struct.Struct("<ff")
_STEM_MARK = crc32(b"^")


class Numbers(NamedTuple):
    """The buckets of a text: of each word, of two from each on, of three, and of each stem or -1.

    There are fewer pairs than words and fewer threes than pairs: no phrase runs past the end.
    """

    words: list[int]
    pairs: list[int]
    threes: list[int]
    stems: list[int]


class Hashed(NamedTuple):
    """One word as it is hashed: behind a blank for phrases, whole, its bucket, and its stem's."""

    behind: bytes
    whole: int
    bucket: int
    stem: int


@dataclass(frozen=True, slots=True)
class Wording:
    """The weights, and from which score on the wording alone pages."""

    weights: Sequence[int]
    bias: float
    page: float
    known: Mapping[str, Hashed] = field(default_factory=dict[str, Hashed])
    """Words hashed beforehand: those of the lexicon, never a patient's."""

    def scores(self, words: Sequence[str], units: Sequence[Unit]) -> list[float]:
        """Score units of a text: the log odds that a human must be called."""
        one, two, three = self._sums(words)
        found: list[float] = []
        for unit in units:
            first, last = unit.first, unit.last
            length = last - first
            total = one[last] - one[first]
            total += two[last - 1] - two[first] if length > 1 else 0
            total += three[last - 2] - three[first] if length > 2 else 0  # noqa: PLR2004 # of three
            found.append(total / RESOLUTION / max(length, FEWEST) ** 0.5 + self.bias)
        return found

    def _sums(self, words: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        """Add weights up along the text: of words, and of phrases of two and of three."""
        weights = self.weights
        found = numbers(words, self.known)
        alone = [
            weights[word] + (weights[stem] if stem >= 0 else 0)
            for word, stem in zip(found.words, found.stems, strict=True)
        ]
        pairs = [weights[each] for each in found.pairs]
        threes = [weights[each] for each in found.threes]
        return _along(alone), _along(pairs), _along(threes)


def _along(weights: Iterable[int]) -> list[int]:
    return list(accumulate(weights, initial=0))


def numbers(words: Sequence[str], known: Mapping[str, Hashed] = MappingProxyType({})) -> Numbers:
    """Find the buckets of a text; those of known words are looked up."""
    found = [known.get(word) or hashed(word) for word in words]
    behind = [each.behind for each in found]
    two = list(map(crc32, behind[1:], [each.whole for each in found]))
    return Numbers(
        [each.bucket for each in found],
        [each % BUCKETS for each in two],
        [each % BUCKETS for each in map(crc32, behind[2:], two)],
        [each.stem for each in found],
    )


def hashed(word: str) -> Hashed:
    """Hash one word."""
    raw = word.encode("utf-8", "replace")
    whole = crc32(raw)
    stem = crc32(raw[:STEM], _STEM_MARK) % BUCKETS if len(raw) > STEM else -1
    return Hashed(b" " + raw, whole, whole % BUCKETS, stem)


def write_wording(wording: Wording, file: Path) -> None:
    """Write weights: page line, bias, and 16 bits for each bucket, compressed."""
    raw = array("h", wording.weights).tobytes()
    file.write_bytes(_HEAD.pack(wording.bias, wording.page) + zlib.compress(raw, 9))


def read_wording(file: Path, known: Iterable[str] = ()) -> Wording:
    """Read weights; hash the known words once.

    Raises:
        OSError: there is no such file.
        ValueError: it is damaged.
    """
    raw = file.read_bytes()
    weights = array("h")
    try:
        bias, page = _HEAD.unpack(raw[: _HEAD.size])
        weights.frombytes(zlib.decompress(raw[_HEAD.size :]))
    except (struct.error, zlib.error) as error:
        raise ValueError(f"{file.name} is damaged") from error
    if len(weights) != BUCKETS:
        raise ValueError(f"{file.name} is damaged")
    return Wording(weights, bias, page, {word: hashed(word) for word in known})
