"""Who is paged and when, where a clinic has said so itself; otherwise the built-in ladder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Policy(Table, table=True):
    """One ladder of steps for one severity; the newest live one of a severity is used."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        CheckConstraint("severity IN ('emergency', 'urgent', 'routine')", name="severity"),
        CheckConstraint(
            "severity <> 'emergency' OR (repeat_max IS NULL AND repeat_every_seconds <= 300)",
            name="emergency_repeats",
        ),
        Index(
            "policy_live_key",
            "clinic_id",
            "severity",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str
    severity: str
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    repeat_every_seconds: int
    repeat_max: int | None = None
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    retired_at: datetime | None = Field(default=None, sa_type=Instant)


class PolicyStep(Table, table=True):
    """One step: who is reached how long after the alert was raised."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "policy_id"], ["policy.clinic_id", "policy.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("n >= 0 AND after_seconds >= 0", name="after"),
        CheckConstraint("acks_needed IN (1, 2)", name="acks_needed"),
    )
    clinic_id: UUID = Field(primary_key=True)
    policy_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    after_seconds: int
    acks_needed: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})


class PolicyTarget(Table, table=True):
    """Whom a step reaches: a named practitioner, or a group that is resolved when it fires."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "policy_id", "n"],
            ["policy_step.clinic_id", "policy_step.policy_id", "policy_step.n"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "practitioner_id"],
            ["practitioner.clinic_id", "practitioner.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint(
            "kind IN ('practitioner', 'responsible', 'covering', 'care_team', 'everyone',"
            " 'clinic_line', 'supervisor')",
            name="kind",
        ),
        CheckConstraint(
            "num_nonnulls(practitioner_id) = (kind = 'practitioner')::int", name="one_reference"
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    policy_id: UUID
    n: int
    kind: str
    practitioner_id: UUID | None = None
