"""What is looked up before the clinic is known, and the sessions behind it.

Only functions of the schema `gate` reach these lookups; see `alembic/sql/0001_gate.sql`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, TextArray
from models.ids import uuid7


class Credential(Table, table=True):
    """A hash that names a clinic and a subject: a token, a code's selector, a login."""

    __table_args__ = (
        CheckConstraint(
            "kind IN ('access', 'refresh', 'cookie', 'enrolment', 'login', 'service')", name="kind"
        ),
        Index("credential_subject_idx", "clinic_id", "subject_id"),
        Index("credential_expires_idx", "expires_at"),
        {"schema": "gate"},
    )
    kind: str = Field(primary_key=True)
    lookup: bytes = Field(primary_key=True)
    clinic_id: UUID
    subject_id: UUID
    expires_at: datetime | None = Field(default=None, sa_type=Instant)


class Proof(Table, table=True):
    """A device proof that was used: remembered ten minutes so that it cannot be replayed."""

    __table_args__ = ({"schema": "gate"},)
    jti: UUID = Field(primary_key=True)
    used_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})


class Bucket(Table, table=True):
    """A token bucket of the sign-in limits: what is left, as of when."""

    __table_args__ = ({"schema": "gate"},)
    name: str = Field(primary_key=True)
    key: bytes = Field(primary_key=True)
    tokens: float
    at: datetime = Field(sa_type=Instant)


class Epoch(Table, table=True):
    """The epoch in every cursor; a restore changes it, so that old cursors are refused."""

    __table_args__ = (CheckConstraint("single", name="single"), {"schema": "gate"})
    single: bool = Field(default=True, primary_key=True)
    epoch: UUID


class Session(Table, table=True):
    """One sign-in of one device or browser; tokens are hashes in `gate.credential`."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["clinic_id", "device_id"], ["device.clinic_id", "device.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("kind IN ('patient', 'staff', 'console')", name="kind"),
        Index("session_subject_idx", "clinic_id", "subject_id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: str
    subject_id: UUID
    device_id: UUID | None = None
    public_key: bytes | None = None
    scopes: list[str] = Field(sa_type=TextArray)
    generation: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    refreshed_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    step_up_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    idle_expires_at: datetime = Field(sa_type=Instant)
    absolute_expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_reason: str | None = None


class EnrolmentCode(Table, table=True):
    """A code of 75 secret bits, used once: links a phone to a patient, or a person to a login."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("num_nonnulls(patient_id, practitioner_id) = 1", name="one_subject"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID | None = None
    practitioner_id: UUID | None = None
    verifier_hash: str
    misses: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    created_by: UUID | None = None
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    burned_at: datetime | None = Field(default=None, sa_type=Instant)
