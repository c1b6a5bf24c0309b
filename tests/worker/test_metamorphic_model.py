"""Both stages together: nothing a phone or a person does to a text lowers what it comes to.

The texts are those of the development file that must page. A unit is scored once, in whatever text
it stands, so that what is tested is which units are read.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from clinical.ideation import Label, highest, load_lexicon, screen_note
from tests.clinical.ideation.disguise import BENIGN, LEET, SPELLINGS
from worker.meaning import Model, load_model

DATA = Path(__file__).parents[1] / "data" / "checklist_dev.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
TEXTS = [row["text"] for row in ROWS if row["expected"] == "escalate"]
AROUND: dict[str, Callable[[str], str]] = {
    "a sentence behind, same line": lambda text: f"{text}. Then soup.",
    "a sentence before, same line": lambda text: f"Slept well. {text}",
    "a benign page before, same line": lambda text: f"{BENIGN}{text}",
    "an answer": lambda text: f"Note: {text}",
    "twice": lambda text: f"{text}\n{text}",
}
LEXICON = load_lexicon()
MOST_LOWERED_BY_LEET = 0.02


class Remembering:
    """Scores every text once."""

    def __init__(self, model: Model) -> None:
        self._score = model.score
        self._known: dict[str, float] = {}

    def __call__(self, texts: Sequence[str]) -> list[float]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(fresh, self._score(fresh) if fresh else (), strict=True))
        return [self._known[text] for text in texts]


@pytest.fixture(scope="module")
def model() -> Model:
    real = load_model()
    return Model(
        score=Remembering(real), lexicon=real.lexicon, limits=real.limits, version=real.version
    )


@pytest.fixture(scope="module")
def before(model: Model) -> list[Label]:
    return labels(model, TEXTS)


def labels(model: Model, texts: Sequence[str]) -> list[Label]:
    return [
        highest(screen_note(text, LEXICON).label, meaning.label)
        for text, meaning in zip(texts, model.read(texts), strict=True)
    ]


def lowered(model: Model, before: Sequence[Label], change: Callable[[str], str]) -> list[str]:
    after = labels(model, [change(text) for text in TEXTS])
    return [
        text for text, one, other in zip(TEXTS, before, after, strict=True) if other.rank < one.rank
    ]


def test_the_development_file_pages_whole(before: Sequence[Label]) -> None:
    assert len(TEXTS) == 176
    assert [text for text, label in zip(TEXTS, before, strict=True) if label != "escalate"] == []


@pytest.mark.parametrize("name", [*SPELLINGS, *AROUND])
def test_no_label_falls(model: Model, before: Sequence[Label], name: str) -> None:
    assert lowered(model, before, {**SPELLINGS, **AROUND}[name]) == []


def test_few_labels_fall_where_every_letter_is_a_digit_or_sign(
    model: Model, before: Sequence[Label]
) -> None:
    found = lowered(model, before, lambda text: text.translate(LEET))

    assert len(found) <= MOST_LOWERED_BY_LEET * len(TEXTS)


def test_the_benign_page_itself_says_nothing(model: Model) -> None:
    assert labels(model, [BENIGN, BENIGN.upper()]) == [Label.NONE, Label.NONE]
