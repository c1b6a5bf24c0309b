"""The pieces of the reading: folding, spelling, cutting and putting together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.ideation.fold import ANY_I, LEET, MASKED, PLAIN, reach
from clinical.ideation.pattern import BudgetExceededError, Meter
from clinical.ideation.phrases import Phrases
from clinical.ideation.repair import (
    joined,
    needs_repair,
    rejoined,
    reordered,
    squeezed,
    unmasked,
)
from clinical.ideation.spelling import Spelling, distance, one_slip
from clinical.ideation.tokens import (
    marked_words,
    place_of,
    resolved,
    tokens_of,
)

KNOWN = frozenset({"kill", "myself", "i", "want", "to", "die", "suicide", "all", "good", "soft"})


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Don\u2019t", "dont"),
        ("\u00c9t\u00e9", "ete"),
        ("Stra\u00dfe", "strasse"),
        ("c\u0153ur", "coeur"),
        ("spa\u0142em", "spalem"),
        ("\uff24\uff29\uff25", "die"),
        ("d\u200bi\u00ade", "die"),
        ("d\u0000ie", "die"),
        ("\u0455uicide", "suicide"),
        ("\U0001d430ant", "want"),
        ("self-harm", "self harm"),
    ],
)
def test_one_spelling_is_left(written: str, folded: str) -> None:
    assert written.translate(PLAIN) == folded


@given(st.text(max_size=80))
def test_folding_needs_no_context_and_can_be_traced_back(text: str) -> None:
    folded = text.translate(PLAIN)

    assert folded == "".join(char.translate(PLAIN) for char in text)
    assert reach(text, PLAIN) == [len(text[: at + 1].translate(PLAIN)) for at in range(len(text))]


@given(st.text(max_size=80))
def test_folding_twice_changes_no_letter(text: str) -> None:
    once = "".join(filter(str.isalnum, text.translate(PLAIN)))
    twice = "".join(filter(str.isalnum, once.translate(PLAIN)))

    assert twice == once


def test_leet_letters_are_read_by_what_makes_a_word() -> None:
    assert "k1ll".translate(LEET) == f"k{ANY_I}ll"
    assert resolved(f"k{ANY_I}ll", KNOWN) == "kill"
    assert resolved(f"ki{ANY_I}{ANY_I}", KNOWN) == "kill"
    assert resolved(f"die{ANY_I}", KNOWN) == "die"
    assert resolved(f"x{ANY_I}{ANY_I}{ANY_I}{ANY_I}y", KNOWN) == "xiiiiy"


def test_masks_stay_for_the_third_view_only() -> None:
    assert "s*icide".translate(MASKED) == "s*icide"
    assert "s*icide".translate(PLAIN) == "s icide"


def test_words_know_their_clause_sentence_and_line() -> None:
    marked = marked_words("a b. c but d: e\nf and i go?".translate(PLAIN))
    words = ["a", "b", "c", "but", "d", "e", "f", "and", "i", "go"]
    tokens = tokens_of(marked, words, contrast={"but"}, subjects={"i"})

    assert [word for word in marked if word.isalnum()] == words
    assert tokens.sentence == [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert tokens.line == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert len(set(tokens.clause)) == 6
    assert tokens.questions == tokens.colons == frozenset({2})


def test_a_clause_that_is_too_long_has_no_bounds() -> None:
    words = ["word"] * 200
    tokens = tokens_of(words, words, contrast=(), subjects=())

    assert tokens.same_clause(100, 101) is None
    assert tokens.same_clause(0, 200) == range(200)


def test_words_are_found_where_they_stand() -> None:
    places = [place_of("ab  c\nab ", at, at + 1) for at in range(3)]

    assert places == [(0, 2), (4, 5), (6, 8)]
    assert place_of("ab  c\nab ", 0, 3) == (0, 8)


@pytest.mark.parametrize(
    ("one", "two", "slips"),
    [
        ("suicide", "suicide", 0),
        ("suicde", "suicide", 1),
        ("siucide", "suicide", 1),
        ("suiside", "suicide", 1),
        ("suuicide", "suicide", 1),
        ("sucidial", "suicidal", 2),
        ("", "abc", 3),
    ],
)
def test_slips_are_counted(one: str, two: str, slips: int) -> None:
    assert distance(one, two) == distance(two, one) == slips


def test_one_slip_lists_every_spelling_one_slip_away() -> None:
    assert all(distance(slip, "suicide") == 1 for slip in one_slip("suicide"))
    assert {"suicde", "siucide", "suiside", "suicides"} <= one_slip("suicide")


def test_known_words_are_no_misspellings() -> None:
    spelling = Spelling(["overdose", "suicide"], known={"overdone", "overdue"})
    meter = Meter(limit=10_000)

    assert "overdone" not in spelling.slips
    assert spelling.slips["overdoze"] == "overdose"
    assert spelling.guesses(["overdue", "ovrdoose", "suicxxde"], meter.take, {}) == {
        "ovrdoose": "overdose"
    }


def test_a_word_of_any_language_read_here_is_no_misspelling_by_two_slips() -> None:
    spelling = Spelling(["overdose"], known=set(), readable={"overdoqq", "overdos"})
    meter = Meter(limit=10_000)

    assert spelling.guesses(["overdoqq", "overdrqse"], meter.take, {}) == {"overdrqse": "overdose"}
    assert spelling.slips["overdos"] == "overdose"


def test_letters_that_stand_alone_are_joined() -> None:
    assert joined("killmyself", KNOWN) == ["kill", "myself"]
    assert joined("iwanttodie", KNOWN) == ["i", "want", "to", "die"]
    assert joined("xxdiexx", KNOWN) == ["x", "x", "die", "x", "x"]


@given(st.text(alphabet="killmyseft ", max_size=40))
def test_joining_keeps_every_letter(letters: str) -> None:
    bare = letters.replace(" ", "")

    assert "".join(joined(bare, KNOWN)) == bare


def test_joined_words_know_the_letters_they_came_from() -> None:
    marked = rejoined(["oh", "d", "i", ".", "e", ".", "ok"], KNOWN, {}, Meter(limit=100))

    assert marked.words == ["oh", "die", ".", "ok"]
    assert marked.raw == [(0, 1), (1, 4), (4, 4), (4, 5)]


@pytest.mark.parametrize(
    ("word", "read"), [("diiiie", "die"), ("killll", "kill"), ("soooft", "soft"), ("good", "good")]
)
def test_stretched_words_shrink_to_a_known_one(word: str, read: str) -> None:
    assert squeezed(word, KNOWN) == read


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("s*icide", "suicide"),
        ("k**l", "kill"),
        ("*die*", "die"),
        ("x*y", "xy"),
        ("****", "****"),
        ("s******", "s"),
    ],
)
def test_masked_words_are_read_where_one_fits(word: str, read: str) -> None:
    masks = {7: ("suicide",), 4: ("kill",)}

    assert unmasked(word, masks, Meter(limit=100)) == read


def test_reversed_and_hidden_characters_come_back_in_order() -> None:
    text = "a\u202ecb\u202cd\U000e0065"

    assert "".join(char for char, _ in reordered(text)) == "abc\u202cde"
    assert [at for _, at in reordered("x-\ny")] == [0, 3]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("slept well", False),
        ("a i b", True),
        ("sooo tired", True),
        ("three\nlines", False),
        ("sui-\ncidal", True),
        ("s*x", True),
        ("\u202eabc", True),
        ("caf\u00e9 \u2014 ok", False),
    ],
)
def test_the_third_view_is_made_only_where_needed(text: str, *, needed: bool) -> None:
    plain = text.translate(PLAIN)

    assert needs_repair(text, plain, plain.split(), set(text)) is needed


def test_phrases_are_found_forwards_and_backwards() -> None:
    phrases = Phrases(["no longer", "no"])
    words = ["i", "no", "longer", "do"]

    assert phrases.at(words, 1) == 2
    assert phrases.before(words, 3) == 2
    assert phrases.at(words, 3) == phrases.before(words, 1) == 0
    assert phrases.within(words, range(1, 3))
    assert not phrases.within(words, range(2, 4))


def test_a_meter_stops_at_its_limit() -> None:
    meter = Meter(limit=2)
    meter.take(2)

    with pytest.raises(BudgetExceededError):
        meter.take(9)

    assert meter.steps == 3
