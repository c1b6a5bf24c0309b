"""From an indirect sentence, over the API and the real model, to the phone of a human."""

import httpx
import pytest

from models.cipher import Keyring
from models.session import Connection, Pool
from tests.acceptance.entry import DARK, entry, put
from tests.cast import Clock, Person
from tests.scenarios.ward import Stage
from worker.assess import OVERDUE, sweep_unassessed
from worker.meaning import LoadedLater
from worker.second_reading import Desk

INDIRECT = "They can give my slot in March to somebody else."
UNREAD = """
SELECT count(*) FROM entry_revision r WHERE NOT EXISTS (
    SELECT FROM screening s WHERE s.entry_id = r.entry_id AND s.revision = r.revision AND stage = 2)
"""


@pytest.fixture(scope="module")
def reader() -> LoadedLater:
    return LoadedLater()


@pytest.fixture
def desk(pool: Pool, keyring: Keyring, reader: LoadedLater) -> Desk:
    return Desk(pool=pool, keyring=keyring, reader=reader)


async def test_what_the_rules_miss_rings_a_phone_all_the_same(
    api: httpx.AsyncClient, stage: Stage, desk: Desk, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    stored = await put(api, ana, entry(note=f"Slept badly. {INDIRECT} Soup for dinner."))
    await stage.page()
    assert stored.status_code == 201
    phone.expect(0)

    await desk.read_again(ana.clinic_id, ana.id)
    await stage.page()

    phone.expect()


async def test_an_everyday_entry_is_read_and_rings_nobody(
    api: httpx.AsyncClient, stage: Stage, desk: Desk, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await put(api, ana, entry(note="Slept well, walked the dog, made soup."))

    await desk.read_again(ana.clinic_id, ana.id)
    await stage.page()

    phone.expect(0)


async def test_with_the_jobs_dead_the_rules_page_and_later_nothing_is_unread(
    api: httpx.AsyncClient,
    stage: Stage,
    desk: Desk,
    ana: Person,
    dr_bo: Person,
    clock: Clock,
    superuser: Connection,
) -> None:
    phone = await stage.phone(dr_bo)
    await put(api, ana, entry(note=DARK))
    await stage.page()
    phone.expect()
    await put(api, ana, entry(note=INDIRECT))
    assert await superuser.fetchval(UNREAD) == 2

    await clock.advance(seconds=OVERDUE.total_seconds() + 60)
    await sweep_unassessed(desk)
    await stage.page()

    assert await superuser.fetchval(UNREAD) == 0
    phone.expect()
