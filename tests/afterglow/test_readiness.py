"""The health check of the worker's container says what the pager's heartbeat says."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr

from afterglow.readiness import pager_is_well
from models.session import Connection, Pool
from models.vitals import Beat, write_beat
from settings import Environment, WorkerSettings
from tests.cast import ROOT_KEY, Clock, Database

WELL: dict[str, Any] = {
    "worker": "host-7",
    "loop_lag_ms": 1.0,
    "oldest_due_seconds": 0.0,
    "listen_ok": True,
    "config_fault": None,
    "version": "0",
}


@pytest.fixture
def settings(database: Database) -> WorkerSettings:
    return WorkerSettings(
        env=Environment.TEST,
        database_url=SecretStr(database.app),
        pager_database_url=SecretStr(database.pager),
        redis_url=SecretStr("redis://localhost"),
        root_key=SecretStr(base64.b64encode(ROOT_KEY).decode()),
    )


async def beat(pool: Pool, **changes: object) -> None:
    async with pool.acquire() as connection:
        await write_beat(connection, Beat(**(WELL | changes)))


async def test_well_with_a_fresh_beat(settings: WorkerSettings, pager_pool: Pool) -> None:
    await beat(pager_pool)

    assert await pager_is_well(settings, "host")


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
    settings: WorkerSettings, pager_pool: Pool, changes: dict[str, object]
) -> None:
    await beat(pager_pool, **changes)

    assert not await pager_is_well(settings, "host")


async def test_not_well_before_the_first_beat(settings: WorkerSettings) -> None:
    assert not await pager_is_well(settings, "host")


@pytest.mark.parametrize(("seconds", "well"), [(29, True), (31, False)])
async def test_a_beat_grows_old(
    settings: WorkerSettings, pager_pool: Pool, clock: Clock, seconds: int, *, well: bool
) -> None:
    await beat(pager_pool)
    await clock.advance(seconds=seconds)

    assert await pager_is_well(settings, "host") is well


async def test_not_well_without_its_database(
    settings: WorkerSettings, superuser: Connection
) -> None:
    del superuser
    nowhere = SecretStr("postgresql://pager@/afterglow?host=/nonexistent")

    assert not await pager_is_well(
        settings.model_copy(update={"pager_database_url": nowhere}), "host"
    )
