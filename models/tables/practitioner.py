"""The people who treat, and whose patients are whose. FHIR: Practitioner, CareTeam."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Practitioner(Table, table=True):
    """One person who works at one clinic; somebody at two clinics is two rows."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        CheckConstraint("role IN ('clinician', 'researcher', 'admin')", name="role"),
        CheckConstraint(
            "profession IN ('physician', 'anaesthesia', 'nurse', 'therapist', 'coordinator')",
            name="profession",
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    role: str
    profession: str
    language: str = Field(default="en", sa_column_kwargs={"server_default": text("'en'")})
    name_ct: bytes
    mail_ct: bytes
    password_hash: str | None = None
    totp_seed_ct: bytes | None = None
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    totp_last_counter: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    reset_requested_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class Membership(Table, table=True):
    """A practitioner's place on one patient's care team."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("duty IN ('responsible', 'covering', 'member')", name="duty"),
        Index("membership_practitioner_idx", "clinic_id", "practitioner_id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(primary_key=True)
    practitioner_id: UUID = Field(primary_key=True)
    duty: str
    since: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    until: datetime | None = Field(default=None, sa_type=Instant)


class RecoveryCode(Table, table=True):
    """One of ten single-use codes of 75 bits that stand in for a lost authenticator."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    practitioner_id: UUID = Field(primary_key=True)
    code_hash: bytes = Field(primary_key=True)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
