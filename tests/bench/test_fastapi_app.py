"""The comparison does the same work: whatever is asked, it answers and stores what ours does."""

import base64
import importlib
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx
import pytest

from afterglow.engines import Engines
from models.ids import uuid7
from models.ingest import MOST_ENTRIES_AN_HOUR
from models.job import ASSESS_HINTS
from models.session import Connection
from tests.acceptance.entry import entry
from tests.cast import ROOT_KEY, Database, Person

ROWS = """
SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM entry_revision),
    (SELECT count(*) FROM screening),
    (SELECT count(*) FROM audit_event WHERE action = 'entry.submit')
"""
STORED = """
SELECT occurred_at, utc_offset_minutes, zone, local_date, form, language, answers, side_effects,
    infusion_id, speaks_of_suicide, warnings, device_id, label, reason, spans, rule_ids
FROM entry_revision r JOIN screening s USING (clinic_id, patient_id, entry_id)
WHERE entry_id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """Both applications, on one database."""

    ours: httpx.AsyncClient
    theirs: httpx.AsyncClient
    who: Person

    async def put(self, name: UUID, body: dict[str, Any], other: UUID) -> tuple[int, int]:
        """Send one entry to each, under ids of their own."""
        return (
            await self.send(self.ours, name, body),
            await self.send(self.theirs, other, body),
        )

    async def send(self, client: httpx.AsyncClient, name: UUID, body: dict[str, Any]) -> int:
        """Send one entry to one of them."""
        answer = await client.put(f"/v1/entries/{name}", json=body, headers=self.who.headers)
        return answer.status_code


@pytest.fixture
async def comparison(
    database: Database, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[ModuleType]:
    monkeypatch.setenv("AFTERGLOW_DATABASE_URL", database.app)
    monkeypatch.setenv("AFTERGLOW_REDIS_URL", engines.redis_url)
    monkeypatch.setenv("AFTERGLOW_ROOT_KEY", base64.b64encode(ROOT_KEY).decode())
    module = importlib.import_module("bench.fastapi_app")
    async with module.lifespan(module.app):
        yield module
    del sys.modules["bench.fastapi_app"]


@pytest.fixture
async def two(api: httpx.AsyncClient, comparison: ModuleType, ana: Person) -> AsyncGenerator[Two]:
    transport = httpx.ASGITransport(app=comparison.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as theirs:
        yield Two(ours=api, theirs=theirs, who=ana)


async def test_an_entry_is_the_same_rows(two: Two, superuser: Connection) -> None:
    ours, theirs, first = uuid7(), uuid7(), entry()
    assert await two.put(ours, first, theirs) == (201, 201)

    stored = [dict(await superuser.fetchrow(STORED, name) or {}) for name in (ours, theirs)]
    assert stored[0] == stored[1]
    assert tuple(await superuser.fetchrow(ROWS) or ()) == (2, 2, 2, 2)


async def test_replays_conflicts_and_unknown_infusions_are_answered_alike(two: Two) -> None:
    ours, theirs = uuid7(), uuid7()
    first, changed = entry(), entry(note="Another day.")
    stranger = entry(infusion_id=str(uuid7()))

    answers = [
        await two.put(ours, first, theirs),
        await two.put(ours, first, theirs),
        await two.put(ours, changed, theirs),
        await two.put(uuid7(), stranger, uuid7()),
    ]

    assert answers == [(201, 201), (200, 200), (409, 409), (422, 422)]


async def test_an_entry_too_many_waits_in_both(two: Two, superuser: Connection) -> None:
    await superuser.execute(
        "INSERT INTO entry (clinic_id, patient_id, id) SELECT $1, $2, gen_random_uuid()"
        " FROM generate_series(1, $3)",
        two.who.clinic_id,
        two.who.id,
        MOST_ENTRIES_AN_HOUR,
    )

    assert await two.put(uuid7(), entry(), uuid7()) == (429, 429)


async def test_a_stranger_is_turned_away_by_both(two: Two) -> None:
    nobody = {"Authorization": "Bearer at_" + "x" * 43}
    for client in (two.ours, two.theirs):
        answer = await client.put(f"/v1/entries/{uuid7()}", json=entry(), headers=nobody)
        assert answer.status_code == 401


async def test_the_jobs_are_told(two: Two, comparison: ModuleType) -> None:
    await comparison.REDIS.delete(ASSESS_HINTS)

    await two.send(two.theirs, uuid7(), entry())

    assert await comparison.REDIS.zcard(ASSESS_HINTS) == 1
