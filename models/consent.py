"""What a patient has agreed to. FHIR: Consent."""

from uuid import UUID

from models.ids import uuid7
from models.session import Connection

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
