"""How a text is worded, weighed: words, phrases of two and three, and how long words begin.

A linear model with no table of words: each piece is hashed, so a release holds none of the corpus
it was trained on. Linear in the length of the text, deterministic, standard library only.
"""

import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class Wording:
    """The weights, and from which score on the wording alone pages."""

    weights: Sequence[int]
    bias: float
    page: float

    def scores(self, words: Sequence[str], units: Sequence[Unit]) -> list[float]:
        """Score units of a text: the log odds that a human must be called."""
        one, two, three = self._sums(words)
        found: list[float] = []
        for unit in units:
            first, last = unit.first, unit.last
            total = one[last] - one[first]
            total += two[max(last - 1, first)] - two[first]
            total += three[max(last - 2, first)] - three[first]
            found.append(total / RESOLUTION / max(last - first, FEWEST) ** 0.5 + self.bias)
        return found

    def _sums(self, words: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        """Add weights up along the text: of words, and of phrases of two and of three."""
        weights = self.weights
        one, two, three = [0], [0], [0]
        sum_one = sum_two = sum_three = 0
        for word, pair, phrase, stem in numbers(words):
            sum_one += weights[word] + (weights[stem] if stem >= 0 else 0)
            sum_two += weights[pair]
            sum_three += weights[phrase]
            one.append(sum_one)
            two.append(sum_two)
            three.append(sum_three)
        return one, two, three


def numbers(words: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Give a number to what begins at each word: it, two words, three, and its stem or -1.

    At the end of the text there are no two and three; what stands for them then belongs to no unit.
    """
    raw = [word.encode("utf-8", "replace") for word in words]
    behind = [b" " + each for each in raw]
    for word, second, third in zip_longest(raw, behind[1:], behind[2:], fillvalue=b""):
        one = crc32(word)
        two = crc32(second, one)
        stem = crc32(b"^" + word[:STEM]) % BUCKETS if len(word) > STEM else -1
        yield one % BUCKETS, two % BUCKETS, crc32(third, two) % BUCKETS, stem


def write_wording(wording: Wording, file: Path) -> None:
    """Write weights: page line, bias, and 16 bits for each bucket, compressed."""
    raw = array("h", wording.weights).tobytes()
    file.write_bytes(_HEAD.pack(wording.bias, wording.page) + zlib.compress(raw, 9))


def read_wording(file: Path) -> Wording:
    """Read weights.

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
    return Wording(weights, bias, page)
