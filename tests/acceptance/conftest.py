"""The stage of the acceptance table: one system for a module's rows, a new patient for each."""

import asyncio
import base64
import itertools
from collections.abc import AsyncGenerator, Generator

import httpx
import pytest
from litestar import Litestar
from pydantic import SecretStr

from afterglow.engines import Engines
from models.cipher import Keyring
from models.session import Connection, Pool, connect, open_pool
from settings import Environment, Settings
from tests.acceptance.entry import DARK
from tests.acceptance.stage import CANARY, TAPE, Stage, Tape, client_of, running
from tests.cast import ROOT_KEY, Clock, Database, Person, Ward, in_database, open_ward, run_sql

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def database(engines: Engines, template: str) -> AsyncGenerator[Database]:
    """Copy the migrated database for one module."""
    name = f"acceptance_{next(_numbers)}"
    await run_sql(engines.superuser_url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER owner")
    yield Database(
        name=name,
        app=in_database(engines.database_url, name),
        pager=in_database(engines.pager_database_url, name),
        owner=in_database(engines.owner_database_url, name),
        superuser=in_database(engines.superuser_url, name),
    )
    await run_sql(engines.superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def pool(database: Database) -> AsyncGenerator[Pool]:
    """Connect as `app`."""
    pool = await open_pool(database.app, largest=2)
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
async def superuser(database: Database) -> AsyncGenerator[Connection]:
    """See every row of every clinic."""
    connection = await connect(database.superuser)
    yield connection
    await connection.close()


@pytest.fixture
async def clock(superuser: Connection) -> AsyncGenerator[Clock]:
    """Move time in this module's database, and back."""
    yield Clock(superuser)
    await superuser.execute("UPDATE gate.test_clock SET shift = '0'")


@pytest.fixture(scope="module")
async def ward(pool: Pool) -> Ward:
    """Open the clinic where ana is treated."""
    return await open_ward(pool, Keyring(ROOT_KEY), "north")


@pytest.fixture(scope="module")
async def dr_bo(ward: Ward) -> Person:
    """Meet the physician on ana's care team."""
    return await ward.practitioner("bo")


@pytest.fixture(scope="module")
async def south(pool: Pool) -> Ward:
    """Open another clinic."""
    return await open_ward(pool, Keyring(ROOT_KEY), "south")


@pytest.fixture(scope="module")
def settings(engines: Engines, database: Database) -> Settings:
    """Describe this module's system."""
    return Settings(
        env=Environment.TEST,
        database_url=SecretStr(database.app),
        redis_url=SecretStr(engines.redis_url),
        root_key=SecretStr(base64.b64encode(ROOT_KEY).decode()),
    )


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Start the application; its lifespan has to begin and end in one task."""
    started: asyncio.Queue[Litestar] = asyncio.Queue()
    stop = asyncio.Event()

    async def live() -> None:
        async with running(settings) as app:
            started.put_nowait(app)
            await stop.wait()

    living = asyncio.create_task(live())
    yield await asyncio.wait_for(started.get(), 30)
    stop.set()
    await living


@pytest.fixture
async def api(app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    """Ask the application as a phone would."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
def stage(api: httpx.AsyncClient, superuser: Connection, ana: Person, keyring: Keyring) -> Stage:
    """Put ana's phone in front of the application."""
    return Stage(api=api, db=superuser, ana=ana, keyring=keyring)


@pytest.fixture(autouse=True)
def tape() -> Generator[Tape]:
    """C1, for logs: nothing that a patient wrote is in any line of any row."""
    TAPE.seek(0)
    TAPE.truncate()
    yield lambda: TAPE.getvalue().decode()
    logged = TAPE.getvalue().decode()

    assert [words for words in (CANARY, DARK) if words in logged] == []
