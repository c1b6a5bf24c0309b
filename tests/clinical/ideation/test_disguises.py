"""However a statement is spelt, hidden or surrounded, its label does not fall."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clinical.ideation import Label, load_lexicon, screen
from tests.clinical.ideation.disguise import BENIGN, EXPLICIT, SPELLINGS

LEXICON = load_lexicon()
FILE = Path(__file__).parents[2] / "data" / "checklist_dev.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
PLAIN = [row["text"] for row in ROWS if row["category"] != "obfuscation"]
PAGING = [text for text in PLAIN if screen(text, LEXICON).label is Label.ESCALATE]
STATEMENTS = [
    "I want to die.",
    "I am going to kill myself tonight.",
    "I feel suicidal again.",
    "thinking about suicide",
    "I do not want to live anymore",
]


@pytest.mark.parametrize("disguise", SPELLINGS.values(), ids=list(SPELLINGS))
def test_every_statement_survives(disguise: Callable[[str], str]) -> None:
    fallen = [t for t in PAGING if screen(disguise(t), LEXICON).label is not Label.ESCALATE]

    assert fallen == []


@pytest.mark.parametrize("disguise", EXPLICIT.values(), ids=list(EXPLICIT))
@pytest.mark.parametrize("text", STATEMENTS)
def test_explicit_statements_survive_worse(text: str, disguise: Callable[[str], str]) -> None:
    read = screen(disguise(text), LEXICON)

    assert read.label is Label.ESCALATE
    assert read.rule_ids != ("ideation.screening_unavailable",)


@pytest.mark.parametrize(
    "text",
    [
        "I want to k1ll my5elf",
        "su1c1dal again",
        "5uic!dal 7houghts",
        "suic*de",
        "s*icidal and tired",
        "I want to diiiiie",
        "suiiiiicide",
        "feeling suicdal",
        "sucidial thoughts",
        "suicidle",
        "overdoes? no: I took an overdse",
        "\uff53\uff55\uff49\uff43\uff49\uff44\uff45",
        "\U0001d42c\U0001d42e\U0001d422\U0001d41c\U0001d422\U0001d41d\U0001d41e",
        "\ua731\u1d1c\u026a\u1d04\u026a\u1d05\u1d07",
        "s.u.i.c.i.d.e",
        "s u i c i d e",
        "s-u-i-c-i-d-e",
        "Ⓢⓤⓘⓒⓘⓓⓔ",
        "I want to d\u200bi\u200be",
        "kms tonight, I wanna kms",
        "🔫 me",
        "The doctor ask if I wwwwant to kill me, I say no, I want only to sleep",
        "tylko su1c1d... w głowie",
        "I want to d1e. The other want is soup at 50mg",
        "sui-\n\u200bcidal again",
        "5uic1-\r\n dal again",
        "t0 be plain: I was t0ld th3 p0int 0f kill1ng my5elf is rest",
    ],
)
def test_known_evasions_page(text: str) -> None:
    assert screen(text, LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize(
    "text",
    [
        BENIGN,
        "I l o v e this playlist",
        "soooo tired, noooo energy",
        "**Pain** 3/10, #tired",
        "5 * 3 = 15, 1 0 1 steps",
        "a b c d e f g",
        "The bill is overdue and the steak was overdone.",
        "Good-\nbye kiss at the door of the nursery",
        "mood: 5! sleep: 6! pain: 4!",
        "50mg at 10am, 2nd drip, 3x nausea, bp 120/80, 1st walk, room 3b",
        "gaaaanz müüüde, aber gut",
    ],
)
def test_the_same_tricks_in_harmless_texts_are_harmless(text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE
