"""Spans lead back to the words as they were written, whatever was done to them."""

import json
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.ideation import Label, Screening, load_lexicon, screen
from clinical.ideation.fold import LEET, MASKED, NORMALISER_VERSION, PLAIN, Folding, reach
from clinical.ideation.tokens import place_of
from tests.clinical.ideation.disguise import BENIGN, SPELLINGS, TAGS

LEXICON = load_lexicon()
DATA = Path(__file__).parents[2] / "data" / "checklist_dev.jsonl"
ROWS = [cast("dict[str, str]", json.loads(line)) for line in DATA.read_text("utf-8").splitlines()]
TABLES = {"plain": PLAIN, "leet": LEET, "masked": MASKED}
SAID = "I want to die"
WORDS = "want to die"
"""What the pattern covers of it."""
RULE = "en.intent.want_to_die"
Change = Callable[[str], str]


def cut_out(text: str, read: Screening, rule: str) -> set[str]:
    return {text[span.start : span.end] for span in read.spans if span.rule_id == rule}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("I want to die", "want to die"),
        ("Today I want to die.", "want to die"),
        ("I WANT TO DIE!!!", "WANT TO DIE"),
        ("I  want \t to\u00a0die", "want \t to\u00a0die"),
        ("🙂🙂 I want to die 🙂", "want to die"),
        ("I\u200b want\u00ad to d\u200bie", "want\u00ad to d\u200bie"),
        (
            "\uff29 \uff57\uff41\uff4e\uff54 \uff54\uff4f \uff44\uff49\uff45",
            "\uff57\uff41\uff4e\uff54 \uff54\uff4f \uff44\uff49\uff45",
        ),
        ("I wa\u0301nt to di\u0308e", "wa\u0301nt to di\u0308e"),
        ("I w\u0430nt to di\u0435", "w\u0430nt to di\u0435"),
        ("I want to d1e", "want to d1e"),
        ("I want to d i e", "want to d i e"),
        ("I want to d.i.e. now", "want to d.i.e"),
        ("I want to diiiie", "want to diiiie"),
        ("(I want to die)", "want to die"),
        ("\ufeffI want to die", "want to die"),
        ("\ufb01ne? \ufb03 I want to die", "want to die"),
    ],
)
def test_the_span_is_the_words_as_written(written: str, words: str) -> None:
    read = screen(written, LEXICON)

    assert cut_out(written, read, RULE) == {words}


@pytest.mark.parametrize("before", ["", "x", "🙂", "e\u0301", "\u200b\u200b", "ß ﬁ ½ …", BENIGN])
@pytest.mark.parametrize("behind", ["", ".", " 🙂", "\n" + BENIGN])
def test_what_stands_around_does_not_move_the_span(before: str, behind: str) -> None:
    text = f"{before}\n{SAID}{behind}"
    read = screen(text, LEXICON)

    assert cut_out(text, read, RULE) == {WORDS}


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=list(SPELLINGS))
def test_a_changed_statement_is_pointed_at_from_its_first_to_its_last_letter(
    change: Change,
) -> None:
    text = f"Soup.\n{change(SAID)}\nGarden."
    read = screen(text, LEXICON)
    ends = {(span.start, span.end) for span in read.spans if span.rule_id == RULE}
    letters = [at for at, char in enumerate(text) if PLAIN[ord(char)].strip()]

    assert ends
    assert all(start in letters and end - 1 in letters for start, end in ends)


def test_letters_hidden_in_tags_are_pointed_at_where_they_hide() -> None:
    text = "Good day." + SAID.translate(TAGS)
    read = screen(text, LEXICON)

    assert [(span.start, span.end) for span in read.spans if span.rule_id == RULE] == [
        (len(text) - len(WORDS), len(text))
    ]


def test_mirrored_letters_are_pointed_at_where_they_stand() -> None:
    text = f"ok \u202e{SAID[::-1]}\u202c ok"
    read = screen(text, LEXICON)

    assert cut_out(text, read, RULE) == {WORDS[::-1]}


def test_a_word_cut_at_the_end_of_a_line_is_pointed_at_whole() -> None:
    text = "again sui-\ncidal today"
    read = screen(text, LEXICON)

    assert cut_out(text, read, "en.word.suicide") == {"sui-\ncidal"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_spans_of_every_row_lie_inside_it_and_rise(row: dict[str, str]) -> None:
    text = row["text"]
    read = screen(text, LEXICON)
    places = [(span.start, span.end, span.rule_id, span.lang) for span in read.spans]

    assert places == sorted(set(places))
    assert all(0 <= start < end <= len(text) for start, end, _, _ in places)
    assert all(text[start].strip() and text[end - 1].strip() for start, end, _, _ in places)
    assert {rule for _, _, rule, _ in places} == set(read.rule_ids) - {
        "ideation.screening_unavailable"
    }
    assert (read.label is Label.NONE) is (read.rule_ids == ())


@settings(max_examples=60)
@given(st.text(max_size=60), st.sampled_from(list(TABLES)))
def test_every_folded_letter_knows_where_it_came_from(text: str, name: str) -> None:
    table = TABLES[name]
    folded, far = text.translate(table), reach(text, table)

    came_from = [bisect_right(far, at) for at in range(len(folded))]

    assert len(far) == len(text)
    assert all(letter in table[ord(text[at])] for letter, at in zip(folded, came_from, strict=True))


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_words_stand_where_they_are_said_to_stand(text: str) -> None:
    folded = text.translate(PLAIN)

    places = [place_of(folded, at, at + 1) for at in range(len(folded.split()))]

    assert [folded[start:end] for start, end in places] == folded.split()


@settings(max_examples=60)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_statement_on_its_own_line_is_always_pointed_at(before: str, behind: str) -> None:
    plain = [each.replace("\u202e", "").replace("\u2067", "") for each in (before, behind)]
    text = f"{plain[0]}\n{SAID}\n{plain[1]}"
    read = screen(text, LEXICON)

    assert read.label is Label.ESCALATE
    assert any(text[span.start : span.end] == WORDS for span in read.spans)


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_folding_remembers_what_it_met_and_says_the_same(table: Folding) -> None:
    rare = "\U0001f9ff\u4e00\U00010400"

    assert rare.translate(table) == rare.translate(table)
    assert all(ord(char) in table for char in rare)


@pytest.mark.parametrize(
    ("sign", "letter"), [("1", "\x01"), ("3", "e"), ("0", "o"), ("@", "a"), ("$", "s"), ("5", "s")]
)
def test_a_full_width_sign_is_folded_like_the_plain_one(sign: str, letter: str) -> None:
    wide = chr(ord(sign) + 0xFEE0)

    assert sign.translate(LEET) == wide.translate(LEET) == letter


def test_the_normaliser_has_a_version() -> None:
    assert screen("ok", LEXICON).normaliser_version == NORMALISER_VERSION == "2"
