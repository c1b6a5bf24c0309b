"""A small HTTP/1.1 server on loopback that can also break off, truncate and say nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

LOOPBACK = "127.0.0.1"
LARGEST_HEAD_BYTES = 16_384
LARGEST_BODY_BYTES = 65_536
CLOSE_SECONDS = 0.2


class ResetError(Exception):
    """The connection is to be reset instead of answered."""


class MalformedError(Exception):
    """What arrived is not a request this server takes."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, read to its end."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer; a truncated one promises more bytes than it brings."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    is_truncated: bool = False

    def encode(self) -> bytes:
        """Lay the answer out as bytes."""
        promised = len(self.body) + (100 if self.is_truncated else 0)
        head = {
            "content-type": self.content_type,
            "content-length": str(promised),
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} -", *(f"{k}: {v}" for k, v in head.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Handler = Callable[[Request], Awaitable[Response]]


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one request with its body."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise MalformedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "0")
    if len(words) != 3 or not length.isdecimal() or "transfer-encoding" in headers:  # noqa: PLR2004 # method, target, version
        raise MalformedError(HTTPStatus.BAD_REQUEST)
    if int(length) > LARGEST_BODY_BYTES:
        raise MalformedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    target = urlsplit(words[1])
    return Request(
        method=words[0],
        path=unquote(target.path),
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers=headers,
        body=await reader.readexactly(int(length)),
    )


class LoopbackServer:
    """Listens on loopback, one task a connection, and ends them all when it is closed."""

    def __init__(
        self,
        serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        *,
        port: int = 0,
        limit: int = LARGEST_HEAD_BYTES,
    ) -> None:
        self._serve = serve
        self._limit = limit
        self.port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, LOOPBACK, self.port, limit=self._limit
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        await server.wait_closed()
        # Transports report their end one turn of the loop after they were closed.
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            writer.transport.abort()  # it was accepted while we were closing
            return
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # A task cancelled before its first step never reaches its own clean-up.
        task.add_done_callback(lambda _: writer.close())

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except ResetError:
            writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side has gone
        finally:
            writer.close()
            # A stream whose upgrade to TLS failed never reports its end on Python 3.11.
            with contextlib.suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CLOSE_SECONDS)


def http_server(handler: Handler, *, port: int = 0) -> LoopbackServer:
    """Return a server that answers HTTP requests with a handler."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for request in _requests(reader):
                response = await handler(request)
                writer.write(response.encode())
                await writer.drain()
                if response.is_truncated:
                    return
        except MalformedError as error:
            writer.write(Response(status=error.status).encode())

    return LoopbackServer(serve, port=port)


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[Request]:
    while not reader.at_eof():
        request = await read_request(reader)
        yield request
        if request.headers.get("connection", "").lower() == "close":
            return
