"""Whatever words a refused body holds are found in it, however it is damaged."""

import gzip
import json
import random
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.salvage import salvage, salvage_text

PHRASE = "I want to end my life"
SPANISH = "ya no quiero vivir, mañana"
ENTRY = {
    "occurred_at": "2026-03-01T09:00:00+01:00",
    "answers": {"low_mood": 9, "suicidality": 3},
    "note": PHRASE,
}
NAMES = frozenset({"occurred_at", "answers", "low_mood", "suicidality", "note"})


def body(**changes: object) -> bytes:
    return json.dumps(ENTRY | changes).encode()


DAMAGED = {
    "whole": body(),
    "truncated in the note": body(note=f"{PHRASE} now")[:-4],
    "truncated before a quote": body()[:-2],
    "cut at the beginning": body()[30:],
    "trailing garbage": body() + b"garbage",
    "duplicate note, first": body()[:-1] + b',"note":"fine"}',
    "duplicate note, last": b'{"note":"fine",' + body()[1:],
    "not a number": body(answers={"a": float("nan")}),
    "1e400": body().replace(b": 9", b": 1e400"),
    "5,000 digits": body().replace(b": 9", b": " + b"9" * 5000),
    "nested 40 levels": b"[" * 40 + body() + b"]" * 40,
    "nested 100,000 levels": b"[" * 100_000 + body(),
    "array": b"[" + body() + b"]",
    "text": json.dumps(PHRASE).encode(),
    "text inside a text": json.dumps(body().decode()).encode(),
    "unknown member": body(clinic_id="x"),
    "as a key": json.dumps({PHRASE: 1}).encode(),
    "deep in lists": json.dumps({"a": [[{"b": [PHRASE]}]]}).encode(),
    "UTF-8 with BOM": b"\xef\xbb\xbf" + body(),
    "UTF-16 with BOM": body().decode().encode("utf-16"),
    "UTF-16 without BOM, little": body().decode().encode("utf-16-le"),
    "UTF-16 without BOM, big": body().decode().encode("utf-16-be"),
    "UTF-32": body().decode().encode("utf-32"),
    "UTF-16 cut in a character": body().decode().encode("utf-16")[:-3],
    "invalid byte in the note": body().replace(b"note", b"no\xffte"),
    "invalid bytes around": b"\xff\xfe\xfa" + body() + b"\x80\x81",
    "NULs before": b"\x00" * 50 + body(),
    "raw line break in the note": body().replace(b"I want", b"\nI want"),
    "single quotes": body().replace(b'"', b"'"),
    "plain text": PHRASE.encode(),
    "form": urlencode({"mood": 3, "note": PHRASE}).encode(),
    "form with percent": b"note=" + PHRASE.replace(" ", "%20").encode(),
    "multipart": b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
    + PHRASE.encode()
    + b"\r\n--x--",
    "msgpack": b"\x81\xa4note\xb5" + PHRASE.encode(),
    "escaped letters": body().replace(b"I want", b"\\u0049 w\\u0061nt"),
    "escaped letters, truncated": body().replace(b"I want", b"\\u0049 w\\u0061nt")[:-2],
    "escaped quote before, truncated": body(note=f'he said "no" \\ {PHRASE}')[:-2],
    "unescaped quotes before": body().replace(b"I want", b'"so" I want'),
}


@pytest.mark.parametrize("raw", DAMAGED.values(), ids=DAMAGED)
def test_the_phrase_is_found_in_every_kind_of_damage(raw: bytes) -> None:
    assert PHRASE in (salvage_text(raw, names=NAMES) or "")


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({"note": SPANISH}).encode(),
        json.dumps({"note": SPANISH})[:-2].encode(),
        json.dumps({"note": SPANISH}, ensure_ascii=False)[:-1].encode(),
        json.dumps({"note": SPANISH}, ensure_ascii=False).encode("utf-16"),
        json.dumps({"note": "死にたい"}, ensure_ascii=False)[:-1].encode(),
        json.dumps({"note": "死にたい"}, ensure_ascii=False).encode("utf-16"),
        json.dumps({"note": "\U0001f600 死にたい"})[:-2].encode(),
    ],
)
def test_other_scripts_are_found_as_well(raw: bytes) -> None:
    found = salvage_text(raw) or ""

    assert SPANISH in found or "死にたい" in found


def test_one_byte_of_another_encoding_does_not_lose_the_rest() -> None:
    found = salvage_text(json.dumps({"note": SPANISH}, ensure_ascii=False).encode("latin-1")) or ""

    assert "ya no quiero vivir, ma\ufffdana" in found


def test_both_values_of_a_duplicate_key_are_kept() -> None:
    found = salvage_text(b'{"note":"one text","note":"other text"}') or ""

    assert found.splitlines() == ["one text", "other text"]


def test_a_body_that_parses_gives_its_texts_and_no_names() -> None:
    found = salvage_text(body(answers={"suicidality": 0}))

    assert found == f"2026-03-01T09:00:00+01:00\n{PHRASE}"


def test_names_of_the_contract_are_not_taken_for_the_patients_words() -> None:
    raw = b'{"answers": {"suicidality": 0, "low_mood": 3}, "note": "a walk'

    assert "suicidality" not in (salvage_text(raw, names=NAMES) or "")
    assert "a walk" in (salvage_text(raw, names=NAMES) or "")


@pytest.mark.parametrize("raw", [b"", b"[" * 100_000, b" \n\t", b'{"":""}', b"--__--"])
def test_where_there_is_not_a_letter_there_is_nothing_to_keep(raw: bytes) -> None:
    assert salvage(raw) is None
    assert salvage_text(raw) == ""


@pytest.mark.parametrize(
    "raw",
    [
        bytes(range(128, 256)) * 4,
        gzip.compress(PHRASE.encode() * 9, mtime=0)[:-8] + b"\xff" * 300,
        "я не хочу жить".encode("cp1251"),
    ],
    ids=["high bytes", "compressed", "cp1251"],
)
def test_what_does_not_decode_is_said_to_be_unreadable(raw: bytes) -> None:
    found = salvage(raw)

    assert found is not None
    assert not found.readable
    assert salvage_text(raw) is None


@pytest.mark.parametrize(("good", "readable"), [(10, True), (9, False)], ids=["half", "less"])
def test_half_of_the_bytes_must_decode(*, good: int, readable: bool) -> None:
    found = salvage(b"a" * good + b"\xff" * (20 - good))

    assert found is not None
    assert found.readable is readable


def test_answers_are_found_in_what_parses_also_twice() -> None:
    found = salvage(b'{"answers":{"suicidality":0,"suicidality":3},"x":[{"low_mood":11}]}')

    assert found is not None
    assert found.answers == (("suicidality", 0), ("suicidality", 3), ("low_mood", 11))


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b'{"answers":{"suicidality":3,"low', ("suicidality", 3)),
        (b'{"answers":{"suicidality" : 3', ("suicidality", 3)),
        (b'{"answers":{"suicidality":"prefer_not","low', ("suicidality", "prefer_not")),
        (b'{"answers":{"suicidality":true,', ("suicidality", True)),
        (b'{"answers":{"suicidality":2.5,', ("suicidality", 2.5)),
    ],
)
def test_answers_are_found_in_what_does_not_parse(raw: bytes, answer: tuple[str, object]) -> None:
    found = salvage(raw, names=NAMES)

    assert found is not None
    assert answer in found.answers


@pytest.mark.parametrize(
    "raw", [b'{"suicidality":', b'{"suicidality":{"a":1', b'{"suicidality":"cut', b'"suicidality"x']
)
def test_an_answer_that_is_not_there_is_not_made_up(raw: bytes) -> None:
    found = salvage(raw, names=NAMES)

    assert found is None or found.answers == ()


@given(st.binary(max_size=2000))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\\" * 9 + b'"')
@example(b'"\\ud800"')
@example(b'{"\\udfff":')
@example(b"\x00\x00\xfe\xff\x00")
def test_no_body_at_all_is_too_much(raw: bytes) -> None:
    text = salvage_text(raw, names=NAMES)

    assert text is None or text.encode().decode() == text


@given(st.binary(max_size=20), st.binary(max_size=20))
@example(b"\xff\xfe", b"")
@example(b"\xfe\xff\x00", b"")
@example(b"\x00\x00\x00", b"\x00" * 20)
@example(b'{"a":"\\', b'"}')
@example(b'"', b'" : 5')
def test_a_phrase_between_any_bytes_is_found(before: bytes, after: bytes) -> None:
    raw = before + b" " + PHRASE.encode() * 2 + after

    assert PHRASE in (salvage_text(raw, names=NAMES) or "")


@given(
    texts=st.lists(st.text(max_size=20), max_size=5),
    escaped=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_a_phrase_among_any_texts_is_found_in_any_encoding(
    *, texts: list[str], escaped: bool, encoding: str
) -> None:
    written = json.dumps({"a": texts, "note": PHRASE}, ensure_ascii=escaped)
    raw = written.encode(encoding, "replace")

    assert PHRASE in (salvage_text(raw, names=NAMES) or "")


def test_a_thousand_randomly_damaged_bodies_give_up_the_phrase() -> None:
    chance = random.Random(20260301)  # noqa: S311 # a fixed series of damages
    whole = body(note=f"A long day. {PHRASE}. Nobody calls.")
    at = whole.index(PHRASE.encode())
    lost: list[bytes] = []
    for _ in range(1000):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            spot = chance.choice([*range(at), *range(at + len(PHRASE), len(raw))])
            raw[spot] = chance.randrange(256)
        if PHRASE not in (salvage_text(bytes(raw), names=NAMES) or ""):
            lost.append(bytes(raw))

    assert lost == []
