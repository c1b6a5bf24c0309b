"""The pieces of the strict reader: digits, depth, keys, and mended halves of pairs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import MalformedJson
from api.strict_json import (
    DEEPEST,
    LONE_SURROGATE_REPLACED,
    MOST_DIGITS,
    members_of,
    mend_surrogates,
    parse,
    parse_finite,
    parse_integer,
    refuse_constant,
    refuse_deep,
    refuse_duplicates,
)

BOM = b"\xef\xbb\xbf"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**MOST_DIGITS) + 1, 10**MOST_DIGITS - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def nested(levels: int) -> object:
    """Put lists into lists and dicts by turns."""
    value: object = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@given(VALUES)
def test_whatever_json_can_say_is_read_as_it_was_written(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == (value, ())


@given(VALUES)
def test_escapes_mean_what_they_stand_for_and_warn_of_nothing(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=True).encode()) == (value, ())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_kept_whole(body: bytes) -> None:
    kept = body
    try:
        parse(body)
    except MalformedJson as problem:
        kept = problem.salvage

    assert kept == body


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("9" * 18, 10**18 - 1),
        ("-" + "9" * 18, -(10**18) + 1),
        ("1" + "0" * 17, 10**17),
    ],
)
def test_an_integer_of_eighteen_digits_is_read(digits: str, number: int) -> None:
    assert parse_integer(digits) == number


@pytest.mark.parametrize("digits", ["1" + "0" * 18, "-1" + "0" * 18, "9" * 19, "9" * 5000])
def test_an_integer_of_nineteen_digits_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="integer too long"):
        parse_integer(digits)


@pytest.mark.parametrize(
    ("digits", "number"),
    [("1e308", 1e308), ("-1e308", -1e308), ("5.0", 5.0), ("1e-400", 0.0), ("4.9e-324", 5e-324)],
)
def test_a_number_a_float_can_hold_is_read(digits: str, number: float) -> None:
    assert parse_finite(digits) == number


@pytest.mark.parametrize("digits", ["1e309", "-1e309", "1e999999999", "1.8e308"])
def test_a_number_no_float_can_hold_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="number too large"):
        parse_finite(digits)


def test_an_integer_in_the_spelling_of_a_float_stays_a_float() -> None:
    value, _ = parse(b'{"low_mood":5.0}')

    assert isinstance(value, dict)
    assert isinstance(value["low_mood"], float)


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a JSON number"):
        refuse_constant(name)
    with pytest.raises(MalformedJson):
        parse(name.encode())


@pytest.mark.parametrize("levels", [0, 1, DEEPEST - 1, DEEPEST])
def test_as_deep_as_allowed_is_read(levels: int) -> None:
    value = nested(levels)

    assert parse(json.dumps(value).encode()) == (value, ())


@pytest.mark.parametrize("levels", [DEEPEST + 1, DEEPEST + 2, 200])
def test_one_level_deeper_is_refused(levels: int) -> None:
    with pytest.raises(MalformedJson):
        parse(json.dumps(nested(levels)).encode())


def test_an_empty_container_counts_as_a_level() -> None:
    refuse_deep(json.loads("[" * DEEPEST + "]" * DEEPEST))

    with pytest.raises(ValueError, match="too deep"):
        refuse_deep(json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)))


def test_the_deepest_branch_counts_wherever_it_is() -> None:
    with pytest.raises(ValueError, match="too deep"):
        refuse_deep([1, {"a": 1}, [2, nested(DEEPEST)], 3])


def test_brackets_in_a_text_are_no_levels() -> None:
    text = "[{" * 1000

    assert parse(json.dumps({"note": text}).encode()) == ({"note": text}, ())


def test_many_containers_at_one_level_are_one_level() -> None:
    value: list[object] = [[] for _ in range(1000)]

    assert parse(json.dumps(value).encode()) == (value, ())


@pytest.mark.parametrize(
    ("value", "inside"),
    [({"a": 1, "b": [2]}, [1, [2]]), ([1, 2], [1, 2]), ("text", []), (5, []), (None, [])],
)
def test_a_container_holds_its_members_and_a_scalar_nothing(
    value: object, inside: list[object]
) -> None:
    assert list(members_of(value)) == inside


def test_keys_keep_their_order() -> None:
    assert list(refuse_duplicates([("b", 1), ("a", 2), ("c", 3)])) == ["b", "a", "c"]


def test_a_key_that_comes_twice_with_one_value_is_still_refused() -> None:
    with pytest.raises(ValueError, match="duplicate key"):
        refuse_duplicates([("a", 1), ("a", 1)])


def test_keys_that_differ_in_case_or_normal_form_are_two() -> None:
    value, warnings = parse('{"a":1,"A":2,"é":3,"e\u0301":4}'.encode())

    assert value == {"a": 1, "A": 2, "é": 3, "e\u0301": 4}
    assert warnings == ()


def test_one_byte_order_mark_is_left_out_and_a_second_refused() -> None:
    assert parse(BOM + b"[1]") == ([1], ())
    with pytest.raises(MalformedJson):
        parse(BOM + BOM + b"[1]")


def test_a_byte_order_mark_alone_is_no_value() -> None:
    with pytest.raises(MalformedJson) as refused:
        parse(BOM)

    assert refused.value.salvage == BOM


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\uD83D"', "\ufffd"),
        (rb'"\udc00"', "\ufffd"),
        (rb'"a\ud83db"', "a\ufffdb"),
        (rb'"\udc00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
    ],
)
def test_each_half_without_its_other_half_becomes_one_mark(sent: bytes, kept: str) -> None:
    assert parse(sent) == (kept, (LONE_SURROGATE_REPLACED,))


@pytest.mark.parametrize("sent", [rb'"\ud83d\ude00"', rb'"\uD83D\uDE00"', "\U0001f600".join('""')])
def test_a_whole_pair_is_left_alone_without_a_warning(sent: bytes | str) -> None:
    body = sent if isinstance(sent, bytes) else sent.encode()

    assert parse(body) == ("\U0001f600", ())


def test_an_escaped_backslash_before_ud_is_text() -> None:
    assert parse(rb'"\\ud83d"') == (r"\ud83d", ())


def test_many_halves_are_warned_of_once() -> None:
    _, warnings = parse(rb'{"a":"\ud83d","b":["\ud83d"],"\ud83d":1}')

    assert warnings == (LONE_SURROGATE_REPLACED,)


@given(VALUES)
def test_what_is_whole_is_not_mended(value: object) -> None:
    assert mend_surrogates(value) == value


@given(st.text(st.characters(), max_size=20))
def test_what_was_mended_can_be_written_and_is_not_mended_again(text: str) -> None:
    mended = mend_surrogates([f"{text}\ud83d"])

    assert isinstance(mended, list)
    assert mended[0].encode().decode() == mended[0]
    assert mend_surrogates(mended) == mended


def test_a_refusal_repeats_nothing_of_the_body_and_hides_its_cause() -> None:
    with pytest.raises(MalformedJson) as refused:
        parse(b'{"note":"ZZCANARY')

    assert "ZZCANARY" not in f"{refused.value!r} {refused.value}"
    assert refused.value.__suppress_context__
