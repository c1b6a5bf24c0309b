"""The ear: a commit wakes the pager, and a connection that is gone is made again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from models.session import Connection
from tests.cast import Database, Person
from tests.scenarios.ward import Stage, until
from worker.listener import Listener


@dataclass
class Ear:
    """A running listener and what it told."""

    listener: Listener
    wakes: list[bool]
    times: list[datetime]

    async def wait(self, count: int) -> None:
        await until(lambda: len(self.wakes) >= count)


@pytest.fixture
async def ear(database: Database) -> AsyncIterator[Ear]:
    times: list[datetime] = []
    wakes: list[bool] = []
    listener = Listener(
        url=database.pager,
        wake=lambda: wakes.append(True),
        learn=times.append,
        probe_every_seconds=0.05,
        probe_seconds=0.2,
    )
    task = asyncio.create_task(listener.run())
    yield Ear(listener, wakes, times)
    task.cancel()
    await asyncio.wait([task])


async def test_a_full_pass_follows_every_connection(ear: Ear, superuser: Connection) -> None:
    for count in (1, 2, 3):
        await ear.wait(count)
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'afterglow-listener' AND datname = current_database()"
        )

    await ear.wait(4)
    assert ear.listener.is_listening


async def test_only_what_is_due_at_once_wakes_the_pager(
    ear: Ear, stage: Stage, ana: Person
) -> None:
    await ear.wait(1)

    await stage.speak_of_suicide(ana)
    await ear.wait(2)
    await stage.speak_of_suicide(ana)  # attaches within the same minute: rings nobody
    await stage.superuser.execute("SELECT pg_notify('other', '')")
    await stage.superuser.execute("SELECT pg_notify('afterglow_page', '')")
    await ear.wait(3)
    await stage.superuser.execute("SELECT pg_notify('afterglow_page', '')")
    await ear.wait(4)

    assert len(ear.wakes) == 4


async def test_the_probe_tells_the_databases_time(ear: Ear, stage: Stage) -> None:
    now = await stage.clock.now()

    await until(lambda: bool(ear.times) and ear.times[-1] > now)

    assert ear.times == sorted(ear.times)


async def test_a_connection_that_does_not_answer_is_given_up(
    ear: Ear, superuser: Connection
) -> None:
    await ear.wait(1)
    async with superuser.transaction():  # the probe reads it: it waits, as on a dead line
        await superuser.execute("LOCK TABLE gate.test_clock IN ACCESS EXCLUSIVE MODE")
        await until(lambda: not ear.listener.is_listening)

    await ear.wait(2)
    assert ear.listener.is_listening


async def test_a_database_that_is_not_there_is_tried_until_it_is() -> None:
    listener = Listener(
        url="postgresql://pager@localhost:1/none", wake=lambda: None, learn=lambda _: None
    )
    task = asyncio.create_task(listener.run())

    done, _ = await asyncio.wait([task], timeout=0.2)

    assert (done, listener.is_listening) == (set(), False)
    task.cancel()
    await asyncio.wait([task])
