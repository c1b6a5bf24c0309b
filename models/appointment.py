"""A planned visit and the person who will take the patient home. FHIR: Appointment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.session import Connection, rows_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One planned visit as it stands."""

    id: UUID
    kind: str
    planned_at: datetime
    escort_name_ct: bytes | None
    escort_confirmed_at: datetime | None
    escort_confirmed_by: UUID | None
    infusion_id: UUID | None
    cancelled_at: datetime | None
    created_by: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """What is to become of a planned visit; the escort's name is sealed already."""

    kind: str
    planned_at: datetime
    escort_name_ct: bytes | None
    escort_confirmed: bool
    cancelled: bool = False


COLUMNS = """
id, kind, planned_at, escort_name_ct, escort_confirmed_at, escort_confirmed_by, infusion_id,
cancelled_at, created_by, created_at
"""

INSERT_VISIT = """
INSERT INTO appointment (clinic_id, id, patient_id, kind, planned_at, escort_name_ct,
    escort_confirmed_at, escort_confirmed_by, created_by)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN app_now() END,
    CASE WHEN $7 THEN $8::uuid END, $8)
ON CONFLICT DO NOTHING RETURNING id
"""

CHANGE_VISIT = """
UPDATE appointment SET kind = $3, planned_at = $4, escort_name_ct = $5,
    escort_confirmed_at = CASE WHEN $6 THEN coalesce(escort_confirmed_at, app_now()) END,
    escort_confirmed_by = CASE WHEN $6 THEN coalesce(escort_confirmed_by, $7) END,
    cancelled_at = CASE WHEN $8 THEN coalesce(cancelled_at, app_now()) END
WHERE clinic_id = $1 AND id = $2
"""

VISIT = f"""
SELECT {COLUMNS} FROM appointment WHERE clinic_id = $1 AND patient_id = $2 AND id = $3
"""

VISITS = f"""
SELECT {COLUMNS} FROM appointment
WHERE clinic_id = $1 AND patient_id = $2 AND (planned_at, id) > ($3, $4)
ORDER BY planned_at, id LIMIT $5
"""


async def plan_visit(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    visit_id: UUID,
    new: VisitChange,
    *,
    planned_by: UUID,
) -> bool:
    """Add a planned visit; False when something has this id already."""
    fresh = await connection.fetchval(
        INSERT_VISIT,
        clinic_id,
        visit_id,
        patient_id,
        new.kind,
        new.planned_at,
        new.escort_name_ct,
        new.escort_confirmed,
        planned_by,
    )
    return fresh is not None


async def change_visit(
    connection: Connection, clinic_id: UUID, visit_id: UUID, new: VisitChange, *, changed_by: UUID
) -> None:
    """Change a planned visit; who confirmed the escort first, and when, stays."""
    await connection.execute(
        CHANGE_VISIT,
        clinic_id,
        visit_id,
        new.kind,
        new.planned_at,
        new.escort_name_ct,
        new.escort_confirmed,
        changed_by,
        new.cancelled,
    )


async def visit_for(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    visit_id: UUID,
    *,
    lock: bool = False,
) -> Visit | None:
    """Find one planned visit of a patient."""
    sql = VISIT + (" FOR UPDATE" if lock else "")
    row = await connection.fetchrow(sql, clinic_id, patient_id, visit_id)
    return None if row is None else Visit(**dict(row))


async def visits_after(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    after: tuple[datetime, UUID],
    most: int,
) -> list[Visit]:
    """List planned visits, kept and cancelled ones too, by time."""
    records = await connection.fetch(VISITS, clinic_id, patient_id, *after, most)
    return rows_as(Visit, records)
