"""Who helps in a crisis: rows that are complete, words that are right, links that work offline."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec import UNSET

from api import crisis
from api.crisis import (
    ANYWHERE,
    CARE,
    GOOD_FOR,
    LINES,
    NEARBY,
    CrisisLine,
    crisis_block,
    lines_for,
    stale_lines,
)

ROWS = [line for lines in LINES.values() for line in lines]
FILES = sorted(Path(crisis.__file__).parent.glob("*.json"))
OF = re.compile(r"[0-9]{2,13}")


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_rows_of_one_country(file: Path) -> None:
    rows = json.loads(file.read_text())

    assert {row["country"] for row in rows} == {file.stem.upper()}
    assert len(LINES[file.stem.upper()]) == len(rows)


@pytest.mark.parametrize("line", ROWS, ids=lambda line: f"{line.country} {line.name}")
def test_a_row_can_be_reached_and_says_who_checked_it_where(line: CrisisLine) -> None:
    assert any(way is not UNSET for way in (line.tel, line.sms, line.chat_url))
    assert line.hours
    assert line.languages
    assert line.source_url.startswith("https://")
    assert line.verified_by
    assert date(2026, 1, 1) <= line.verified_on


@pytest.mark.parametrize("line", ROWS, ids=lambda line: f"{line.country} {line.name}")
def test_a_number_can_be_dialled_as_it_stands(line: CrisisLine) -> None:
    numbers = [number for number in (line.tel, line.sms) if isinstance(number, str)]

    assert all(OF.fullmatch(number) for number in numbers)


@pytest.mark.parametrize("country", [c for c in LINES if c != ANYWHERE])
def test_a_country_has_a_line_that_always_answers_and_an_emergency_number(country: str) -> None:
    lines = LINES[country]

    assert len(lines) >= 2
    assert lines[0].hours == "24/7"
    assert isinstance(lines[0].tel, str)
    assert isinstance(lines[-1].tel, str)


@pytest.mark.parametrize(
    ("country", "number"),
    [("US", "988"), ("us", "988"), ("GB", "116123"), ("DE", "08001110111"), ("ES", "024")],
)
def test_the_first_line_of_a_country_is_its_crisis_line(country: str, number: str) -> None:
    assert lines_for(country)[0].tel == number


@pytest.mark.parametrize("country", ["XX", "", "Atlantis"])
def test_where_no_line_is_known_there_is_a_directory(country: str) -> None:
    assert [line.country for line in lines_for(country)] == [ANYWHERE]


def test_a_block_says_care_first_then_links_then_who_is_near() -> None:
    block = crisis_block("en", "US")

    assert block.care == CARE["en"]
    assert [link.href for link in block.links] == [
        "tel:988",
        "sms:988",
        "https://988lifeline.org/chat/",
        "tel:911",
    ]
    assert "near you" in block.nearby


def test_lines_in_the_patients_language_come_first_and_none_is_left_out() -> None:
    french, dutch = crisis_block("fr-BE", "BE"), crisis_block("nl", "BE")

    assert french.links[0].href == "tel:080032123"
    assert dutch.links[0].href == "tel:1813"
    assert {link.href for link in french.links} == {link.href for link in dutch.links}


@pytest.mark.parametrize(("language", "known"), [("es-MX", "es"), ("ES", "es"), ("sw", "en")])
def test_words_come_in_the_patients_language_or_in_english(language: str, known: str) -> None:
    block = crisis_block(language, "US")

    assert (block.care, block.nearby) == (CARE[known], NEARBY[known])


def test_the_same_patient_gets_the_same_block() -> None:
    assert crisis_block("en", "CA") == crisis_block("en", "CA")


@pytest.mark.parametrize("words", [*CARE.values(), *NEARBY.values()])
def test_words_neither_blame_nor_threaten_nor_promise(words: str) -> None:
    forbidden = r"commit|successful|failed|threat|flagged|minutes|suicid|cometer|logrado"

    assert not re.search(forbidden, words, re.IGNORECASE)


def test_rows_go_stale_after_half_a_year() -> None:
    checked = min(line.verified_on for line in ROWS)

    assert stale_lines(checked + GOOD_FOR) == []
    assert stale_lines(checked + GOOD_FOR + timedelta(days=1)) != []
