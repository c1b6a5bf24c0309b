"""The care team's side: people at the console, alerts raised, pages sent."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from litestar import Litestar
from litestar.di import Provide

from api import alerts
from api.assembly import assemble
from api.backend import open_backend
from clinical.instruments import registry
from models.session import Pool
from settings import Settings
from tests.cast import ROOT_KEY, Person
from tests.staff_side import at_console


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Assemble the staff side's routes."""
    started, stop = asyncio.Event(), asyncio.Event()
    made: list[Litestar] = []

    async def live() -> None:
        async with open_backend(
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
            root_key=ROOT_KEY,
            known=registry(),
        ) as backend:
            provide = Provide(lambda: backend, sync_to_thread=False)
            made.append(
                assemble([*alerts.HANDLERS], hosts=["localhost"], dependencies={"backend": provide})
            )
            started.set()
            await stop.wait()

    living = asyncio.create_task(live())
    await asyncio.wait(
        [living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    assert started.is_set(), living.exception()
    yield made[0]
    stop.set()
    await living


@pytest.fixture
async def bo_at_desk(pool: Pool, dr_bo: Person) -> Person:
    """Sit dr_bo down at the console."""
    return await at_console(pool, dr_bo)
