"""What was written lately, with what it came to then."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models.cipher import Subject
from models.session import Connection, Pool, clinic_transaction, rows_as

ROWS_AT_ONCE = 64
FIRST = (UUID(int=0), UUID(int=0), 0)

RECENT = """
SELECT r.patient_id, r.entry_id, r.revision, r.note_ct, array_agg(s.label) AS labels,
    bool_or(s.reason = 'item') AS by_item
FROM entry_revision r JOIN screening s ON s.clinic_id = r.clinic_id
    AND s.patient_id = r.patient_id AND s.entry_id = r.entry_id AND s.revision = r.revision
WHERE r.clinic_id = $1 AND r.note_ct IS NOT NULL AND r.stored_at > app_now() - $2::interval
  AND (r.patient_id, r.entry_id, r.revision) > ($3::uuid, $4::uuid, $5::int)
GROUP BY r.patient_id, r.entry_id, r.revision, r.note_ct
ORDER BY r.patient_id, r.entry_id, r.revision LIMIT $6
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One revision with words, and every label it was given."""

    patient_id: UUID
    entry_id: UUID
    revision: int
    note_ct: bytes
    labels: Sequence[str]
    by_item: bool

    def note(self, subject: Subject) -> str:
        """Decrypt what was written."""
        return subject.open_text("entry.note", self.entry_id, self.note_ct, revision=self.revision)


async def recent(pool: Pool, clinic_id: UUID, age: timedelta) -> AsyncIterator[list[Written]]:
    """Yield what a clinic's patients wrote since, some at a time and patient by patient."""
    after = FIRST
    while True:
        async with clinic_transaction(pool, clinic_id) as connection:
            rows = await _page(connection, clinic_id, age, after)
        if not rows:
            return
        yield rows
        last = rows[-1]
        after = (last.patient_id, last.entry_id, last.revision)


async def _page(
    connection: Connection, clinic_id: UUID, age: timedelta, after: tuple[UUID, UUID, int]
) -> list[Written]:
    return rows_as(Written, await connection.fetch(RECENT, clinic_id, age, *after, ROWS_AT_ONCE))
