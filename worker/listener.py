"""Hear that a step is due: one connection that listens, and is known to be dead when it is."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from models.page_channel import PAGE_CHANNEL, probe
from models.session import Connection, connect
from worker.log import log
from worker.switchboard import DATABASE_AWAY

PROBE_EVERY_SECONDS = 5.0
PROBE_SECONDS = 10.0
"""A half-open connection is found within both together. Source: escalation.md 4."""
CONNECT_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Listener:
    """Wakes the lanes; a notification lost while away is made good by a pass after it is back."""

    url: str
    wake: Callable[[], None]
    learn: Callable[[datetime], None]
    """Told the database's time with every probe."""
    probe_every_seconds: float = PROBE_EVERY_SECONDS
    probe_seconds: float = PROBE_SECONDS
    is_listening: bool = False
    since: float = field(default_factory=time.monotonic)
    """When it last began or ceased to listen."""

    async def run(self) -> None:
        """Listen for ever, connecting again whenever the connection is gone."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._listen_until_lost()
                pause = FIRST_PAUSE_SECONDS
            except DATABASE_AWAY as error:
                log.warning("pager.listener_away", exc_info=error)
            self._note(is_listening=False)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _listen_until_lost(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await connect(self.url, application_name="afterglow-listener")
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            async with asyncio.timeout(self.probe_seconds):
                await connection.add_listener(PAGE_CHANNEL, self._heard)
                self.learn(await probe(connection))
            self._note(is_listening=True)
            self.wake()
            await self._probe_until_lost(connection, lost)
        finally:
            connection.terminate()

    def _heard(self, *_: object) -> None:
        self.wake()

    async def _probe_until_lost(self, connection: Connection, lost: asyncio.Event) -> None:
        while not lost.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), self.probe_every_seconds)
                return
            async with asyncio.timeout(self.probe_seconds):
                self.learn(await probe(connection))

    def _note(self, *, is_listening: bool) -> None:
        if self.is_listening != is_listening:
            self.is_listening, self.since = is_listening, time.monotonic()
