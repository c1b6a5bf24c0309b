"""The engines, one fresh database a test, a clock that moves, and the cast."""

import asyncio
import base64
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from afterglow.engines import Engines
from api.app import create_app
from models.cipher import Keyring
from models.session import Connection, Pool, connect, open_pool
from settings import Environment, Settings
from tests.cast import (
    CANARY,
    MOVABLE_CLOCK,
    ROOT_KEY,
    Clock,
    Database,
    Person,
    Ward,
    in_database,
    migrate,
    open_ward,
    run_sql,
)
from tests.clean_database import CleanDatabases
from tests.stage_app import running


@pytest.fixture(scope="session")
def engines() -> Generator[Engines]:
    """Run PostgreSQL and Valkey for the whole session; another PostgreSQL by its bin folder."""
    folder = Path(tempfile.mkdtemp(prefix="afterglow-test-", dir="/var/tmp"))  # reachable by nobody
    folder.chmod(0o755)
    binaries = os.environ.get("AFTERGLOW_TEST_POSTGRES_BIN")
    with Engines.start(
        folder / "data", postgres_bin=Path(binaries) if binaries else None, durable=False
    ) as running:
        yield running
        leaked = CANARY.encode() in running.folder.log("postgres").read_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    assert not leaked, "a diary note of some test stands in PostgreSQL's log"


@pytest.fixture(scope="session")
async def template(engines: Engines) -> str:
    """Migrate one database that every test's own is copied from."""
    name = "template_afterglow"
    await run_sql(engines.superuser_url, f"CREATE DATABASE {name} OWNER owner")
    owner = in_database(engines.owner_database_url, name)
    await asyncio.to_thread(migrate, owner)
    await run_sql(owner, MOVABLE_CLOCK)
    return name


@pytest.fixture(scope="session")
def databases(engines: Engines, template: str) -> CleanDatabases:
    """Keep the databases that tests use one after the other."""
    return CleanDatabases(engines.superuser_url, template)


@pytest.fixture
async def database(engines: Engines, databases: CleanDatabases) -> AsyncGenerator[Database]:
    """Give one test a database as the migrations left it."""
    name = await databases.take()
    yield Database(
        name=name,
        app=in_database(engines.database_url, name),
        pager=in_database(engines.pager_database_url, name),
        owner=in_database(engines.owner_database_url, name),
        superuser=in_database(engines.superuser_url, name),
    )
    await databases.give_back(name)


@pytest.fixture
def keyring() -> Keyring:
    """Hold the root key of the tests."""
    return Keyring(ROOT_KEY)


@pytest.fixture
def root_key() -> str:
    """Write the root key as the settings take it."""
    return base64.b64encode(ROOT_KEY).decode()


@pytest.fixture
async def pool(database: Database) -> AsyncGenerator[Pool]:
    """Connect as `app`."""
    pool = await open_pool(database.app, largest=8)
    yield pool
    await pool.close()


@pytest.fixture
async def pager_pool(database: Database) -> AsyncGenerator[Pool]:
    """Connect as `pager`."""
    pool = await open_pool(database.pager, largest=6, smallest=0)
    yield pool
    await pool.close()


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[Connection]:
    """See every row of every clinic: what a test looks at, never what the program does."""
    connection = await connect(database.superuser)
    yield connection
    await connection.close()


@pytest.fixture
def clock(superuser: Connection) -> Clock:
    """Move time in this test's database."""
    return Clock(superuser)


@pytest.fixture
async def ward(pool: Pool, keyring: Keyring) -> Ward:
    """Open the clinic where ana is treated."""
    return await open_ward(pool, keyring, "north")


@pytest.fixture
async def dr_bo(ward: Ward) -> Person:
    """Meet the physician on ana's care team."""
    return await ward.practitioner("bo")


@pytest.fixture
async def ana(ward: Ward, dr_bo: Person) -> Person:
    """Meet the patient."""
    return await ward.patient("ana", dr_bo)


@pytest.fixture
async def dr_cy(pool: Pool, keyring: Keyring) -> Person:
    """Meet the physician of another clinic, who must see nothing."""
    other = await open_ward(pool, keyring, "south")
    return await other.practitioner("cy")


@pytest.fixture
def settings(engines: Engines, database: Database, root_key: str) -> Settings:
    """Describe this test's system."""
    return Settings(
        env=Environment.TEST,
        database_url=SecretStr(database.app),
        redis_url=SecretStr(engines.redis_url),
        root_key=SecretStr(root_key),
    )


@pytest.fixture
async def api(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """Ask the application as a phone or a browser would."""
    async with running(create_app(settings)) as client:
        yield client
