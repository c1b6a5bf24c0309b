"""One rung of an alert's ladder: take it, find the people behind it, insert their pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.session import Connection, rows_as

REACHED = "reached"
"""Target of an extra round: whoever was rung for this alert before."""
OWNER = "owner"
"""Target of news for an acknowledged alert: whoever acknowledged it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAlert:
    """An alert whose time has come, locked until the transaction ends; `now` is the pager's."""

    clinic_id: UUID
    id: UUID
    patient_id: UUID | None
    severity: str
    severity_rank: int
    state: str
    round: int
    step: int
    resume_step_at: datetime | None
    policy_snapshot: dict[str, Any] | None
    acks_needed: int
    action_due_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """A working contact point of somebody who is to be told; the clinic's line is nobody's."""

    practitioner_id: UUID | None
    endpoint_id: UUID
    channel: str
    delay_seconds: int | None
    """What the person's own rule says; without one the ladder decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A page that is to be sent, `wait` after the step."""

    id: UUID
    practitioner_id: UUID | None
    endpoint_id: UUID
    channel: str
    kind: str
    wait: timedelta
    collapse_tag: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a step leaves behind; a live alert always has a next one."""

    step: int
    next_step: int
    next_step_at: datetime
    snapshot: dict[str, Any] | None
    acks_needed: int


COLUMNS = """
clinic_id, id, patient_id, severity, severity_rank, state, round, step, resume_step_at,
    policy_snapshot, acks_needed, action_due_at
"""

DUE_ALERT = f"""
SELECT {COLUMNS}, greatest(app_now(), $1) AS now FROM alert
WHERE state <> 'resolved' AND severity_rank >= $2 AND next_step_at <= greatest(app_now(), $1)
  AND NOT id = ANY ($3::uuid[])
ORDER BY severity_rank DESC, next_step_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""

ONE_DUE_ALERT = f"""
SELECT {COLUMNS}, greatest(app_now(), $3) AS now FROM alert
WHERE clinic_id = $1 AND id = $2 AND state <> 'resolved'
  AND next_step_at <= greatest(app_now(), $3) FOR UPDATE
"""

LIVE_POLICY = """
SELECT jsonb_build_object(
    'name', p.name, 'version', p.version, 'severity', p.severity,
    'repeat_every_seconds', p.repeat_every_seconds, 'repeat_max', p.repeat_max,
    'steps', (
        SELECT jsonb_agg(jsonb_build_object(
            'after_seconds', s.after_seconds, 'acks_needed', s.acks_needed,
            'targets', (
                SELECT coalesce(jsonb_agg(t.kind ORDER BY t.kind), '[]') FROM policy_target t
                WHERE t.clinic_id = s.clinic_id AND t.policy_id = s.policy_id AND t.n = s.n
            )) ORDER BY s.n)
        FROM policy_step s WHERE s.clinic_id = p.clinic_id AND s.policy_id = p.id))
FROM policy p
WHERE p.clinic_id = $1 AND p.severity = $2 AND p.retired_at IS NULL
"""

WORKING_ENDPOINTS = """
FROM endpoint e
LEFT JOIN device d ON d.clinic_id = e.clinic_id AND d.id = e.device_id
LEFT JOIN practitioner p ON p.clinic_id = e.clinic_id AND p.id = e.practitioner_id
"""

WORKS = """
  e.clinic_id = $1 AND e.disabled_at IS NULL AND e.channel = ANY ($2::text[])
  AND (e.practitioner_id IS NULL OR p.disabled_at IS NULL)
  AND (e.channel <> 'push' OR (d.push_ct IS NOT NULL AND d.disabled_at IS NULL
                               AND d.practitioner_id = e.practitioner_id))
"""

REACHABLE = f"""
SELECT e.practitioner_id, e.id AS endpoint_id, e.channel, r.delay_seconds
{WORKING_ENDPOINTS}
LEFT JOIN contact_rule r ON r.clinic_id = e.clinic_id AND r.practitioner_id = e.practitioner_id
    AND r.endpoint_id = e.id AND r.severity = $4
JOIN alert a ON a.clinic_id = e.clinic_id AND a.id = $5
WHERE {WORKS} AND CASE
    WHEN e.practitioner_id IS NULL THEN 'clinic_line' = ANY ($3::text[])
        OR ('{REACHED}' = ANY ($3) AND EXISTS (
            SELECT FROM delivery x WHERE x.clinic_id = a.clinic_id AND x.alert_id = a.id
              AND x.endpoint_id = e.id))
    WHEN 'supervisor' = ANY ($3) AND p.id = (SELECT supervisor_id FROM clinic WHERE id = $1)
        THEN true
    ELSE p.role = 'clinician' AND (
        'everyone' = ANY ($3)
        OR ('{OWNER}' = ANY ($3) AND p.id = a.acked_by)
        OR ('{REACHED}' = ANY ($3) AND EXISTS (
            SELECT FROM delivery x WHERE x.clinic_id = a.clinic_id AND x.alert_id = a.id
              AND x.practitioner_id = p.id))
        OR EXISTS (
            SELECT FROM membership m
            WHERE m.clinic_id = a.clinic_id AND m.patient_id = a.patient_id
              AND m.practitioner_id = p.id AND (m.until IS NULL OR m.until > app_now())
              AND ('care_team' = ANY ($3) OR m.duty = ANY ($3))))
    END
ORDER BY e.practitioner_id, e.id
"""

EVERYONE = f"""
SELECT e.practitioner_id, e.id AS endpoint_id, e.channel, NULL::int AS delay_seconds
{WORKING_ENDPOINTS}
WHERE {WORKS} AND (e.practitioner_id IS NULL OR p.role = 'clinician')
ORDER BY e.practitioner_id, e.id
"""
"""Reads no care team, rule or rota: whatever is wrong with those, it still finds people."""

WRITE_STEP = """
WITH asked AS (
    SELECT * FROM unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::text[], $11::text[],
        $12::interval[], $13::text[], $14::text[])
        AS w (id, practitioner_id, endpoint_id, channel, kind, wait, tag, handle)),
 wanted AS (
    SELECT a.*, greatest($6::timestamptz + a.wait, (
        SELECT max(d.due_at) FROM delivery d JOIN attempt t
          ON t.clinic_id = d.clinic_id AND t.delivery_id = d.id AND t.n = d.attempt
        WHERE d.clinic_id = $1 AND d.alert_id = $2 AND d.endpoint_id = a.endpoint_id
          AND t.outcome = 'throttled')) AS due_at
    FROM asked a),
 superseded AS (
    UPDATE delivery d SET state = 'superseded' FROM wanted w
    WHERE d.clinic_id = $1 AND d.alert_id = $2 AND d.endpoint_id = w.endpoint_id
      AND d.state = 'pending' AND (d.attempt > 0 OR d.due_at >= w.due_at)
      AND (d.round, d.step) <> ($3::int, $4::int)),
 inserted AS (
    INSERT INTO delivery (clinic_id, alert_id, round, step, severity_rank, id, practitioner_id,
        endpoint_id, channel, kind, due_at, collapse_tag, handle)
    SELECT $1, $2, $3, $4, $5, w.id, w.practitioner_id, w.endpoint_id, w.channel, w.kind,
        w.due_at, w.tag, w.handle
    FROM wanted w
    ON CONFLICT (clinic_id, alert_id, round, step, endpoint_id) DO NOTHING
    RETURNING id),
 told AS (
    INSERT INTO alert_history (clinic_id, id, alert_id, patient_id, kind, detail)
    SELECT $1, $15, $2, $16, 'step', jsonb_build_object(
        'round', $3::int, 'step', $4::int, 'deliveries', (SELECT count(*) FROM inserted))
    WHERE cardinality($7::uuid[]) > 0)
UPDATE alert SET step = $17, next_step_at = $18, resume_step_at = NULL, policy_snapshot = $19,
    acks_needed = $20
WHERE clinic_id = $1 AND id = $2
"""
"""Pages, history and the time of the next step at once: half of a step is never visible.

A page that failed before, or would come later, gives way to the new one; the new one keeps a
provider's "not before".
"""

REOPEN_UNANSWERED = """
UPDATE alert SET state = 'open', round = round + 1, step = 0, last_round_at = app_now(),
    version = version + 1, acked_at = NULL, acked_by = NULL, action_due_at = NULL
WHERE clinic_id = $1 AND id = $2
"""


async def next_due_alert(
    connection: Connection, *, floor: datetime, lowest_rank: int, except_for: Sequence[UUID] = ()
) -> DueAlert | None:
    """Lock the most severe alert whose time has come and that nobody else has locked."""
    row = await connection.fetchrow(DUE_ALERT, floor, lowest_rank, list(except_for))
    return None if row is None else DueAlert(**dict(row))


async def lock_due(
    connection: Connection, clinic_id: UUID, alert_id: UUID, *, floor: datetime
) -> DueAlert | None:
    """Lock one alert if its time has still come."""
    row = await connection.fetchrow(ONE_DUE_ALERT, clinic_id, alert_id, floor)
    return None if row is None else DueAlert(**dict(row))


async def live_policy(
    connection: Connection, clinic_id: UUID, severity: str
) -> dict[str, Any] | None:
    """Return the clinic's own ladder of a severity as plain values, if it has one."""
    policy: dict[str, Any] | None = await connection.fetchval(LIVE_POLICY, clinic_id, severity)
    return policy


async def reachable(
    connection: Connection, alert: DueAlert, targets: Sequence[str], channels: Sequence[str]
) -> list[Reachable]:
    """Find the working contact points of the people behind some targets, as they are now."""
    rows = await connection.fetch(
        REACHABLE, alert.clinic_id, channels, targets, alert.severity, alert.id
    )
    return rows_as(Reachable, rows)


async def everyone(
    connection: Connection, clinic_id: UUID, channels: Sequence[str]
) -> list[Reachable]:
    """Find every contact point of everybody who may acknowledge, and the clinic's line."""
    return rows_as(Reachable, await connection.fetch(EVERYONE, clinic_id, channels))


async def write_step(
    connection: Connection, alert: DueAlert, taken: Taken, deliveries: Sequence[NewDelivery]
) -> None:
    """Insert the pages of one step, each once, and leave the alert with its next one."""
    await connection.execute(
        WRITE_STEP,
        alert.clinic_id,
        alert.id,
        alert.round,
        taken.step,
        alert.severity_rank,
        alert.now,
        [d.id for d in deliveries],
        [d.practitioner_id for d in deliveries],
        [d.endpoint_id for d in deliveries],
        [d.channel for d in deliveries],
        [d.kind for d in deliveries],
        [d.wait for d in deliveries],
        [d.collapse_tag for d in deliveries],
        [d.handle for d in deliveries],
        uuid7(),
        alert.patient_id,
        taken.next_step,
        taken.next_step_at,
        taken.snapshot,
        taken.acks_needed,
    )


async def reopen(connection: Connection, alert: DueAlert) -> None:
    """Take an acknowledgement back that was not followed by anything."""
    await connection.execute(REOPEN_UNANSWERED, alert.clinic_id, alert.id)
