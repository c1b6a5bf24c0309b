"""Assess every patient once a day: a silence begins with no entry that could have it looked for."""

from collections.abc import Sequence

import asyncpg

from models.daily import NOBODY_YET, PatientOf, not_assessed_today
from models.session import Pool
from worker.assess import assess_one
from worker.log import log

BATCH = 50
"""Patients between two lines of the log; one at a time, so that entries find connections."""


async def assess_daily(pool: Pool) -> int:
    """Assess whom no rule has seen since a day was last over; return how many were looked at.

    Each assessment is a transaction of its own: a round that is cut short goes on where it was.
    """
    looked_at = 0
    after = NOBODY_YET
    while batch := await _next(pool, after):
        raised, failed = await _assess_all(pool, batch)
        looked_at += len(batch)
        log.info("assess.daily", patients=looked_at, raised=raised, failed=failed)
        after = batch[-1]
    return looked_at


async def _next(pool: Pool, after: PatientOf) -> list[PatientOf]:
    async with pool.acquire() as connection:
        return await not_assessed_today(connection, after=after, most=BATCH)


async def _assess_all(pool: Pool, batch: Sequence[PatientOf]) -> tuple[int, int]:
    """Assess one after the other; return how many findings are new and how many charts failed."""
    raised = failed = 0
    for clinic_id, patient_id in batch:
        try:
            raised += await assess_one(pool, clinic_id, patient_id, once_a_day=True)
        except asyncpg.PostgresConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 # one bad chart never stops the loop
            failed += 1
            log.error("assess.failed", patient_id=str(patient_id), exc_info=error)
    return raised, failed
