"""The texts that try to slow the screen down: the same in every run, long, and all of them read."""

import pytest

from bench.ideation.hostile import hostile
from clinical.ideation import load_lexicon, screen_note
from clinical.ideation.screen import LONGEST_TEXT, STEPS_AT_ONCE, STEPS_PER_CODE_POINT

SEEDS = range(40)


def test_a_seed_makes_one_text_and_another_seed_another() -> None:
    texts = [hostile(seed) for seed in SEEDS]

    assert texts == [hostile(seed) for seed in SEEDS]
    assert len(set(texts)) == len(texts)


def test_the_texts_are_as_long_as_a_note_may_be_and_no_longer() -> None:
    lengths = [len(hostile(seed)) for seed in SEEDS]

    assert max(lengths) <= LONGEST_TEXT
    assert max(lengths) > LONGEST_TEXT / 2
    assert min(lengths) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_every_one_is_read_or_given_up_within_its_steps(seed: int) -> None:
    text = hostile(seed)

    read = screen_note(text, load_lexicon())

    assert read.label in {"none", "review", "escalate"}
    assert all(0 <= span.start < span.end <= len(text) for span in read.spans)
    assert read.steps <= STEPS_AT_ONCE + STEPS_PER_CODE_POINT * len(text) + 1
