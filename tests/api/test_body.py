"""A body is read whole, within its limits, and what was read is kept when it is refused."""

import asyncio
import contextlib
import gzip
from collections.abc import Awaitable

import pytest

from api import body as body_module
from api.body import MOST_DRAINED, MOST_READING, read_body
from api.errors import (
    BadRequest,
    RequestTimeout,
    TooLarge,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from api.problem import Problem
from tests.api.kit import request_with

IS_JSON = [(b"content-type", b"application/json")]
LIMIT = 1000


async def read(
    *pieces: bytes | Awaitable[None],
    headers: list[tuple[bytes, bytes]] = IS_JSON,
    limit: int = LIMIT,
) -> bytes:
    return await read_body(request_with(pieces, headers), limit=limit)


async def refused(
    *pieces: bytes | Awaitable[None],
    headers: list[tuple[bytes, bytes]] = IS_JSON,
    limit: int = LIMIT,
) -> Problem:
    with pytest.raises(Problem) as caught:
        await read(*pieces, headers=headers, limit=limit)
    return caught.value


async def test_a_body_in_one_piece_is_read() -> None:
    assert await read(b'{"a":1}') == b'{"a":1}'


async def test_a_body_in_pieces_is_put_together() -> None:
    assert await read(b'{"a"', b"", b":1", b"}") == b'{"a":1}'


async def test_an_empty_body_is_empty() -> None:
    assert await read(b"") == b""


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    assert len(await read(b"x" * LIMIT)) == LIMIT


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 2, LIMIT + MOST_DRAINED])
async def test_a_larger_body_is_refused_with_its_beginning(size: int) -> None:
    problem = await refused(b"a" * 10 + b"b" * (size - 10))

    assert type(problem) is TooLarge
    assert problem.salvage == b"a" * 10 + b"b" * (LIMIT - 10)
    assert problem.headers["Connection"] == "close"


async def test_a_chunked_body_is_refused_once_it_passes_the_limit() -> None:
    problem = await refused(*[b"x" * 300] * 4)

    assert type(problem) is TooLarge
    assert problem.salvage == b"x" * LIMIT


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    pieces = [b"x" * MOST_DRAINED] * 4
    request = request_with(pieces, IS_JSON)

    with pytest.raises(TooLarge) as caught:
        await read_body(request, limit=LIMIT)

    assert len(caught.value.salvage) == LIMIT
    assert (await request.receive())["type"] == "http.request"


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/json;",
    ],
)
async def test_json_in_utf_8_is_taken(kind: bytes) -> None:
    assert await read(b"{}", headers=[(b"content-type", kind)]) == b"{}"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"")],
        [(b"content-type", b"application/json; charset=utf-16")],
        [(b"content-type", b"application/json; charset=utf-8; charset=latin-1")],
        [(b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"multipart/form-data; boundary=application/json")],
        [(b"content-type", b"application/msgpack")],
        [(b"content-type", b"application/merge-patch+json")],
        [(b"content-type", b"application/jsonp")],
        [*IS_JSON, *IS_JSON],
        [(b"content-type", b"text/plain"), *IS_JSON],
    ],
    ids=str,
)
async def test_another_media_type_is_refused_with_the_body(
    headers: list[tuple[bytes, bytes]],
) -> None:
    problem = await refused(b"I cannot go on", headers=headers)

    assert type(problem) is UnsupportedMediaType
    assert problem.salvage == b"I cannot go on"


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"GZIP", b"identity, gzip", b"x"])
async def test_an_encoded_body_is_refused_unread(encoding: bytes) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    request = request_with([bomb], [*IS_JSON, (b"content-encoding", encoding)])

    with pytest.raises(UnsupportedEncoding) as caught:
        await read_body(request, limit=LIMIT)

    assert caught.value.salvage == b""
    assert dict(await request.receive())["body"] == bomb


async def test_the_identity_encoding_is_none() -> None:
    assert await read(b"{}", headers=[*IS_JSON, (b"content-encoding", b"identity")]) == b"{}"


async def never() -> None:
    await asyncio.Event().wait()


async def test_a_body_that_stops_halfway_is_given_up_with_what_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body_module, "READ_DEADLINE", 0.01)

    problem = await refused(b'{"note":"I can', never())

    assert type(problem) is RequestTimeout
    assert problem.salvage == b'{"note":"I can'
    assert problem.headers["Connection"] == "close"


async def test_a_body_too_large_and_too_slow_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "READ_DEADLINE", 0.01)

    problem = await refused(b"x" * (LIMIT + 1), never())

    assert type(problem) is TooLarge


async def test_a_client_that_leaves_is_not_waited_for() -> None:
    async def nothing() -> None:
        return None

    problem = await refused(b"{", nothing())

    assert type(problem) is BadRequest
    assert problem.salvage == b""


async def test_of_too_many_slow_bodies_the_oldest_is_given_up() -> None:
    slow = [asyncio.create_task(refused(b"%d" % n, never())) for n in range(MOST_READING)]
    await settle()
    before = [task.done() for task in slow]

    assert await read(b"{}") == b"{}"
    await settle()

    assert not any(before)
    assert [task.done() for task in slow] == [True] + [False] * (MOST_READING - 1)
    assert type(slow[0].result()) is RequestTimeout
    assert slow[0].result().salvage == b"0"
    await cancel(slow)


async def test_newcomers_are_always_read_however_many_bodies_hang() -> None:
    slow = [asyncio.create_task(refused(b"x", never())) for _ in range(MOST_READING * 3)]
    await settle()

    assert await asyncio.gather(*(read(b"{}") for _ in range(20))) == [b"{}"] * 20
    assert sum(not task.done() for task in slow) <= MOST_READING
    await cancel(slow)


async def test_nothing_is_left_behind_by_bodies_that_were_read_or_refused() -> None:
    await read(b"{}")
    await refused(b"x" * (LIMIT + 1))
    slow = asyncio.create_task(refused(b"x", never()))
    await settle()
    await cancel([slow])

    assert not body_module._reading


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def cancel(tasks: list[asyncio.Task[Problem]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
