"""What of a note is read for its meaning, and what the scores come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import (
    LONGEST_WHOLE,
    Meaning,
    Thresholds,
    meaning_of,
    sentences,
    units,
)

LIMITS = Thresholds(page=2.0, read=1.0)


def pieces(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in units(text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("One sentence", ["One sentence"]),
        ("Slept. Ate.", ["Slept.", "Ate."]),
        ("Slept!? Ate", ["Slept!?", "Ate"]),
        ("pain 3.5 today", ["pain 3.5 today"]),
        ("first line\nsecond", ["first line", "second"]),
        ("e.g. this", ["e.g.", "this"]),
        ("   ", []),
        ("", []),
    ],
)
def test_a_note_is_cut_where_sentences_and_lines_end(text: str, said: list[str]) -> None:
    cut = [text[start:end].strip() for start, end in sentences(text)]
    assert [each for each in cut if each.strip(".!?;")] == said


def test_a_sentence_is_read_alone_with_the_next_and_within_a_short_note() -> None:
    assert pieces("Slept. Ate. Done.") == [
        "Slept.",
        "Ate.",
        "Done.",
        "Slept. Ate.",
        "Ate. Done.",
        "Slept. Ate. Done.",
    ]


def test_a_long_note_is_not_read_as_a_whole() -> None:
    long = "Slept well. " * (LONGEST_WHOLE // 12 + 1)
    assert long.strip() not in pieces(long)
    assert "one" in pieces("one")


@given(st.text(max_size=400))
def test_nothing_that_was_written_stays_unread(text: str) -> None:
    covered = {at for start, end in units(text) for at in range(start, end)}

    assert all(at in covered for at, sign in enumerate(text) if not sign.isspace())
    assert all(0 <= start < end <= len(text) for start, end in units(text))


@pytest.mark.parametrize(
    ("scores", "label", "reason", "spans"),
    [
        ((2.0, 0.0), Label.ESCALATE, Reason.MODEL_HIGH, 1),
        ((1.99, 0.0), Label.REVIEW, Reason.MODEL_LOW, 1),
        ((1.2, 1.0), Label.REVIEW, Reason.MODEL_LOW, 2),
        ((0.99, -9.0), Label.NONE, Reason.NONE, 0),
    ],
    ids=["at the page line", "below it", "both", "below both"],
)
def test_the_highest_score_stands(
    scores: tuple[float, float], label: Label, reason: Reason, spans: int
) -> None:
    text = "one\ntwo"
    scored = [*zip(units(text), (*scores, -9.0), strict=True)]

    meant = meaning_of(text, scored, LIMITS)

    assert (meant.label, meant.reason, len(meant.spans)) == (label, reason, spans)


def test_what_was_too_long_to_be_read_is_for_a_human() -> None:
    scored = [(units("one\ntwo")[0], -9.0)]
    assert meaning_of("one\ntwo", scored, LIMITS).reason is Reason.MODEL_MISSING
    assert meaning_of("", [], LIMITS) == Meaning(label=Label.NONE, reason=Reason.NONE)
