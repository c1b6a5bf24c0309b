"""Training in small: what is right is learnt, and every sample is seen as often."""

import random
from collections import Counter

import numpy as np
import pytest

from bench.ideation.corpus import Row
from bench.ideation.train import Read, fit_wording, samples, table_of
from bench.ideation.tune import LENGTHS, Lessons, Sample, tune
from clinical.ideation.tokens import Unit
from clinical.ideation.wording import BUCKETS, RESOLUTION, Wording
from worker.encoder import BASE, Encoder, Vocabulary, Weights, base_encoder

CALLS = ["i will not be here", "they are better off without me", "nobody will miss me", "goodbye"]
FINE = ["slept well", "walked the dog", "soup for dinner", "went to work"]


def read(label: str, *units: str) -> Read:
    row = Row(id="1", text=" ".join(units), lang="en", label=label, theme="t", register="r",
              author="a")  # fmt: skip
    return Read(row, list(units))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return base_encoder()[0]


def test_what_is_right_is_learnt(vocabulary: Vocabulary) -> None:
    taught = [Sample(text, 1.0, 1.0) for text in CALLS] + [Sample(text, 0.0, 1.0) for text in FINE]

    layers = tune(taught * 8, orders=(1,), epochs=2)

    weights = Weights(base=BASE, corpus="", page=0.0, read=0.0, layers=layers)
    scores = Encoder(vocabulary=vocabulary, weights=weights).scores([*CALLS, *FINE])
    assert min(scores[: len(CALLS)]) > max(scores[len(CALLS) :])


def test_each_sample_is_in_one_batch_of_its_length(vocabulary: Vocabulary) -> None:
    tokens = [[1] * (1 + n % LENGTHS[-1]) for n in range(700)]
    lessons = Lessons(vocabulary, [Sample("", 1.0, 1.0)] * 700, tokens)

    batches = list(lessons.batches(random.Random(1)))  # noqa: S311 # an order, no secret

    assert Counter(row for batch in batches for row in batch.rows) == Counter(range(700))
    assert all(len(tokens[row]) <= batch.length for batch in batches for row in batch.rows)
    assert len({(batch.length, batch.size) for batch in batches}) <= len(LENGTHS)


def test_rows_that_are_left_over_count_nothing(vocabulary: Vocabulary) -> None:
    lessons = Lessons(vocabulary, [Sample("ok", 1.0, 0.5)], [[3, 4, 5]])
    [batch] = lessons.batches(random.Random(1))  # noqa: S311 # an order, no secret

    _, mask, right, counts = lessons.table_of(batch, np.random.default_rng(1))

    assert (right.sum(), counts.sum(), len(counts)) == (1.0, 0.5, batch.size)
    assert mask[0].sum() == 3
    assert mask.sum(1).min() == 1  # an average over nothing is no number


def test_of_a_long_entry_the_worst_unit_teaches() -> None:
    entry = read("escalate", *FINE, CALLS[0])

    assert samples([entry], None) == []
    [taught] = samples([entry], lambda units: np.array([u == CALLS[0] for u in units]))
    assert taught == Sample(CALLS[0], 1, 1.0)


def test_what_must_not_page_counts_by_label_and_length() -> None:
    short, long, review = (
        samples([read(label, *units)], None)
        for label, units in (("none", FINE[:1]), ("none", FINE), ("review", FINE[:1]))
    )

    assert [each.counts for each in (*short, *review)] == [1.0, 0.15]
    assert [each.counts for each in long] == [0.5] * 4
    assert all(each.calls == 0 for each in (*short, *long, *review))


def test_the_table_weighs_as_the_screen_does() -> None:
    texts = ["goodbye to all of it", "one", "two words", "neighbours and neighbourly things"]
    rng = np.random.default_rng(1)
    weights = rng.integers(-3000, 3000, BUCKETS)
    wording = Wording([int(each) for each in weights], 0.5, 0.0)

    found = table_of(texts) @ weights / RESOLUTION + 0.5

    for text, score in zip(texts, found, strict=True):
        words = text.split()
        assert wording.scores(words, [Unit(0, len(words), 0, 1)]) == pytest.approx([score])


def test_wording_is_learnt() -> None:
    reads = [read("escalate", text) for text in CALLS] + [read("none", text) for text in FINE]

    linear = fit_wording(reads * 3)

    scores = linear.decision_function(table_of([*CALLS, *FINE]))
    assert all(a > 0 for a in scores[: len(CALLS)])
    assert all(a < 0 for a in scores[len(CALLS) :])
