"""A text in one spelling and in pieces: whatever is around a sentence, it is read by itself too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation import load_lexicon
from clinical.ideation.pattern import BudgetExceededError, Meter
from clinical.ideation.pieces import LONGEST_PLAIN, WINDOW, Pieces, pieces_of
from tests.clinical.ideation.disguise import BENIGN, SPELLINGS

LEXICON = load_lexicon()
SAID = "they wont need my slot in march"
NOTE = "They won't need my slot in March"


def read(text: str) -> Pieces:
    return pieces_of(text, LEXICON, Meter(limit=1 << 40))


def units(text: str) -> list[str]:
    found = read(text)
    return [found.text_of(unit) for unit in found.units]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I won't be there.", "i wont be there"),
        ("I won\u2019t", "i wont"),
        ("¿Mañana? Ya NO", "manana ya no"),
        ("pain 3/10 at 10:30", "pain 3 10 at 10 30"),
        ("2pm, 50mg, 3rd drip", "2pm 50mg 3rd drip"),
        ("I w@nt to d1e", "i want to die"),
        ("k i l l myself", "kill myself"),
        ("su*cide", "suicide"),
        ("I want to diiiie", "i want to die"),
        ("\uff4b\uff01\uff4c\uff4c \uff4d\uff59\uff53\uff45\uff4c\uff46", "kill myself"),
        ("", ""),
        ("...", ""),
    ],
)
def test_words_are_small_plain_and_undisguised(text: str, words: str) -> None:
    assert " ".join(read(text).words) == words


@pytest.mark.parametrize(
    "text",
    [
        f"Note: {NOTE}",
        f'"{NOTE}"',
        f"({NOTE})",
        f"<p>{NOTE}</p>",
        f"> > {NOTE}",
        f"{NOTE} 🙂",
        f"Slept.{NOTE}.Ate",
        f"Slept. {NOTE}! Ate",
        f"Slept\n{NOTE}\nAte",
        NOTE.replace(" ", "\n"),
        NOTE.replace(" ", "\r\n"),
        NOTE.replace(" ", "_"),
        f"{BENIGN}\n{NOTE}\n{BENIGN}",
        f"{BENIGN}{NOTE}. {BENIGN}",
        NOTE.upper(),
    ],
)
def test_a_sentence_is_read_by_itself_whatever_is_around_it(text: str) -> None:
    assert SAID in units(text)


@pytest.mark.parametrize("name", list(SPELLINGS))
def test_a_disguise_leaves_the_words_as_they_were(name: str) -> None:
    assert SAID in units(SPELLINGS[name](NOTE))


def test_sentences_are_read_alone_and_with_the_two_behind() -> None:
    assert units("One. Two. Three. Four.") == [
        "one", "one two", "one two three", "two", "two three", "two three four", "three",
        "three four", "four",
    ]  # fmt: skip


def test_neither_a_number_nor_letters_apart_are_cut() -> None:
    assert units("pain 3.5 today") == ["pain 3 5 today"]
    assert units("k.i.l.l") == ["kill"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slept 5 h. k1lled it! 5/10", "slept 5 h killed it 5 10"),
        ("took 50mg, bed b4 9", "took 50mg bed b4 9"),
        ("the l0rry... the l0rry.", "the lorry the lorry"),
        ("a_long_day (n1ght)", "a long day night"),
        ("soooo tired. t i r e d", "so tired tired"),
        ("", ""),
        (" . ! ", ""),
    ],
)
def test_only_what_is_hidden_is_read_otherwise(text: str, words: str) -> None:
    assert read(text).words == words.split()


def test_a_sentence_without_end_is_read_in_windows_too() -> None:
    words = [f"w{chr(97 + n // 20)}{chr(97 + n % 20)}o" for n in range(LONGEST_PLAIN + 10)]
    found = [unit.split() for unit in units(" ".join(words))]

    assert words in found
    assert words[:WINDOW] in found
    assert words[-10:] == found[-1][-10:]


@given(st.text(max_size=300))
def test_every_word_is_in_a_unit_and_every_unit_in_the_text(text: str) -> None:
    found = read(text)

    assert {at for u in found.units for at in range(u.first, u.last)} == set(
        range(len(found.words))
    )
    assert all(0 <= u.start < u.end <= len(text) for u in found.units)


@given(st.text(max_size=120), st.text(max_size=120))
def test_a_paragraph_more_takes_no_unit_away(one: str, other: str) -> None:
    assert set(units(one)) <= set(units(f"{one}.\n\n{other}"))


def test_units_grow_with_the_text_and_not_with_its_square() -> None:
    few, many = (len(read("Slept well. Ate soup, then bed. " * n).units) for n in (20, 200))

    assert many < 12 * few


def test_a_text_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(BudgetExceededError):
        pieces_of("one two three", LEXICON, Meter(limit=2))
