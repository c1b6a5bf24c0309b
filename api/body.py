"""A request's body, read within limits of size and time and of one media type.

What was read of a body that is refused goes with the refusal as `salvage`: the caller quarantines
and screens it before the answer (`salvage.py`). Strict decoding is in `decode.py`.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.types import Receive

from api.errors import (
    BadRequest,
    RequestTimeout,
    TooLarge,
    UnsupportedEncoding,
    UnsupportedMediaType,
)
from api.problem import CLOSE

ENTRY_LIMIT = 256 * 1024
"""Bytes of one entry: a note of 64 KiB written in JSON escapes, and its answers."""
BATCH_LIMIT = 1024 * 1024
"""Bytes of one batch of entries."""
READ_DEADLINE = 15.0
"""Seconds a body may take: a kilobyte on the worst mobile network takes two."""
MOST_READING = 64
"""Bodies read at once in a process; of more, the one that has waited longest is given up.

A refusal of newcomers would let 64 silent connections lock everybody out.
"""
MOST_DRAINED = 1024 * 1024
"""Bytes read and dropped beyond a limit, so that an honest client gets to see its 413.

A connection closed with unread bytes is reset, and the reset can overtake the answer.
"""

_reading: dict[asyncio.Timeout, None] = {}


async def read_body(request: Request[Any, Any, Any], *, limit: int) -> bytes:
    """Return the whole body of a JSON request, or raise the problem it has."""
    kinds, encoded = describe_body(request.scope["headers"])
    if encoded:
        raise UnsupportedEncoding(headers=CLOSE)
    arriving = Arriving(limit)
    try:
        await collect_in_time(request.receive, arriving)
    except TimeoutError:
        arriving.refuse_surplus()
        raise RequestTimeout(salvage=bytes(arriving.kept), headers=CLOSE) from None
    arriving.refuse_surplus()
    body = bytes(arriving.kept)
    if len(kinds) != 1 or not is_json(kinds[0]):
        raise UnsupportedMediaType(salvage=body)
    return body


@dataclass(slots=True)
class Arriving:
    """A body on its way: at most `limit` bytes are kept."""

    limit: int
    kept: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, chunk: bytes) -> None:
        """Take one more piece."""
        self.size += len(chunk)
        if len(self.kept) < self.limit:
            self.kept += chunk[: self.limit - len(self.kept)]
        if self.size > self.limit + MOST_DRAINED:
            self.refuse_surplus()

    def refuse_surplus(self) -> None:
        """Raise when more came than the limit allows."""
        if self.size > self.limit:
            raise TooLarge(salvage=bytes(self.kept), headers=CLOSE)


async def collect_in_time(receive: Receive, arriving: Arriving) -> None:
    """Read until the body ends, the deadline passes or too many others are waiting."""
    async with asyncio.timeout(READ_DEADLINE) as timer:
        if len(_reading) >= MOST_READING:
            oldest = next(iter(_reading))
            del _reading[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())
        _reading[timer] = None
        try:
            await collect(receive, arriving)
        finally:
            _reading.pop(timer, None)


async def collect(receive: Receive, arriving: Arriving) -> None:
    """Read until the body ends."""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise BadRequest  # the client has gone; nobody reads this answer
        arriving.add(message["body"])
        more = message["more_body"]


def describe_body(headers: Iterable[tuple[bytes, bytes]]) -> tuple[list[bytes], bool]:
    """Return the content types given, and whether the body is encoded in any way."""
    kinds: list[bytes] = []
    encoded = False
    for name, value in headers:
        if name == b"content-type":
            kinds.append(value)
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            encoded = True
    return kinds, encoded


def is_json(kind: bytes) -> bool:
    """Say whether a content type is JSON in UTF-8."""
    if kind == b"application/json":
        return True
    essence, *parameters = (part.strip().lower() for part in kind.split(b";"))
    charsets = {p.replace(b'"', b"") for p in parameters if p}
    return essence == b"application/json" and charsets <= {b"charset=utf-8"}
