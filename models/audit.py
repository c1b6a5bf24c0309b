"""Who did what to which record, chained so that a change is found. FHIR: AuditEvent."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.ids import uuid7
from models.session import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, as the audit row names them; nobody's id is a job."""

    clinic_id: UUID
    id: UUID | None = None
    role: str = "job"
    session_id: UUID | None = None
    request_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What was done to what: codes and ids, and the names of the columns touched."""

    action: str
    object_type: str
    object_id: UUID | None = None
    patient_id: UUID | None = None
    outcome: str = "done"
    purpose: str = "care"
    fields: Sequence[str] = ()


INSERT_AUDIT = """
INSERT INTO audit_event (clinic_id, id, actor_id, actor_role, session_id, request_id, action,
    object_type, object_id, patient_id, outcome, purpose, fields)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""


async def record_audit(connection: Connection, actor: Actor, *acts: Act) -> None:
    """Write down what somebody did, in the transaction in which they did it."""
    await connection.executemany(
        INSERT_AUDIT,
        [
            (
                actor.clinic_id,
                uuid7(),
                actor.id,
                actor.role,
                actor.session_id,
                actor.request_id,
                act.action,
                act.object_type,
                act.object_id,
                act.patient_id,
                act.outcome,
                act.purpose,
                list(act.fields),
            )
            for act in acts
        ],
    )
