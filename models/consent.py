"""What a patient has agreed to. FHIR: Consent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, uuid7
from models.session import Connection


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


GIVE_CONSENT = """
INSERT INTO consent (clinic_id, id, patient_id, purpose, version) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (clinic_id, patient_id, purpose) WHERE withdrawn_at IS NULL DO NOTHING
"""

WITHDRAW_CONSENT = """
UPDATE consent SET withdrawn_at = app_now()
WHERE clinic_id = $1 AND patient_id = $2 AND purpose = $3 AND withdrawn_at IS NULL
"""


async def give_consent(
    connection: Connection, clinic_id: UUID, patient_id: UUID, *, purpose: str, version: str
) -> None:
    """Record an agreement; agreeing again changes nothing."""
    await connection.execute(GIVE_CONSENT, clinic_id, uuid7(), patient_id, purpose, version)


async def withdraw_consent(
    connection: Connection, clinic_id: UUID, patient_id: UUID, *, purpose: str
) -> None:
    """End an agreement as of now."""
    await connection.execute(WITHDRAW_CONSENT, clinic_id, patient_id, purpose)
