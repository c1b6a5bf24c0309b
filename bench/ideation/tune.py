"""Tune the encoder of stage 2: its layers go on learning from the corpus, its embeddings stay.

Runs of several orders that begin at the same place are averaged: the mean of the weights does
better on unknown authors than each, and costs one.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.progress import track

from worker.encoder import (
    CHANNELS,
    MOST_TOKENS,
    ORDERS,
    Array,
    Vocabulary,
    base_encoder,
    convolved,
    headed,
    pad,
    pooled,
)

DIMENSIONS = 512
SIGNS, HIDDEN = 64, 128
"""Width of the head: learnt signs of single tokens, and what weighs them with the vector."""
EPOCHS = 3
RATE, HEAD_RATE = 4e-4, 1e-3
DECAY = 1e-2
WARM_UP = 0.1
DROPPED_TOKENS = 0.15
"""Share of tokens that are hidden in training, so that no single word decides."""
FEWEST_TO_DROP = 6
DROPPED_SIGNS = 0.4
"""Share of what the head sees that is hidden in training, for the same reason."""
TOKENS_AT_ONCE, FEWEST_AT_ONCE = 1280, 8
LENGTHS = (12, 20, 32, 48, 80, MOST_TOKENS)
"""Texts of like length are read together; each length is compiled once."""

Layers = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, whether a human must be called (1 or 0), and how much it counts."""

    text: str
    calls: float
    counts: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Some samples of like length; each of a length has as many rows, the last ones empty."""

    length: int
    size: int
    rows: list[int]


@dataclass(frozen=True, slots=True)
class Lessons:
    """Samples with their tokens."""

    vocabulary: Vocabulary
    samples: Sequence[Sample]
    tokens: Sequence[Sequence[int]]

    def batches(self, rng: random.Random) -> Iterator[Batch]:
        """Put all samples into batches, in a new order."""
        by_length: dict[int, list[int]] = {}
        for row, each in enumerate(self.tokens):
            by_length.setdefault(next(n for n in LENGTHS if len(each) <= n), []).append(row)
        found: list[Batch] = []
        for length, rows in by_length.items():
            rng.shuffle(rows)
            size = max(FEWEST_AT_ONCE, TOKENS_AT_ONCE // length)
            found += [Batch(length, size, rows[at : at + size]) for at in range(0, len(rows), size)]
        rng.shuffle(found)
        yield from found

    def table_of(self, batch: Batch, rng: np.random.Generator) -> tuple[Array, ...]:
        """Make the tables of a batch: embeddings, mask, what is right, how much it counts."""
        rows = batch.rows
        empty: list[Sequence[int]] = [[0]] * (batch.size - len(rows))
        ids, mask = pad([*(self.tokens[row] for row in rows), *empty], batch.length)
        long = mask.sum(1, keepdims=True) > FEWEST_TO_DROP
        ids = np.where((rng.random(ids.shape) < DROPPED_TOKENS) & long & (mask > 0), 0, ids)
        right, counts = np.zeros(batch.size, np.float32), np.zeros(batch.size, np.float32)
        right[: len(rows)] = [self.samples[row].calls for row in rows]
        counts[: len(rows)] = [self.samples[row].counts for row in rows]
        return self.vocabulary.embedded(ids), mask, right, counts


def new_head(seed: int) -> Layers:
    """Make a head that has learnt nothing."""
    rng = np.random.default_rng(seed)
    width = DIMENSIONS + len(ORDERS) * CHANNELS
    shapes = {"t": (width, SIGNS), "h": (DIMENSIONS + SIGNS, HIDDEN), "o": (HIDDEN, 1)}
    found: Layers = {}
    for name, (rows, columns) in shapes.items():
        found[f"{name}_W"] = jnp.array(rng.normal(0, rows**-0.5, (rows, columns)), jnp.float32)
        found[f"{name}_b"] = jnp.zeros(columns)
    return found | {"o_b": jnp.zeros(())}


def tune(samples: Sequence[Sample], *, orders: Sequence[int], epochs: int = EPOCHS) -> Layers:
    """Tune once for each order, and average."""
    vocabulary, base = base_encoder()
    tokens = [list(vocabulary.tokens(each.text))[:MOST_TOKENS] for each in samples]
    lessons = Lessons(vocabulary, samples, tokens)
    start = {name: jnp.asarray(each) for name, each in base.items()} | new_head(0)
    tuned = [tune_once(start, lessons, order=order, epochs=epochs) for order in orders]
    return {name: np.mean([np.asarray(each[name]) for each in tuned], axis=0) for name in start}


def tune_once(start: Layers, lessons: Lessons, *, order: int, epochs: int) -> Layers:
    """Tune from one beginning in one order."""
    rng = random.Random(order)  # an order of texts, no secret
    plan = [batch for _ in range(epochs) for batch in lessons.batches(rng)]
    optimiser = optimiser_of(start, len(plan))

    @jax.jit
    def step(layers: Layers, state: Any, key: Any, tables: Any) -> tuple[Layers, Any]:
        slopes = jax.grad(loss)(layers, key, tables)
        changes, state = optimiser.update(slopes, state, layers)
        return optax.apply_updates(layers, changes), state  # type: ignore[return-value] # as it went in

    layers, state = start, optimiser.init(start)
    hidden = np.random.default_rng(order)
    keys = jax.random.split(jax.random.PRNGKey(order), len(plan))
    for key, batch in track(zip(keys, plan, strict=True), f"order {order}", len(plan)):
        layers, state = step(layers, state, key, lessons.table_of(batch, hidden))
    return layers


def optimiser_of(start: Layers, steps: int) -> Any:
    """Let the new head learn faster than the encoder, which knows much."""
    head = set(new_head(0))

    def towards(rate: float, decay: float) -> Any:
        warm_up = int(steps * WARM_UP) + 1
        schedule = optax.warmup_cosine_decay_schedule(0, rate, warm_up, steps + warm_up)
        return optax.adamw(schedule, weight_decay=decay)

    return optax.multi_transform(
        {"encoder": towards(RATE, 0.0), "head": towards(HEAD_RATE, DECAY)},
        {name: "head" if name in head else "encoder" for name in start},
    )


def loss(layers: Mapping[str, Array], key: Any, tables: tuple[Array, ...]) -> Array:
    """Say how wrong a batch is read: cross entropy, with a share of the features hidden."""
    embedded, mask, right, counts = tables
    vector, signs = pooled(jnp, layers, convolved(jnp, layers, embedded, mask), mask)
    shape = (len(mask), DIMENSIONS + SIGNS)
    kept = jax.random.bernoulli(key, 1 - DROPPED_SIGNS, shape) / (1 - DROPPED_SIGNS)
    odds = headed(jnp, layers, vector * kept[:, :DIMENSIONS], signs * kept[:, DIMENSIONS:])
    wrong = optax.sigmoid_binary_cross_entropy(odds, right)
    return (counts * wrong).sum() / jnp.maximum(counts.sum(), 1e-6)
