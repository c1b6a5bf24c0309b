"""Say every ten seconds that this pager lives; tell the outside only while all is well."""

import asyncio
import contextlib
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from models.claim import cancel_orphans
from models.invariant import I2, broken_rows
from models.page_channel import probe
from models.second_reading import ask_about_unread
from models.session import Pool
from models.vitals import Beat, has_root_key, oldest_due_seconds, remove_beat, write_beat
from worker.channels.fcm_token import in_thread
from worker.listener import Listener
from worker.log import log
from worker.switchboard import DATABASE_AWAY, Switchboard

BEAT_SECONDS = 10.0
"""Missing for 60 s, somebody is told. Source: escalation.md 9."""
SETTLING_SECONDS = 0.5
"""Between the first beats: whoever waits for us need not wait ten seconds because the first one
found pages that came due while nobody was there, or an ear not open yet."""
LATEST_SECONDS = 30.0
"""How late a page may be, and how long the ear may be away. Source: escalation.md 9 and 13, I3."""
UNREAD_AFTER = timedelta(seconds=60)
"""A note the second reading has not read by now is for a human. Source: spec, ideation 4."""
MOST_UNREAD = 200
CALL_SECONDS = 5.0
LAG_SAMPLE_SECONDS = 0.25


class LagMeter:
    """How long the event loop kept something waiting that was due."""

    def __init__(self) -> None:
        self._worst_ms = 0.0

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(LAG_SAMPLE_SECONDS)
            self.note(time.monotonic() - began - LAG_SAMPLE_SECONDS)

    def note(self, lag_seconds: float) -> None:
        """Keep the worst."""
        self._worst_ms = max(self._worst_ms, lag_seconds * 1_000)

    def take(self) -> float:
        """Return the worst since the last look, in milliseconds."""
        worst, self._worst_ms = self._worst_ms, 0.0
        return worst


@dataclass(slots=True, kw_only=True)
class Heart:
    """One pager's heart: writes its row, checks what must hold, calls the dead man's switch."""

    board: Switchboard
    pool: Pool
    listener: Listener
    url: str | None = None
    lag: LagMeter = field(default_factory=LagMeter)

    async def run(self) -> None:
        """Beat for ever; a beat that fails is a beat that is missing."""
        meter = asyncio.create_task(self.lag.run())
        settles_by = time.monotonic() + BEAT_SECONDS
        try:
            while True:
                settled = await self.beat_or_log() or time.monotonic() > settles_by
                await asyncio.sleep(BEAT_SECONDS if settled else SETTLING_SECONDS)
        finally:
            meter.cancel()

    async def beat_or_log(self) -> bool:
        """Beat once and say whether all is well; no error of it ends the pager."""
        try:
            faults = await self.beat()
        except DATABASE_AWAY as error:
            log.error("pager.beat_failed", exc_info=error)
            return False
        if faults:
            log.critical("pager.unwell", reason=faults)
        elif self.url is not None:
            await self._call(self.url)
        return not faults and self.listener.is_listening

    async def beat(self) -> list[str]:
        """Write the row and return what is wrong."""
        async with self.pool.acquire() as connection:
            self.board.floor.learn(await probe(connection))
            floor = self.board.floor.at()
            await cancel_orphans(connection, floor=floor)
            late = await oldest_due_seconds(connection, floor=floor)
            forgotten = await broken_rows(connection, I2)
            has_key = await has_root_key(connection, self.board.keyring)
            unread = await ask_about_unread(connection, older_than=UNREAD_AFTER, most=MOST_UNREAD)
            await write_beat(connection, self._beat(late))
        return self._faults(late, forgotten, unread, has_key=has_key)

    def _beat(self, late: float) -> Beat:
        faults = [f"{channel}:{code}" for channel, code in self.board.config_faults.items()]
        return Beat(
            worker=self.board.worker,
            loop_lag_ms=self.lag.take(),
            oldest_due_seconds=late,
            listen_ok=self.listener.is_listening,
            config_fault=",".join(sorted(faults)) or None,
            version=own_version(),
        )

    def _faults(self, late: float, forgotten: int, unread: int, *, has_key: bool) -> list[str]:
        away = 0.0 if self.listener.is_listening else time.monotonic() - self.listener.since
        checks = {
            "alert_forgotten": forgotten > 0,
            "page_late": late > LATEST_SECONDS,
            "not_listening": away > LATEST_SECONDS,
            "clock_fell_back": self.board.floor.fell_back,
            "root_key_wrong": not has_key,
            "screening_delayed": unread > 0,
        }
        return [name for name, wrong in checks.items() if wrong]

    async def _call(self, url: str) -> None:
        try:
            await in_thread(lambda: _get(url))
        except (OSError, ValueError) as error:
            log.warning("pager.switch_unreachable", exc_info=error)

    async def stop(self) -> None:
        """Leave the list of live pagers."""
        with contextlib.suppress(*DATABASE_AWAY):
            async with self.pool.acquire() as connection:
                await remove_beat(connection, self.board.worker)


def _get(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=CALL_SECONDS):  # noqa: S310 # http(s), by the settings
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise


def own_version() -> str:
    """Return the version that is running."""
    try:
        return version("afterglow")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
