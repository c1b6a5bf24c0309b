"""What a real server does with bytes that are hardly HTTP, or never end."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from litestar import Request, get, put

from api import body, protocol
from api.body import read_body
from api.edge import LARGEST_HEAD
from api.protocol import Protocol
from tests.api.kit import HOST, application

HEAD = f"Host: {HOST}\r\n".encode()
QUICK = 0.2
"""Seconds: the deadlines of these tests."""
ENDLESS = 50_000_000
"""Bytes: far more than the buffers of a connection hold."""


@put("/bodies")
async def put_body(request: Request[Any, Any, Any]) -> dict[str, int]:
    return {"bytes": len(await read_body(request, limit=1000))}


@get("/quick")
async def get_quick() -> dict[str, str]:
    return {}


class Line:
    """One connection to the server, as raw as it gets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, text: bytes) -> None:
        self.writer.write(text)

    async def hear(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: status, headers, body."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()
        status, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (li.partition(": ") for li in lines)}
        length = int(headers.get("content-length", "0"))
        return int(status.split()[1]), headers, await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        """Wait for the end of the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionError:
            return True


class Server:
    """A server on a free port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    @asynccontextmanager
    async def line(self) -> AsyncGenerator[Line]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        async with self.line() as line:
            line.say(request)
            return await line.hear()


class Running(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Server]:
    """Serve two small routes with deadlines that tests can wait for."""
    monkeypatch.setattr(protocol, "HEAD_DEADLINE", QUICK)
    monkeypatch.setattr(body, "READ_DEADLINE", QUICK)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(put_body, get_quick),
        http=Protocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    running = Running(config)
    serving = asyncio.create_task(running.serve(sockets=[listening]))
    await running.ready.wait()
    yield Server(listening.getsockname()[1])
    running.should_exit = True
    await serving


def assert_problem(answer: tuple[int, dict[str, str], bytes], status: int, slug: str) -> None:
    """Check an answer that a client has to understand without a request of its own."""
    found, headers, text = answer
    document = json.loads(text)

    assert (found, document["type"]) == (status, f"/problems/{slug}")
    assert headers["content-type"] == "application/problem+json; charset=utf-8"
    assert headers["x-request-id"] == document["instance"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


async def test_a_request_is_served_and_the_connection_kept(server: Server) -> None:
    async with server.line() as line:
        for _ in range(3):
            line.say(b"GET /quick HTTP/1.1\r\n" + HEAD + b"\r\n")
            assert (await line.hear())[0] == 200


NOT_HTTP = {
    "nonsense": b"hello\r\n\r\n",
    "unknown method and version": b"FOO /quick HTTP/7\r\n" + HEAD + b"\r\n",
    "obs-fold": b"GET /quick HTTP/1.1\r\n" + HEAD + b"X-A: 1\r\n folded\r\n\r\n",
    "space before colon": b"GET /quick HTTP/1.1\r\n" + HEAD + b"X-A : 1\r\n\r\n",
    "two lengths": b"PUT /bodies HTTP/1.1\r\n"
    + HEAD
    + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "negative length": b"PUT /bodies HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
    "bad chunk": b"PUT /bodies HTTP/1.1\r\n"
    + HEAD
    + b"Transfer-Encoding: gzip, x\r\nContent-Type: application/json\r\n\r\nzz\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("request_", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_not_http_is_refused_and_the_connection_closed(
    server: Server, request_: bytes
) -> None:
    async with server.line() as line:
        line.say(request_)
        answer = await line.hear()

        assert_problem(answer, 400, "bad-request")
        assert answer[1]["connection"] == "close"
        assert await line.is_closed()


@pytest.mark.parametrize("method", [b"FOO", b"TRACE", b"GETS", b"get"])
async def test_a_method_that_nobody_knows_is_not_allowed(server: Server, method: bytes) -> None:
    answer = await server.ask(method + b" /quick HTTP/1.1\r\n" + HEAD + b"\r\n")

    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer[1]["allow"]


async def test_a_bare_line_feed_is_no_end_of_a_header(server: Server) -> None:
    async with server.line() as line:
        line.say(b"GET /quick HTTP/1.1\n" + HEAD + b"X: 1\nTransfer-Encoding: chunked\r\n\r\n")
        status, _, _ = await line.hear()

        assert status == 400
        assert await line.is_closed()


async def test_a_length_and_chunks_together_are_refused(server: Server) -> None:
    async with server.line() as line:
        line.say(
            b"PUT /bodies HTTP/1.1\r\n"
            + HEAD
            + b"Content-Type: application/json\r\nContent-Length: 5\r\n"
            + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /quick HTTP/1.1\r\n\r\n"
        )
        answer = await line.hear()

        assert_problem(answer, 400, "bad-request")
        assert await line.is_closed()


@pytest.mark.parametrize("size", [LARGEST_HEAD + 100, 100_000])
async def test_a_huge_header_is_refused(server: Server, size: int) -> None:
    async with server.line() as line:
        line.say(b"GET /quick HTTP/1.1\r\n" + HEAD + b"X-A: " + b"a" * size + b"\r\n\r\n")
        answer = await line.hear()

        assert_problem(answer, 431, "headers-too-large")
        assert await line.is_closed()


async def test_a_head_that_never_ends_is_not_read_for_long(server: Server) -> None:
    sent = 0
    async with server.line() as line:
        line.say(b"GET /quick HTTP/1.1\r\n" + HEAD)
        with contextlib.suppress(ConnectionError):
            while not line.writer.is_closing() and sent < ENDLESS:
                line.say(b"X-A: " + b"a" * 65_000 + b"\r\n")
                sent += 65_000
                await line.writer.drain()

    assert sent < ENDLESS


async def test_without_host_there_is_an_answer_in_our_form(server: Server) -> None:
    assert_problem(await server.ask(b"GET /quick HTTP/1.0\r\n\r\n"), 400, "invalid-host")


async def test_a_websocket_upgrade_finds_nothing(server: Server) -> None:
    answer = await server.ask(
        b"GET /quick HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )

    assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize("path", [b"/%00", b"/%ff", b"/../etc", b"/" + b"a" * 10_000])
async def test_an_impossible_path_finds_nothing(server: Server, path: bytes) -> None:
    status, _, _ = await server.ask(b"GET " + path + b" HTTP/1.1\r\n" + HEAD + b"\r\n")

    assert status == (414 if len(path) > 9000 else 404)


@pytest.mark.parametrize("beginning", [b"", b"G", b"GET /quick HTTP/1.1\r\n" + HEAD])
async def test_a_head_that_does_not_come_is_not_waited_for(
    server: Server, beginning: bytes
) -> None:
    async with server.line() as line:
        line.say(beginning)
        answer = await line.hear()

        assert_problem(answer, 408, "request-timeout")
        assert await line.is_closed()


async def test_a_second_head_that_does_not_come_is_not_waited_for(server: Server) -> None:
    async with server.line() as line:
        line.say(b"GET /quick HTTP/1.1\r\n" + HEAD + b"\r\nGET /quick HT")
        first, second = await line.hear(), await line.hear()

        assert first[0] == 200
        assert_problem(second, 408, "request-timeout")


def upload(length: int, part: bytes) -> bytes:
    return (
        b"PUT /bodies HTTP/1.1\r\n"
        + HEAD
        + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length
        + part
    )


async def test_a_body_that_stops_is_not_waited_for(server: Server) -> None:
    async with server.line() as line:
        line.say(upload(50, b'{"note":'))
        answer = await line.hear()

        assert_problem(answer, 408, "request-timeout")
        assert answer[1]["connection"] == "close"
        assert await line.is_closed()


async def test_two_hundred_slow_bodies_do_not_keep_a_good_one_waiting(server: Server) -> None:
    async with contextlib.AsyncExitStack() as open_lines:
        slow = [await open_lines.enter_async_context(server.line()) for _ in range(200)]
        for line in slow:
            line.say(upload(50, b"{"))
        answers = [await server.ask(upload(2, b"{}")) for _ in range(20)]
        given_up = [await line.hear() for line in slow]

    assert {status for status, _, _ in answers} == {200}
    assert {status for status, _, _ in given_up} == {408}


async def test_a_body_over_the_limit_is_answered_before_the_end(server: Server) -> None:
    async with server.line() as line:
        line.say(upload(3000, b"x" * 3000))
        answer = await line.hear()

        assert_problem(answer, 413, "too-large")
        assert await line.is_closed()


async def test_chunks_over_the_limit_are_refused(server: Server) -> None:
    async with server.line() as line:
        line.say(
            b"PUT /bodies HTTP/1.1\r\n"
            + HEAD
            + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"258\r\n"
            + b"x" * 600
            + b"\r\n"
            + b"258\r\n"
            + b"x" * 600
            + b"\r\n0\r\n\r\n"
        )

        assert_problem(await line.hear(), 413, "too-large")
        assert await line.is_closed()


async def test_after_every_refusal_the_next_request_is_served(server: Server) -> None:
    for request_ in NOT_HTTP.values():
        await server.ask(request_)

    status, _, _ = await server.ask(upload(2, b"{}"))

    assert status == 200
