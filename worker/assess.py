"""Load a chart, run the rules, raise alerts."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from clinical.assess import RULES, RULES_VERSION, assess, calibrated
from models.chart import chart_for
from models.daily import take_for_today
from models.finding import mark_assessed, raise_findings, unassessed_patients
from models.recalibration import calibration_of
from models.session import Pool, clinic_transaction
from worker.log import log
from worker.second_reading import Desk

OVERDUE = timedelta(seconds=30)
"""An entry not assessed by now was missed by its hint. Source: spec, escalation section 3."""
MOST_AT_ONCE = 200
MOST_TRIES = 3
"""Of one assessment that others keep changing rows under; the sweep comes back to it."""


async def assess_patient(ctx: Mapping[str, Any], clinic_id: str, patient_id: str) -> None:
    """Replay the patient's chart through the rules and raise what is new."""
    try:
        await read_and_assess(ctx["desk"], UUID(clinic_id), UUID(patient_id))
    except Exception as error:  # noqa: BLE001 # the edge of a job: the sweep comes back to it
        log.error("assess.failed", patient_id=patient_id, exc_info=error)


async def read_and_assess(desk: Desk, clinic_id: UUID, patient_id: UUID) -> None:
    """Read what was written for its meaning first: a page does not wait for the rules.

    Nor do the rules wait for the reading: what it failed on stays unassessed, and is read again.
    """
    try:
        await desk.read_again(clinic_id, patient_id)
    except Exception as error:  # noqa: BLE001 # whatever it was, the rules have their turn
        log.error("assess.reading_failed", patient_id=str(patient_id), exc_info=error)
    await assess_one(desk.pool, clinic_id, patient_id)


async def assess_one(
    pool: Pool, clinic_id: UUID, patient_id: UUID, *, once_a_day: bool = False
) -> int:
    """Assess one patient in one transaction; return how many findings are new.

    Args:
        once_a_day: leave out whom somebody has assessed since a day was last over.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(asyncpg.SerializationError):
            return await _assess_once(pool, clinic_id, patient_id, once_a_day=once_a_day)
    return await _assess_once(pool, clinic_id, patient_id, once_a_day=once_a_day)


async def _assess_once(pool: Pool, clinic_id: UUID, patient_id: UUID, *, once_a_day: bool) -> int:
    """Assess what one snapshot shows.

    In a later one an entry could stand that the chart had not, and be marked as assessed with it.
    """
    async with clinic_transaction(pool, clinic_id, isolation="repeatable_read") as connection:
        if once_a_day and not await take_for_today(connection, clinic_id, patient_id):
            return 0
        chart = await chart_for(connection, clinic_id, patient_id)
        if chart is None:
            return 0
        rules = calibrated(RULES, await calibration_of(connection, clinic_id))
        found = assess(chart, now=chart.as_of, rules=rules)
        raised = await raise_findings(
            connection, clinic_id, patient_id, found, rules_version=RULES_VERSION
        )
        await mark_assessed(connection, clinic_id, patient_id, chart.as_of)
        return raised


async def sweep_unassessed(desk: Desk) -> int:
    """Read and assess every patient whose entries no job has seen; return how many there were."""
    async with desk.pool.acquire() as connection:
        waiting = await unassessed_patients(connection, older_than=OVERDUE, most=MOST_AT_ONCE)
    for clinic_id, patient_id in waiting:
        try:
            await read_and_assess(desk, clinic_id, patient_id)
        except asyncpg.PostgresConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 # one bad chart never stops the loop
            log.error("assess.failed", patient_id=str(patient_id), exc_info=error)
    return len(waiting)
