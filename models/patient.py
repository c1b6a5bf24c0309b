"""The patient. FHIR: Patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.cipher import Keyring
from models.consent import give_consent
from models.session import Connection
from models.subject_key import create_subject_key

INSERT_PATIENT = """
INSERT INTO patient (clinic_id, id, name_ct, mrn_ct, birth_date_ct, zone, language, conditions,
    primary_condition, bipolar_history, failed_trials, intake_phq9_points)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPatient:
    """Somebody who starts treatment."""

    id: UUID
    name: str
    zone: str
    language: str
    conditions: Sequence[str]
    primary_condition: str
    mrn: str | None = None
    birth_date: str | None = None
    bipolar_history: bool = False
    failed_trials: int | None = None
    intake_phq9_points: int | None = None
    consent_version: str = "1"


async def create_patient(
    connection: Connection, keyring: Keyring, clinic_id: UUID, person: NewPatient
) -> bool:
    """Add a patient with a key of their own and consent to care; False when the id is known."""
    subject = await create_subject_key(connection, keyring, clinic_id, person.id, kind="patient")

    def sealed(column: str, text: str | None) -> bytes | None:
        return None if text is None else subject.seal_text(f"patient.{column}", person.id, text)

    fresh = await connection.fetchval(
        INSERT_PATIENT,
        clinic_id,
        person.id,
        sealed("name", person.name),
        sealed("mrn", person.mrn),
        sealed("birth_date", person.birth_date),
        person.zone,
        person.language,
        list(person.conditions),
        person.primary_condition,
        person.bipolar_history,
        person.failed_trials,
        person.intake_phq9_points,
    )
    if fresh is None:
        return False
    await give_consent(
        connection, clinic_id, person.id, purpose="care", version=person.consent_version
    )
    return True
