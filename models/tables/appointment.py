"""A planned visit and the person who will take the patient home. FHIR: Appointment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Appointment(Table, table=True):
    """One planned visit. A planned infusion is an appointment, not an infusion."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "infusion_id"], ["infusion.clinic_id", "infusion.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("kind IN ('infusion', 'follow_up', 'assessment')", name="kind"),
        Index("appointment_patient_idx", "clinic_id", "patient_id", "planned_at"),
        Index(
            "appointment_unescorted_idx",
            "clinic_id",
            "planned_at",
            postgresql_where=text(
                "escort_confirmed_at IS NULL AND cancelled_at IS NULL AND infusion_id IS NULL"
            ),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    kind: str = Field(default="infusion", sa_column_kwargs={"server_default": text("'infusion'")})
    planned_at: datetime = Field(sa_type=Instant)
    escort_name_ct: bytes | None = None
    escort_confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    escort_confirmed_by: UUID | None = None
    infusion_id: UUID | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)
    created_by: UUID
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
