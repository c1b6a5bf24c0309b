"""Whose chart no rule has seen since the last day was over: time alone can be what a rule finds."""

from uuid import UUID

from clinical.silence import WESTERNMOST
from models.session import Connection

PatientOf = tuple[UUID, UUID]
"""A clinic and one of its patients."""

NOBODY_YET: PatientOf = (UUID(int=0), UUID(int=0))
"""Before every patient."""

NOT_ASSESSED_TODAY = "SELECT * FROM gate.not_assessed_today($1, $2, $3, $4)"

TAKE = """
SELECT true FROM patient
WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
  AND coalesce(assessed_at, '-infinity') < date_trunc('day', app_now() - $3::interval, 'UTC') + $3
FOR NO KEY UPDATE SKIP LOCKED
"""


async def not_assessed_today(
    connection: Connection, *, after: PatientOf, most: int
) -> list[PatientOf]:
    """List patients in treatment, of all clinics, whom no rule has seen since a day was over."""
    records = await connection.fetch(NOT_ASSESSED_TODAY, WESTERNMOST, *after, most)
    return [(record["clinic_id"], record["patient_id"]) for record in records]


async def take_for_today(connection: Connection, clinic_id: UUID, patient_id: UUID) -> bool:
    """Lock a patient who is still to be assessed; False when that was done, or is being done."""
    return bool(await connection.fetchval(TAKE, clinic_id, patient_id, WESTERNMOST))
