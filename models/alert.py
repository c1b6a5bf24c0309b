"""What a human must look at, why, and everything that happened to it. FHIR: Flag, Task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.alert_history import add_history
from models.ids import uuid7
from models.session import Connection

SEVERITY_RANK = {"emergency": 9, "canary": 9, "test": 8, "urgent": 5, "routine": 1, "notice": 0}
"""What the pager takes first; a notice it never takes."""


EMERGENCY, URGENT, NOTICE = "emergency", "urgent", "notice"
NEW_INFORMATION = timedelta(minutes=15)
"""After an acknowledgement, a new source within this time rings the owner only.

Source: spec, escalation: acked at most 15 min ago.
"""
ROUND_SPACING = timedelta(seconds=60)
"""At most one extra round in this time: an offline week that arrives at once rings once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One reason to look: exactly one of a revision, a quarantined body, a finding."""

    rule: str
    reason: str
    entry_id: UUID | None = None
    revision: int | None = None
    quarantine_id: UUID | None = None
    finding_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The live alert a new source belongs to, locked."""

    id: UUID
    state: str
    acked_at: datetime | None
    last_round_at: datetime
    now: datetime


INSERT_ALERT = """
INSERT INTO alert (clinic_id, id, patient_id, rule, period, severity, severity_rank, next_step_at,
    assigned_profession, due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 > 0 THEN app_now() END, $8, $9)
ON CONFLICT DO NOTHING RETURNING id
"""

LIVE_ALERT = """
SELECT id, state, acked_at, last_round_at, app_now() AS now FROM alert
WHERE clinic_id = $1 AND patient_id = $2
  AND CASE WHEN $5 = 'emergency' THEN severity = 'emergency' AND state <> 'resolved'
           ELSE severity IN ('urgent', 'routine') AND rule = $3 AND period = $4 END
FOR UPDATE
"""
"""A notice is none: an alert that follows it rings by itself."""

SAME_NOTICE = """
SELECT id FROM alert
WHERE clinic_id = $1 AND patient_id = $2 AND severity = 'notice' AND rule = $3 AND period = $4
"""

INSERT_SOURCES = """
INSERT INTO alert_source (clinic_id, id, alert_id, patient_id, entry_id, revision, quarantine_id,
    finding_id, rule, reason)
SELECT $1, s.id, $2, $3, s.entry_id, s.revision, s.quarantine_id, s.finding_id, s.rule, s.reason
FROM unnest($4::uuid[], $5::uuid[], $6::int[], $7::uuid[], $8::uuid[], $9::text[], $10::text[])
    AS s (id, entry_id, revision, quarantine_id, finding_id, rule, reason)
ON CONFLICT DO NOTHING RETURNING id
"""

RING_AGAIN = """
UPDATE alert SET round = round + 1, last_round_at = app_now(), version = version + 1,
    resume_step_at = coalesce(resume_step_at, next_step_at), next_step_at = app_now()
WHERE clinic_id = $1 AND id = $2
"""

REOPEN = """
UPDATE alert SET state = 'open', round = round + 1, step = 0, last_round_at = app_now(),
    version = version + 1, resume_step_at = NULL,
    next_step_at = CASE WHEN severity <> 'notice' THEN app_now() END,
    acked_at = NULL, acked_by = NULL, action_due_at = NULL,
    resolved_at = NULL, resolved_by = NULL, outcome = NULL
WHERE clinic_id = $1 AND id = $2
"""

WAKE_PAGER = "SELECT pg_notify('afterglow_page', '')"
"""Takes a database-wide lock at commit, so only a due step notifies; the payload is empty."""


async def raise_alert(
    connection: Connection,
    *,
    clinic_id: UUID,
    patient_id: UUID,
    severity: str,
    rule: str,
    sources: Sequence[Source],
    period: int = 0,
    assigned_profession: str | None = None,
    due_at: datetime | None = None,
) -> UUID:
    """Raise an alert, or attach the sources to the live one; the only way one is written.

    One call is one round: everything a request or a job found belongs into one call.
    """
    if severity == NOTICE:
        return await _show(connection, clinic_id, patient_id, (rule, period), sources)
    rank = SEVERITY_RANK[severity]
    while True:
        alert_id = uuid7()
        fresh = await connection.fetchval(
            INSERT_ALERT,
            clinic_id, alert_id, patient_id, rule, period, severity, rank, assigned_profession,
            due_at,
        )  # fmt: skip
        if fresh is not None:
            await _add_sources(connection, clinic_id, patient_id, alert_id, sources)
            await add_history(connection, clinic_id, alert_id, patient_id, "created")
            await connection.execute(WAKE_PAGER)
            return alert_id
        row = await connection.fetchrow(LIVE_ALERT, clinic_id, patient_id, rule, period, severity)
        if row is not None:  # else it was resolved meanwhile: a new one
            live = Live(**dict(row))
            await _attach(connection, clinic_id, patient_id, live, sources, severity=severity)
            return live.id


async def _show(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    episode: tuple[str, int],
    sources: Sequence[Source],
) -> UUID:
    """Show what nobody is told of: on the alert of its rule and period if there is one.

    Else it is a notice, and stays one beside an alert that follows: that has its own time.
    """
    row = await connection.fetchrow(LIVE_ALERT, clinic_id, patient_id, *episode, NOTICE)
    if row is not None:
        live = Live(**dict(row))
        await _attach(connection, clinic_id, patient_id, live, sources, severity=NOTICE)
        return live.id
    fresh = await connection.fetchval(
        INSERT_ALERT, clinic_id, uuid7(), patient_id, *episode, NOTICE, SEVERITY_RANK[NOTICE],
        None, None,
    )  # fmt: skip
    shown: UUID = fresh or await connection.fetchval(SAME_NOTICE, clinic_id, patient_id, *episode)
    await _add_sources(connection, clinic_id, patient_id, shown, sources)
    if fresh is not None:
        await add_history(connection, clinic_id, shown, patient_id, "created")
    return shown


async def _attach(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    live: Live,
    sources: Sequence[Source],
    *,
    severity: str,
) -> None:
    added = await _add_sources(connection, clinic_id, patient_id, live.id, sources)
    if not added:
        return  # all known: a replay rings nobody
    await add_history(
        connection, clinic_id, live.id, patient_id, "attached", detail={"sources": len(added)}
    )
    if severity not in {EMERGENCY, URGENT}:
        return
    if live.state == "resolved" or (live.acked_at and live.now - live.acked_at > NEW_INFORMATION):
        await connection.execute(REOPEN, clinic_id, live.id)
        await add_history(connection, clinic_id, live.id, patient_id, "reopened")
    elif live.now - live.last_round_at >= ROUND_SPACING:
        await connection.execute(RING_AGAIN, clinic_id, live.id)
    else:
        return
    await connection.execute(WAKE_PAGER)


async def _add_sources(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    alert_id: UUID,
    sources: Sequence[Source],
) -> list[UUID]:
    """Insert the sources that are new and return their ids."""
    records = await connection.fetch(
        INSERT_SOURCES,
        clinic_id,
        alert_id,
        patient_id,
        [uuid7() for _ in sources],
        [s.entry_id for s in sources],
        [s.revision for s in sources],
        [s.quarantine_id for s in sources],
        [s.finding_id for s in sources],
        [s.rule for s in sources],
        [s.reason for s in sources],
    )
    return [record["id"] for record in records]
