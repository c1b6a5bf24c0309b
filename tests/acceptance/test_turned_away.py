"""Rows of which nothing is kept: nobody sent it, nothing is in it, or nothing is there."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from models.ids import uuid7
from tests.acceptance.entry import entry
from tests.acceptance.stage import CANARY, JSON, SAID, Stage, Tape, check_refusal, wire
from tests.cast import Person, Ward
from tests.staff_side import sign_in

SOME_ID = "018f0000-0000-7000-8000-000000000001"
BODY = wire(entry(note=SAID))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/entries/" + SOME_ID),
        ("PATCH", "/v1/entries/" + SOME_ID),
        ("DELETE", "/v1/entries/" + SOME_ID),
        ("GET", "/v1/entries/" + SOME_ID),
        ("GET", "/v1/entries"),
        ("POST", "/v1/sync"),
        ("GET", "/v1/sync"),
    ],
)
async def test_e01_nobody_is_asked_to_sign_in(stage: Stage, method: str, path: str) -> None:
    sending = stage.api.request(method, path, content=BODY, headers=JSON)

    await stage.refuses(sending, "401 unauthenticated")


async def test_e01_the_answer_names_the_scheme(stage: Stage) -> None:
    answer = await stage.api.put(f"/v1/entries/{uuid7()}", content=BODY, headers=JSON)

    assert answer.headers["www-authenticate"] == "Bearer"


async def test_e01_who_is_not_signed_in_is_told_so_before_anything_about_the_body(
    stage: Stage,
) -> None:
    sending = stage.api.put(f"/v1/entries/{uuid7()}", content=b"[" * 100_000, headers=JSON)

    await stage.refuses(sending, "401 unauthenticated")


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t", b"{", b"\x00\x00"])
async def test_e02_an_empty_body_is_no_json(stage: Stage, body: bytes) -> None:
    await stage.refuses(stage.send(body), "400 malformed-json")


async def test_e10_brackets_without_a_letter_are_not_kept(stage: Stage) -> None:
    await stage.refuses(stage.send(b"[" * 100_000), "400 malformed-json")


async def test_e10_no_depth_of_nesting_reaches_the_log(stage: Stage, tape: Tape) -> None:
    await asyncio.gather(*(stage.send(b'{"a":' * depth) for depth in (33, 1_000, 50_000)))

    assert tape().count('"status":400') == 3
    assert "RecursionError" not in tape()


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, identity", "x"])
async def test_e22_an_encoded_body_is_not_read(stage: Stage, encoding: str) -> None:
    headers = {**JSON, "content-encoding": encoding}

    await stage.refuses(
        stage.send(gzip.compress(BODY), headers=headers), "415 unsupported-encoding"
    )


async def test_e22_a_bomb_is_never_inflated(stage: Stage) -> None:
    read: list[int] = []
    bomb = zlib.compress(bytes(4_000_000), 9)

    async def arrive() -> AsyncIterator[bytes]:
        for at in range(0, len(bomb), 512):
            read.append(at)
            yield bomb[at : at + 512]

    headers = {**JSON, "content-encoding": "deflate"}
    await stage.refuses(stage.send(arrive(), headers=headers), "415 unsupported-encoding")

    assert len(bomb) * 900 < 4_000_000
    assert read == []


async def test_e20_a_chunked_body_is_not_read_far_beyond_the_limit(stage: Stage) -> None:
    sent = 0

    async def arrive() -> AsyncIterator[bytes]:
        nonlocal sent
        yield BODY
        while sent < 50_000_000:
            sent += 65_536
            yield b" " * 65_536

    told = await stage.refuses(stage.send(arrive()), "413 too-large", kept=1, speaks=True)

    assert told["quarantined"] is True
    assert sent < 2_000_000
    assert [len(body) for body in await stage.kept_bodies()] == [256 * 1024]
    await stage.stores(stage.put())


async def test_e20_the_connection_is_not_used_again(stage: Stage) -> None:
    answer = await stage.send(BODY + b" " * 300_000)

    assert answer.headers["connection"] == "close"


async def theirs(stage: Stage, who: Person) -> UUID:
    """Store an entry of somebody else."""
    name = uuid7()
    answer = await stage.api.put(
        f"/v1/entries/{name}", content=BODY, headers={**JSON, **who.headers}
    )
    assert answer.status_code == 201
    return name


async def test_e31_what_is_not_ones_own_is_not_there_in_the_same_words(
    stage: Stage, ward: Ward, south: Ward, dr_bo: Person
) -> None:
    names = [
        await theirs(stage, await ward.patient("ben", dr_bo)),
        await theirs(stage, await south.patient("cleo")),
        uuid7(),
    ]
    answers = []
    for name in names:
        before = await stage.rows()
        answers.append(answer := await stage.get(f"/v1/entries/{name}"))
        check_refusal(answer, "404 not-found")
        after = await stage.rows()
        assert {table for table in after if after[table] != before[table]} == {"public.audit_event"}

    bodies = {a.text.replace(a.headers["x-request-id"], "") for a in answers}
    heads = {tuple(name for name, _ in a.headers.raw) for a in answers}
    assert len(bodies) == len(heads) == 1
    rows = await stage.db.fetch(
        "SELECT object_id, outcome FROM audit_event WHERE actor_id = $1 AND action = 'entry.read'",
        stage.ana.id,
    )
    assert {tuple(row) for row in rows} == {(name, "denied") for name in names}


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_e31_what_is_not_ones_own_can_be_neither_changed_nor_hidden(
    stage: Stage, south: Ward, method: str
) -> None:
    name = await theirs(stage, await south.patient("cleo"))
    sending = stage.send(BODY, name=name, method=method, headers={**JSON, "if-match": "*"})

    kept = int(method == "PATCH")
    await stage.refuses(sending, "404 not-found", kept=kept, speaks=bool(kept))


@pytest.mark.parametrize(
    "path",
    ["%00", "%ff", "../secrets", "%2e%2e/x", "a/b", "not-a-uuid", "%0d%0aX: 1", f"{CANARY}", "☃"],
)
async def test_e32_an_impossible_path_leads_nowhere(stage: Stage, path: str) -> None:
    await stage.refuses(stage.get(f"/v1/entries/{path}"), "404 not-found")


async def test_e32_an_endless_path_is_too_long(stage: Stage) -> None:
    await stage.refuses(stage.get("/v1/entries/" + "a" * 10_240), "414 uri-too-long")


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=201", "limit=1000000000", "limit=abc", "limit=", "limit=5.0",
        "limit=1&limit=2", "limit=%D9%A1", "limit=+5", "offset=50000", f"{CANARY}=1",
        "cursor=a&cursor=b",
    ],
)  # fmt: skip
async def test_e36_a_query_that_is_not_understood_is_refused(
    stage: Stage, path: str, query: str
) -> None:
    await stage.refuses(stage.get(f"{path}?{query}"), "422 invalid-query")


@pytest.mark.parametrize("limit", [1, 200])
async def test_e36_the_limits_themselves_are_allowed(stage: Stage, limit: int) -> None:
    assert (await stage.get(f"/v1/entries?limit={limit}")).status_code == 200


async def a_cursor(stage: Stage, path: str, who: Person) -> str:
    """Get a cursor of a list that goes on."""
    for _ in range(2):
        await theirs(stage, who)
    told = (await stage.get(f"{path}?limit=1", who)).json()
    return str(told.get("next_cursor") or told["cursor"])


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync"])
@pytest.mark.parametrize("change", ["cut", "longer", "flipped", "text", "empty", "endless"])
async def test_e37_a_cursor_that_was_changed_is_refused(
    stage: Stage, path: str, change: str
) -> None:
    good = await a_cursor(stage, path, stage.ana)
    flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    cursor = {
        "cut": good[:-1], "longer": good + "A", "flipped": flipped, "text": CANARY, "empty": "",
        "endless": good * 10,
    }[change]  # fmt: skip

    await stage.refuses(stage.get(f"{path}?cursor={cursor}"), "422 invalid-cursor")


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync"])
async def test_e37_another_persons_cursor_is_refused(
    stage: Stage, ward: Ward, south: Ward, path: str
) -> None:
    for other in (await ward.patient("ben"), await south.patient("cleo")):
        cursor = await a_cursor(stage, path, other)

        await stage.refuses(stage.get(f"{path}?cursor={cursor}"), "422 invalid-cursor")


async def test_e37_another_lists_cursor_is_refused(stage: Stage) -> None:
    cursor = await a_cursor(stage, "/v1/entries", stage.ana)

    await stage.refuses(stage.get(f"/v1/sync?cursor={cursor}"), "422 invalid-cursor")


async def test_s10_another_devices_cursor_is_refused(stage: Stage, ward: Ward) -> None:
    cursor = await a_cursor(stage, "/v1/sync", stage.ana)
    second = await sign_in(ward.pool, stage.ana, "patient")

    await stage.refuses(stage.get(f"/v1/sync?cursor={cursor}", second), "422 invalid-cursor")


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync"])
async def test_s10_a_cursor_from_before_a_restore_asks_to_start_again(
    stage: Stage, path: str
) -> None:
    cursor = await a_cursor(stage, path, stage.ana)
    await stage.db.execute("UPDATE gate.epoch SET epoch = gen_random_uuid()")

    await stage.refuses(stage.get(f"{path}?cursor={cursor}"), "410 resync-required")

    assert (await stage.get(path)).status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "FOO", "POST", "CONNECT"])
async def test_e42_a_method_that_is_not_there_is_refused(stage: Stage, method: str) -> None:
    sending = stage.send(BODY, method=method)

    await stage.refuses(sending, "405 method-not-allowed")


async def test_e42_the_methods_that_are_there_are_named(stage: Stage) -> None:
    answer = await stage.send(BODY, method="FOO")

    assert {"PUT", "PATCH", "DELETE", "GET"} <= set(answer.headers["allow"].split(", "))
