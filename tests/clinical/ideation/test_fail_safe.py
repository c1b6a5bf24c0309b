"""More text never means less: paragraphs, budgets, limits, and faults of the reading itself."""

import json
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from re import match
from string import ascii_lowercase
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.ideation import Label, Reason, load_lexicon, screen, screen_entry
from clinical.ideation.answers import STAFF_EFFECTS, screen_answers, screen_note
from clinical.ideation.label import highest
from clinical.ideation.screen import (
    LONGEST_TEXT,
    MOST_READ,
    STEPS_AT_ONCE,
    STEPS_PER_CODE_POINT,
)
from clinical.instruments import registry
from tests.clinical.ideation.disguise import BENIGN

LEXICON = load_lexicon()
MARKS = registry().suicidality
DATA = Path(__file__).parents[2] / "data" / "checklist_dev.jsonl"
ROWS = [cast("dict[str, str]", json.loads(line)) for line in DATA.read_text("utf-8").splitlines()]
SAMPLE = ROWS[::9]
PARAGRAPHS = {
    Label.ESCALATE: ["I want to die.", "Quiero morirme", "k i l l m y s e l f", "想死"],
    Label.REVIEW: ["I am not suicidal.", "My brother killed himself.", "Keine Suizidgedanken."],
    Label.NONE: ["Slept well.", "Me muero de hambre.", "This headache is killing me.", ""],
}
LABELLED = [(text, label) for label, texts in PARAGRAPHS.items() for text in texts]


@pytest.mark.parametrize(("text", "label"), LABELLED)
def test_each_paragraph_alone(text: str, label: Label) -> None:
    assert screen(text, LEXICON).label is label


@pytest.mark.parametrize("parting", ["\n", "\n\n", "\r\n\r\n", "\u2029", "\n \n"])
@pytest.mark.parametrize(("one", "two"), list(product(LABELLED, LABELLED)))
def test_two_paragraphs_are_at_least_as_high_as_the_higher(
    one: tuple[str, Label], two: tuple[str, Label], parting: str
) -> None:
    read = screen(f"{one[0]}{parting}{two[0]}", LEXICON)

    assert read.label.rank >= highest(one[1], two[1]).rank


@pytest.mark.parametrize("order", list(permutations(Label)))
def test_three_paragraphs_page_in_any_order(order: tuple[Label, ...]) -> None:
    text = "\n".join(PARAGRAPHS[label][0] for label in order)

    assert screen(text, LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize("row", SAMPLE, ids=lambda row: row["id"])
def test_a_row_beside_any_other_row_keeps_its_label(row: dict[str, str]) -> None:
    alone = screen(row["text"], LEXICON).label
    for other in SAMPLE:
        read = screen(f"{row['text']}\n\n{other['text']}", LEXICON).label

        assert read.rank >= max(alone.rank, screen(other["text"], LEXICON).label.rank)


@settings(max_examples=60)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_before_or_behind_on_its_own_lines_keeps_a_page(one: str, two: str) -> None:
    visible = [each.replace("\u202e", "").replace("\u2067", "") for each in (one, two)]

    assert screen(f"{visible[0]}\nI want to die.\n{visible[1]}", LEXICON).label is Label.ESCALATE


PIECES = {
    "diary": "slept well and walked the dog. ",
    "statement": "I want to die. ",
    "denial": "I am not suicidal. ",
    "triggers": "die kill suicide ",
    "letters": "k i l l m y s e l f ",
    "masks": "s*icide k*ll d*e ",
    "leet": "5u1c1d3 k1ll ",
    "near words": "suizcade ovordoze ",
    "wants": "i want to want to want to ",
    "marks": "e\u0301\u0323\u0308\u0302",
    "mirrors": "\u202eabc def",
    "tags": "a\U000e0061",
    "hyphens": "sui-\ncidal ",
    "stops": ". ? ! ; : ",
    "lines": "a\n",
    "stretched": "diiiiie ",
    "asterisks": "**** ",
    "signs": "$ 1 ! @ 0 ",
    "one word": "abcdefghij",
    "emoji": "🔫 🙂 ",
    "other script": "слово ",
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=list(PIECES))
def test_ten_times_the_text_takes_at_most_twelve_times_the_steps(piece: str) -> None:
    short = screen((piece * 2_000)[:2_000], LEXICON)
    long = screen((piece * 20_000)[:20_000], LEXICON)

    assert long.steps < 12 * max(short.steps, 1)


@pytest.mark.parametrize("piece", PIECES.values(), ids=list(PIECES))
def test_no_reading_goes_far_over_its_budget(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    read = screen(text, LEXICON)
    budget = STEPS_AT_ONCE + STEPS_PER_CODE_POINT * len(text)

    assert read.steps <= budget + len(text)
    assert read.steps <= budget or read.reason is Reason.SCREENING_UNAVAILABLE


def test_a_text_that_takes_too_many_steps_goes_to_a_human() -> None:
    unclear = [f"suxcy{a}{b}l" for a in ascii_lowercase for b in ascii_lowercase]
    read = screen(" ".join(unclear + [f"{each}s" for each in unclear])[:9_900], LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)
    assert (read.spans, read.rule_ids) == ((), ("ideation.screening_unavailable",))


@pytest.mark.parametrize(("more", "label"), [(0, Label.NONE), (1, Label.ESCALATE)])
def test_ten_thousand_code_points_are_read_and_one_more_is_shown(more: int, label: Label) -> None:
    text = (BENIGN * 10)[: LONGEST_TEXT - 1] + "." + "." * more

    assert screen(text, LEXICON).label is label


@pytest.mark.parametrize("at", [0, 5_000, 9_900, 15_000, 40_000, MOST_READ - 200])
def test_a_statement_anywhere_in_an_overlong_text_is_found(at: int) -> None:
    filler = "slept well and walked the dog. " * 2_300
    text = f"{filler[:at]}\nI want to die.\n{filler[at:]}"[: MOST_READ + 500]
    read = screen(text, LEXICON)

    assert "en.intent.want_to_die" in read.rule_ids
    assert read.label is Label.ESCALATE


def test_a_fault_in_the_reading_pages_and_never_raises() -> None:
    broken = replace(LEXICON, readable=cast("Any", None))
    read = screen_note("I 5lept well, all in all", broken)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)
    assert match(r"(Attribute|Type)Error \w+:\d+$", read.fault)
    assert "lept" not in str(read)


@pytest.mark.parametrize("note", [None, ""])
def test_no_note_is_no_finding(note: str | None) -> None:
    read = screen_note(note, LEXICON)

    assert (read.label, read.reason, read.steps) == (Label.NONE, Reason.NONE, 0)


ITEM_LABELS = [
    ("si_daily", 0, Label.NONE),
    ("si_daily", "0", Label.NONE),
    ("si_daily", None, Label.NONE),
    ("si_daily", "prefer_not", Label.REVIEW),
    *[("si_daily", value, Label.ESCALATE) for value in (1, 2, 3)],
    *[("si_daily", value, Label.ESCALATE) for value in ("1", 4, -1, "no", "", True, False)],
    *[("si_daily", value, Label.ESCALATE) for value in (0.0, [0], {"a": 0}, b"0")],
    ("phq9_9", 0, Label.NONE),
    *[("phq9_9", value, Label.ESCALATE) for value in (1, 2, 3, "3", "yes", 0.5)],
    ("phq9_1", 3, Label.NONE),
    ("low_mood", 10, Label.NONE),
]


@pytest.mark.parametrize(("item", "value", "label"), ITEM_LABELS)
def test_what_each_answer_comes_to(item: str, value: object, label: Label) -> None:
    read = screen_answers(MARKS, {item: value})

    assert read.label is label
    assert read.rule_ids == (() if label is Label.NONE else (f"ideation.item.{item}",))


@pytest.mark.parametrize(("item", "value", "label"), ITEM_LABELS)
@pytest.mark.parametrize(("text", "from_text"), LABELLED)
def test_neither_an_answer_nor_a_note_lowers_the_other(
    item: str, value: object, label: Label, text: str, from_text: Label
) -> None:
    read = screen_entry(MARKS, {item: value}, text, LEXICON)

    assert read.label is highest(label, from_text)
    assert read.spans == screen_note(text, LEXICON).spans


@pytest.mark.parametrize("effect", sorted(registry().effects.staff_ids))
def test_two_side_effects_are_themselves_a_report(effect: str) -> None:
    read = screen_entry(MARKS, {"si_daily": 0}, "Slept well.", LEXICON, side_effects=[effect])
    reports = effect in {"suicidal_ideation", "suicide_attempt"}

    assert (read.label is Label.ESCALATE) is reports is (effect in STAFF_EFFECTS)
    assert (read.reason is Reason.ITEM) is reports
