"""The application behind its real HTTP server, and connections to it as raw as they get."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from litestar import Litestar

from api.protocol import Protocol
from tests.acceptance.stage import LEAKS, RETRY

PATIENCE = 20


class Running(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def served(app: Litestar) -> AsyncGenerator[int]:
    """Serve an application that runs already, on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        cast("Any", app),
        http=Protocol,
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = Running(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await server.ready.wait()
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer off the wire, and whether the server then hung up."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    def expect(self, problem: str) -> None:
        """C1 and C2, off the wire."""
        status, slug = problem.split()
        told = json.loads(self.body)
        assert (self.status, told["type"]) == (int(status), f"/problems/{slug}")
        assert told["retry"] == RETRY[slug]
        assert told["instance"] == self.headers["x-request-id"]
        assert self.headers["content-type"] == "application/problem+json; charset=utf-8"
        assert self.headers["cache-control"] == "no-store"
        assert self.headers["x-content-type-options"] == "nosniff"
        assert self.headers["referrer-policy"] == "no-referrer"
        assert [leak for leak in LEAKS if leak in self.body.decode()] == []


async def say(port: int, *pieces: bytes, waits: bool = False) -> Heard:
    """Send bytes and read one answer; `waits` for the server to hang up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.rstrip().split("\r\n")
            headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            return Heard(
                status=int(status.split()[1]),
                headers=headers,
                body=body,
                closed=waits and await hung_up(reader),
            )
    finally:
        writer.transport.abort()


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of a connection."""
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True
