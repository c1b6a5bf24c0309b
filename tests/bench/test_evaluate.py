"""The bench of the text screen: what it times, and that a run counts what was read."""

import pytest

from bench.ideation.corpus import UNSEEN, load_file
from bench.ideation.evaluate import Answer, share, stitched, times_of
from clinical.ideation import Label

ROWS = load_file(UNSEEN / "mixed.jsonl")


@pytest.mark.parametrize("length", [500, 10_000])
def test_notes_have_their_length_and_are_the_same_in_every_run(length: int) -> None:
    notes = stitched(ROWS, length, 5)

    assert [len(note) for note in notes] == [length] * 5
    assert notes == stitched(ROWS, length, 5)
    assert len(set(notes)) == 5


def test_notes_are_made_of_harmless_texts_only() -> None:
    harmful = [row.text for row in ROWS if row.label == "escalate" and len(row.text) > 40]
    [note] = stitched(ROWS, 50_000, 1)

    assert [text for text in harmful if text in note] == []


def test_every_note_is_timed() -> None:
    times = times_of(["Slept well.", "Walked the dog. " * 30])

    assert len(times) == 2
    assert all(time > 0 for time in times)


def test_a_share_counts_only_what_should_have_the_label() -> None:
    answers = [
        Answer(row, Label.NONE, Label.ESCALATE if row.label == "review" else Label.NONE)
        for row in ROWS
    ]
    review = sum(row.label == "review" for row in ROWS)

    found = share(answers, "review", lambda answer: answer.both is Label.ESCALATE)

    assert (found.hits, found.of) == (review, review)
    assert share(answers, "none", lambda a: a.both is Label.ESCALATE).hits == 0
