"""Keep a refused body that may be a call for help: sealed, screened, alerting."""

from uuid import UUID

from models.alert import EMERGENCY, Source, raise_alert
from models.cipher import Subject
from models.gate import clinics_with_expired
from models.ids import uuid7
from models.ingest import SI_RULE, Decision, Writer
from models.session import Connection, Pool, clinic_transaction

KEPT_DAYS = 30
"""How long a quarantined body is kept. Source: spec, security section 8, C5."""

MOST_A_DAY = 300
"""Quarantined bodies a day and patient; beyond, only what escalates is kept. Source: as above."""

KEEP = """
INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label, device_id,
    expires_at)
SELECT $1::uuid, $2, $3::uuid, $4, $5, $6, $7::text, $8, app_now() + $9::int * interval '1 day'
WHERE $7::text = 'escalate' OR $10::bigint > (
    SELECT count(*) FROM quarantine WHERE clinic_id = $1 AND patient_id = $3::uuid
    AND received_at > app_now() - interval '1 day')
ON CONFLICT DO NOTHING RETURNING id
"""

SCREENED = """
INSERT INTO screening (clinic_id, id, patient_id, quarantine_id, stage, label, reason, spans,
    rule_ids, normaliser_version, lexicon_version, text_hmac, steps)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

IS_KEPT = """
SELECT EXISTS (
    SELECT FROM quarantine WHERE clinic_id = $1 AND patient_id = $2 AND body_hmac = $3)
"""

AUDITED = """
INSERT INTO audit_event (clinic_id, id, actor_id, actor_role, session_id, patient_id, action,
    object_type, object_id, outcome, request_id)
VALUES ($1, $2, $3::uuid, 'patient', $4, $3::uuid, $8, 'quarantine', $5, $6, $7)
"""


async def quarantine_body(
    connection: Connection,
    writer: Writer,
    subject: Subject,
    *,
    slug: str,
    body: bytes,
    decision: Decision,
) -> bool:
    """Keep a body once; False when too many were kept today, which the audit counts."""
    body_hmac = subject.index("quarantine.body", body)
    kept = await connection.fetchval(
        KEEP,
        writer.clinic_id,
        row := uuid7(),
        writer.patient_id,
        slug,
        body_hmac,
        subject.seal("quarantine.body", row, body),
        decision.label,
        writer.device_id,
        KEPT_DAYS,
        MOST_A_DAY,
    )
    if kept is None:
        known: bool = await connection.fetchval(
            IS_KEPT, writer.clinic_id, writer.patient_id, body_hmac
        )
        if not known:
            await _record_act(connection, writer, None, slug, "entry.drop")
        return known
    await _record_decision(connection, writer, row, decision)
    await _record_act(connection, writer, row, slug, "entry.quarantine")
    if decision.escalates:
        await raise_alert(
            connection,
            clinic_id=writer.clinic_id,
            patient_id=writer.patient_id,
            severity=EMERGENCY,
            rule=SI_RULE,
            sources=[Source(rule=SI_RULE, reason=decision.reason, quarantine_id=row)],
        )
    return True


async def _record_act(
    connection: Connection, writer: Writer, row: UUID | None, slug: str, action: str
) -> None:
    await connection.execute(
        AUDITED, writer.clinic_id, uuid7(), writer.patient_id, writer.session_id, row, slug,
        writer.request_id, action,
    )  # fmt: skip


async def _record_decision(
    connection: Connection, writer: Writer, row: UUID, decision: Decision
) -> None:
    await connection.execute(
        SCREENED,
        writer.clinic_id,
        uuid7(),
        writer.patient_id,
        row,
        decision.stage,
        decision.label,
        decision.reason,
        list(decision.spans),
        list(decision.rule_ids),
        decision.normaliser_version,
        decision.lexicon_version,
        decision.text_hmac,
        decision.steps,
    )


FORGET = """
UPDATE quarantine SET body_ct = '', body_hmac = sha256(id::text::bytea)
WHERE clinic_id = $1 AND expires_at <= app_now() AND body_ct <> ''
"""


async def forget_expired(pool: Pool) -> None:
    """Destroy quarantined bodies after their time; that there was one, and its label, stays.

    Its hash goes too: the same words sent again are new words, read and kept like any others.
    """
    async with pool.acquire() as connection:
        waiting = await clinics_with_expired(connection)
    for clinic_id in waiting:
        async with clinic_transaction(pool, clinic_id) as connection:
            await connection.execute(FORGET, clinic_id)
