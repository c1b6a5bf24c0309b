"""Store entries as they arrive: entry, revision, screening and audit in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from models.alert import EMERGENCY, Source, raise_alert
from models.ids import uuid7
from models.session import Connection

SI_RULE = "ideation.escalate"
"""Rule id of the one live emergency of a patient; its sources name what hit."""

MOST_ENTRIES_AN_HOUR = 120
"""Entries one patient may write in an hour, far above any honest use. Source: spec, security 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How a text and its answers were screened; offsets and rule ids, never words."""

    label: str
    reason: str
    spans: Sequence[dict[str, Any]]
    rule_ids: Sequence[str]
    normaliser_version: str
    lexicon_version: str
    steps: int
    text_hmac: bytes | None = None
    stage: int = 1

    @property
    def escalates(self) -> bool:
        """Say whether a human must be told at once."""
        return self.label == "escalate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision of an entry, sealed and screened, ready to be stored."""

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
    warnings: Sequence[str]
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: everything about the request that each row repeats."""

    clinic_id: UUID
    patient_id: UUID
    session_id: UUID | None
    device_id: UUID | None
    request_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one revision: stored just now, or why not."""

    entry_id: UUID
    stored_at: datetime | None
    known_infusion: bool
    within_limit: bool


ITEMS = """
item AS (
    SELECT * FROM unnest(
        $3::uuid[], $4::timestamptz[], $5::int[], $6::text[], $7::date[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::uuid[], $13::bytea[], $14::bytea[], $15::text[],
        $16::uuid[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[],
        $23::bytea[], $24::int[], $25::uuid[], $26::int[]
    ) WITH ORDINALITY AS i (
        entry_id, occurred_at, utc_offset_minutes, zone, local_date, form, language,
        answers, side_effects, infusion_id, note_ct, content_hmac, warnings,
        screening_id, label, reason, spans, rule_ids, normaliser_version, lexicon_version,
        text_hmac, steps, audit_id, revision, n)
),
known AS (
    SELECT i.entry_id, i.infusion_id IS NULL OR EXISTS (
        SELECT FROM infusion f WHERE f.clinic_id = $1 AND f.patient_id = $2 AND f.id = i.infusion_id
    ) AS infusion FROM item i
)
"""

REVISION_ROWS = """
revised AS (
    INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,
        utc_offset_minutes, zone, local_date, form, language, answers, side_effects, infusion_id,
        note_ct, content_hmac, speaks_of_suicide, warnings, device_id, stored_at)
    SELECT $1, $2, i.entry_id, i.revision, i.occurred_at, i.utc_offset_minutes, i.zone,
        i.local_date, i.form, i.language, i.answers::jsonb, i.side_effects::jsonb,
        i.infusion_id, i.note_ct, i.content_hmac, i.label = 'escalate',
        string_to_array(i.warnings, ','), $27, h.at
    FROM item i JOIN head h ON h.id = i.entry_id
    RETURNING entry_id, stored_at
),
screened AS (
    INSERT INTO screening (clinic_id, id, patient_id, entry_id, revision, stage, label, reason,
        spans, rule_ids, normaliser_version, lexicon_version, text_hmac, steps)
    SELECT $1, i.screening_id, $2, i.entry_id, i.revision, 1, i.label, i.reason, i.spans::jsonb,
        string_to_array(i.rule_ids, ','), i.normaliser_version, i.lexicon_version, i.text_hmac,
        i.steps
    FROM item i JOIN head h ON h.id = i.entry_id
),
audited AS (
    INSERT INTO audit_event (clinic_id, id, actor_id, actor_role, session_id, patient_id, action,
        object_type, object_id, request_id)
    SELECT $1, i.audit_id, $2, 'patient', $28, $2,
        CASE WHEN i.revision = 1 THEN 'entry.submit' ELSE 'entry.correct' END,
        'entry', i.entry_id, $29
    FROM item i JOIN head h ON h.id = i.entry_id
)
"""


def _new_entries(received_at: str) -> str:
    """Write the statement that stores entries, with the instant at which each was received."""
    return f"""
WITH {ITEMS},
recent AS (
    SELECT count(*) AS entries FROM entry
    WHERE clinic_id = $1 AND patient_id = $2 AND received_at > app_now() - interval '1 hour'
),
head AS (
    INSERT INTO entry (clinic_id, patient_id, id, received_at)
    SELECT $1, $2, i.entry_id, {received_at} FROM item i JOIN known k USING (entry_id), recent r
    WHERE k.infusion AND r.entries + i.n <= $30
    ON CONFLICT DO NOTHING RETURNING id, received_at AS at
),
{REVISION_ROWS}
SELECT i.entry_id, v.stored_at, k.infusion AS known_infusion,
    r.entries + i.n <= $30 AS within_limit
FROM item i JOIN known k USING (entry_id) CROSS JOIN recent r
    LEFT JOIN revised v ON v.entry_id = i.entry_id
ORDER BY i.n
"""


NEW_ENTRIES = _new_entries("app_now()")
PAST_ENTRIES = _new_entries("least(i.occurred_at, app_now())")

CORRECTION = f"""
WITH {ITEMS},
head AS (
    UPDATE entry e SET revision = i.revision, assessed_at = NULL,
        committed_in = pg_current_xact_id()
    FROM item i JOIN known k USING (entry_id)
    WHERE e.clinic_id = $1 AND e.patient_id = $2 AND e.id = i.entry_id AND k.infusion
      AND e.revision = i.revision - 1 AND e.hidden_at IS NULL
    RETURNING e.id, app_now() AS at
),
{REVISION_ROWS}
SELECT i.entry_id, v.stored_at, k.infusion AS known_infusion, $30::bigint > 0 AS within_limit
FROM item i JOIN known k USING (entry_id) LEFT JOIN revised v ON v.entry_id = i.entry_id
"""


async def store_new(
    connection: Connection,
    writer: Writer,
    revisions: Sequence[Revision],
    *,
    most: int = MOST_ENTRIES_AN_HOUR,
) -> list[Stored]:
    """Store entries that are new, and raise one alert for all that escalate.

    An id that is known already is left as it was; `stored_at` is None for it. No id may come
    twice in one call.
    """
    return await _store(connection, NEW_ENTRIES, writer, revisions, most)


async def store_past(
    connection: Connection, writer: Writer, revisions: Sequence[Revision]
) -> list[Stored]:
    """Store a diary that was kept before: each entry counts as received when it was written.

    Its screening and its audit stay of today, and so does the alert it may raise.
    """
    return await _store(
        connection, PAST_ENTRIES, writer, revisions, most=len(revisions) + MOST_ENTRIES_AN_HOUR
    )


async def store_correction(connection: Connection, writer: Writer, revision: Revision) -> Stored:
    """Append a revision after the one it corrects; `stored_at` is None when that one is gone."""
    [stored] = await _store(connection, CORRECTION, writer, [revision], 1)
    return stored


async def _store(
    connection: Connection, sql: str, writer: Writer, revisions: Sequence[Revision], most: int
) -> list[Stored]:
    records = await connection.fetch(
        sql,
        writer.clinic_id,
        writer.patient_id,
        *_columns(revisions),
        writer.device_id,
        writer.session_id,
        writer.request_id,
        most,
    )
    stored = [Stored(**dict(record)) for record in records]
    fresh = {one.entry_id for one in stored if one.stored_at is not None}
    await raise_for(
        connection, writer, [r for r in revisions if r.entry_id in fresh and r.decision.escalates]
    )
    return stored


def _columns(revisions: Sequence[Revision]) -> list[list[Any]]:
    """Turn revisions into the columns of ITEMS."""
    decisions = [r.decision for r in revisions]
    return [
        [r.entry_id for r in revisions],
        [r.occurred_at for r in revisions],
        [r.utc_offset_minutes for r in revisions],
        [r.zone for r in revisions],
        [r.local_date for r in revisions],
        [r.form for r in revisions],
        [r.language for r in revisions],
        [to_json(r.answers) for r in revisions],
        [to_json(r.side_effects) for r in revisions],
        [r.infusion_id for r in revisions],
        [r.note_ct for r in revisions],
        [r.content_hmac for r in revisions],
        [",".join(r.warnings) for r in revisions],
        [uuid7() for _ in revisions],
        [d.label for d in decisions],
        [d.reason for d in decisions],
        [to_json(d.spans) for d in decisions],
        [",".join(d.rule_ids) for d in decisions],
        [d.normaliser_version for d in decisions],
        [d.lexicon_version for d in decisions],
        [d.text_hmac for d in decisions],
        [d.steps for d in decisions],
        [uuid7() for _ in revisions],
        [r.revision for r in revisions],
    ]


def to_json(value: object) -> str:
    """Write JSON as text: a list of lists would be taken for an array of two dimensions."""
    return msgspec.json.encode(value).decode()


async def raise_for(connection: Connection, writer: Writer, escalating: Sequence[Revision]) -> None:
    """Raise one alert for every revision of this request that escalates."""
    if not escalating:
        return
    await raise_alert(
        connection,
        clinic_id=writer.clinic_id,
        patient_id=writer.patient_id,
        severity=EMERGENCY,
        rule=SI_RULE,
        sources=[
            Source(
                rule=SI_RULE,
                reason=r.decision.reason,
                entry_id=r.entry_id,
                revision=r.revision,
            )
            for r in escalating
        ],
    )
