"""What each phone received, in order, with the instant it arrived."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

KEPT = 10_000
"""Calls remembered; a demo that runs for weeks must not grow without end."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call a provider got, and what it did with it."""

    n: int
    at: float
    fid: str
    validate_only: bool
    answer: str
    status: int
    delivered: bool
    violations: list[str]
    message: Mapping[str, Any]


class Phones:
    """The log of calls, and those who wait for the next one."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._last = 0
        self._arrived = asyncio.Event()

    def record(self, make: Callable[[int], Call]) -> None:
        """Keep one call under the next number and wake whoever waits."""
        self._last += 1
        self._calls.append(make(self._last))
        self._arrived.set()
        self._arrived = asyncio.Event()

    @property
    def last(self) -> int:
        """Number of the newest call: what a later `since` starts from."""
        return self._last

    def calls(self, fid: str | None = None, *, since: int = 0) -> list[Call]:
        """Return the calls after a number, of one registration or of all."""
        return [c for c in self._calls if c.n > since and fid in {None, c.fid}]

    def pushes(self, fid: str | None = None, *, since: int = 0) -> list[Call]:
        """Return only what a phone showed."""
        return [c for c in self.calls(fid, since=since) if c.delivered]

    def violations(self) -> list[Call]:
        """Return the calls that held what may not leave."""
        return [c for c in self._calls if c.violations]

    async def wait(self, fid: str, *, since: int = 0, timeout_seconds: float = 30) -> list[Call]:
        """Return a phone's pushes after a number, as soon as there is one."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not (found := self.pushes(fid, since=since)):
                    await self._arrived.wait()
        except TimeoutError:
            return []
        return found

    def clear(self) -> None:
        """Forget the calls; their numbers go on."""
        self._calls.clear()
