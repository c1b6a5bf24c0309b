"""Read a patient's own entries: one, a page of them, or what changed since."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.ingest import Writer
from models.session import Connection, rows_as

COLUMNS = """
r.entry_id, r.revision, r.occurred_at, r.utc_offset_minutes, r.zone, r.local_date, r.form,
r.language, r.answers, r.side_effects, r.infusion_id, r.note_ct, r.content_hmac,
r.speaks_of_suicide, r.warnings, r.stored_at
"""

OF_ENTRY = """
e.clinic_id = r.clinic_id AND e.patient_id = r.patient_id AND e.id = r.entry_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRevision:
    """One revision as it stands in its row."""

    entry_id: UUID
    revision: int
    occurred_at: datetime
    utc_offset_minutes: int
    zone: str
    local_date: date
    form: str
    language: str
    answers: dict[str, Any]
    side_effects: list[dict[str, Any]]
    infusion_id: UUID | None
    note_ct: bytes | None
    content_hmac: bytes
    speaks_of_suicide: bool
    warnings: list[str]
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(StoredRevision):
    """The newest revision of an entry with its place in the list."""

    received_at: datetime
    committed_in: int
    hidden_at: datetime | None


FIRST_REVISIONS = f"""
SELECT {COLUMNS} FROM entry_revision r
WHERE r.clinic_id = $1 AND r.patient_id = $2 AND r.entry_id = ANY ($3) AND r.revision = 1
"""

NEWEST_REVISION = f"""
SELECT {COLUMNS}, e.received_at, e.committed_in, e.hidden_at
FROM entry e JOIN entry_revision r ON {OF_ENTRY} AND r.revision = e.revision
WHERE e.clinic_id = $1 AND e.patient_id = $2 AND e.id = $3
"""

LOCK_ENTRY = """
SELECT FROM entry WHERE clinic_id = $1 AND patient_id = $2 AND id = $3 FOR UPDATE
"""
"""A statement of its own: what waits for a lock within a join sees the entry new, its revision old.
"""

PAGE = f"""
SELECT {COLUMNS}, e.received_at, e.committed_in, e.hidden_at
FROM entry e JOIN entry_revision r ON {OF_ENTRY} AND r.revision = e.revision
WHERE e.clinic_id = $1 AND e.patient_id = $2 AND e.hidden_at IS NULL
  AND ($3::timestamptz IS NULL OR (e.received_at, e.id) < ($3, $4))
ORDER BY e.received_at DESC, e.id DESC LIMIT $5
"""

CHANGES = f"""
SELECT {COLUMNS}, e.received_at, e.committed_in, e.hidden_at
FROM entry e JOIN entry_revision r ON {OF_ENTRY} AND r.revision = e.revision
WHERE e.clinic_id = $1 AND e.patient_id = $2
  AND (e.committed_in, e.id) > ($3::text::xid8, $4)
  AND e.committed_in < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.committed_in, e.id LIMIT $5
"""

HIDE = """
UPDATE entry SET hidden_at = app_now(), committed_in = pg_current_xact_id()
WHERE clinic_id = $1 AND patient_id = $2 AND id = $3 AND hidden_at IS NULL AND revision = $4
RETURNING id
"""

AUDIT_HIDE = """
INSERT INTO audit_event (clinic_id, id, actor_id, actor_role, session_id, patient_id, action,
    object_type, object_id, request_id)
VALUES ($1, $2, $3::uuid, 'patient', $4, $3::uuid, 'entry.hide', 'entry', $5, $6)
"""


async def first_revisions(
    connection: Connection, writer: Writer, entry_ids: list[UUID]
) -> dict[UUID, StoredRevision]:
    """Find what entries said when they were first stored."""
    records = await connection.fetch(
        FIRST_REVISIONS, writer.clinic_id, writer.patient_id, entry_ids
    )
    return {row.entry_id: row for row in rows_as(StoredRevision, records)}


async def newest_revision(
    connection: Connection, clinic_id: UUID, patient_id: UUID, entry_id: UUID, *, lock: bool = False
) -> Listed | None:
    """Find what an entry says now; locked, it stays so until this transaction ends."""
    if lock:
        await connection.execute(LOCK_ENTRY, clinic_id, patient_id, entry_id)
    row = await connection.fetchrow(NEWEST_REVISION, clinic_id, patient_id, entry_id)
    return None if row is None else Listed(**dict(row))


async def page_of_entries(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Listed]:
    """List a patient's visible entries, the newest received first."""
    received_at, entry_id = after or (None, None)
    records = await connection.fetch(PAGE, clinic_id, patient_id, received_at, entry_id, limit)
    return rows_as(Listed, records)


async def changes_since(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    after: tuple[int, UUID],
    limit: int,
) -> list[Listed]:
    """List entries changed after a position, hidden ones too, in the order of their commits."""
    committed_in, entry_id = after
    records = await connection.fetch(
        CHANGES, clinic_id, patient_id, str(committed_in), entry_id, limit
    )
    return rows_as(Listed, records)


async def hide_entry(connection: Connection, writer: Writer, entry_id: UUID, revision: int) -> bool:
    """Hide an entry from its patient; the care team still sees it. False when it has changed."""
    hidden = await connection.fetchval(
        HIDE, writer.clinic_id, writer.patient_id, entry_id, revision
    )
    if hidden is not None:
        await connection.execute(
            AUDIT_HIDE, writer.clinic_id, uuid7(), writer.patient_id, writer.session_id, entry_id,
            writer.request_id,
        )  # fmt: skip
    return hidden is not None
