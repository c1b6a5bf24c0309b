"""For any text at all: an answer, the same one each time, in steps that grow with the length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation import Label, Reason, Screening, load_lexicon, screen, unavailable
from clinical.ideation.label import highest
from clinical.ideation.screen import LONGEST_TEXT

LEXICON = load_lexicon()
SAID = [
    "I want to die.",
    "I am not suicidal.",
    "My brother killed himself.",
    "su1cide",
    "k i l l m y s e l f",
    "\u202e.eid ot tnaw I\u202c",
    "Slept well, walked the dog with my sister.",
    "Quiero morirme.",
    "no SI today but still",
    "s*icide",
    "\u4eca\u5929\u5f88\u597d\u6211\u53bb\u6563\u6b65",
]
PARAGRAPHS = st.sampled_from(SAID) | st.text(max_size=60)
TEXTS = st.text(max_size=200) | st.lists(PARAGRAPHS, max_size=5).map("\n".join)
MARKED = st.lists(
    st.sampled_from("e\u0301\u0308\u0323\u202e\u202c\u2067\u0000\ud800 \n-.*!1k"), max_size=400
).map("".join)


@given(TEXTS | MARKED)
def test_every_text_gets_an_answer_and_the_same_one_twice(text: str) -> None:
    read = screen(text, LEXICON)

    assert read == screen(text, LEXICON)
    assert isinstance(read, Screening)


@given(TEXTS | MARKED)
def test_spans_lie_inside_the_text_and_are_sorted(text: str) -> None:
    read = screen(text, LEXICON)
    places = [(span.start, span.end, span.rule_id) for span in read.spans]

    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end, _ in places)
    assert {span.rule_id for span in read.spans} <= set(read.rule_ids)


@given(TEXTS)
def test_label_and_reason_agree(text: str) -> None:
    read = screen(text, LEXICON)

    assert (read.label is Label.NONE) is (read.reason is Reason.NONE)
    assert (read.rule_ids == ()) is (read.label is Label.NONE)


@given(PARAGRAPHS, PARAGRAPHS)
def test_another_paragraph_never_lowers_the_label(first: str, second: str) -> None:
    alone = highest(screen(first, LEXICON).label, screen(second, LEXICON).label)

    assert screen(f"{first}\n{second}", LEXICON).label.rank >= alone.rank


@pytest.mark.parametrize(
    "piece",
    [
        "slept well and walked the dog ",
        "I want to die. ",
        "die ",
        "not suicidal ",
        "k i l l ",
        "s*icide ",
        "5uic1de ",
        "suxcxdxl ",
        "e\u0301\u0301\u0301",
        "\u202eabc",
        "\n",
        "a",
        "?",
    ],
)
def test_steps_grow_with_the_length_and_no_faster(piece: str) -> None:
    short = screen((piece * 2_000)[:2_000], LEXICON)
    long = screen((piece * 20_000)[:20_000], LEXICON)

    assert long.steps < 12 * max(short.steps, 1)


def test_a_text_beyond_the_limit_is_read_and_shown_to_a_human() -> None:
    filler = "slept well and walked the dog. " * 400
    quiet, loud = filler[: LONGEST_TEXT + 1], f"{filler}\nI want to die."

    assert screen(filler[:LONGEST_TEXT], LEXICON).label is Label.NONE
    assert screen(quiet, LEXICON).reason is Reason.SCREENING_UNAVAILABLE
    assert screen(loud, LEXICON).reason is Reason.RULE
    assert screen(loud, LEXICON).spans[-1].end > len(filler)


def test_what_costs_too_many_steps_is_shown_to_a_human() -> None:
    hostile = "".join(f"suxcy{a}{b}l " for a in "abcdefghij" for b in "abcdefghij") * 11
    read = screen(hostile[:9_900], LEXICON)

    assert read.label is Label.ESCALATE


@pytest.mark.parametrize(
    "text",
    [
        "\u4eca\u5929\u5f88\u597d\u6211\u53bb\u6563\u6b65\u4e86",
        "\u044f \u0445\u043e\u0447\u0443 \u0443\u043c\u0435\u0440\u0435\u0442\u044c",
        "\u0391\u03bd\u03b7\u03c3\u03c5\u03c7\u03ce \u03c0\u03bf\u03bb\u03cd",
        "Bugun hava guzeldi sonra parka yuruyup eve dondum",
        "T\u00e4n\u00e4\u00e4n k\u00e4velin mets\u00e4ss\u00e4 koirani kanssa pitk\u00e4\u00e4n",
    ],
    ids=["Chinese", "Russian", "Greek", "Turkish", "Finnish"],
)
def test_a_language_nobody_here_reads_is_shown_to_a_human(text: str) -> None:
    read = screen(text, LEXICON)

    assert read.label is Label.ESCALATE
    assert read.reason is Reason.SCREENING_UNAVAILABLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "ok",
        "7/10",
        "Bien dormi, promen\u00e9 le chien.",
        "Dorm\u00ed bien y pase\u00e9 al perro.",
        "Gut geschlafen, mit dem Hund drau\u00dfen.",
        "Dormi bem e passeei com o cachorro.",
        "Oggi ho dormito bene e ho mangiato con la famiglia.",
        "Vandaag goed geslapen en met de hond naar het park.",
        "Dzisiaj dobrze spa\u0142em, potem spacer z psem i obiad w domu.",
        "\U0001f642\U0001f642\U0001f642\U0001f642\U0001f642\U0001f642",
    ],
)
def test_ordinary_notes_of_the_languages_read_here_are_quiet(text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE


def test_spans_point_at_the_words_as_they_were_written() -> None:
    text = "Caf\u00e9 \U0001f642 \u2014 I w\u200bant to d\u0131e, s u i c i d e."
    read = screen(text, LEXICON)
    words = {span.rule_id: text[span.start : span.end] for span in read.spans}

    assert words["en.intent.want_to_die"] == "w\u200bant to d\u0131e"
    assert words["en.word.suicide"] == "s u i c i d e"


def test_the_answer_for_an_unscreened_text_pages() -> None:
    read = unavailable("v")

    assert (read.label, read.reason) == (Label.ESCALATE, Reason.SCREENING_UNAVAILABLE)
    assert read.rule_ids == ("ideation.screening_unavailable",)


def test_versions_stand_in_every_answer() -> None:
    read = screen("Slept well.", LEXICON)

    assert read.lexicon_version == LEXICON.version
    assert read.normaliser_version
