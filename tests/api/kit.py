"""What the tests of the API's edge share: small applications, requests and their answers."""

import io
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import httpx
import msgspec
import structlog
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler

from api.assembly import assemble
from api.log import configure_log

HOST = "diary.example"
JSON = {"content-type": "application/json"}


def application(*routes: HTTPRouteHandler, in_prod: bool = True) -> Litestar:
    """Assemble routes as the real application is, under one host name."""
    return assemble(routes, hosts=[HOST], port=8443, in_prod=in_prod)


@asynccontextmanager
async def client_of(app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client of an application, in this loop."""
    transport = httpx.ASGITransport(cast("Any", app))
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as client:
        yield client


def problem_in(answer: httpx.Response) -> str:
    """Return the slug of an answer that has every member a problem must have."""
    assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["instance"] == answer.headers["x-request-id"]
    assert set(found) >= {"type", "title", "status", "instance", "retry", "errors"}
    return str(found["type"]).removeprefix("/problems/")


def request_with(
    pieces: Sequence[bytes | Awaitable[None]], headers: Iterable[tuple[bytes, bytes]]
) -> Request[Any, Any, Any]:
    """Make a request whose body arrives in pieces; an awaitable piece is awaited first."""
    waiting = list(pieces)

    async def receive() -> dict[str, object]:
        while waiting:
            piece = waiting.pop(0)
            if isinstance(piece, bytes):
                return {"type": "http.request", "body": piece, "more_body": bool(waiting)}
            await piece
        return {"type": "http.disconnect"}

    scope = {"type": "http", "headers": list(headers), "method": "PUT", "path": "/"}
    return Request(cast("Any", scope), receive=cast("Any", receive))


@contextmanager
def captured_log(level: str = "info") -> Generator[Callable[[], list[dict[str, Any]]]]:
    """Send the log to memory; yields what reads its lines."""
    stream, root = io.BytesIO(), logging.getLogger()
    before, least = root.handlers[:], root.level
    root.handlers.clear()
    configure_log(level, stream)
    try:
        yield lambda: [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]
    finally:
        structlog.reset_defaults()
        logging.captureWarnings(capture=False)
        root.handlers[:] = before
        root.setLevel(least)
