"""The health check of the worker's container says what the pager's heartbeat says."""

from socket import gethostname
from typing import Any

import pytest

from afterglow.readiness import pager_is_well
from models.session import Pool
from models.vitals import Beat, write_beat
from tests.cast import Clock, Database

WELL: dict[str, Any] = {
    "worker": "host-7",
    "loop_lag_ms": 1.0,
    "oldest_due_seconds": 0.0,
    "listen_ok": True,
    "config_fault": None,
    "version": "0",
}


async def beat(pool: Pool, **changes: object) -> None:
    async with pool.acquire() as connection:
        await write_beat(connection, Beat(**(WELL | changes)))


async def test_well_with_a_fresh_beat(database: Database, pager_pool: Pool) -> None:
    await beat(pager_pool)

    assert await pager_is_well(database.pager, "host")


@pytest.mark.parametrize(
    "changes",
    [
        {"worker": "elsewhere-7"},
        {"worker": "hostess-7"},
        {"listen_ok": False},
        {"config_fault": "push: 401"},
        {"oldest_due_seconds": 31.0},
    ],
    ids=["another host", "a longer name", "deaf", "refused by a provider", "behind"],
)
async def test_not_well_otherwise(
    database: Database, pager_pool: Pool, changes: dict[str, object]
) -> None:
    await beat(pager_pool, **changes)

    assert not await pager_is_well(database.pager, "host")


async def test_not_well_before_the_first_beat(database: Database) -> None:
    assert not await pager_is_well(database.pager, "host")


@pytest.mark.parametrize(("seconds", "well"), [(29, True), (31, False)])
async def test_a_beat_grows_old(
    database: Database, pager_pool: Pool, clock: Clock, seconds: int, *, well: bool
) -> None:
    await beat(pager_pool)
    await clock.advance(seconds=seconds)

    assert await pager_is_well(database.pager, "host") is well


async def test_looks_for_this_host_when_none_is_named(database: Database, pager_pool: Pool) -> None:
    await beat(pager_pool, worker=f"{gethostname()}-7")

    assert await pager_is_well(database.pager)


async def test_not_well_without_its_database() -> None:
    assert not await pager_is_well("postgresql://pager@/afterglow?host=/nonexistent")
