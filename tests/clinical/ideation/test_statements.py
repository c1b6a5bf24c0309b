"""Statements beside the development file: what pages, what waits for a reader, what is quiet."""

import pytest

from clinical.ideation import Label, load_lexicon, screen
from tests.clinical.ideation import statements_en as en
from tests.clinical.ideation import statements_other as other

LEXICON = load_lexicon()


def rows(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(lang, text) for lang, block in table.items() for text in block.strip().splitlines()]


@pytest.mark.parametrize("text", en.PAGING)
def test_a_statement_in_english_pages(text: str) -> None:
    assert screen(text, LEXICON).label is Label.ESCALATE


@pytest.mark.parametrize("text", en.READ_LATER)
def test_a_denial_or_report_in_english_waits_for_a_reader(text: str) -> None:
    assert screen(text, LEXICON).label is Label.REVIEW


@pytest.mark.parametrize("text", en.QUIET)
def test_an_ordinary_note_in_english_is_quiet(text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE


@pytest.mark.parametrize(("lang", "text"), rows(other.PAGING))
def test_a_statement_in_another_language_pages(lang: str, text: str) -> None:
    read = screen(text, LEXICON)

    assert read.label is Label.ESCALATE
    assert lang in {span.lang for span in read.spans}


@pytest.mark.parametrize(("lang", "text"), rows(other.READ_LATER))
def test_a_denial_or_report_in_another_language_waits(lang: str, text: str) -> None:
    read = screen(text, LEXICON)

    assert read.label is Label.REVIEW
    assert lang in {span.lang for span in read.spans}


@pytest.mark.parametrize(("lang", "text"), rows(other.QUIET))
def test_an_ordinary_note_in_another_language_is_quiet(lang: str, text: str) -> None:
    assert screen(text, LEXICON).label is Label.NONE, lang
