"""Structured answers and the whole entry: the highest label stands, a denial lowers nothing."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation import (
    Label,
    Lexicon,
    Reason,
    load_lexicon,
    screen_answers,
    screen_entry,
)
from clinical.instruments import registry

LEXICON = load_lexicon()
ALL = registry()
DAILY = ALL.forms["daily_depression@1"].suicidality
PHQ9 = ALL.forms["phq9@1"].suicidality
LABELS = {0: Label.NONE, 1: Label.ESCALATE, 2: Label.ESCALATE, 3: Label.ESCALATE}


@pytest.mark.parametrize(("answer", "label"), LABELS.items())
def test_the_daily_item_escalates_from_one_on(answer: int, label: Label) -> None:
    assert screen_answers(DAILY, {"si_daily": answer}).label is label


@pytest.mark.parametrize(("answer", "label"), LABELS.items())
def test_item_nine_escalates_above_zero(answer: int, label: Label) -> None:
    assert screen_answers(PHQ9, {"phq9_9": answer}).label is label


def test_rather_not_say_is_read_by_a_human() -> None:
    read = screen_answers(DAILY, {"si_daily": "prefer_not"})

    assert read.label is Label.REVIEW
    assert read.rule_ids == ("ideation.item.si_daily",)


@pytest.mark.parametrize("answers", [{}, {"si_daily": None}, {"low_mood": 10}, {"si_daily": "0"}])
def test_no_answer_is_no_alarm(answers: dict[str, object]) -> None:
    assert screen_answers(DAILY, answers).label is Label.NONE


@pytest.mark.parametrize("answer", ["1", "2", 4, -1, 99, True, 1.0, [1], {"a": 1}, "yes", ""])
def test_an_answer_that_cannot_be_read_is_no_denial(answer: object) -> None:
    assert screen_answers(ALL.suicidality, {"si_daily": answer}).label is Label.ESCALATE


def test_the_registry_knows_the_items_of_every_form() -> None:
    asq = {f"asq_{number}" for number in range(1, 6)}
    assert set(ALL.suicidality) == {"si_daily", "phq9_9"} | asq


@pytest.mark.parametrize("effect", ["suicidal_ideation", "suicide_attempt"])
def test_what_staff_enter_escalates(effect: str) -> None:
    read = screen_answers(DAILY, {}, [effect, "nausea"])

    assert read.label is Label.ESCALATE
    assert read.rule_ids == (f"ideation.item.{effect}",)


def test_a_no_on_the_item_does_not_cancel_the_words() -> None:
    read = screen_entry(DAILY, {"si_daily": 0}, "I want to die.", LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.RULE)


def test_a_denial_in_words_does_not_cancel_the_item() -> None:
    read = screen_entry(DAILY, {"si_daily": 2}, "I am not suicidal.", LEXICON)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.ITEM)
    assert set(read.rule_ids) == {"ideation.item.si_daily", "en.word.suicide"}
    assert [span.start for span in read.spans] == [9]


@pytest.mark.parametrize("note", [None, ""])
def test_an_entry_without_words_is_its_answers(note: str | None) -> None:
    read = screen_entry(DAILY, {"si_daily": 0, "low_mood": 4}, note, LEXICON)

    assert (read.label, read.reason, read.rule_ids) == (Label.NONE, Reason.NONE, ())
    assert read.lexicon_version == LEXICON.version


def test_a_screen_that_breaks_pages_a_human_and_keeps_the_item() -> None:
    broken = cast("Lexicon", BrokenLexicon())
    read = screen_entry(DAILY, {"si_daily": 0}, "I slept well.", broken)

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)
    assert read.rule_ids == ("ideation.screening_unavailable",)


class BrokenLexicon:
    version = "broken"


@given(
    st.sampled_from([0, 1, 2, 3, "prefer_not", None]),
    st.sampled_from(["", "Slept well.", "I am not suicidal.", "I want to die."]),
)
def test_the_entry_is_never_below_either_part(answer: object, note: str) -> None:
    whole = screen_entry(DAILY, {"si_daily": answer}, note, LEXICON)
    said = screen_answers(DAILY, {"si_daily": answer})
    read = screen_entry(DAILY, {}, note, LEXICON)

    assert whole.label.rank == max(said.label.rank, read.label.rank)
