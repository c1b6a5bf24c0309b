"""The model of stage 2: the tuned encoder and the wording of stage 1, added.

Both were trained on `bench/ideation/corpus` by `python -m bench.ideation.train`; nothing is
downloaded at run time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from clinical.ideation import Lexicon, load_lexicon
from clinical.ideation.meaning import Meaning, Thresholds, meaning_of
from clinical.ideation.pattern import Meter
from clinical.ideation.pieces import Pieces, pieces_of
from clinical.ideation.tokens import Unit
from worker.encoder import Encoder, base_encoder, load_weights
from worker.log import log
from worker.second_reading import NobodyReads, Reader

MOST_UNITS = 1_500
"""Units of one note that are read: what 10,000 code points have, unless they are all stops."""
STEPS_PER_CODE_POINT = 100
"""More than any text takes that the rules could read."""

Score = Callable[[Sequence[str]], Sequence[float]]
"""Turns texts into log odds that a human must be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Reads notes: every unit of every note is scored in one go."""

    score: Score
    lexicon: Lexicon
    limits: Thresholds
    version: str

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Read each note."""
        read = [
            pieces_of(note, self.lexicon, Meter(limit=STEPS_PER_CODE_POINT * (len(note) + 100)))
            for note in notes
        ]
        texts = list(dict.fromkeys(t for each in read for t in texts_of(each)))
        meant = dict(zip(texts, self.score(texts) if texts else (), strict=True))
        return [self._meaning(each, meant) for each in read]

    def _meaning(self, read: Pieces, meant: dict[str, float]) -> Meaning:
        worded = self.lexicon.wording.scores(read.words, read.units)
        scored: list[tuple[Unit, float]] = [
            (unit, meant[text] + weight)
            for unit, text, weight in zip(read.units, texts_of(read), worded, strict=False)
        ]
        return meaning_of(scored, self.limits, whole=len(scored) == len(read.units))


def texts_of(read: Pieces) -> list[str]:
    """List the units that are read, as the encoder reads them."""
    return [read.text_of(unit) for unit in read.units[:MOST_UNITS]]


def load_model() -> Model:
    """Load encoder and weights: a second and some 170 MB.

    Raises:
        ImportError: the encoder is not installed.
        WeightsInvalid: the weights do not fit it.
    """
    weights, version = load_weights()
    vocabulary, _ = base_encoder()
    return Model(
        score=Encoder(vocabulary=vocabulary, weights=weights).scores,
        lexicon=load_lexicon(),
        limits=Thresholds(page=weights.page, read=weights.read),
        version=version,
    )


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
