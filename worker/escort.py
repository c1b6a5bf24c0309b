"""Ask for an escort while there is time: a day before an infusion, and again two hours before."""

from uuid import UUID

import asyncpg

from models.escort import ask_for_escort, unconfirmed_visits
from models.gate import clinics
from models.session import Pool, clinic_transaction
from worker.log import log


async def ask_for_escorts(pool: Pool) -> int:
    """Make a task for every visit that needs one, in every clinic; return how many were made."""
    async with pool.acquire() as connection:
        everywhere = await clinics(connection)
    return sum([await _ask_in(pool, clinic_id) for clinic_id in everywhere])


async def _ask_in(pool: Pool, clinic_id: UUID) -> int:
    async with clinic_transaction(pool, clinic_id) as connection:
        visits = await unconfirmed_visits(connection, clinic_id)
    made = 0
    for visit in visits:
        try:
            async with clinic_transaction(pool, clinic_id) as connection:
                made += await ask_for_escort(connection, clinic_id, visit)
        except asyncpg.PostgresConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 # one bad visit never stops the loop
            log.error("assess.failed", patient_id=str(visit.patient_id), exc_info=error)
    return made
