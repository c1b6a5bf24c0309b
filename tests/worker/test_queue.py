"""Jobs in Redis: only ours are run, each patient once, and Redis may go and come back."""

import asyncio
import os
import pickle
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import pytest
from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from redis.exceptions import RedisError

from afterglow.folder import Folder, open_folder
from afterglow.valkey import Valkey, find_program, start_on, start_valkey
from models.cipher import Keyring, random_key
from models.job import ASSESS_HINTS, ASSESS_PATIENT, hint_member
from tests.afterglow.conftest import open_folder as new_folder
from worker import queue as queue_module
from worker.queue import (
    HINTS_AT_ONCE,
    MAC_BYTES,
    QUEUE,
    Envelope,
    Forged,
    enqueue_assessment,
    open_queue,
    run_queue,
    take_hints,
)

PATIENCE_SECONDS = 20


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
async def queue(valkey: Valkey, keyring: Keyring) -> AsyncIterator[ArqRedis]:
    """Look into the queue, from beside the worker."""
    opened = await open_queue(valkey.url, keyring)
    yield opened
    await opened.aclose()


@dataclass(slots=True)
class Ran:
    """What was run, in order; the test waits for it instead of sleeping."""

    calls: asyncio.Queue[tuple[Any, ...]] = field(default_factory=asyncio.Queue)

    async def job(self, _ctx: dict[str, Any], *arguments: Any) -> None:
        """Do nothing but be seen."""
        self.calls.put_nowait(arguments)

    async def next(self) -> tuple[Any, ...]:
        """Return the arguments of the next job that runs."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.calls.get()

    @classmethod
    def none(cls) -> Self:
        """Start with nothing."""
        return cls()


@asynccontextmanager
async def running(
    valkey: Valkey, keyring: Keyring, job: Callable[..., Awaitable[None]]
) -> AsyncIterator[asyncio.Task[None]]:
    """Run the queue as the jobs process does."""
    task = asyncio.create_task(run_queue(valkey.url, keyring, {ASSESS_PATIENT: job}, {}))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def enqueue(queue: ArqRedis, number: int = 1) -> tuple[str, str]:
    """Queue an assessment of somebody and return the ids it names."""
    clinic, patient = uuid4(), uuid4()
    await enqueue_assessment(queue, clinic, patient, number=number)
    return str(clinic), str(patient)


async def plant(queue: ArqRedis, raw: bytes) -> None:
    """Put bytes where a job would stand, ahead of all others."""
    await queue.set(f"{job_key_prefix}planted", raw)
    await queue.zadd(QUEUE, {"planted": 1})


async def test_a_job_gets_the_ids_it_was_queued_with(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis
) -> None:
    ran = Ran.none()
    async with running(valkey, keyring, ran.job):
        names = await enqueue(queue)

        assert await ran.next() == names


async def test_all_that_stands_in_redis_is_ids(queue: ArqRedis, keyring: Keyring) -> None:
    names = await enqueue(queue)
    [key] = await queue.keys(f"{job_key_prefix}*")
    job = Envelope(keyring).read(await queue.get(key))

    assert job["f"] == ASSESS_PATIENT
    assert tuple(job["a"]) == names
    assert job["k"] == {}


class Exploit:
    """What pickle would run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        """Make a folder when loaded."""
        return os.mkdir, (str(self.path),)


async def test_a_planted_pickle_is_never_loaded(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis, tmp_path: Path
) -> None:
    ran = Ran.none()
    await plant(queue, pickle.dumps(Exploit(tmp_path / "owned")))
    async with running(valkey, keyring, ran.job):
        names = await enqueue(queue)

        assert await ran.next() == names
    assert not (tmp_path / "owned").exists()
    assert await queue.keys("arq:*planted*") == []


@pytest.mark.parametrize("length", [0, 1, MAC_BYTES, 100])
async def test_bytes_without_our_mac_are_dropped_and_counted(keyring: Keyring, length: int) -> None:
    envelope = Envelope(keyring)

    with pytest.raises(Forged):
        envelope.read(bytes(length))
    assert envelope.forged == 1


async def test_a_job_of_another_root_key_is_not_run(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis
) -> None:
    ran = Ran.none()
    stranger = await open_queue(valkey.url, Keyring(random_key()))
    await enqueue(stranger)
    await stranger.aclose()
    async with running(valkey, keyring, ran.job):
        names = await enqueue(queue, number=2)

        assert await ran.next() == names
    assert ran.calls.empty()


def test_one_changed_bit_makes_a_job_a_forgery(keyring: Keyring) -> None:
    envelope = Envelope(keyring)
    sealed = bytearray(envelope.write({"a": ["id"]}))
    sealed[-1] ^= 1

    with pytest.raises(Forged):
        envelope.read(bytes(sealed))
    assert envelope.read(envelope.write({"a": ["id"]})) == {"a": ["id"]}


async def test_hints_become_one_job_a_patient(queue: ArqRedis) -> None:
    clinic, ana, eva = uuid4(), uuid4(), uuid4()
    for patient in (ana, eva, ana, ana):
        await queue.zadd(ASSESS_HINTS, {hint_member(clinic, patient): 1_800_000_000.5}, nx=True)

    taken = await take_hints(queue)
    jobs = await queue.queued_jobs()
    assert taken == 2
    assert sorted(tuple(job.args) for job in jobs) == sorted(
        (str(clinic), str(patient)) for patient in (ana, eva)
    )
    assert await queue.exists(ASSESS_HINTS) == 0


async def test_a_patient_hinted_again_after_the_job_began_is_assessed_again(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis
) -> None:
    ran = Ran.none()
    member = hint_member(uuid4(), uuid4())
    async with running(valkey, keyring, ran.job):
        for hinted_at in (1_800_000_000.1, 1_800_000_000.2):
            await queue.zadd(ASSESS_HINTS, {member: hinted_at})

            assert ":".join(await ran.next()) == member


@pytest.mark.parametrize(
    ("member", "score"),
    [
        (b"\xff\xfe", 1.0),
        (b"nobody", 1.0),
        (f"{uuid4()}:{uuid4()}; FLUSHALL".encode(), 1.0),
        (hint_member(uuid4(), uuid4()).encode(), float("inf")),
    ],
    ids=["no text", "no ids", "ids and more", "for ever"],
)
async def test_what_is_no_hint_is_thrown_away(queue: ArqRedis, member: bytes, score: float) -> None:
    await queue.zadd(ASSESS_HINTS, {member: score})

    assert await take_hints(queue) == 1
    assert await queue.queued_jobs() == []


async def test_many_hints_are_taken_in_portions(queue: ArqRedis) -> None:
    clinic = uuid4()
    members = {hint_member(clinic, UUID(int=n)): float(n) for n in range(1, HINTS_AT_ONCE + 2)}
    await queue.zadd(ASSESS_HINTS, members)

    assert [await take_hints(queue), await take_hints(queue)] == [HINTS_AT_ONCE, 1]
    assert len(await queue.queued_jobs()) == HINTS_AT_ONCE + 1


async def test_a_job_that_fails_is_over_and_stops_no_other(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis
) -> None:
    ran = Ran.none()

    async def job(ctx: dict[str, Any], *arguments: Any) -> None:
        await ran.job(ctx, *arguments)
        raise RuntimeError

    async with running(valkey, keyring, job):
        first = await enqueue(queue)
        assert await ran.next() == first
        second = await enqueue(queue)
        assert await ran.next() == second
    assert ran.calls.empty()
    assert await queue.keys("arq:result:*") == []


async def test_a_job_cut_off_by_a_stop_runs_again(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis
) -> None:
    ran = Ran.none()

    async def never(ctx: dict[str, Any], *arguments: Any) -> None:
        await ran.job(ctx, *arguments)
        await asyncio.Event().wait()

    names = await enqueue(queue)
    async with running(valkey, keyring, never):
        assert await ran.next() == names
    async with running(valkey, keyring, ran.job):
        assert await ran.next() == names


async def test_jobs_run_again_after_redis_was_killed_and_came_back(
    valkey: Valkey, keyring: Keyring, folder: Folder
) -> None:
    ran = Ran.none()
    async with running(valkey, keyring, ran.job) as task:
        queue = await open_queue(valkey.url, keyring)
        assert await enqueue(queue) == await ran.next()
        valkey.child.process.kill()
        valkey.child.wait()
        with pytest.raises((RedisError, OSError)):
            await queue.ping()

        back = await asyncio.to_thread(start_on, valkey.port, folder, find_program(folder))
        names = await enqueue(queue)
        assert await ran.next() == names
        assert not task.done()
        await queue.aclose()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        back.child.stop()


async def test_jobs_run_although_redis_was_away_at_the_start(
    valkey: Valkey, keyring: Keyring, folder: Folder
) -> None:
    ran = Ran.none()
    valkey.child.stop()
    async with running(valkey, keyring, ran.job):
        back = await asyncio.to_thread(start_on, valkey.port, folder, find_program(folder))
        queue = await open_queue(valkey.url, keyring)
        names = await enqueue(queue)

        assert await ran.next() == names
        await queue.aclose()
    back.child.stop()


async def test_a_redis_that_hangs_is_left_and_found_again(
    valkey: Valkey, keyring: Keyring, queue: ArqRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "SOCKET_SECONDS", 0.2)
    left = asyncio.Event()
    close = queue_module._close

    async def seen(*arguments: Any) -> None:
        left.set()
        await close(*arguments)

    monkeypatch.setattr(queue_module, "_close", seen)
    ran = Ran.none()
    async with running(valkey, keyring, ran.job):
        assert await enqueue(queue) == await ran.next()
        valkey.child.process.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await left.wait()
        finally:
            valkey.child.process.send_signal(signal.SIGCONT)

        names = await enqueue(queue)
        assert await ran.next() == names


async def test_enqueueing_into_a_redis_that_hangs_gives_up_soon(
    valkey: Valkey, queue: ArqRedis
) -> None:
    valkey.child.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):
            await enqueue(queue)
    finally:
        valkey.child.process.send_signal(signal.SIGCONT)
