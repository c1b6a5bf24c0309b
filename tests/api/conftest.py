"""The application over its own database, asked as a phone or a browser would."""

import asyncio
import base64
from collections.abc import AsyncGenerator

import httpx
import pytest
from litestar import Litestar
from pydantic import SecretStr

from afterglow.engines import Engines
from api.app import create_app
from settings import Environment, Settings
from tests.api.way_in import bo, door, phone
from tests.cast import ROOT_KEY, Database

__all__ = ["bo", "door", "phone"]


@pytest.fixture
def settings(engines: Engines, database: Database) -> Settings:
    """Describe this test's system."""
    return Settings(
        env=Environment.TEST,
        database_url=SecretStr(database.app),
        redis_url=SecretStr(engines.redis_url),
        root_key=SecretStr(base64.b64encode(ROOT_KEY).decode()),
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Start the application; its lifespan has to begin and end in one task."""
    app = create_app(settings)
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await stop.wait()

    living = asyncio.create_task(live())
    await asyncio.wait(
        [living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    assert started.is_set(), living.exception()
    yield app
    stop.set()
    await living


@pytest.fixture
async def api(app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    """Ask the application."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type] # Litestar's scope types are its own
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
