"""Every installation of the app, a patient's or a practitioner's. FHIR: Device."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Device(Table, table=True):
    """One installation with exactly one owner; its push registration is ciphertext."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("num_nonnulls(patient_id, practitioner_id) = 1", name="one_owner"),
        CheckConstraint("platform IN ('android', 'ios', 'web')", name="platform"),
        Index(
            "device_installation_key",
            "clinic_id",
            "installation",
            "patient_id",
            "practitioner_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "device_push_key",
            "clinic_id",
            "push_hmac",
            unique=True,
            postgresql_where=text("disabled_at IS NULL AND push_hmac IS NOT NULL"),
        ),
        Index(
            "device_pending_idx",
            "pending_since",
            postgresql_where=text("pending_seed IS NOT NULL AND pending_sent_at IS NULL"),
        ),
        Index("device_patient_idx", "clinic_id", "patient_id"),
        Index("device_practitioner_idx", "clinic_id", "practitioner_id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    installation: UUID
    patient_id: UUID | None = None
    practitioner_id: UUID | None = None
    platform: str
    app_version: str | None = None
    zone: str | None = None
    permission: str | None = None
    public_key: bytes | None = None
    push_ct: bytes | None = None
    push_hmac: bytes | None = None
    pending_push_ct: bytes | None = None
    pending_push_hmac: bytes | None = None
    pending_seed: bytes | None = None
    pending_since: datetime | None = Field(default=None, sa_type=Instant)
    pending_sent_at: datetime | None = Field(default=None, sa_type=Instant)
    registered_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    last_seen_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    last_error: str | None = None
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    disabled_reason: str | None = None
