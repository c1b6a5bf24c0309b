"""What is read to replay charts; nothing is written."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from clinical.escort import UNCONFIRMED
from clinical.replay import Told
from models.session import Connection, Pool, enter_clinic, rows_as

PATIENTS = "SELECT id FROM patient WHERE clinic_id = $1 ORDER BY id"

KEPT = """
SELECT rule, period, numbers ->> 'tier' AS tier, local_date FROM finding
WHERE clinic_id = $1 AND patient_id = $2 AND rule <> $3 ORDER BY local_date, id
"""
"""What a planned visit lacks is found in no chart, so a replay has nothing to lay beside it."""


@asynccontextmanager
async def reading(pool: Pool, clinic_id: UUID) -> AsyncGenerator[Connection]:
    """See one snapshot of a clinic; the database itself refuses every write."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await enter_clinic(connection, clinic_id)
        yield connection


async def patients_of(connection: Connection, clinic_id: UUID) -> list[UUID]:
    """List everybody who was ever a patient here."""
    return [row["id"] for row in await connection.fetch(PATIENTS, clinic_id)]


async def kept_findings(connection: Connection, clinic_id: UUID, patient_id: UUID) -> list[Told]:
    """List what the rules have raised over a patient's chart."""
    return rows_as(Told, await connection.fetch(KEPT, clinic_id, patient_id, UNCONFIRMED))
