"""Rows about batches: each item for itself, all of them in one round."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from models.ids import uuid7
from tests.acceptance.entry import DARK, entry
from tests.acceptance.stage import CALM, CANARY, SAID, Stage, check_headers, wire
from tests.cast import Person, Ward

BATCH_LIMIT = 1024 * 1024


def item(**changes: Any) -> dict[str, Any]:
    """Write one item of a batch."""
    return {"id": str(uuid7()), **entry(**changes)}


async def results(stage: Stage, *items: Any) -> list[dict[str, Any]]:
    """Send a batch that is answered item by item."""
    answer = await stage.sync(*items)
    assert answer.status_code == 207, answer.text
    check_headers(answer)
    told: list[dict[str, Any]] = answer.json()["items"]
    assert CANARY not in answer.text
    assert DARK not in answer.text
    return told


async def count(stage: Stage, table: str) -> int:
    """Count ana's rows."""
    found: int = await stage.db.fetchval(
        f"SELECT count(*) FROM {table} WHERE patient_id = $1", stage.ana.id
    )
    return found


WRONG = {
    "S1-out-of-range": ({"answers": {"low_mood": 11}}, "invalid-entry"),
    "S1-coerced": ({"answers": {"low_mood": "5"}}, "invalid-entry"),
    "S1-naive-time": ({"occurred_at": "2026-03-01T12:00:00"}, "invalid-time"),
    "S1-note-too-long": ({"note": "a" * 10_001}, "note-too-long"),
    "S1-unknown-member": ({"risk_level": 0}, "unknown-field"),
    "S1-nil-id": ({"id": "00000000-0000-0000-0000-000000000000"}, "invalid-entry"),
    "S1-no-id": ({"id": None}, "invalid-entry"),
    "S1-no-form": ({"form": None}, "invalid-entry"),
    "S1-unknown-infusion": (
        {"infusion_id": "018f0000-0000-7000-8000-00000000abcd"},
        "unknown-reference",
    ),
}


@pytest.mark.parametrize(("changes", "slug"), WRONG.values(), ids=WRONG.keys())
async def test_s1_one_wrong_item_of_a_hundred_is_kept_and_the_others_are_stored(
    stage: Stage, changes: dict[str, Any], slug: str
) -> None:
    items = [item() for _ in range(100)]
    items[36] = {k: v for k, v in (items[36] | changes).items() if v is not None}

    told = await results(stage, *items)

    assert [n for n, one in enumerate(told) if one["status"] != "stored"] == [36]
    assert told[36]["status"] == "invalid"
    assert told[36]["problem"]["type"] == f"/problems/{slug}"
    assert told[36]["quarantined"] is True
    stored = [one["id"] for one in told if one["status"] == "stored"]
    assert stored == [one["id"] for n, one in enumerate(items) if n != 36]
    assert (await count(stage, "entry"), await count(stage, "quarantine")) == (99, 1)


@pytest.mark.parametrize("wrong", [[], "text", 5, None, True, [[]]])
async def test_s1_an_item_that_is_no_object_is_refused_by_itself(stage: Stage, wrong: Any) -> None:
    told = await results(stage, item(), wrong, item())

    assert [one["status"] for one in told] == ["stored", "invalid", "stored"]


async def test_s1_a_wrong_item_that_speaks_of_suicide_raises_the_alert(stage: Stage) -> None:
    wrong = item(note=SAID, answers={"low_mood": 11})

    told = await results(stage, item(), wrong)

    assert (told[1]["status"], told[1]["quarantined"]) == ("invalid", True)
    assert await stage.live_alerts() == 1
    assert [json.loads(body) for body in await stage.kept_bodies()] == [wrong]


async def test_s1_an_id_that_is_none_is_not_repeated(stage: Stage) -> None:
    [told] = await results(stage, item() | {"id": f"{CANARY} {DARK}"})

    assert told["status"] == "invalid"
    assert "id" not in told


async def test_s1_an_item_that_the_database_refuses_does_not_hold_up_the_others(
    stage: Stage,
) -> None:
    check = "ALTER TABLE entry_revision ADD CONSTRAINT odd CHECK (zone <> 'Europe/Lisbon')"
    await stage.db.execute(check)
    try:
        told = await results(stage, item(), item(zone="Europe/Lisbon", note=SAID), item())
    finally:
        await stage.db.execute("ALTER TABLE entry_revision DROP CONSTRAINT odd")

    assert [one["status"] for one in told] == ["stored", "invalid", "stored"]
    assert (told[1]["problem"]["retry"], told[1]["quarantined"]) == ("later", True)
    assert await stage.live_alerts() == 1


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
async def test_s2_too_many_items_are_refused_and_read(stage: Stage, note: str) -> None:
    items = [*[{"answers": {}}] * 200, item(note=note)]

    told = await stage.refuses(
        stage.sync(*items), "413 too-many-items", kept=1, speaks=note == SAID
    )

    assert told["quarantined"] is True
    assert await stage.live_alerts() == (note == SAID)


async def test_s2_two_hundred_items_are_not_too_many(stage: Stage) -> None:
    told = await results(stage, *(item() for _ in range(200)))

    assert Counter(one["status"] for one in told) == {"stored": 200}


async def test_s3_an_empty_batch_is_answered_with_nothing(stage: Stage) -> None:
    before = await stage.rows()

    answer = await stage.sync()

    assert (answer.status_code, answer.json()) == (200, {"items": []})
    after = await stage.rows()
    assert {name for name in after if after[name] != before[name]} == {"gate.bucket"}


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"entries": 5}', b'{"entries": [], "x": 1}', b'{"entries": {}}', b"5"]
)
async def test_s3_what_is_no_batch_is_refused_as_a_whole(stage: Stage, body: bytes) -> None:
    answer = await stage.send(body, method="POST", path="/v1/sync")

    assert answer.status_code in {400, 422}
    assert await count(stage, "entry") == 0


async def test_s4_the_same_item_twice_is_stored_once(stage: Stage) -> None:
    one = item(note=SAID)

    told = await results(stage, one, item(), one)

    assert [each["status"] for each in told] == ["stored", "stored", "duplicate"]
    assert told[0]["entry"] == told[2]["entry"]
    assert (await count(stage, "entry"), await count(stage, "quarantine")) == (2, 0)
    assert await stage.live_alerts() == 1


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
async def test_s4_other_content_under_the_same_id_is_kept(stage: Stage, note: str) -> None:
    one = item(note="First.")

    told = await results(stage, one, one | {"note": note})

    assert [each["status"] for each in told] == ["stored", "conflict"]
    assert told[1]["problem"]["type"] == "/problems/id-conflict"
    assert told[1]["quarantined"] is True
    assert await stage.note_of(one["id"]) == "First."
    assert await stage.live_alerts() == (note == SAID)


async def test_s5_a_batch_sent_ten_times_at_once_is_stored_once(stage: Stage) -> None:
    items = [item(note=SAID if n == 7 else CALM) for n in range(100)]
    first = await results(stage, *items)

    answers = await asyncio.gather(*(results(stage, *items) for _ in range(10)))

    assert Counter(one["status"] for told in answers for one in told) == {"duplicate": 1_000}
    assert all(
        [one["entry"] for one in told] == [one["entry"] for one in first] for told in answers
    )
    assert (await count(stage, "entry"), await count(stage, "alert_source")) == (100, 1)


async def test_s5_a_new_batch_sent_ten_times_at_once_is_stored_once(stage: Stage) -> None:
    items = [item(note=SAID) for _ in range(50)]
    orders = [items, items[::-1]] * 5

    answers = await asyncio.gather(*(results(stage, *order) for order in orders))

    statuses = Counter(one["status"] for told in answers for one in told)
    assert statuses == {"stored": 50, "duplicate": 450}
    assert (await count(stage, "entry"), await count(stage, "alert_source")) == (50, 50)
    assert await stage.live_alerts() == 1


async def test_s5_single_entries_and_batches_at_once_do_not_block_each_other(stage: Stage) -> None:
    items = [item(note=SAID) for _ in range(20)]
    singles = [
        stage.send(wire({k: v for k, v in one.items() if k != "id"}), name=one["id"])
        for one in items
    ]

    answers = await asyncio.gather(
        stage.sync(*items), *singles, stage.sync(*reversed(items)), stage.sync(*items)
    )

    assert {answer.status_code for answer in answers} <= {200, 201, 207}
    assert (await count(stage, "entry"), await count(stage, "quarantine")) == (20, 0)
    assert await stage.live_alerts() == 1


@pytest.mark.parametrize("note", [CALM, SAID], ids=["calm", "dark"])
async def test_s6_a_batch_that_is_too_large_is_refused_and_its_beginning_read(
    stage: Stage, note: str
) -> None:
    body = wire({"entries": [item(note=note)]}) + b" " * 1_150_000

    told = await stage.refuses(
        stage.send(body, method="POST", path="/v1/sync"),
        "413 too-large",
        kept=1,
        speaks=note == SAID,
    )

    assert told["quarantined"] is True
    assert await stage.kept_bodies() == [body[:BATCH_LIMIT]]


async def test_s6_a_batch_of_one_mebibyte_is_not_too_large(stage: Stage) -> None:
    body = wire({"entries": [item()]})
    body += b" " * (BATCH_LIMIT - len(body))

    answer = await stage.send(body, method="POST", path="/v1/sync")

    assert answer.status_code == 207


@pytest.mark.parametrize("dark", [1, 200], ids=["the last", "all"])
async def test_s8_two_hundred_items_ring_once(stage: Stage, dark: int) -> None:
    items = [item(note=SAID if n >= 200 - dark else CALM) for n in range(200)]

    told = await results(stage, *items)

    assert Counter(one["status"] for one in told) == {"stored": 200}
    assert sum("crisis" in one["entry"] for one in told) == dark
    row = await stage.db.fetchrow(
        "SELECT count(*) AS alerts, max(round) AS rounds, bool_and(opened_at = next_step_at)"
        " AS at_once FROM alert WHERE patient_id = $1",
        stage.ana.id,
    )
    assert dict(row or {}) == {"alerts": 1, "rounds": 1, "at_once": True}
    assert await count(stage, "alert_source") == dark


async def test_s8_stored_and_refused_items_that_speak_of_suicide_ring_once(stage: Stage) -> None:
    kinds: list[dict[str, Any]] = [{"form": "none@1"}, {"answers": {}}]
    items = [item(note=SAID, **kinds[n % 2]) for n in range(20)]

    await results(stage, *items)

    rounds = await stage.db.fetch("SELECT round FROM alert WHERE patient_id = $1", stage.ana.id)
    assert [row["round"] for row in rounds] == [1]
    assert await count(stage, "alert_source") == 20


@pytest.mark.parametrize("member", ["patient_id", "clinic_id", "subject", "patient"])
async def test_s9_an_item_for_somebody_else_is_refused(
    stage: Stage, ward: Ward, dr_bo: Person, member: str
) -> None:
    ben = await ward.patient("ben", dr_bo)

    told = await results(stage, item(), item(note=SAID) | {member: str(ben.id)})

    assert [one["status"] for one in told] == ["stored", "invalid"]
    assert told[1]["problem"]["type"] == "/problems/unknown-field"
    assert told[1]["quarantined"] is True
    theirs = await stage.db.fetchval("SELECT count(*) FROM entry WHERE patient_id = $1", ben.id)
    assert theirs == 0
    assert (await stage.live_alerts(), await stage.live_alerts(ben)) == (1, 0)


DAMAGED = {
    "S6-cut": lambda body: body[:-5],
    "S6-utf-16": lambda body: body.decode().encode("utf-16"),
    "S6-a-lone-byte": lambda body: body.replace(b"CANARY", b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())
async def test_s6_a_damaged_batch_is_kept_and_read_as_a_whole(stage: Stage, damage: Any) -> None:
    body = damage(wire({"entries": [item(note=SAID)]}))

    await stage.refuses(
        stage.send(body, method="POST", path="/v1/sync"), "400 malformed-json", kept=1, speaks=True
    )


async def test_s6_the_thirty_first_batch_of_an_hour_is_read_before_it_is_refused(
    stage: Stage,
) -> None:
    for _ in range(30):
        assert (await stage.sync()).status_code == 200

    await stage.refuses(stage.sync(item(note=SAID)), "429 rate-limited", kept=1, speaks=True)

    assert await stage.live_alerts() == 1
