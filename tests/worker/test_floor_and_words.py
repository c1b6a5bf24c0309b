"""The floor under every query's time, and the words of a page letter by letter."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.channels.words import WORDS, Language, PageKind, Words, is_fixed, words_for
from worker.switchboard import SLACK, Floor

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
URGENT, ROUTINE = PageKind.URGENT, PageKind.ROUTINE
TEST, NEWS = PageKind.TEST, PageKind.NEW_INFORMATION
LONGEST_TITLE, LONGEST_BODY = 30, 90


@pytest.mark.parametrize(
    ("language", "kind", "title", "body"),
    [
        ("en", URGENT, "Care team alert", "An urgent item needs your attention. Open the app."),
        ("en", ROUTINE, "Care team update", "An item is waiting for your review. Open the app."),
        ("en", TEST, "Care team test", "This is a test page. Open the app to confirm it."),
        ("en", NEWS, "Care team alert", "An open item has new information. Open the app."),
        (
            "es",
            URGENT,
            "Aviso al equipo",
            "Un asunto urgente requiere su atención. Abra la aplicación.",
        ),
        (
            "es",
            ROUTINE,
            "Novedad para el equipo",
            "Un asunto espera su revisión. Abra la aplicación.",
        ),
        (
            "es",
            TEST,
            "Prueba para el equipo",
            "Este es un aviso de prueba. Abra la aplicación para confirmarlo.",
        ),
        (
            "es",
            NEWS,
            "Aviso al equipo",
            "Un asunto abierto tiene información nueva. Abra la aplicación.",
        ),
    ],
)
def test_a_page_reads_as_it_was_agreed(
    language: str, kind: PageKind, title: str, body: str
) -> None:
    assert words_for(kind, Language(language)) == Words(title, body)


@pytest.mark.parametrize("language", Language)
def test_words_fit_on_a_lock_screen(language: Language) -> None:
    for words in WORDS[language].values():
        assert len(words.title) <= LONGEST_TITLE
        assert len(words.body) <= LONGEST_BODY


@pytest.mark.parametrize("kind", PageKind)
def test_a_title_of_one_language_with_the_body_of_the_other_is_not_fixed(kind: PageKind) -> None:
    english, spanish = words_for(kind, Language.EN), words_for(kind, Language.ES)

    assert not is_fixed(english.title, spanish.body)
    assert not is_fixed(spanish.title, english.body)


@pytest.mark.parametrize("kind", PageKind)
def test_words_in_another_case_or_with_a_blank_are_not_fixed(kind: PageKind) -> None:
    words = words_for(kind, Language.ES)

    assert not is_fixed(words.title.upper(), words.body)
    assert not is_fixed(words.title, f"{words.body} ")


@pytest.mark.parametrize(
    ("fall", "noted"),
    [(SLACK - MICRO, False), (SLACK, False), (SLACK + MICRO, True)],
    ids=["less", "just", "more"],
)
def test_a_fall_is_noted_just_beyond_the_slack(fall: timedelta, *, noted: bool) -> None:
    floor = Floor(lambda: 0.0)
    floor.learn(NOON)
    floor.learn(NOON - fall)

    assert floor.fell_back is noted
    assert floor.at() == (NOON if noted else NOON - fall) - SLACK


def test_a_clock_that_stands_still_is_a_clock_that_falls() -> None:
    ticks = iter([0.0, 6.0, 6.0])
    floor = Floor(lambda: next(ticks))
    floor.learn(NOON)
    floor.learn(NOON)

    assert floor.fell_back
    assert floor.at() == NOON + timedelta(seconds=6) - SLACK


@given(st.lists(st.integers(-3600, 3600), max_size=12))
def test_the_floor_never_falls_by_more_than_the_slack_at_a_time(steps: list[int]) -> None:
    floor, told = Floor(lambda: 0.0), NOON
    floor.learn(told)
    for step in steps:
        before = floor.at()
        told += timedelta(seconds=step)
        floor.learn(told)

        assert floor.at() >= before - SLACK
        assert floor.fell_back or floor.at() == told - SLACK
