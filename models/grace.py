"""What the write-only grace has to know of a patient who can no longer sign in."""

from dataclasses import dataclass
from uuid import UUID

from models.session import Connection, enter_clinic


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """In which words and with whose numbers a patient is helped."""

    language: str
    country: str


SPOKEN = """
SELECT p.language, c.country FROM patient p JOIN clinic c ON c.id = p.clinic_id
WHERE p.clinic_id = $1 AND p.id = $2
"""


async def spoken_by(connection: Connection, clinic_id: UUID, patient_id: UUID) -> Spoken:
    """Read the language and country of a patient; from here on only that patient's rows are seen.

    Whoever holds an old phone reaches no further than the patient themself would.
    """
    await enter_clinic(connection, clinic_id, role="patient", subject_id=patient_id)
    row = await connection.fetchrow(SPOKEN, clinic_id, patient_id)
    if row is None:
        raise LookupError("a patient's session without the patient")
    return Spoken(**dict(row))
