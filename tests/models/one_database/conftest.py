"""One database for all tests of this folder: each opens clinics of its own and sees no others.

A database a test is what the other folders have; these tests are many and small.
"""

import itertools
from collections.abc import AsyncGenerator

import pytest

from afterglow.engines import Engines
from models.cipher import Keyring
from models.session import Connection, Pool, connect, open_pool
from tests.cast import Clock, Database, Person, Ward, in_database, open_ward, run_sql

NAME = "test_of_models"

_wards = itertools.count(1)


@pytest.fixture(scope="package")
async def database(engines: Engines, template: str) -> AsyncGenerator[Database]:
    """Copy the migrated database once."""
    await run_sql(engines.superuser_url, f"CREATE DATABASE {NAME} TEMPLATE {template} OWNER owner")
    yield Database(
        name=NAME,
        app=in_database(engines.database_url, NAME),
        pager=in_database(engines.pager_database_url, NAME),
        owner=in_database(engines.owner_database_url, NAME),
        superuser=in_database(engines.superuser_url, NAME),
    )
    await run_sql(engines.superuser_url, f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.fixture(scope="package")
async def pool(database: Database) -> AsyncGenerator[Pool]:
    """Connect as `app`."""
    pool = await open_pool(database.app, largest=8)
    yield pool
    await pool.close()


@pytest.fixture(scope="package")
async def pager_pool(database: Database) -> AsyncGenerator[Pool]:
    """Connect as `pager`."""
    pool = await open_pool(database.pager, largest=4, smallest=0)
    yield pool
    await pool.close()


@pytest.fixture(scope="package")
async def superuser(database: Database) -> AsyncGenerator[Connection]:
    """See every row; a test names its clinic."""
    connection = await connect(database.superuser)
    yield connection
    await connection.close()


@pytest.fixture
async def clock(superuser: Connection) -> AsyncGenerator[Clock]:
    """Move time, and put it right again afterwards."""
    yield Clock(superuser)
    await superuser.execute("UPDATE gate.test_clock SET shift = '0'")


@pytest.fixture
async def ward(pool: Pool, keyring: Keyring) -> Ward:
    """Open a clinic of this test's own."""
    return await open_ward(pool, keyring, f"ward-{next(_wards)}")


@pytest.fixture
async def dr_cy(pool: Pool, keyring: Keyring) -> Person:
    """Meet the physician of yet another clinic, who must see nothing."""
    other = await open_ward(pool, keyring, f"ward-{next(_wards)}")
    return await other.practitioner("cy")
