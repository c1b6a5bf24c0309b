"""Stage 2 with its model: the real one, and one whose vectors are made up."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from clinical.ideation import Label, Lexicon, Reason, load_lexicon, screen
from clinical.ideation.meaning import Thresholds
from tests.clinical.ideation.test_wording import weighing
from worker import meaning
from worker.encoder import WeightsInvalid
from worker.meaning import MOST_UNITS, LoadedLater, Model, load_model, load_reader
from worker.second_reading import NobodyReads

MARCH = "They can give my slot in March to somebody else."


class Encoder:
    """Gives the word `dark` a score that pages, `grey` one that is for review."""

    def __init__(self) -> None:
        self.calls: list[Sequence[str]] = []

    def __call__(self, texts: Sequence[str]) -> list[float]:
        self.calls.append(texts)
        return [4.0 if "dark" in text else 2.5 if "grey" in text else 0.0 for text in texts]


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def model(encoder: Encoder) -> Model:
    """Read with a wording that takes one from everything, and half of it back for `pale`."""
    lexicon = replace(load_lexicon(), wording=weighing(pale=1.0))
    limits = Thresholds(page=2.0, read=1.0)
    return Model(score=encoder, lexicon=lexicon, limits=limits, version="made up")


def labels(model: Model, notes: Sequence[str]) -> list[Label]:
    return [each.label for each in model.read(notes)]


def test_each_note_has_its_own_label(model: Model, encoder: Encoder) -> None:
    notes = ["All fine.", "A walk. Then dark thoughts.", "", "grey", "fine again"]

    assert labels(model, notes) == ["none", "escalate", "none", "review", "none"]
    assert len(encoder.calls) == 1


def test_a_span_is_where_it_was_said(model: Model) -> None:
    note = (
        "A walk with the dog today. dark. And so to bed after a long, long day of nothing at all."
    )

    [read] = model.read([note])

    assert "dark." in [note[start:end].strip() for start, end in read.spans]
    assert all("dark" in note[start:end] for start, end in read.spans)


def test_no_note_costs_no_encoding(model: Model, encoder: Encoder) -> None:
    assert labels(model, ["", "   "]) == ["none", "none"]
    assert encoder.calls == []


def test_a_note_without_end_is_read_to_a_point_and_then_by_a_human(
    model: Model, encoder: Encoder
) -> None:
    [read] = model.read(["".join(f"Line {n} of it.\n" for n in range(MOST_UNITS))])

    assert (read.label, read.reason) == (Label.REVIEW, Reason.MODEL_MISSING)
    assert len(encoder.calls[0]) == MOST_UNITS


def test_a_model_that_cannot_be_loaded_is_an_alarm_and_nobody_reads(
    monkeypatch: pytest.MonkeyPatch, worker_log: Any
) -> None:
    def damaged() -> Model:
        raise WeightsInvalid

    monkeypatch.setattr(meaning, "load_model", damaged)

    assert isinstance(load_reader(), NobodyReads)
    assert "screening.model_missing" in worker_log.getvalue().decode()


def test_the_model_is_loaded_with_the_first_note_and_once(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def load() -> Model:
        loads.append("load")
        return model

    monkeypatch.setattr(meaning, "load_model", load)
    later = LoadedLater()
    assert loads == []

    assert [later.read(["dark"])[0].label, later.read(["fine"])[0].label] == ["escalate", "none"]
    assert later.version == "made up"
    assert loads == ["load"]


@pytest.fixture(scope="module")
def real() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


def test_what_the_rules_miss_the_model_finds(real: Model, lexicon: Lexicon) -> None:
    assert screen(MARCH, lexicon).label is Label.NONE
    assert labels(real, [MARCH]) == ["escalate"]
    assert labels(real, ["I won't be needing the appointment in March"]) == ["escalate"]


@pytest.mark.parametrize(
    "note",
    [
        "Slept well, walked the dog, made soup.",
        "Nausea for an hour after the drip, then fine.",
        "Dormí bien y fui al mercado con mi hermana.",
        "Heute lange gearbeitet, danach mit Anna telefoniert.",
        "Bien dormi, j'ai fait les courses et un peu de ménage.",
        "Trabalhei de manhã e à tarde levei o cachorro ao parque.",
    ],
)
def test_an_everyday_note_pages_nobody(real: Model, note: str) -> None:
    assert labels(real, [note]) != ["escalate"]


def test_the_same_notes_have_the_same_labels_together_and_alone(real: Model) -> None:
    notes = [MARCH, "Slept well.", "What is the point of any of it."]

    assert labels(real, notes) == [labels(real, [note])[0] for note in notes]
