"""Rows whose input is odd and stored all the same, to the letter."""

import asyncio
import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from models.ids import uuid7
from tests.acceptance.entry import DARK, entry
from tests.acceptance.stage import SAID, Stage, wire
from tests.cast import Person, Ward

TAGGED = "".join(chr(0xE0000 + ord(char)) for char in "hidden")
MARKS = "\u0301\u0302\u0303\u0304\u0305\u0306" * 5


async def test_e05_a_byte_order_mark_is_left_out(stage: Stage) -> None:
    told = await stage.stores(stage.send(b"\xef\xbb\xbf" + wire(entry(note="Rested."))))

    assert await stage.note_of(told["id"]) == "Rested."


@pytest.mark.parametrize(
    ("escape", "stored"),
    [(r"\ud83d", "\ufffd"), (r"\ude00", "\ufffd"), (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600")],
    ids=["first half", "second half", "half and whole"],
)
async def test_e06_half_a_surrogate_pair_is_replaced_and_said(
    stage: Stage, escape: str, stored: str
) -> None:
    body = wire(entry(note="Rested #")).replace(b"#", escape.encode())

    told = await stage.stores(stage.send(body))

    assert told["warnings"] == ["lone-surrogate-replaced"]
    assert await stage.note_of(told["id"]) == f"Rested {stored}"


@pytest.mark.parametrize(
    "note",
    ["Rested.\x00Well.", "".join(map(chr, range(32))), "\x7f\x80\x9f", "\u2028\ufeff\ufffe\uffff"],
    ids=["NUL", "C0", "DEL and C1", "separators and no characters"],
)
async def test_e07_controls_are_stored_to_the_letter(stage: Stage, note: str) -> None:
    told = await stage.stores(stage.send(json.dumps(entry(note=note)).encode()))

    assert await stage.note_of(told["id"]) == note
    answer = await stage.get(f"/v1/entries/{told['id']}")
    assert answer.json()["note"] == note


@pytest.mark.parametrize("note", [None, "", " ", "a" * 10_000], ids=["none", "", " ", "10,000"])
async def test_e18_a_note_may_be_missing_empty_or_as_long_as_allowed(
    stage: Stage, note: str | None
) -> None:
    await stage.stores(stage.put(note=note))


@pytest.mark.parametrize("version", [1, 4, 6, 7, 8])
async def test_e14_a_uuid_of_any_version_is_an_id(stage: Stage, version: int) -> None:
    name = f"{random.randbytes(4).hex()}-0000-{version}000-8000-000000000001"  # noqa: S311 # any id

    told = await stage.stores(stage.put(name))

    assert told["id"] == name


async def test_e23_second_sixty_is_stored_as_the_last_of_its_minute(stage: Stage) -> None:
    told = await stage.stores(
        stage.put(occurred_at="2026-06-30T23:59:60Z", local_date="2026-06-30")
    )

    read = (await stage.get(f"/v1/entries/{told['id']}")).json()
    assert read["occurred_at"].startswith("2026-06-30T23:59:59")


@pytest.mark.parametrize("days", [-1, 1])
async def test_e23_the_day_may_be_one_off(stage: Stage, days: int) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)

    await stage.stores(stage.put(local_date=day.isoformat()))


AWAY = [
    pytest.param({"days": 3}, ["clock-skew"], id="E24-3-days-ahead"),
    pytest.param({"minutes": 20}, ["clock-skew"], id="E24-20-minutes-ahead"),
    pytest.param({"minutes": 10}, [], id="E24-10-minutes-ahead"),
    pytest.param({"days": -400}, ["late-entry"], id="E25-400-days-ago"),
    pytest.param({"hours": -49}, ["late-entry"], id="E25-49-hours-ago"),
    pytest.param({"hours": -47}, [], id="E25-47-hours-ago"),
]


@pytest.mark.parametrize(("by", "warnings"), AWAY)
@pytest.mark.parametrize("note", ["Rested.", DARK], ids=["calm", "dark"])
async def test_a_clock_far_away_is_noted_and_delays_nothing(
    stage: Stage, by: dict[str, int], warnings: list[str], note: str
) -> None:
    then = datetime.now(UTC) + timedelta(**by)
    sent = {"occurred_at": then.isoformat(), "local_date": then.date().isoformat(), "note": note}

    told = await stage.stores(stage.put(**sent), speaks=note == DARK)

    assert told.get("warnings", []) == warnings
    row = await stage.db.fetchrow(
        "SELECT occurred_at, stored_at FROM entry_revision WHERE patient_id = $1", stage.ana.id
    )
    assert row is not None
    assert row["occurred_at"] == then
    assert abs(row["stored_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert await stage.live_alerts() == (note == DARK)


HIDDEN: dict[str, str] = {
    "E27-bidi-override": "\u202eI want to die.\u202c",
    "E27-bidi-inside": "I want\u2067 to \u2069die.",
    "E27-zero-width": "I w\u200ba\u200cn\u200dt to d\u2060i\ufeffe.",
    "E27-soft-hyphen": "I want to d\u00adie.",
    "E27-tag-characters": f"I want{TAGGED} to die.",
    "E27-full-width": "".join(chr(ord(char) + 0xFEE0) if char > " " else char for char in DARK),
    "E27-combining": "I want to di\u0336e\u0336.",
    "E27-homoglyphs": "I w\u0430nt to di\u0435.",
    "E27-nul": "I want\x00 to die.",
}


@pytest.mark.parametrize("note", HIDDEN.values(), ids=HIDDEN.keys())
async def test_e27_what_is_hidden_by_characters_is_found_and_stored_as_written(
    stage: Stage, note: str
) -> None:
    told = await stage.stores(stage.send(json.dumps(entry(note=note)).encode()), speaks=True)

    assert await stage.note_of(told["id"]) == note
    assert await stage.live_alerts() == 1


INERT = {
    "E28-script": "<script>alert(1)</script>",
    "E28-template": "{{7*7}} ${7*7} <%= 7*7 %>",
    "E28-formula": '=HYPERLINK("http://example.com","slept")',
    "E28-sql": "'; DROP TABLE entry; --",
    "E28-path": "../../etc/passwd",
    "E28-format": "%s %n {0} {note}",
    "E28-log": "slept\r\n2026-03-01 level=error forged",
}


@pytest.mark.parametrize("note", INERT.values(), ids=INERT.keys())
async def test_e28_what_other_programs_would_run_is_a_text(stage: Stage, note: str) -> None:
    before = await stage.db.fetchval("SELECT count(*) FROM entry")
    answer = await stage.put(note=note)

    assert answer.status_code == 201
    assert await stage.note_of(answer.json()["id"]) == note
    assert await stage.db.fetchval("SELECT count(*) FROM entry") == before + 1


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("a" * 9_999 + "!", id="E29-one-letter"),
        pytest.param("I want to " * 1_000, id="E29-half-a-phrase"),
        pytest.param("want " * 2_000, id="E29-one-word"),
        pytest.param(("e" + MARKS) * (10_000 // 31), id="E30-30-marks-a-letter"),
    ],
)
async def test_a_costly_text_is_stored_and_read_quickly(stage: Stage, note: str) -> None:
    started = time.perf_counter()
    answer = await stage.put(note=note)
    print(f"milliseconds: {round(1000 * (time.perf_counter() - started), 1)}")  # noqa: T201 # the figure of this row

    assert answer.status_code == 201
    reasons = await stage.db.fetch(
        "SELECT reason FROM screening WHERE patient_id = $1", stage.ana.id
    )
    assert [row["reason"] for row in reasons] != []


async def test_e29_random_texts_are_stored(stage: Stage) -> None:
    dice = random.Random(29)  # noqa: S311 # the same texts every time
    letters = "abcdefghij \n.!?'*+\\()[]{}|^$\u0301\u200b\U0001f642"
    notes = ["".join(dice.choices(letters, k=dice.randrange(2_000))) for _ in range(100)]
    items = [entry(note=note) | {"id": str(uuid7())} for note in notes]

    answer = await stage.sync(*items)

    assert [item["status"] for item in answer.json()["items"]] == ["stored"] * 100


async def replay(stage: Stage, times: int, name: object, body: bytes) -> list[httpx.Response]:
    """Send the same entry many times at once."""
    return await asyncio.gather(*(stage.send(body, name=name) for _ in range(times)))


@pytest.mark.parametrize("times", [2, 10, 50, 100])
async def test_e15_one_entry_sent_at_once_is_one_row_one_alert_one_answer(
    stage: Stage, times: int
) -> None:
    name, body = uuid7(), wire(entry(note=SAID))

    answers = await replay(stage, times, name, body)

    assert sorted(answer.status_code for answer in answers) == [200] * (times - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
    counts = await stage.db.fetchrow(
        "SELECT (SELECT count(*) FROM entry_revision WHERE entry_id = $1),"
        " (SELECT count(*) FROM screening WHERE entry_id = $1),"
        " (SELECT count(*) FROM alert_source WHERE entry_id = $1),"
        " (SELECT count(*) FROM quarantine WHERE patient_id = $2)",
        name,
        stage.ana.id,
    )
    assert tuple(counts or ()) == (1, 1, 1, 0)
    assert await stage.live_alerts() == 1


async def test_e15_the_first_answer_is_given_again_after_a_correction(stage: Stage) -> None:
    name, body = uuid7(), wire(entry(note=SAID))
    first = await stage.send(body, name=name)
    corrected = await stage.send(
        wire(entry(note="I slept.")),
        name=name,
        method="PATCH",
        headers={"content-type": "application/json", "if-match": first.headers["etag"]},
    )

    again = await stage.send(body, name=name)

    assert corrected.status_code == again.status_code == 200
    assert again.content == first.content
    assert "crisis" in again.json()


async def test_e15_members_in_another_order_are_the_same_content(stage: Stage) -> None:
    name, sent = uuid7(), entry()
    first = await stage.send(wire(sent), name=name)

    again = await stage.send(wire(dict(reversed(sent.items()))), name=name)

    assert (again.status_code, again.content) == (200, first.content)


async def test_e17_an_id_that_lives_elsewhere_is_free_here(
    stage: Stage, ward: Ward, south: Ward, dr_bo: Person
) -> None:
    name = uuid7()
    others = [await ward.patient("ben", dr_bo), await south.patient("cleo")]
    answers: list[Any] = []
    for other in others:
        sent = await stage.api.put(
            f"/v1/entries/{name}", json=entry(note=f"{SAID} {other.id}"), headers=other.headers
        )
        answers.append(sent.status_code)
    theirs = await stage.db.fetch("SELECT * FROM entry_revision WHERE entry_id = $1", name)

    told = await stage.stores(stage.put(name, note="Mine."))

    assert answers == [201, 201]
    assert await stage.note_of(told["id"]) == "Mine."
    after = await stage.db.fetch(
        "SELECT * FROM entry_revision WHERE entry_id = $1 AND patient_id <> $2",
        name,
        stage.ana.id,
    )
    assert after == theirs
    assert await stage.live_alerts() == 0


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "GET"])
async def test_e43_a_method_in_a_header_is_not_looked_at(stage: Stage, method: str) -> None:
    headers = {"content-type": "application/json", "x-http-method-override": method}

    told = await stage.stores(stage.send(wire(entry()), headers=headers))

    assert (await stage.get(f"/v1/entries/{told['id']}")).status_code == 200
