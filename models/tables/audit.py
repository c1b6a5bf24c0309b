"""Who did what to which record, chained so that a change is found. FHIR: AuditEvent."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, TextArray
from models.ids import uuid7


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
