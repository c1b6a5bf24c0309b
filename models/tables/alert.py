"""What a human must look at, why, and everything that happened to it. FHIR: Flag, Task."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Alert(Table, table=True):
    """One thing a human must look at. It is paged until somebody acknowledges.

    `next_step_at` is when the pager looks again; an open alert without it would be forgotten. A
    notice has none: it is shown, and nobody is told.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "severity IN ('emergency', 'canary', 'test', 'urgent', 'routine', 'notice')",
            name="severity",
        ),
        CheckConstraint(
            "severity <> 'notice' OR (next_step_at IS NULL AND action_due_at IS NULL)",
            name="notice",
        ),
        CheckConstraint("state IN ('open', 'acked', 'resolved')", name="state"),
        CheckConstraint("state <> 'acked' OR acked_by IS NOT NULL", name="acked_by"),
        CheckConstraint(
            "state <> 'resolved' OR (resolved_by IS NOT NULL AND outcome IS NOT NULL)",
            name="resolved_by",
        ),
        CheckConstraint("severity = 'test' OR patient_id IS NOT NULL", name="patient"),
        CheckConstraint(
            "outcome IN ('called_spoke', 'called_no_answer', 'safety_plan',"
            " 'emergency_services', 'not_at_risk', 'other')",
            name="outcome",
        ),
        Index(
            "alert_live_emergency_key",
            "clinic_id",
            "patient_id",
            unique=True,
            postgresql_where=text("severity = 'emergency' AND state <> 'resolved'"),
        ),
        Index(
            "alert_rule_period_key",
            "clinic_id",
            "patient_id",
            "rule",
            "period",
            unique=True,
            postgresql_where=text("severity IN ('urgent', 'routine')"),
        ),
        Index(
            "alert_notice_key",
            "clinic_id",
            "patient_id",
            "rule",
            "period",
            unique=True,
            postgresql_where=text("severity = 'notice'"),
        ),
        Index(
            "alert_due_idx",
            text("severity_rank DESC"),
            "next_step_at",
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("alert_opened_idx", "clinic_id", "opened_at", "id"),
        Index("alert_patient_idx", "clinic_id", "patient_id", "opened_at", "id"),
        Index(
            "alert_live_idx",
            "clinic_id",
            "severity_rank",
            "opened_at",
            "id",
            postgresql_where=text("state <> 'resolved'"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID | None = None
    rule: str
    period: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    severity: str
    severity_rank: int
    state: str = Field(default="open", sa_column_kwargs={"server_default": text("'open'")})
    round: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    step: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    next_step_at: datetime | None = Field(default=None, sa_type=Instant)
    resume_step_at: datetime | None = Field(default=None, sa_type=Instant)
    last_round_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    policy_snapshot: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    acks_needed: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    assigned_profession: str | None = None
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    opened_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    acked_at: datetime | None = Field(default=None, sa_type=Instant)
    acked_by: UUID | None = None
    action_due_at: datetime | None = Field(default=None, sa_type=Instant)
    resolved_at: datetime | None = Field(default=None, sa_type=Instant)
    resolved_by: UUID | None = None
    outcome: str | None = None
    note_ct: bytes | None = None
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
