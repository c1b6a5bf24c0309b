"""Readings around an infusion, stored once each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinical.treatment import UNITS
from models.session import Connection, rows_as
from models.treatment import assess_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading; `moment` says where in the visit it was taken."""

    id: UUID
    infusion_id: UUID
    kind: str
    value: float
    moment: str
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading(Reading):
    """One reading as it is stored."""

    unit: str
    measured_by: UUID


INSERT_READINGS = """
INSERT INTO vital (clinic_id, id, patient_id, infusion_id, kind, value, unit, moment, measured_at,
    measured_by)
SELECT $1, r.id, $2, $3, r.kind, r.value, r.unit, r.moment, r.measured_at, $4
FROM unnest($5::uuid[], $6::text[], $7::float8[], $8::text[], $9::text[], $10::timestamptz[])
    AS r (id, kind, value, unit, moment, measured_at)
ON CONFLICT DO NOTHING
"""

NOTHING_NEW = "INSERT 0 0"

READINGS = """
SELECT id, infusion_id, kind, value, unit, moment, measured_at, measured_by FROM vital
WHERE clinic_id = $1 AND infusion_id = ANY ($2) ORDER BY measured_at, kind, id
"""


async def record_readings(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    infusion_id: UUID,
    readings: Sequence[Reading],
    *,
    measured_by: UUID,
) -> bool:
    """Store readings of one infusion; False when an id holds another reading already.

    What is new has the chart assessed again.
    """
    done = await connection.execute(
        INSERT_READINGS,
        clinic_id,
        patient_id,
        infusion_id,
        measured_by,
        [r.id for r in readings],
        [r.kind for r in readings],
        [r.value for r in readings],
        [UNITS[r.kind] for r in readings],
        [r.moment for r in readings],
        [r.measured_at for r in readings],
    )
    if done != NOTHING_NEW:
        await assess_again(connection, clinic_id, patient_id)
    stored = {r.id: r for r in await readings_of(connection, clinic_id, [infusion_id])}
    return all(r.id in stored and _same(r, stored[r.id]) for r in readings)


async def readings_of(
    connection: Connection, clinic_id: UUID, infusion_ids: Sequence[UUID]
) -> list[StoredReading]:
    """List the readings of some infusions, by time."""
    records = await connection.fetch(READINGS, clinic_id, list(infusion_ids))
    return rows_as(StoredReading, records)


def _same(one: Reading, other: StoredReading) -> bool:
    return (one.kind, one.value, one.moment, one.measured_at) == (
        other.kind,
        other.value,
        other.moment,
        other.measured_at,
    )
