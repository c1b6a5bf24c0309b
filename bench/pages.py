"""From the commit of an entry that speaks of suicide to the push request, over the whole system.

The commit's instant is taken just before COMMIT is sent, so the figure holds the commit itself. The
push's instant is the emulator's, on the same machine and clock.
"""

import asyncio
import base64
import json
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from rich.console import Console

from afterglow.parts import Ports
from afterglow.stack import Stack, running_stack
from bench.machine import describe, percentile
from clinical.finding import Finding, Severity
from models.cipher import Keyring
from models.clinic import create_clinic
from models.finding import raise_findings
from models.ids import uuid7
from models.ingest import Decision, Revision, Writer, store_new
from models.patient import NewPatient, create_patient
from models.practitioner import NewPractitioner, create_practitioner, join_care_team
from models.session import Pool, clinic_transaction, connect, open_pool
from models.subject_key import subject_for
from settings import EngineSettings

SHARED = "/var/tmp"  # where `nobody`, who runs the engines, can reach
PAGES = 120
PAUSE_SECONDS = 0.05
ROUTINE_PER_SECOND = 50
SETTLE_SECONDS = 3.0
ADD_DEVICE = """
WITH d AS (INSERT INTO device (clinic_id, id, installation, practitioner_id, platform, push_ct)
           VALUES ($1, $2, $2, $3, 'android', $4) RETURNING id)
INSERT INTO endpoint (clinic_id, id, practitioner_id, channel, device_id)
SELECT $1, $5, $3, 'push', d.id FROM d
"""
HANDLES = "SELECT handle, alert_id FROM delivery WHERE clinic_id = $1"
SOURCES = "SELECT entry_id, alert_id FROM alert_source WHERE clinic_id = $1"


@dataclass(frozen=True, slots=True)
class Team:
    """One clinic: somebody with a phone, and their patients."""

    clinic_id: UUID
    patients: Sequence[UUID]
    fid: str


async def open_team(pool: Pool, keyring: Keyring, code: str, patients: int) -> Team:
    """Open a clinic whose one physician has one phone."""
    async with pool.acquire() as db, db.transaction():
        clinic = await create_clinic(
            db, keyring, code=code, name=code, zone="Etc/UTC", country="US"
        )
        person = NewPractitioner(
            name="bo", mail=f"bo@{code}.example", role="clinician", profession="physician"
        )
        doctor = await create_practitioner(db, keyring, clinic, code, person)
        device = uuid7()
        keys = await subject_for(db, keyring, clinic, doctor)
        push = keys.seal("device.push", device, json.dumps({"fid": f"fid-{code}"}).encode())
        await db.execute(ADD_DEVICE, clinic, device, doctor, push, uuid7())
        people = [uuid7() for _ in range(patients)]
        for one in people:
            new = NewPatient(
                id=one, name="p", zone="Etc/UTC", language="en",
                conditions=["trd"], primary_condition="trd",
            )  # fmt: skip
            await create_patient(db, keyring, clinic, new)
            await join_care_team(db, clinic, one, doctor, duty="responsible")
    return Team(clinic, people, f"fid-{code}")


def dark_revision(entry_id: UUID) -> Revision:
    """Write an entry that escalates, as the API would have screened it."""
    return Revision(
        entry_id=entry_id, revision=1, occurred_at=datetime.now(UTC), utc_offset_minutes=0,
        zone="Etc/UTC", local_date=datetime.now(UTC).date(), form="daily_depression@1",
        language="en", answers={"si_daily": 2}, side_effects=[], infusion_id=None, note_ct=None,
        content_hmac=bytes(32), warnings=(),
        decision=Decision(label="escalate", reason="item", spans=(), rule_ids=("ideation.item",),
                          normaliser_version="1", lexicon_version="1", steps=0),
    )  # fmt: skip


async def send_dark(pool: Pool, team: Team, patient: UUID) -> tuple[UUID, float]:
    """Store one; return its id and the instant before its commit."""
    entry_id = uuid7()
    writer = Writer(
        clinic_id=team.clinic_id, patient_id=patient, session_id=None, device_id=None,
        request_id=None,
    )  # fmt: skip
    async with clinic_transaction(pool, team.clinic_id) as db:
        await store_new(db, writer, [dark_revision(entry_id)])
        committing_at = time.time()
    return entry_id, committing_at


async def send_routine(pool: Pool, team: Team, stop: asyncio.Event) -> int:
    """Raise urgent alerts at a steady rate until told to stop."""
    sent = 0
    for patient in team.patients:
        found = Finding(
            rule="side_effect.severe", severity=Severity.URGENT, because="bench",
            local_date=date(2026, 1, 1), period=sent,
        )  # fmt: skip
        async with clinic_transaction(pool, team.clinic_id) as db:
            await raise_findings(db, team.clinic_id, patient, [found], rules_version="bench")
        sent += 1
        await asyncio.sleep(1 / ROUTINE_PER_SECOND)
        if stop.is_set():
            break
    return sent


def pushes(url: str, fid: str) -> list[tuple[str, float]]:
    """Return handle and arrival of every push to one phone."""
    with urllib.request.urlopen(f"{url}/log?fid={fid}", timeout=10) as answer:  # noqa: S310 # loopback
        calls = json.load(answer)
    calls = calls["calls"] if isinstance(calls, dict) else calls
    return [
        (call["message"]["data"]["i"], call["at"]) for call in calls if not call["validate_only"]
    ]


async def latencies(stack: Stack, pool: Pool, team: Team, sent: dict[UUID, float]) -> list[float]:
    """Match commits with pushes, in milliseconds; a page that is missing is an error."""
    async with clinic_transaction(pool, team.clinic_id) as db:
        alert_of = {
            row["handle"]: row["alert_id"] for row in await db.fetch(HANDLES, team.clinic_id)
        }
        entry_of = {
            row["alert_id"]: row["entry_id"] for row in await db.fetch(SOURCES, team.clinic_id)
        }
    found: dict[UUID, float] = {}
    for handle, at in pushes(stack.parts.emulator_url, team.fid):
        entry = entry_of.get(alert_of.get(handle))
        if entry in sent:
            found.setdefault(entry, (at - sent[entry]) * 1000)
    if len(found) != len(sent):
        raise RuntimeError(f"{len(sent) - len(found)} of {len(sent)} pages are missing")
    return list(found.values())


async def run_round(stack: Stack, pool: Pool, team: Team, busy: Team | None) -> list[float]:
    """Send one emergency after the other, alone or beside routine pushes."""
    stop = asyncio.Event()
    load = asyncio.create_task(send_routine(pool, busy, stop)) if busy else None
    sent: dict[UUID, float] = {}
    for patient in team.patients:
        entry_id, at = await send_dark(pool, team, patient)
        sent[entry_id] = at
        await asyncio.sleep(PAUSE_SECONDS)
    await asyncio.sleep(SETTLE_SECONDS)
    stop.set()
    if load is not None:
        await load
    return await latencies(stack, pool, team, sent)


async def measure(stack: Stack, console: Console) -> None:
    """Measure both and print."""
    root_key = base64.b64decode((stack.parts.folder.path / "root_key").read_text())
    keyring = Keyring(root_key)
    pool = await open_pool(stack.parts.urls.database, largest=6)
    one = await connect(stack.parts.urls.database)
    console.print(describe(f"PostgreSQL {await one.fetchval('SHOW server_version')}"))
    await one.close()
    warm = await open_team(pool, keyring, "warm", 10)
    await run_round(stack, pool, warm, None)
    idle = await open_team(pool, keyring, "idle", PAGES)
    beside = await open_team(pool, keyring, "beside", PAGES)
    routine = await open_team(pool, keyring, "routine", 2000)
    for name, team, busy in (
        ("idle", idle, None),
        (f"under {ROUTINE_PER_SECOND} routine pushes/s", beside, routine),
    ):
        values = await run_round(stack, pool, team, busy)
        console.print(
            f"commit to push, {name}: p50 {percentile(values, 0.5):.0f} ms, "
            f"p99 {percentile(values, 0.99):.0f} ms, n {len(values)}, lost 0"
        )
    await pool.close()


def main(console: Console) -> None:
    """Start the whole system elsewhere, measure, stop it."""
    with tempfile.TemporaryDirectory(
        prefix="afterglow-bench-", dir="/var/tmp"
    ) as folder:  # reachable by nobody
        Path(folder).chmod(0o755)
        settings = EngineSettings(data_dir=Path(folder) / "data")
        with running_stack(settings, ports=Ports(api=0, emulator=0, smtp=0)) as stack:
            asyncio.run(measure(stack, console))
