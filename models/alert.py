"""What a human must look at, why, and everything that happened to it. FHIR: Flag, Task."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, COMMITTED_IN, CommitOrder, Instant, Table, uuid7

HISTORY_KINDS = (
    "created",
    "step",
    "sent",
    "accepted",
    "receipt",
    "opened",
    "acked",
    "unacked",
    "handed_over",
    "action",
    "resolved",
    "fallback",
    "unreachable",
    "failed",
    "reopened",
    "attached",
)


class Alert(Table, table=True):
    """One thing a human must look at. It is paged until somebody acknowledges.

    `next_step_at` is when the pager looks again; an open alert without it would be forgotten.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "severity IN ('emergency', 'canary', 'test', 'urgent', 'routine')", name="severity"
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
            "alert_due_idx",
            text("severity_rank DESC"),
            "next_step_at",
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index("alert_opened_idx", "clinic_id", "opened_at", "id"),
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


class Finding(Table, table=True):
    """What a rule said of a chart, with its reason in numbers. FHIR: DetectedIssue."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        Index("finding_rule_key", "clinic_id", "patient_id", "rule", "period", unique=True),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    rule: str
    period: int
    severity: str
    because: str
    numbers: dict[str, Any] = Field(sa_type=JSONB)
    local_date: date
    rules_version: str
    found_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})


class AlertSource(Table, table=True):
    """What raised an alert: an entry's revision, a quarantined body, or a finding."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "alert_id"], ["alert.clinic_id", "alert.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "patient_id", "entry_id", "revision"],
            [
                "entry_revision.clinic_id",
                "entry_revision.patient_id",
                "entry_revision.entry_id",
                "entry_revision.revision",
            ],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "quarantine_id"],
            ["quarantine.clinic_id", "quarantine.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "finding_id"], ["finding.clinic_id", "finding.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("num_nonnulls(entry_id, quarantine_id, finding_id) = 1", name="one_source"),
        CheckConstraint("(entry_id IS NULL) = (revision IS NULL)", name="revision"),
        Index("alert_source_alert_idx", "clinic_id", "alert_id"),
        Index(
            "alert_source_entry_key",
            "clinic_id",
            "patient_id",
            "entry_id",
            "revision",
            "rule",
            unique=True,
            postgresql_where=text("entry_id IS NOT NULL"),
        ),
        Index(
            "alert_source_quarantine_key",
            "clinic_id",
            "quarantine_id",
            "rule",
            unique=True,
            postgresql_where=text("quarantine_id IS NOT NULL"),
        ),
        Index(
            "alert_source_finding_key",
            "clinic_id",
            "finding_id",
            unique=True,
            postgresql_where=text("finding_id IS NOT NULL"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    alert_id: UUID
    patient_id: UUID
    entry_id: UUID | None = None
    revision: int | None = None
    quarantine_id: UUID | None = None
    finding_id: UUID | None = None
    rule: str
    reason: str
    added_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})


class AlertHistory(Table, table=True):
    """What happened to an alert, in commit order; append-only."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "alert_id"], ["alert.clinic_id", "alert.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(f"kind IN {HISTORY_KINDS}", name="kind"),
        Index("alert_history_alert_idx", "clinic_id", "alert_id", "at"),
        Index("alert_history_committed_idx", "clinic_id", "committed_in", "id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    alert_id: UUID
    patient_id: UUID | None = None
    at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    actor_id: UUID | None = None
    kind: str
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    committed_in: int = Field(
        sa_type=CommitOrder, sa_column_kwargs={"server_default": text(COMMITTED_IN)}
    )
