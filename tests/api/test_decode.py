"""Nothing is coerced, and a refusal says where the fault is without repeating what was sent."""

import json
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from api.decode import convert, decode
from api.errors import InvalidQuery, MalformedJson
from api.problem import Code, Problem
from api.strict_json import LONE_SURROGATE_REPLACED, parse


class Effect(Struct, forbid_unknown_fields=True):
    id: str
    severity: Annotated[int, Meta(ge=0, le=3)]
    started_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class Diary(Struct, forbid_unknown_fields=True):
    occurred_at: Annotated[datetime, Meta(tz=True)]
    local_date: date
    answers: dict[str, int | str]
    effects: list[Effect] = []
    infusion_id: UUID | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET


GOOD: dict[str, object] = {
    "occurred_at": "2026-03-01T09:00:00+01:00",
    "local_date": "2026-03-01",
    "answers": {"low_mood": 4, "sleep": "poor"},
    "effects": [{"id": "nausea", "severity": 1}],
    "note": "a walk",
}
ITEMS = frozenset({"low_mood", "sleep"})
CANARY = "ZZCANARY"


def diary(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        decode(body, Diary, items=ITEMS)
    return caught.value


def test_a_good_body_becomes_a_value() -> None:
    found = decode(diary(), Diary)

    assert found.warnings == ()
    assert found.value.occurred_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert found.value.effects == [Effect("nausea", 1)]
    assert found.value.infusion_id is UNSET


def test_a_byte_order_mark_is_left_out() -> None:
    assert decode(b"\xef\xbb\xbf" + diary(), Diary).value.note == "a walk"


def test_controls_and_nul_in_a_text_arrive_as_sent() -> None:
    note = "\x00\x01\x1f\u202e\U000e0041"

    assert decode(diary(note=note), Diary).value.note == note


MALFORMED = {
    "empty": b"",
    "blank": b" \n",
    "truncated": diary()[:-3],
    "two values": diary() + b"{}",
    "not UTF-8": diary().replace(b"walk", b"w\xffalk"),
    "CESU surrogates": diary().replace(b"walk", b"\xed\xa0\x80"),
    "UTF-16": diary().decode().encode("utf-16"),
    "duplicate key": b'{"note":"a","note":"b"}',
    "duplicate key below": b'{"answers":{"low_mood":1,"low_mood":9}}',
    "duplicate key by escape": b'{"note":"a","n\\u006fte":"b"}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "-1e400": b'{"a":[-1e400]}',
    "integer of 19 digits": b'{"a":' + b"9" * 19 + b"}",
    "integer of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "nested 33 lists": b"[" * 33 + b"]" * 33,
    "nested 33 objects": b'{"a":' * 33 + b"1" + b"}" * 33,
    "nested 500 lists": b"[" * 500 + b"]" * 500,
    "nested 100,000 lists": b"[" * 100_000,
    "raw control in a text": b'{"note":"a\nb"}',
    "single quotes": b"{'note':'a'}",
    "comment": b'{"note":"a"} // x',
    "trailing comma": b'{"note":"a",}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_strict_json_is_malformed_and_kept(body: bytes) -> None:
    problem = refusal(body)

    assert type(problem) is MalformedJson
    assert problem.salvage == body


def test_thirty_two_levels_are_not_too_deep() -> None:
    value, _ = parse(b"[" * 32 + b"]" * 32)

    assert str(value).count("[") == 32


def test_many_objects_side_by_side_are_not_deep() -> None:
    value, _ = parse(b"[" + b",".join([b'{"a":[1]}'] * 200) + b"]")

    assert value == [{"a": [1]}] * 200


REFUSED: list[tuple[dict[str, object], str, str, Code]] = [
    ({"answers": {"low_mood": 5.5}}, "invalid-entry", "/answers/low_mood", Code.WRONG_TYPE),
    ({"answers": {"low_mood": 5.0}}, "invalid-entry", "/answers/low_mood", Code.WRONG_TYPE),
    ({"answers": {"low_mood": True}}, "invalid-entry", "/answers/low_mood", Code.WRONG_TYPE),
    ({"answers": {"low_mood": None}}, "invalid-entry", "/answers/low_mood", Code.WRONG_TYPE),
    (
        {"answers": {"sleep": "x", "low_mood": [], "z": 1}},
        "invalid-entry",
        "/answers/low_mood",
        Code.WRONG_TYPE,
    ),
    ({"answers": {CANARY: 5.5}}, "invalid-entry", "/answers", Code.WRONG_TYPE),
    ({"answers": []}, "invalid-entry", "/answers", Code.WRONG_TYPE),
    ({"note": 5}, "invalid-entry", "/note", Code.WRONG_TYPE),
    ({"note": None}, "invalid-entry", "/note", Code.WRONG_TYPE),
    ({"note": "x" * 21}, "note-too-long", "/note", Code.TOO_LONG),
    (
        {"effects": [{"id": "a", "severity": 4}]},
        "invalid-entry",
        "/effects/0/severity",
        Code.OUT_OF_RANGE,
    ),
    (
        {"effects": [{"id": "a", "severity": -1}]},
        "invalid-entry",
        "/effects/0/severity",
        Code.OUT_OF_RANGE,
    ),
    (
        {"effects": [{"id": "a", "severity": "1"}]},
        "invalid-entry",
        "/effects/0/severity",
        Code.WRONG_TYPE,
    ),
    (
        {"effects": [{"id": "a", "severity": 1}, {"id": "b"}]},
        "invalid-entry",
        "/effects/1/severity",
        Code.MISSING,
    ),
    (
        {"effects": [{"id": "a", "severity": 1, CANARY: 1}]},
        "unknown-field",
        "/effects/0",
        Code.UNKNOWN_FIELD,
    ),
    ({"clinic_id": CANARY}, "unknown-field", "", Code.UNKNOWN_FIELD),
    ({f"x` - at `$.{CANARY}": 1}, "unknown-field", "", Code.UNKNOWN_FIELD),
    ({"infusion_id": CANARY}, "invalid-entry", "/infusion_id", Code.INVALID_ID),
    ({"infusion_id": None}, "invalid-entry", "/infusion_id", Code.WRONG_TYPE),
    ({"occurred_at": "2026-03-01T09:00:00"}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": "0000-01-01T00:00:00Z"}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": "9999-12-31T23:59:59Z"}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": "2026-02-30T00:00:00Z"}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": "2026-03-01T09:00:61Z"}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": CANARY}, "invalid-time", "/occurred_at", Code.INVALID_TIME),
    ({"occurred_at": 5}, "invalid-entry", "/occurred_at", Code.WRONG_TYPE),
    ({"local_date": "9999-12-31"}, "invalid-time", "/local_date", Code.INVALID_TIME),
    ({"local_date": "2026-13-01"}, "invalid-time", "/local_date", Code.INVALID_TIME),
    (
        {"effects": [{"id": "a", "severity": 1, "started_at": "9999-01-01T00:00:00Z"}]},
        "invalid-time",
        "/effects/0/started_at",
        Code.INVALID_TIME,
    ),
]


@pytest.mark.parametrize(("changes", "slug", "pointer", "code"), REFUSED, ids=str)
def test_a_wrong_member_is_named_and_nothing_is_repeated(
    changes: dict[str, object], slug: str, pointer: str, code: Code
) -> None:
    body = diary(**changes)
    problem = refusal(body)

    assert problem.slug == slug
    assert [(e.pointer, e.code) for e in problem.errors] == [(pointer, code)]
    assert problem.salvage == body
    assert CANARY.encode() not in problem.body("")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true", b"[[{}]]"])
def test_what_is_no_object_is_an_invalid_entry(body: bytes) -> None:
    problem = refusal(body)

    assert (problem.slug, problem.errors[0].pointer) == ("invalid-entry", "")


def test_a_missing_member_is_named() -> None:
    problem = refusal(b"{}")

    assert [(e.pointer, e.code) for e in problem.errors] == [("/occurred_at", Code.MISSING)]


def test_another_operation_names_its_own_problem() -> None:
    with pytest.raises(InvalidQuery):
        decode(diary(note=5), Diary, invalid=InvalidQuery)


def test_second_sixty_is_the_last_of_the_minute() -> None:
    body = diary(
        occurred_at="2016-12-31T23:59:60Z",
        effects=[{"id": "a", "severity": 1, "started_at": "2016-12-31T23:59:60.5+01:00"}],
    )
    found = decode(body, Diary).value

    assert found.occurred_at == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert isinstance(found.effects[0].started_at, datetime)
    assert found.effects[0].started_at.second == 59


def test_a_text_that_looks_like_second_sixty_is_left_alone() -> None:
    note = "2016-12-31T23:59:60Z"

    assert decode(diary(note=note), Diary).value.note == note


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("\\ud800", "\ufffd"), ("a\\uDC00b", "a\ufffdb"), ("\\ud83d\\ude00", "\U0001f600")],
)
def test_half_a_surrogate_pair_is_replaced_and_said(sent: str, kept: str) -> None:
    body = json.dumps(GOOD | {"note": "?"}).replace("?", sent).encode()
    found = decode(body, Diary)

    assert found.value.note == kept
    assert found.warnings == ((LONE_SURROGATE_REPLACED,) if "\ufffd" in kept else ())


def test_half_a_pair_is_replaced_in_keys_and_lists_as_well() -> None:
    value, warnings = parse(b'{"\\ud800":["\\udfff",{"a":"b"}]}')

    assert value == {"\ufffd": ["\ufffd", {"a": "b"}]}
    assert warnings == (LONE_SURROGATE_REPLACED,)


def test_one_item_of_a_batch_is_judged_by_itself() -> None:
    problem_items = [GOOD, GOOD | {"note": 5}]

    assert convert(problem_items[0], Diary).note == "a walk"
    with pytest.raises(Problem) as caught:
        convert(problem_items[1], Diary, salvage=b"item")
    assert caught.value.salvage == b"item"


def test_a_map_is_as_it_was_after_the_search_for_its_wrong_key() -> None:
    value = {**GOOD, "answers": {"a": 1, "low_mood": 5.5, "z": 2}}

    with pytest.raises(Problem):
        convert(value, Diary, items=ITEMS)

    assert value["answers"] == {"a": 1, "low_mood": 5.5, "z": 2}


def test_a_struct_that_takes_unknown_members_is_refused_at_once() -> None:
    class Lax(Struct):
        a: int

    with pytest.raises(TypeError, match="Lax"):
        decode(b'{"a":1}', Lax)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def problem_of(body: bytes) -> Problem | None:
    try:
        decode(body, Diary, items=ITEMS)
    except Problem as problem:
        return problem
    return None


@given(st.binary(max_size=300) | JSON_VALUES.map(lambda v: json.dumps(v).encode()))
def test_any_body_is_decoded_or_refused_with_itself(body: bytes) -> None:
    problem = problem_of(body)

    assert problem is None or problem.salvage == body


@given(st.dictionaries(st.sampled_from([*GOOD, "else"]), JSON_VALUES))
def test_a_pointer_has_only_names_of_the_contract(changes: dict[str, object]) -> None:
    allowed = {*GOOD, "infusion_id", "id", "severity", "started_at", *ITEMS, ""}
    problem = problem_of(diary(**changes))

    for fault in problem.errors if problem else ():
        assert all(step in allowed or step.isdecimal() for step in fault.pointer.split("/"))


@given(st.dictionaries(st.text(), st.integers(-(10**18) + 1, 10**18 - 1) | st.text()))
def test_what_json_says_is_what_arrives(answers: dict[str, int | str]) -> None:
    body = json.dumps(GOOD | {"answers": answers}, ensure_ascii=False)

    assert decode(body.encode(), Diary).value.answers == answers
