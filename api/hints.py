"""Tell the jobs that a patient has news: best effort, after the commit, never in its way."""

import asyncio
import contextlib
import time
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.log import log
from models.job import ASSESS_HINTS, hint_member

SEND_LIMIT = 0.25
"""Seconds one send may take; a hint that is lost is found by the sweep."""
GATHER = 0.02
"""Seconds in which hints are gathered into one command."""
MOST_WAITING = 10_000
"""Hints held while Redis is slow; beyond it they are dropped, and the sweep finds the patients."""


class Hints:
    """Patients with news, sent together in the background."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Redis = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] # loose kwargs
            redis_url, socket_timeout=SEND_LIMIT, socket_connect_timeout=SEND_LIMIT
        )
        self._waiting: dict[str, float] = {}
        self._sender: asyncio.Task[None] | None = None
        self.dropped = 0

    def add(self, clinic_id: UUID, patient_id: UUID) -> None:
        """Note that a patient has news; returns at once."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.setdefault(hint_member(clinic_id, patient_id), time.time())
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER)
            batch, self._waiting = self._waiting, {}
            try:
                async with asyncio.timeout(SEND_LIMIT):
                    await self._redis.zadd(ASSESS_HINTS, dict(batch), nx=True)
            except (RedisError, OSError, TimeoutError) as error:
                self.dropped += len(batch)
                log.warning("hints.dropped", count=len(batch), exc_info=error)

    async def close(self) -> None:
        """Send what waits, then let the connection go."""
        if self._sender is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()
