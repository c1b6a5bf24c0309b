"""A canary in everything a patient can write is found nowhere outside ciphertext."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from afterglow.engines import Engines
from afterglow.postgres import find_programs
from models.ids import uuid7
from models.session import clinic_transaction
from tests.acceptance.entry import entry
from tests.cast import CANARY, Database, Person
from tests.faults.api_process import ApiProcess, api_process, environment
from tests.scenarios.ward import Stage
from worker.assess import assess_one

pytestmark = pytest.mark.ci

NOTE = f"{CANARY} I want to die."


def spellings() -> Iterator[bytes]:
    """Yield the canary as it would stand in a log, in hexadecimal, or in base64."""
    yield CANARY.encode()
    yield CANARY.encode().hex().encode()
    yield CANARY.encode("utf-16-le")


def holds(raw: bytes) -> bool:
    """Say whether bytes hold the canary in any spelling."""
    return any(spelling.lower() in raw.lower() for spelling in spellings())


async def write_everything(api: ApiProcess, ana: Person) -> None:
    """Put the canary into every place a client can, good and bad alike."""
    one, wrong = uuid7(), {"form": CANARY, "zone": CANARY, "language": CANARY}
    headers = ana.headers
    stored = await api.client.put(f"/v1/entries/{one}", json=entry(note=NOTE), headers=headers)
    assert stored.status_code == 201
    await api.client.put(f"/v1/entries/{one}", json=entry(note=NOTE + "!"), headers=headers)
    for name, value in wrong.items():
        body = entry(note=NOTE, **{name: value})
        await api.client.put(f"/v1/entries/{uuid7()}", json=body, headers=headers)
    await api.client.put(f"/v1/entries/{CANARY}", json=entry(note=NOTE), headers=headers)
    broken = json.dumps(entry(note=NOTE)).encode()[:-3]
    as_json = headers | {"Content-Type": "application/json"}
    await api.client.put(f"/v1/entries/{uuid7()}", content=broken, headers=as_json)
    await api.client.patch(
        f"/v1/entries/{one}", json=entry(note=NOTE + "?"), headers=headers | {"If-Match": CANARY}
    )
    batch = {"entries": [{"id": str(uuid7()), **entry(note=NOTE)}, {"id": CANARY, "note": NOTE}]}
    await api.client.post("/v1/sync", json=batch, headers=headers)
    await api.client.get(f"/v1/entries?cursor={CANARY}&{CANARY}=1", headers=headers)
    await api.client.get(f"/v1/{CANARY}", headers=headers | {"Authorization": f"Bearer {CANARY}"})


async def redis_content(url: str) -> bytes:
    """Read everything that stands in Redis."""
    redis: Redis = Redis.from_url(url)
    parts: list[bytes] = []
    async for key in redis.scan_iter():
        parts += [key, await redis.dump(key) or b""]
    await redis.aclose()
    return b"\n".join(parts)


def dump(engines: Engines, database: Database) -> bytes:
    """Dump the database as an operator does."""
    programs = find_programs(engines.folder, None)
    ran = subprocess.run(
        [
            programs / "pg_dump",
            *("--role=backup", "--enable-row-security", "--exclude-table=gate.test_clock"),
            database.owner,
        ],
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


async def test_f44_the_canary_is_found_nowhere(
    engines: Engines,
    database: Database,
    root_key: str,
    stage: Stage,
    ana: Person,
    dr_bo: Person,
    tmp_path: Path,
) -> None:
    phone = await stage.phone(dr_bo)
    log = tmp_path / "api.log"
    described = environment(database, engines.redis_url, root_key, "")
    async with api_process(described | {"AFTERGLOW_LOG_LEVEL": "debug"}, log=log) as api:
        await write_everything(api, ana)
    await stage.page()
    await stage.later(seconds=61)
    await assess_one(stage.pool, ana.clinic_id, ana.id)
    async with clinic_transaction(stage.pool, ana.clinic_id) as db:
        notes = await db.fetchval("SELECT count(*) FROM entry_revision WHERE note_ct IS NOT NULL")
    dumped = dump(engines, database)

    assert notes >= 2
    assert holds(NOTE.encode().hex().encode())
    assert str(ana.id).encode() in dumped
    assert phone.calls
    assert stage.mailbox.mails()
    assert log.stat().st_size > 0
    assert not holds(dumped)
    assert not holds(log.read_bytes())
    assert not holds(engines.folder.log("postgres").read_bytes())
    assert not holds(await redis_content(engines.redis_url))
    assert not holds(repr([call.message for call in phone.calls]).encode())
    assert not holds(repr(stage.mailbox.mails()).encode())
