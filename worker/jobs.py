"""The jobs process: assessments by arq, and the loops that need neither arq nor Redis."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from models.cipher import Keyring
from models.gate import prune, verify_root_key
from models.grey_zone import call_back
from models.job import ASSESS_PATIENT
from models.quarantine import forget_expired
from models.sample import draw_sample
from models.session import Pool, open_pool
from settings import WorkerSettings, load
from worker.assess import assess_patient, sweep_unassessed
from worker.audit_seal import seal_all
from worker.daily import assess_daily
from worker.escort import ask_for_escorts
from worker.log import configure_log, log
from worker.meaning import LoadedLater
from worker.queue import run_queue
from worker.recalibrate import recalibrate_all
from worker.second_reading import Desk

CONNECTIONS = 6
SWEEP_SECONDS = 10.0
DAILY_SECONDS = 300.0
"""How often it is asked who has not been assessed today: a silence is told this late at most."""
CALL_BACK_SECONDS = 30.0
ESCORT_SECONDS = 60.0
SAMPLE_SECONDS = 3600.0
SEAL_SECONDS = 10.0
"""How often audit rows are chained. Source: spec, security section 5."""
TIDY_SECONDS = 3600.0
RECALIBRATE_SECONDS = 3600.0
"""How often it is asked whose month is over."""
PAUSE_AFTER_FAULT = 2.0
CLOSE_SECONDS = 1.0

Round = Callable[[], Awaitable[object]]


async def keep_doing(name: str, each: Round, *, every_seconds: float) -> None:
    """Do something again and again; a fault is logged and the next round tried."""
    while True:
        try:
            await each()
            await asyncio.sleep(every_seconds)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.error("jobs.round_failed", job=name, exc_info=error)
            await asyncio.sleep(PAUSE_AFTER_FAULT)


async def tidy(pool: Pool) -> None:
    """Forget what has run out: lookups, buckets, quarantined bodies."""
    async with pool.acquire() as connection:
        await prune(connection)
    await forget_expired(pool)


async def run(settings: WorkerSettings) -> None:
    """Run everything until told to stop."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        largest=CONNECTIONS,
        application_name="afterglow-jobs",
    )
    try:
        keyring = Keyring(settings.root_key_bytes)
        async with pool.acquire() as connection:
            await verify_root_key(connection, keyring)
        await run_until(
            stop,
            pool,
            keyring,
            settings.redis_url.get_secret_value(),
            heads=settings.audit_heads_file,
        )
    finally:
        try:
            await asyncio.wait_for(pool.close(), timeout=CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()


async def run_until(
    stop: asyncio.Event,
    pool: Pool,
    keyring: Keyring,
    redis_url: str,
    *,
    heads: Path | None = None,
) -> None:
    """Run the queue and the loops; the end of any of them, which none has, is a fault."""
    desk = Desk(pool=pool, keyring=keyring, reader=LoadedLater())
    tasks = [
        asyncio.create_task(each)
        for each in (
            run_queue(redis_url, keyring, {ASSESS_PATIENT: assess_patient}, {"desk": desk}),
            keep_doing("sweep", lambda: sweep_unassessed(desk), every_seconds=SWEEP_SECONDS),
            keep_doing("daily", lambda: assess_daily(pool), every_seconds=DAILY_SECONDS),
            keep_doing("seal", lambda: seal_all(pool, keyring, heads), every_seconds=SEAL_SECONDS),
            keep_doing("call_back", lambda: call_back(pool), every_seconds=CALL_BACK_SECONDS),
            keep_doing("escort", lambda: ask_for_escorts(pool), every_seconds=ESCORT_SECONDS),
            keep_doing("sample", lambda: draw_sample(pool), every_seconds=SAMPLE_SECONDS),
            keep_doing("tidy", lambda: tidy(pool), every_seconds=TIDY_SECONDS),
            keep_doing(
                "recalibrate", lambda: recalibrate_all(pool), every_seconds=RECALIBRATE_SECONDS
            ),
        )
    ]
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
    for task in (*tasks, waiting):
        task.cancel()
    await asyncio.wait([*tasks, waiting])
    for task in done - {waiting}:
        task.result()


def main() -> None:
    """Run the jobs process."""
    settings = load(WorkerSettings)
    configure_log(settings.log_level)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
