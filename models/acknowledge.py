"""A human answers an alert: acknowledges, takes that back, acts, resolves.

Every one of these locks the alert's row first and the deliveries after it, as the pager does, so
that an acknowledgement and a step of the ladder cannot both win.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.alert import REOPEN, WAKE_PAGER
from models.alert_history import add_history
from models.session import Connection

ACTION_TIMER = timedelta(minutes=30)
"""How long after an acknowledgement the alert rings again unless somebody has acted.

Source: spec, escalation 6.1.
"""
FOLLOW_UP = timedelta(hours=24)
"""When an alert that was acted upon is shown again. Source: spec, escalation section 5."""

OUTCOMES = (
    "called_spoke",
    "called_no_answer",
    "safety_plan",
    "emergency_services",
    "not_at_risk",
    "other",
)
"""What somebody did about an alert, or how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An alert as it stands when somebody answers it; its row is locked."""

    id: UUID
    patient_id: UUID | None
    rule: str
    severity: str
    state: str
    acks_needed: int
    acked_at: datetime | None
    acked_by: UUID | None
    action_due_at: datetime | None
    next_step_at: datetime | None
    resolved_at: datetime | None
    resolved_by: UUID | None
    outcome: str | None
    ackers: list[UUID]


class AckedByOther(Exception):
    """Somebody else has acknowledged it."""

    def __init__(self, alert: Answered) -> None:
        super().__init__("acknowledged by somebody else")
        self.alert = alert


class IsResolved(Exception):
    """It is over: nothing can be added."""

    def __init__(self, alert: Answered) -> None:
        super().__init__("resolved")
        self.alert = alert


LOCK = """
SELECT id FROM alert WHERE clinic_id = $1 AND id = $2 FOR UPDATE
"""

ANSWERED = """
SELECT a.id, a.patient_id, a.rule, a.severity, a.state, a.acks_needed, a.acked_at, a.acked_by,
    a.action_due_at, a.next_step_at, a.resolved_at, a.resolved_by, a.outcome,
    ARRAY(
        SELECT DISTINCT h.actor_id FROM alert_history h
        WHERE h.clinic_id = a.clinic_id AND h.alert_id = a.id AND h.kind = 'acked'
          AND NOT EXISTS (
              SELECT FROM alert_history r
              WHERE r.clinic_id = h.clinic_id AND r.alert_id = h.alert_id
                AND r.kind = 'reopened' AND r.at >= h.at)
    ) AS ackers
FROM alert a WHERE a.clinic_id = $1 AND a.id = $2
"""

ACK = """
UPDATE alert SET state = 'acked', acked_at = app_now(), acked_by = $3, version = version + 1,
    action_due_at = CASE WHEN severity <> 'notice' THEN app_now() + $4 END,
    next_step_at = CASE WHEN severity <> 'notice' THEN app_now() + $4 END, resume_step_at = NULL
WHERE clinic_id = $1 AND id = $2
"""

ACT = """
UPDATE alert SET action_due_at = NULL, resume_step_at = NULL, version = version + 1,
    next_step_at = CASE WHEN severity <> 'notice' THEN app_now() + $3 END
WHERE clinic_id = $1 AND id = $2
"""

RESOLVE = """
UPDATE alert SET state = 'resolved', resolved_at = app_now(), resolved_by = $3, outcome = $4,
    note_ct = $5, acked_at = coalesce(acked_at, app_now()), acked_by = coalesce(acked_by, $3),
    action_due_at = NULL, next_step_at = NULL, resume_step_at = NULL, version = version + 1
WHERE clinic_id = $1 AND id = $2
"""

CANCEL_DELIVERIES = """
UPDATE delivery SET state = 'cancelled'
WHERE clinic_id = $1 AND alert_id = $2 AND state IN ('pending', 'leased')
  AND ($3::uuid IS NULL OR practitioner_id = $3)
"""

SAME_ACTION = """
SELECT detail ->> 'code' = $4 AND actor_id = $5 FROM alert_history
WHERE clinic_id = $1 AND alert_id = $2 AND kind = 'action' AND detail ->> 'action_id' = $3
"""

ACKED_BY = """
SELECT id, patient_id FROM alert
WHERE clinic_id = $1 AND state = 'acked' AND acked_by = $2
  AND ($3::uuid IS NULL OR patient_id = $3)
ORDER BY id FOR UPDATE
"""


async def lock_alert(connection: Connection, clinic_id: UUID, alert_id: UUID) -> Answered | None:
    """Lock an alert and read how it stands; None when this clinic has none of this id."""
    if await connection.fetchval(LOCK, clinic_id, alert_id) is None:
        return None
    return await _read(connection, clinic_id, alert_id)


async def acknowledge(
    connection: Connection, clinic_id: UUID, alert: Answered, practitioner_id: UUID
) -> Answered:
    """Take an alert on: the ladder stops when enough people have; the same person may ask again.

    Raises:
        AckedByOther: somebody else has taken it on.
    """
    again = practitioner_id in alert.ackers
    if alert.state != "open":
        if again or practitioner_id == alert.acked_by:
            return alert
        raise AckedByOther(alert)
    if again and alert.acks_needed > 1:
        return alert
    enough = len(alert.ackers) + 1 >= alert.acks_needed
    if enough:
        await connection.execute(ACK, clinic_id, alert.id, practitioner_id, ACTION_TIMER)
    await connection.execute(
        CANCEL_DELIVERIES, clinic_id, alert.id, None if enough else practitioner_id
    )
    await add_history(
        connection, clinic_id, alert.id, alert.patient_id, "acked", actor_id=practitioner_id
    )
    return await _read(connection, clinic_id, alert.id)


async def unacknowledge(
    connection: Connection, clinic_id: UUID, alert: Answered, practitioner_id: UUID
) -> Answered:
    """Give an alert back: it rings again from the first step.

    Raises:
        IsResolved: it is over.
    """
    if alert.state == "resolved":
        raise IsResolved(alert)
    if alert.state == "open":
        return alert
    await add_history(
        connection, clinic_id, alert.id, alert.patient_id, "unacked", actor_id=practitioner_id
    )
    await _reopen(connection, clinic_id, alert.id, alert.patient_id, "unacked")
    return await _read(connection, clinic_id, alert.id)


async def act(
    connection: Connection,
    clinic_id: UUID,
    alert: Answered,
    practitioner_id: UUID,
    code: str,
    *,
    action_id: UUID | None = None,
) -> Answered | None:
    """Record what was done; whoever acts on an open alert takes it on with that.

    None when another action stands under this id.

    Raises:
        IsResolved: it is over, and this action is not one of its own.
    """
    known = await connection.fetchval(
        SAME_ACTION, clinic_id, alert.id, str(action_id), code, practitioner_id
    )
    if known is not None:
        return alert if known else None
    if alert.state == "resolved":
        raise IsResolved(alert)
    if alert.state == "open":
        alert = await acknowledge(connection, clinic_id, alert, practitioner_id)
    await add_history(
        connection, clinic_id, alert.id, alert.patient_id, "action", actor_id=practitioner_id,
        detail={"code": code} | ({"action_id": str(action_id)} if action_id else {}),
    )  # fmt: skip
    if alert.state == "acked":
        await connection.execute(ACT, clinic_id, alert.id, FOLLOW_UP)
    return await _read(connection, clinic_id, alert.id)


async def resolve(
    connection: Connection,
    clinic_id: UUID,
    alert: Answered,
    practitioner_id: UUID,
    *,
    outcome: str,
    note_ct: bytes | None,
    useful: bool | None = None,
) -> Answered:
    """End an alert with how it ended; the same answer again changes nothing.

    Whether it was useful is kept in its history: what the screen is judged by in use.

    Raises:
        IsResolved: somebody else ended it, or it ended otherwise.
    """
    if alert.state == "resolved":
        if (alert.resolved_by, alert.outcome) == (practitioner_id, outcome):
            return alert
        raise IsResolved(alert)
    if alert.state == "open":
        await add_history(
            connection, clinic_id, alert.id, alert.patient_id, "acked", actor_id=practitioner_id
        )
    await connection.execute(RESOLVE, clinic_id, alert.id, practitioner_id, outcome, note_ct)
    await connection.execute(CANCEL_DELIVERIES, clinic_id, alert.id, None)
    judged = {} if useful is None else {"useful": useful}
    await add_history(
        connection, clinic_id, alert.id, alert.patient_id, "resolved",
        actor_id=practitioner_id, detail={"outcome": outcome, **judged},
    )  # fmt: skip
    return await _read(connection, clinic_id, alert.id)


async def reopen_owned(
    connection: Connection,
    clinic_id: UUID,
    practitioner_id: UUID,
    *,
    reason: str,
    patient_id: UUID | None = None,
) -> int:
    """Ring again what somebody has taken on who is no longer there for it."""
    owned = await connection.fetch(ACKED_BY, clinic_id, practitioner_id, patient_id)
    for row in owned:
        await _reopen(connection, clinic_id, row["id"], row["patient_id"], reason)
    return len(owned)


async def _reopen(
    connection: Connection, clinic_id: UUID, alert_id: UUID, patient_id: UUID | None, reason: str
) -> None:
    await connection.execute(REOPEN, clinic_id, alert_id)
    await add_history(
        connection, clinic_id, alert_id, patient_id, "reopened", detail={"reason": reason}
    )
    await connection.execute(WAKE_PAGER)


async def _read(connection: Connection, clinic_id: UUID, alert_id: UUID) -> Answered:
    row = await connection.fetchrow(ANSWERED, clinic_id, alert_id)
    if row is None:
        raise LookupError("the alert was locked and is gone")
    return Answered(**dict(row))
