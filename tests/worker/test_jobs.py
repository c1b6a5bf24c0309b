"""The jobs process: Redis makes it quick, PostgreSQL makes it certain."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from afterglow.folder import Folder, open_folder
from afterglow.ports import free_port
from afterglow.valkey import Valkey, find_program, start_on, start_valkey
from models.cipher import Unreadable
from models.job import ASSESS_HINTS, hint_member
from models.session import Connection, Pool, clinic_transaction, connect
from settings import Environment, WorkerSettings
from tests.afterglow.conftest import open_folder as new_folder
from tests.cast import Clock, Database, Person
from tests.worker.diary_rows import Diary
from worker import jobs

PATIENCE_SECONDS = 20
NOTIFIED = "afterglow_page"


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    """Hold one data folder for this module's own Valkey."""
    path = new_folder()
    opened = open_folder(path / "data")
    yield opened
    opened.release()
    shutil.rmtree(path)


@pytest.fixture
def valkey(folder: Folder) -> Iterator[Valkey]:
    """Run a Valkey that the test may kill."""
    server = start_valkey(folder)
    yield server
    server.child.stop()


@pytest.fixture
async def diary(pool: Pool, ana: Person, dr_bo: Person, clock: Clock) -> Diary:
    """Open the diary of a patient whose symptoms came back."""
    diary = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    await diary.relapse(dr_bo)
    async with clinic_transaction(pool, ana.clinic_id) as db:  # or the daily round would be first
        await db.execute("UPDATE patient SET assessed_at = app_now() + interval '1 day'")
    return diary


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep all the time: what is overdue is decided by the database's clock."""
    monkeypatch.setattr(jobs, "SWEEP_SECONDS", 0.02)


@pytest.fixture
async def alerts(database: Database) -> AsyncIterator[asyncio.Queue[None]]:
    """Hear of alerts as the pager does."""
    heard: asyncio.Queue[None] = asyncio.Queue()
    connection = await connect(database.pager)
    await connection.add_listener(NOTIFIED, lambda *_: heard.put_nowait(None))
    yield heard
    await connection.close()


async def one(alerts: asyncio.Queue[None]) -> None:
    """Wait for an alert."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await alerts.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The jobs process, inside the test's own."""

    settings: WorkerSettings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run it, and stop it as the supervisor does."""
        task = asyncio.create_task(jobs.run(self.settings))
        try:
            yield task
        finally:
            if not task.done():
                os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(task, return_exceptions=True)
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(name)


def process(database: Database, root_key: str, redis_url: str) -> Process:
    """Describe a jobs process of this test's database."""
    return Process(
        settings=WorkerSettings(
            env=Environment.TEST,
            database_url=SecretStr(database.app),
            pager_database_url=SecretStr(database.pager),
            redis_url=SecretStr(redis_url),
            root_key=SecretStr(root_key),
        )
    )


async def hint(valkey: Valkey, who: Person) -> None:
    """Hint at a patient as the API does."""
    redis = Redis.from_url(valkey.url)
    await redis.zadd(ASSESS_HINTS, {hint_member(who.clinic_id, who.id): 1_800_000_000.0})
    await redis.aclose()


async def test_a_hint_has_a_patient_assessed_without_waiting(
    database: Database,
    root_key: str,
    valkey: Valkey,
    diary: Diary,
    alerts: asyncio.Queue[None],
    superuser: Connection,
) -> None:
    async with process(database, root_key, valkey.url).running():
        await hint(valkey, diary.who)
        await one(alerts)

    assert await superuser.fetchval("SELECT count(*) FROM alert") > 0


async def test_without_redis_the_sweep_assesses_after_half_a_minute(
    database: Database,
    root_key: str,
    diary: Diary,
    alerts: asyncio.Queue[None],
    clock: Clock,
    superuser: Connection,
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with process(database, root_key, nowhere).running() as task:
        await clock.advance(seconds=29)
        assert await superuser.fetchval("SELECT count(*) FROM alert") == 0
        await clock.advance(seconds=2)
        await one(alerts)
        assert not task.done()

    assert await superuser.fetchval("SELECT count(*) FROM entry WHERE assessed_at IS NULL") == 0


async def test_redis_killed_and_back_changes_nothing_but_the_hurry(
    database: Database,
    root_key: str,
    valkey: Valkey,
    folder: Folder,
    diary: Diary,
    dr_bo: Person,
    alerts: asyncio.Queue[None],
    clock: Clock,
) -> None:
    async with process(database, root_key, valkey.url).running() as task:
        valkey.child.process.kill()
        valkey.child.wait()
        await clock.advance(seconds=31)
        await one(alerts)

        back = await asyncio.to_thread(start_on, valkey.port, folder, find_program(folder))
        await diary.infuse(dr_bo, 29)  # all is told anew after an infusion
        await hint(back, diary.who)
        await one(alerts)
        assert not task.done()
    back.child.stop()


async def test_the_signal_of_the_supervisor_ends_it_in_good_order(
    database: Database, root_key: str, valkey: Valkey, superuser: Connection
) -> None:
    async with process(database, root_key, valkey.url).running() as task:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await connections(superuser):
                await asyncio.wait([task], timeout=0.01)
        assert not task.done()

    assert task.exception() is None
    assert await connections(superuser) == 0


async def connections(superuser: Connection) -> int:
    """Count the connections of the jobs process to this test's database."""
    number: int = await superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'afterglow-jobs' AND datname = current_database()"
    )
    return number


async def test_another_root_key_is_refused_at_the_start(
    database: Database, valkey: Valkey, diary: Diary, superuser: Connection
) -> None:
    strange = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    async with process(database, strange, valkey.url).running() as task:
        with pytest.raises(Unreadable):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.shield(task)

    assert await connections(superuser) == 0


async def test_a_round_that_fails_is_logged_and_the_next_one_tried(
    worker_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSE_AFTER_FAULT", 0)
    faults = [ConnectionRefusedError(), TimeoutError(), asyncpg.InterfaceError("the words")]
    enough = asyncio.Event()

    async def each() -> None:
        if faults:
            raise faults.pop()
        enough.set()

    start = len(worker_log.getvalue())
    task = asyncio.create_task(jobs.keep_doing("sweep", each, every_seconds=0))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await enough.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    told = worker_log.getvalue()[start:]
    assert told.count(b"jobs.round_failed") == 3
    assert b"the words" not in told


async def test_a_fault_of_ours_ends_the_process_instead_of_going_on_lame(
    database: Database, root_key: str, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_pool: Pool) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "sweep_unassessed", broken)
    async with process(database, root_key, valkey.url).running() as task:
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.shield(task)


async def test_what_has_run_out_is_forgotten(
    pool: Pool, ana: Person, clock: Clock, superuser: Connection
) -> None:
    async def kept() -> int:
        number: int = await superuser.fetchval(
            "SELECT count(*) FROM gate.credential WHERE kind = 'access'"
        )
        return number

    await jobs.tidy(pool)
    assert await kept() == 2
    await clock.advance(days=1, minutes=11)
    await jobs.tidy(pool)
    assert await kept() == 0
