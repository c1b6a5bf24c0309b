"""The API dies around the commit of an entry that speaks of suicide."""

import httpx
import pytest

from afterglow.engines import Engines
from models.ids import uuid7
from models.session import Connection
from tests.acceptance.entry import DARK, entry
from tests.cast import Database, Person
from tests.faults.api_process import api_process, environment
from tests.scenarios.ward import Stage

pytestmark = pytest.mark.ci

KILLED = 9


async def counts(superuser: Connection) -> tuple[int, int]:
    """Count entries and alerts."""
    return (
        await superuser.fetchval("SELECT count(*) FROM entry"),
        await superuser.fetchval("SELECT count(*) FROM alert"),
    )


async def test_f01_killed_after_the_commit_the_entry_stands_once_and_pages(
    engines: Engines, database: Database, root_key: str, stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    path, body = f"/v1/entries/{uuid7()}", entry(note=DARK)
    armed = environment(database, engines.redis_url, root_key, "api.after_commit")
    async with api_process(armed) as api:
        with pytest.raises(httpx.TransportError):
            await api.client.put(path, json=body, headers=ana.headers)
        assert api.process.wait(5) == KILLED
    assert await counts(stage.superuser) == (1, 1)
    await stage.page()

    async with api_process(armed | {"AFTERGLOW_FAIL_AT": ""}) as api:
        again = await api.client.put(path, json=body, headers=ana.headers)
    await stage.page()

    assert again.status_code == httpx.codes.OK
    assert again.json()["crisis"]["links"]
    assert await counts(stage.superuser) == (1, 1)
    phone.expect(1)
    await stage.check()


async def test_f02_killed_before_the_commit_nothing_stands_and_sending_again_works(
    engines: Engines, database: Database, root_key: str, stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    path, body = f"/v1/entries/{uuid7()}", entry(note=DARK)
    armed = environment(database, engines.redis_url, root_key, "api.before_commit")
    async with api_process(armed) as api:
        with pytest.raises(httpx.TransportError):
            await api.client.put(path, json=body, headers=ana.headers)
        assert api.process.wait(5) == KILLED
    assert await counts(stage.superuser) == (0, 0)

    async with api_process(armed | {"AFTERGLOW_FAIL_AT": ""}) as api:
        again = await api.client.put(path, json=body, headers=ana.headers)
    await stage.page()

    assert again.status_code == httpx.codes.CREATED
    assert await counts(stage.superuser) == (1, 1)
    phone.expect(1)
    await stage.check()


async def test_f03_killed_before_the_hint_the_page_goes_out_and_the_sweep_finds_the_entry(
    engines: Engines, database: Database, root_key: str, stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    armed = environment(database, engines.redis_url, root_key, "api.after_commit")
    async with api_process(armed) as api:
        with pytest.raises(httpx.TransportError):
            await api.client.put(
                f"/v1/entries/{uuid7()}", json=entry(note=DARK), headers=ana.headers
            )
    await stage.page()
    await stage.clock.advance(seconds=31)

    waiting = await stage.superuser.fetch("SELECT * FROM gate.unassessed('30 seconds', 10)")

    phone.expect(1)
    assert [row["patient_id"] for row in waiting] == [ana.id]


async def test_s7_killed_within_a_batch_sending_it_again_completes_it(
    engines: Engines, database: Database, root_key: str, superuser: Connection, ana: Person
) -> None:
    items = [{"id": str(uuid7()), **entry()} for _ in range(20)]
    running = environment(database, engines.redis_url, root_key, "")
    async with api_process(running | {"AFTERGLOW_FAIL_AT": "api.sync_before_commit"}) as api:
        with pytest.raises(httpx.TransportError):
            await api.client.post("/v1/sync", json={"entries": items}, headers=ana.headers)
    assert await superuser.fetchval("SELECT count(*) FROM entry") == 0

    async with api_process(running) as api:
        first = await api.client.post("/v1/sync", json={"entries": items}, headers=ana.headers)
        second = await api.client.post("/v1/sync", json={"entries": items}, headers=ana.headers)

    assert {item["status"] for item in first.json()["items"]} == {"stored"}
    assert {item["status"] for item in second.json()["items"]} == {"duplicate"}
    assert await superuser.fetchval("SELECT count(*) FROM entry") == 20
