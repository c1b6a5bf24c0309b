"""What a patient has agreed to. FHIR: Consent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Consent(Table, table=True):
    """One agreement for one purpose. Withdrawing it acts on the next request."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("purpose IN ('care', 'research')", name="purpose"),
        Index(
            "consent_live_key",
            "clinic_id",
            "patient_id",
            "purpose",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    purpose: str
    version: str
    given_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)
    evidence_hash: bytes | None = None
