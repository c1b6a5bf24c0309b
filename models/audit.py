"""Who did what to which record, chained so that a change is found. FHIR: AuditEvent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, TextArray, uuid7
from models.session import Connection


class AuditEvent(Table, table=True):
    """One act on one record: ids and codes, never words. Append-only, inserted plain."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        Index("audit_event_at_idx", "clinic_id", "at", "id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    actor_id: UUID | None = None
    actor_role: str
    session_id: UUID | None = None
    patient_id: UUID | None = None
    action: str
    object_type: str
    object_id: UUID | None = None
    purpose: str = Field(default="care", sa_column_kwargs={"server_default": text("'care'")})
    outcome: str = Field(default="done", sa_column_kwargs={"server_default": text("'done'")})
    request_id: UUID | None = None
    fields: list[str] = Field(
        default_factory=list, sa_type=TextArray, sa_column_kwargs={"server_default": text("'{}'")}
    )


class AuditSeal(Table, table=True):
    """One link of a clinic's daily chain over its audit events; append-only."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "audit_id"],
            ["audit_event.clinic_id", "audit_event.id"],
            ondelete="RESTRICT",
        ),
        Index("audit_seal_audit_key", "clinic_id", "audit_id", unique=True),
    )
    clinic_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    audit_id: UUID
    prev_hash: bytes
    hash: bytes
    sealed_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})


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
