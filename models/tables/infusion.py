"""The treatment's side of the time line. FHIR: EpisodeOfCare, MedicationAdministration."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7

PHASES = "('baseline', 'induction', 'maintenance', 'follow_up', 'stopped')"


class Course(Table, table=True):
    """One course of infusions. FHIR: EpisodeOfCare."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(f"phase IN {PHASES}", name="phase"),
        Index(
            "course_open_key",
            "clinic_id",
            "patient_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    phase: str = Field(default="baseline", sa_column_kwargs={"server_default": text("'baseline'")})
    off_label: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    planned_infusions: int | None = None
    planned_window_days: int | None = None
    interval_days_target: int | None = None
    opened_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class CoursePhase(Table, table=True):
    """A change of phase: who, when, why; also when the system proposes it."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "course_id"], ["course.clinic_id", "course.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(f"phase IN {PHASES}", name="phase"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    course_id: UUID
    phase: str
    started_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    actor_id: UUID | None = None
    reason: str


class Infusion(Table, table=True):
    """One infusion as it stands now; every correction is kept in InfusionRevision."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "course_id"], ["course.clinic_id", "course.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "visit_started_at <= started_at AND started_at <= ended_at"
            " AND ended_at <= discharge_ready_at AND discharge_ready_at <= visit_ended_at"
            " AND visit_started_at <= visit_ended_at AND started_at <= visit_ended_at"
            " AND started_at <= discharge_ready_at AND ended_at <= visit_ended_at",
            name="order",
        ),
        CheckConstraint(
            "outcome IN ('completed', 'slowed', 'stopped_early')"
            " AND (outcome IS NULL OR outcome = 'completed' OR outcome_reason IS NOT NULL)",
            name="outcome",
        ),
        CheckConstraint("dose_mg_per_kg > 0 AND dose_mg > 0 AND rate_mg_per_hour > 0", name="dose"),
        Index("infusion_patient_idx", "clinic_id", "patient_id", "started_at"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    course_id: UUID
    revision: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    local_date: date
    visit_started_at: datetime | None = Field(default=None, sa_type=Instant)
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    discharge_ready_at: datetime | None = Field(default=None, sa_type=Instant)
    visit_ended_at: datetime | None = Field(default=None, sa_type=Instant)
    route: str = Field(default="iv", sa_column_kwargs={"server_default": text("'iv'")})
    dose_mg_per_kg: float | None = None
    dose_mg: float | None = None
    rate_mg_per_hour: float | None = None
    outcome: str | None = None
    outcome_reason: str | None = None
    antiemetic: str | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )


class InfusionRevision(Table, table=True):
    """What an infusion's record said before a correction; append-only."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "infusion_id"], ["infusion.clinic_id", "infusion.id"], ondelete="RESTRICT"
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    infusion_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    patient_id: UUID
    record: dict[str, Any] = Field(sa_type=JSONB)
    recorded_by: UUID
    recorded_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )


class Vital(Table, table=True):
    """One reading around an infusion. FHIR: Observation (vital-signs)."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "infusion_id"], ["infusion.clinic_id", "infusion.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("kind IN ('systolic', 'diastolic', 'heart_rate', 'spo2')", name="kind"),
        CheckConstraint("moment IN ('before', 'during', 'end', 'discharge')", name="moment"),
        CheckConstraint("value > 0 AND value < 400", name="value"),
        Index("vital_infusion_idx", "clinic_id", "infusion_id", "measured_at"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    infusion_id: UUID
    kind: str
    value: float
    unit: str
    moment: str
    measured_at: datetime = Field(sa_type=Instant)
    measured_by: UUID
