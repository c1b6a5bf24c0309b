"""Entries as the API hands them over, screened already."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.ingest import Decision, Revision, Stored, Writer, store_correction, store_new
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Person

CALM = Decision(
    label="none",
    reason="none",
    spans=[],
    rule_ids=[],
    normaliser_version="n1",
    lexicon_version="l1",
    steps=7,
)
LOUD = replace(
    CALM,
    label="escalate",
    reason="rule",
    spans=[{"start": 3, "end": 9, "rule": "si.plan"}],
    rule_ids=["si.plan", "si.means"],
    text_hmac=b"mac",
)


def writer_of(who: Person) -> Writer:
    """Write as a patient."""
    return Writer(
        clinic_id=who.clinic_id,
        patient_id=who.id,
        session_id=who.session_id,
        device_id=None,
        request_id=uuid7(),
    )


def entry(decision: Decision = CALM, **chosen: Any) -> Revision:
    """Make the first revision of an entry."""
    usual: dict[str, Any] = {
        "entry_id": uuid7(),
        "revision": 1,
        "occurred_at": datetime(2026, 3, 1, 20, tzinfo=UTC),
        "utc_offset_minutes": 60,
        "zone": "Europe/Madrid",
        "local_date": date(2026, 3, 1),
        "form": "daily_depression@1",
        "language": "en",
        "answers": {"low_mood": 4},
        "side_effects": [{"id": "nausea", "severity": 2}],
        "infusion_id": None,
        "note_ct": b"sealed",
        "content_hmac": b"content",
        "warnings": ["clock_far"],
        "decision": decision,
    }
    return Revision(**(usual | chosen))


async def submit(pool: Pool, who: Person, *entries: Revision, most: int = 120) -> list[Stored]:
    """Store new entries, as one request."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await store_new(db, writer_of(who), list(entries), most=most)


async def correct(pool: Pool, who: Person, revision: Revision) -> Stored:
    """Store a correction, as one request."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await store_correction(db, writer_of(who), revision)


async def rows_of(db: Connection, who: Person, entry_id: UUID | None = None) -> dict[str, int]:
    """Count what is stored of a patient, or of one entry."""
    of_entry = {"entry": "id", "audit_event": "object_id"}
    counts: dict[str, int] = {}
    for table in ("entry", "entry_revision", "screening", "audit_event", "alert_source"):
        counts[table] = await db.fetchval(
            f"SELECT count(*) FROM {table} WHERE patient_id = $1"
            f" AND ($2::uuid IS NULL OR {of_entry.get(table, 'entry_id')} = $2)",
            who.id,
            entry_id,
        )
    return counts


async def alert_of(db: Connection, who: Person) -> dict[str, Any]:
    """Read the one alert of a patient."""
    [row] = await db.fetch("SELECT * FROM alert WHERE patient_id = $1", who.id)
    return dict(row)


async def kinds_of(db: Connection, who: Person) -> list[str]:
    """List what happened to a patient's alerts."""
    rows = await db.fetch(
        "SELECT kind FROM alert_history WHERE patient_id = $1 ORDER BY at, id", who.id
    )
    return [row["kind"] for row in rows]
