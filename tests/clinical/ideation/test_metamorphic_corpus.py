"""Every authored text that stage 1 pages, in every disguise: of thousands hardly a label falls."""

from collections.abc import Callable

import pytest

from bench.ideation.corpus import CORPUS, UNSEEN, load_folder
from clinical.ideation import Label, load_lexicon, screen
from tests.clinical.ideation.disguise import SPELLINGS

LEXICON = load_lexicon()

MOST_FALLEN = 1 / 1000
"""Known: four lines without a stop page as a whole, and not once a fifth stands behind them."""

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def paging() -> list[str]:
    rows = [*load_folder(CORPUS), *load_folder(UNSEEN)]
    texts = [row.text for row in rows if row.label == "escalate"]
    return [text for text in texts if screen(text, LEXICON).label is Label.ESCALATE]


def test_there_are_thousands_of_them(paging: list[str]) -> None:
    assert len(paging) >= 6_000


@pytest.mark.parametrize("disguise", SPELLINGS.values(), ids=list(SPELLINGS))
def test_hardly_a_label_falls(paging: list[str], disguise: Callable[[str], str]) -> None:
    fallen = [
        text for text in paging if screen(disguise(text), LEXICON).label is not Label.ESCALATE
    ]

    assert len(fallen) <= MOST_FALLEN * len(paging)
