"""What raised an alert."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


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
