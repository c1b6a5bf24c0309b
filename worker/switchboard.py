"""What every pass of the pager works with: its name, its channels, its keys, its sense of time."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from models.cipher import Keyring
from worker.channels.port import Channel

SLACK = timedelta(seconds=5)
"""How far the database's clock may fall behind our projection before we stop following it.

Source: spec, escalation, dispatcher: a fall of more than 5 s still leaves rows due.
"""
DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection raises that is cut off between two messages
)
"""What a statement raises while the database is gone: tried again, never the end of a loop."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def worker_name() -> str:
    """Name this process, as leases and heartbeats do."""
    return f"{socket.gethostname()}-{os.getpid()}"


class Floor:
    """The earliest the database's clock can honestly be, so that its fall delays no page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: datetime | None = None
        self._seen_at = 0.0
        self.fell_back = False
        """The database's clock is behind what it said before."""

    def at(self) -> datetime:
        """Return what every query takes for the least the time can be."""
        return LONG_AGO if self._seen is None else self._projected() - SLACK

    def learn(self, now: datetime) -> None:
        """Take the database's time; a fall is noted and not followed."""
        self.fell_back = self._seen is not None and now < self._projected() - SLACK
        if not self.fell_back:
            self._seen, self._seen_at = now, self._clock()

    def _projected(self) -> datetime:
        seen = self._seen or LONG_AGO
        return seen + timedelta(seconds=self._clock() - self._seen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switchboard:
    """One pager's means; `config_faults` names each channel that is set up wrongly, and how."""

    worker: str
    channels: Mapping[str, Channel]
    keyring: Keyring
    public_url: str
    send_seconds: float = 10.0
    floor: Floor = field(default_factory=Floor)
    config_faults: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def collapse_key(self) -> bytes:
        """Return the key that collapse tags are made with."""
        return self.keyring.derive("collapse")
