"""What the rules have read and the model has not: find it, store what it found, page with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from clinical.ideation.label import Reason
from models.alert import EMERGENCY, Source, raise_alert
from models.cipher import Subject
from models.ids import uuid7
from models.ingest import SI_RULE, to_json
from models.session import Connection, rows_as
from models.task import put_on_task

REVIEW_RULE = "ideation.review"
"""Rule id of the one open task to read what a patient wrote; its sources name the entries."""

NOT_READ = """
FROM entry e JOIN entry_revision r
    ON r.clinic_id = e.clinic_id AND r.patient_id = e.patient_id AND r.entry_id = e.id
JOIN screening s ON s.clinic_id = r.clinic_id AND s.patient_id = r.patient_id
    AND s.entry_id = r.entry_id AND s.revision = r.revision AND s.stage = 1
WHERE e.clinic_id = $1 AND e.patient_id = $2 AND e.assessed_at IS NULL
  AND (r.note_ct IS NOT NULL OR s.label = 'review')
  AND s.screened_at < r.stored_at + interval '1 hour'
  AND NOT EXISTS (
    SELECT FROM screening two
    WHERE two.clinic_id = r.clinic_id AND two.patient_id = r.patient_id
      AND two.entry_id = r.entry_id AND two.revision = r.revision AND two.stage = 2)
"""
"""Every revision, not only the newest: what was written and changed a second later was written.
A diary of before (`store_past`) was screened by the rules long after it was written: it is not read
again, nobody can be called about last year. Without a note there is nothing to read, and yet a task
where the rules want one. `gate.unread` asks the same across clinics."""

UNREAD_ANYWHERE = "SELECT * FROM gate.unread($1, $2)"

UNREAD = f"""
SELECT r.entry_id, r.revision, r.note_ct, s.label {NOT_READ}
ORDER BY r.stored_at DESC LIMIT $3
"""

STORE = """
INSERT INTO screening (clinic_id, id, patient_id, entry_id, revision, stage, label, reason, spans,
    rule_ids, normaliser_version, lexicon_version, model_version, steps)
SELECT $1, i.id, $2, i.entry_id, i.revision, 2, i.label, i.reason, i.spans::jsonb,
    '{}', '', '', i.model, 0
FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS i (id, entry_id, revision, label, reason, spans, model)
ON CONFLICT (clinic_id, patient_id, entry_id, revision) WHERE stage = 2 DO NOTHING
RETURNING entry_id, revision
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One revision that the model has not read, and the highest label it has so far."""

    entry_id: UUID
    revision: int
    note_ct: bytes | None
    label: str

    def note(self, subject: Subject) -> str:
        """Decrypt what was written."""
        if self.note_ct is None:
            return ""
        return subject.open_text("entry.note", self.entry_id, self.note_ct, revision=self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """What the model made of one revision; offsets, never words."""

    entry_id: UUID
    revision: int
    label: str
    reason: str
    spans: Sequence[dict[str, int]]
    model_version: str


async def unread(
    connection: Connection, clinic_id: UUID, patient_id: UUID, *, most: int
) -> list[Unread]:
    """List what a patient wrote and the model has not read, the newest first."""
    records = await connection.fetch(UNREAD, clinic_id, patient_id, most)
    return rows_as(Unread, records)


async def store_readings(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    read: Sequence[tuple[Unread, SecondReading]],
) -> int:
    """Store readings with the alerts they raise; return how many pages that means.

    A model may only raise: what the rules have paged about already rings nobody twice. A reading
    that another worker has stored meanwhile is left as it is.
    """
    readings = [reading for _, reading in read]
    records = await connection.fetch(
        STORE,
        clinic_id,
        patient_id,
        [uuid7() for _ in readings],
        [r.entry_id for r in readings],
        [r.revision for r in readings],
        [r.label for r in readings],
        [r.reason for r in readings],
        [to_json(r.spans) for r in readings],
        [r.model_version for r in readings],
    )
    stored = {(record["entry_id"], record["revision"]) for record in records}
    fresh = [pair for pair in read if (pair[0].entry_id, pair[0].revision) in stored]
    paged = [r for before, r in fresh if r.label == "escalate" and before.label != "escalate"]
    to_read = [
        r for before, r in fresh if "review" in {before.label, r.label}
        and "escalate" not in {before.label, r.label}
    ]  # fmt: skip
    if paged:
        await raise_alert(
            connection,
            clinic_id=clinic_id,
            patient_id=patient_id,
            severity=EMERGENCY,
            rule=SI_RULE,
            sources=[_source(SI_RULE, r) for r in paged],
        )
    sources = [_source(REVIEW_RULE, r) for r in to_read]
    await put_on_task(connection, clinic_id, patient_id, REVIEW_RULE, sources)
    return len(paged)


def _source(rule: str, reading: SecondReading) -> Source:
    return Source(
        rule=rule, reason=reading.reason, entry_id=reading.entry_id, revision=reading.revision
    )


async def ask_about_unread(connection: Connection, *, older_than: timedelta, most: int) -> int:
    """Put notes that should have been read by now on tasks to read; return how many there are.

    Runs in the pager, which may see of a note that it is there, and nothing of it.
    """
    records = await connection.fetch(UNREAD_ANYWHERE, older_than, most)
    whose = itemgetter("clinic_id", "patient_id")
    for (clinic_id, patient_id), group in groupby(sorted(records, key=whose), key=whose):
        sources = [
            Source(
                rule=REVIEW_RULE,
                reason=Reason.SCREENING_DELAYED,
                entry_id=each["entry_id"],
                revision=each["revision"],
            )
            for each in group
        ]
        async with connection.transaction():
            await put_on_task(connection, clinic_id, patient_id, REVIEW_RULE, sources)
    return len(records)
