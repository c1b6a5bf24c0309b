"""Cut each clinic's thresholds anew from its own diaries, once a month."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from clinical.calibration import Calibration
from clinical.conformal import BLOCK_DAYS, Recut, recut
from clinical.stable_blocks import Block, by_tier, stable_blocks
from models.chart import chart_for
from models.gate import clinics
from models.recalibration import (
    Answers,
    answers_of,
    calibration_of,
    is_due,
    returns_seen,
    store_recalibration,
    treated_patients,
)
from models.session import Pool, clinic_transaction
from worker.log import log

EVERY = timedelta(days=30)
"""A clinic's thresholds move once in this time. Source: detection, section 6 (b)."""
TIME_TO_JUDGE = timedelta(days=14)
"""What is younger may still be seen to be a return; until then it is neither stable nor wrong."""
FEWEST_ANSWERED = 0.5
"""Share of alerts that must have been judged: where nobody says what was a return, every return
would count as a false alarm, and the thresholds would climb until none is told."""


async def recalibrate_all(pool: Pool) -> int:
    """Recalibrate every clinic whose turn it is; return how many were."""
    async with pool.acquire() as connection:
        everywhere = await clinics(connection)
    done = 0
    for clinic_id in everywhere:
        try:
            done += await recalibrate(pool, clinic_id)
        except asyncpg.PostgresConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 # one clinic's bad chart never stops the others
            log.error("calibration.failed", clinic_id=str(clinic_id), exc_info=error)
    return done


async def recalibrate(pool: Pool, clinic_id: UUID) -> bool:
    """Recalibrate one clinic; False when it is not due, or somebody else was quicker."""
    async with clinic_transaction(pool, clinic_id) as connection:
        if not await is_due(connection, clinic_id, EVERY):
            return False
        calibration = await calibration_of(connection, clinic_id)
        patients = await treated_patients(connection, clinic_id)
        returns = await returns_seen(connection, clinic_id)
        held = too_few(await answers_of(connection, clinic_id, older_than=TIME_TO_JUDGE))
    blocks: list[Block] = []
    for patient_id in patients:
        blocks += await blocks_of(
            pool, clinic_id, patient_id, calibration, tuple(returns.get(patient_id, ()))
        )
    found = recut(calibration, by_tier(blocks, calibration), hold=held)
    async with clinic_transaction(pool, clinic_id) as connection:
        stored = await store_recalibration(connection, clinic_id, found, held=held, every=EVERY)
    if stored:
        tell(clinic_id, found, held=held)
    return stored


async def blocks_of(
    pool: Pool,
    clinic_id: UUID,
    patient_id: UUID,
    calibration: Calibration,
    returns: Sequence[date],
) -> list[Block]:
    """Give the stable blocks of one patient about which everything has been said."""
    async with clinic_transaction(pool, clinic_id, isolation="repeatable_read") as connection:
        chart = await chart_for(connection, clinic_id, patient_id)
    if chart is None:
        return []
    latest = chart.as_of.date() - TIME_TO_JUDGE - timedelta(days=BLOCK_DAYS)
    found = stable_blocks(chart, calibration, returns)
    return [block for block in found if block.first <= latest]


def too_few(answers: Answers) -> bool:
    """Say whether too few alerts were judged for the blocks to be believed."""
    return answers.answered < FEWEST_ANSWERED * answers.alerts


def tell(clinic_id: UUID, found: Sequence[Recut], *, held: bool) -> None:
    """Log every tier, changed or not."""
    for each in found:
        log.info(
            "calibration.changed" if each.cut.threshold != each.old else "calibration.kept",
            clinic_id=str(clinic_id),
            tier=each.cut.tier.value,
            old=each.old,
            new=each.cut.threshold,
            blocks=each.realised.blocks,
            rank=each.rank,
            alarms=each.realised.alarms,
            held=held,
        )
