"""Where a practitioner can be reached, and after how long each is tried. FHIR: ContactPoint."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Endpoint(Table, table=True):
    """One contact point of a practitioner, or (without one) the clinic's own line.

    A push endpoint points at its device, which holds the registration.
    """

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "device_id"], ["device.clinic_id", "device.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("channel IN ('push', 'sms', 'mail', 'webhook')", name="channel"),
        CheckConstraint(
            "(channel = 'push') = (device_id IS NOT NULL)"
            " AND (channel = 'push' OR address_ct IS NOT NULL)",
            name="address",
        ),
        Index(
            "endpoint_address_key",
            "clinic_id",
            "channel",
            "address_hmac",
            unique=True,
            postgresql_where=text("disabled_at IS NULL AND address_hmac IS NOT NULL"),
        ),
        Index("endpoint_practitioner_idx", "clinic_id", "practitioner_id"),
        Index("endpoint_device_idx", "clinic_id", "device_id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    practitioner_id: UUID | None = None
    channel: str
    device_id: UUID | None = None
    address_ct: bytes | None = None
    address_hmac: bytes | None = None
    verified_at: datetime | None = Field(default=None, sa_type=Instant)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    last_proved_at: datetime | None = Field(default=None, sa_type=Instant)
    refreshed_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    disabled_reason: str | None = None


class ContactRule(Table, table=True):
    """How long after a step one endpoint of a person is tried, by severity."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "endpoint_id"], ["endpoint.clinic_id", "endpoint.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("severity IN ('emergency', 'urgent', 'routine')", name="severity"),
        CheckConstraint("delay_seconds >= 0", name="delay_seconds"),
    )
    clinic_id: UUID = Field(primary_key=True)
    practitioner_id: UUID = Field(primary_key=True)
    severity: str = Field(primary_key=True)
    endpoint_id: UUID = Field(primary_key=True)
    delay_seconds: int
