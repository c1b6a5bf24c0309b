"""A client as cheap as can be: requests are bytes made before, answers are counted by status.

It shares two cores with what it measures, so it must cost next to nothing.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import uvloop

from models.ids import uuid7

NOTE = (
    "Slept a bit better after the second infusion, still tired in the afternoon. Went for a walk "
    "with the dog and called my sister, which was nice."
)
"""An everyday note of about 140 characters."""


@dataclass(slots=True)
class Result:
    """What came back within the measured time."""

    seconds: float = 0.0
    statuses: dict[bytes, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Stored entries a second."""
        return self.statuses.get(b"201", 0) / self.seconds


def token_of(number: int) -> str:
    """Return the access token of one of the bench's patients."""
    return f"at_{number:0>43}"


def entry_body() -> bytes:
    """Write an everyday entry."""
    now = datetime.now(UTC)
    return json.dumps(
        {
            "occurred_at": now.isoformat(),
            "zone": "Etc/UTC",
            "local_date": now.date().isoformat(),
            "form": "daily_depression@1",
            "language": "en",
            "answers": {
                "low_mood": 4, "anhedonia": 3, "hopelessness": 2, "fatigue": 6,
                "dissociation": 0, "activation": 1, "side_effects": 2, "si_daily": 0,
            },
            "side_effects": [{"id": "fatigue", "severity": 1}],
            "note": NOTE,
        }
    ).encode()  # fmt: skip


def requests(patients: int) -> Iterator[bytes]:
    """Yield entries of one patient after the other, each with an id of its own."""
    body = entry_body()
    number = 0
    while True:
        number = number % patients + 1
        yield (
            f"PUT /v1/entries/{uuid7()} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {token_of(number)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Connection(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, take: Callable[[], bytes | None], result: Result) -> None:
        self._take, self._result = take, result
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class
        self._next()

    def _next(self) -> None:
        request = self._take()
        if request is None or self._transport is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = b""
        self._result.latencies_ms.append((time.perf_counter() - self._sent_at) * 1000)
        status = head[9:12]
        self._result.statuses[status] = self._result.statuses.get(status, 0) + 1
        self._next()

    def connection_lost(self, _exc: Exception | None) -> None:
        """End with the connection."""
        if not self.done.done():
            self.done.set_result(None)


async def run(port: int, *, connections: int, patients: int, seconds: float) -> Result:
    """Ask for a while over so many connections."""
    result, source = Result(), requests(patients)
    waiting = deque(next(source) for _ in range(connections * 4))
    until = time.perf_counter() + seconds

    def take() -> bytes | None:
        return (
            None
            if time.perf_counter() > until
            else (waiting.popleft() if waiting else next(source))
        )

    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    protocols = [
        (await loop.create_connection(lambda: Connection(take, result), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for protocol in protocols))
    result.seconds = time.perf_counter() - started
    return result


def measure(port: int, *, connections: int, patients: int, seconds: float) -> Result:
    """Run the client on a loop of its own."""
    return uvloop.run(run(port, connections=connections, patients=patients, seconds=seconds))
