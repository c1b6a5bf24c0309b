"""PostgreSQL dies, or cuts everybody off: what was committed is paged, by itself."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from afterglow.engines import Engines
from afterglow.postgres import Postgres, start_postgres
from models.cipher import Keyring
from models.session import Pool, connect, open_pool
from tests.cast import MOVABLE_CLOCK, Clock, Database, Person, Ward, migrate, open_ward, run_sql
from tests.scenarios.process import Surroundings, running_pager
from tests.scenarios.ward import Stage, until

pytestmark = pytest.mark.ci

ACCEPTED = """
SELECT count(DISTINCT alert_id) FROM delivery WHERE channel = 'push' AND state = 'accepted'
"""
CUT_OFF = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = 'pager' AND datname = current_database()
"""
EAR = """
SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'afterglow-listener' AND query LIKE 'SELECT app_now%'
"""
"""Its first question after LISTEN has been answered."""


async def rung(stage: Stage) -> int:
    count: int = await stage.superuser.fetchval(ACCEPTED)
    return count


async def all_rung(stage: Stage, alerts: set[UUID]) -> bool:
    """Say whether every alert was pushed; leases that nobody holds any more run out meanwhile."""
    await stage.clock.advance(seconds=2)
    return await rung(stage) == len(alerts)


async def test_every_connection_cut_again_and_again_loses_nothing(
    stage: Stage, around: Surroundings, ward: Ward, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alerts: set[UUID] = set()
    async with running_pager(around) as pager:
        for n in range(12):
            patient = await ward.patient(f"patient-{n}", dr_bo)
            alerts.add(await stage.speak_of_suicide(patient))
            await stage.superuser.fetchval(CUT_OFF)
        await until(lambda: all_rung(stage, alerts))
        assert await pager.stop() == 0

    tags = {call.message["android"]["notification"]["tag"] for call in phone.calls}
    assert len(tags) == len(alerts)
    await stage.check()


async def test_an_ear_that_was_cut_off_hears_the_next_commit(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    async with running_pager(around):
        await until(lambda: listens(stage, besides=None))
        first = await stage.superuser.fetchval(EAR)
        await stage.superuser.fetchval(CUT_OFF)
        await until(lambda: listens(stage, besides=first))
        await stage.speak_of_suicide(ana)

        assert len(await phone.wait()) == 1


async def listens(stage: Stage, *, besides: int | None) -> bool:
    return await stage.superuser.fetchval(EAR) not in {None, besides}


@dataclass(slots=True)
class Server:
    """A PostgreSQL of this test's own, which may die."""

    engines: Engines
    stage: Stage
    around: Surroundings
    patients: list[Person] = field(default_factory=list[Person])
    pools: list[Pool] = field(default_factory=list[Pool])
    postgres: Postgres | None = None

    async def open(self) -> None:
        """Connect to it, the first time or again."""
        app = await open_pool(self.around.database.app, largest=4)
        self.pools.append(app)
        superuser = await connect(self.around.database.superuser)
        self.stage = replace(self.stage, pool=app, superuser=superuser, clock=Clock(superuser))

    def crash(self) -> None:
        """Kill it as a power cut would, and start it again."""
        before = self.postgres or self.engines.postgres
        os.kill(before.child.pid, signal.SIGQUIT)
        before.child.wait()
        self.postgres = start_postgres(self.engines.folder)

    async def close(self) -> None:
        """Stop it."""
        for pool in self.pools:
            pool.terminate()
        self.stage.superuser.terminate()
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.child.stop)


def open_folder() -> Path:
    """Make a folder that the account of the engines can enter."""
    folder = Path(tempfile.mkdtemp(prefix="afterglow-crash-", dir="/var/tmp"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
async def server(stage: Stage, around: Surroundings) -> AsyncIterator[Server]:
    """Run a durable PostgreSQL with one clinic in it."""
    folder = open_folder()
    with Engines.start(folder / "data") as engines:
        database = Database(
            name="afterglow",
            app=engines.database_url,
            pager=engines.pager_database_url,
            owner=engines.owner_database_url,
            superuser=engines.superuser_url.replace("/postgres?", "/afterglow?"),
        )
        await asyncio.to_thread(migrate, database.owner)
        await run_sql(database.owner, MOVABLE_CLOCK)
        server = Server(engines, stage, replace(around, database=database))
        await server.open()
        yield server
        await server.close()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_server_that_crashes_loses_no_page_that_was_promised(
    server: Server, keyring: Keyring
) -> None:
    ward = await open_ward(server.stage.pool, keyring, "west")
    doctor = await ward.practitioner("dee")
    phone = await server.stage.phone(doctor)
    patients = [await ward.patient(f"patient-{n}", doctor) for n in range(6)]
    async with running_pager(server.around):
        alerts = {await server.stage.speak_of_suicide(one) for one in patients[:3]}
        await asyncio.to_thread(server.crash)
        await server.open()
        alerts |= {await server.stage.speak_of_suicide(one) for one in patients[3:]}
        await until(lambda: all_rung(server.stage, alerts))

    tags = {call.message["android"]["notification"]["tag"] for call in phone.calls}
    assert len(tags) == len(alerts) == 6
    await server.stage.check()
