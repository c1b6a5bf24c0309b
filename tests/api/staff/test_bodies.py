"""Whatever body a change is sent with: what is not its contract changes nothing."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from api.app import STAFF
from models.session import Connection
from tests.api.kit import problem_in
from tests.api.staff.requests import CHANGES, WITHOUT_BODY, Stage, set_stage
from tests.cast import Person, Ward

CANARY = "ZZCANARY"
WATCHED = (
    "patient", "membership", "course", "course_phase", "infusion", "infusion_revision", "vital",
    "appointment", "practitioner", "enrolment_code", "alert", "alert_history", "delivery",
)  # fmt: skip


@pytest.fixture
async def stage(api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person) -> Stage:
    """Put one of everything on stage."""
    return await set_stage(api, ward, ana, dr_bo)


async def state_of(db: Connection) -> dict[str, str]:
    """Hash every table that a refused change must leave alone."""
    return {
        table: await db.fetchval(
            f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
        )
        for table in WATCHED
    }


def test_every_change_of_the_staff_side_is_here() -> None:
    changing = {
        str(handler.operation_id)
        for room in STAFF
        for handler in room.HANDLERS
        if not handler.http_methods & {"GET"}
    }

    assert changing == set(CHANGES) | WITHOUT_BODY


@pytest.mark.parametrize("operation", CHANGES)
async def test_the_request_as_it_is_meant_is_done(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    before = await state_of(superuser)

    answer = await CHANGES[operation].send(api, stage)

    assert answer.status_code in {200, 201}, answer.text
    assert await state_of(superuser) != before
    assert answer.headers["cache-control"] == "no-store"


BROKEN: dict[str, tuple[bytes, dict[str, str], tuple[int, str]]] = {
    "empty": (b"", {}, (400, "malformed-json")),
    "cut": (b'{"id": "0', {}, (400, "malformed-json")),
    "twice": (b'{"id": 1, "id": 2}', {}, (400, "malformed-json")),
    "no utf-8": (b'{"name": "\xff\xfe"}', {}, (400, "malformed-json")),
    "too deep": (b"[" * 100_000, {}, (400, "malformed-json")),
    "too large": (b'"' + b"x" * 300_000 + b'"', {}, (413, "too-large")),
    "no number": (b'{"dose_mg": NaN}', {}, (400, "malformed-json")),
    "text": (b"{}", {"Content-Type": "text/plain"}, (415, "unsupported-media-type")),
    "zipped": (b"\x1f\x8b", {"Content-Encoding": "gzip"}, (415, "unsupported-encoding")),
    "a list": (b"[]", {}, (422, "invalid-query")),
    "a string": (b'"id"', {}, (422, "invalid-query")),
}


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_body_that_is_not_the_contracts_changes_nothing(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    before = await state_of(superuser)

    for name, (content, headers, refusal) in BROKEN.items():
        answer = await CHANGES[operation].send(api, stage, content=content, headers=headers)
        assert (answer.status_code, problem_in(answer)) == refusal, name

    assert await state_of(superuser) == before


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_member_nobody_knows_is_refused_and_not_repeated(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    change, before = CHANGES[operation], await state_of(superuser)
    intruders: dict[str, Any] = {
        "clinic_id": str(stage.nurse.id),
        "acked_by": str(stage.nurse.id),
        "recorded_by": str(stage.nurse.id),
        CANARY: CANARY,
    }

    for name, value in intruders.items():
        body = json.dumps({**change.body(stage), name: value}).encode()
        answer = await change.send(api, stage, content=body)
        assert (answer.status_code, problem_in(answer)) == (422, "unknown-field"), name
        assert CANARY not in answer.text

    assert await state_of(superuser) == before


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_member_of_the_wrong_kind_is_refused_by_its_name_alone(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    change, before = CHANGES[operation], await state_of(superuser)

    for name in change.body(stage):
        body = json.dumps({**change.body(stage), name: {CANARY: [CANARY]}}).encode()
        answer = await change.send(api, stage, content=body)
        assert answer.status_code == 422, (name, answer.text)
        assert CANARY not in answer.text
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{name}")

    assert await state_of(superuser) == before


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_null_stands_for_nothing(
    api: httpx.AsyncClient, stage: Stage, operation: str
) -> None:
    change = CHANGES[operation]

    for name in change.body(stage):
        body = json.dumps({**change.body(stage), name: None}).encode()
        answer = await change.send(api, stage, content=body)
        assert answer.status_code == 422, name


@pytest.mark.parametrize("operation", [name for name, c in CHANGES.items() if c.creates])
async def test_ten_requests_at_once_create_one_thing_and_answer_alike(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    change = CHANGES[operation]
    table = change.creates
    before = await superuser.fetchval(f"SELECT count(*) FROM {table}")
    body = json.dumps(change.body(stage)).encode()

    answers = await asyncio.gather(*(change.send(api, stage, content=body) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await superuser.fetchval(f"SELECT count(*) FROM {table}") == before + 1


@pytest.mark.parametrize("operation", CHANGES)
async def test_every_change_is_in_the_audit_with_who_and_which_request(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    known = {row["id"] for row in await superuser.fetch("SELECT id FROM audit_event")}

    answer = await CHANGES[operation].send(api, stage)

    rows = await superuser.fetch("SELECT * FROM audit_event")
    new = [row for row in rows if row["id"] not in known]
    who = CHANGES[operation].who(stage)
    assert new
    for row in new:
        assert (row["actor_id"], row["session_id"]) == (who.id, who.session_id)
        assert str(row["request_id"]) == answer.headers["x-request-id"]
        assert row["outcome"] == "done"


@pytest.mark.parametrize("operation", CHANGES)
async def test_a_session_that_was_ended_changes_nothing(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection, operation: str
) -> None:
    await superuser.execute("UPDATE session SET revoked_at = app_now()")
    before = await state_of(superuser)

    answer = await CHANGES[operation].send(api, stage)

    assert (answer.status_code, problem_in(answer)) == (401, "session-revoked")
    assert await state_of(superuser) == before
