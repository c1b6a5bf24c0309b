"""Planned infusions without an escort, and the task to find one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from clinical.escort import (
    ASKED_BEFORE,
    UNCONFIRMED,
    UNCONFIRMED_VERSION,
    Unescorted,
    detect_unconfirmed,
)
from models.alert import Source, raise_alert
from models.finding import keep_finding
from models.session import Connection, rows_as

PROFESSION = "coordinator"
"""Who looks for an escort. Source: spec, clinical section 7."""

UNCONFIRMED_VISITS = """
SELECT a.patient_id, a.planned_at, p.zone, app_now() AS now, ARRAY(
        SELECT f.period FROM finding f
        WHERE f.clinic_id = a.clinic_id AND f.patient_id = a.patient_id AND f.rule = $3) AS told
FROM appointment a JOIN patient p ON p.clinic_id = a.clinic_id AND p.id = a.patient_id
WHERE a.clinic_id = $1 AND a.kind = 'infusion' AND a.planned_at > app_now()
  AND a.planned_at <= app_now() + $2::interval AND a.escort_confirmed_at IS NULL
  AND a.cancelled_at IS NULL AND a.infusion_id IS NULL AND p.ended_at IS NULL
ORDER BY a.planned_at, a.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconfirmedVisit:
    """One planned infusion without an escort; `told` are the periods of tasks about any visit."""

    patient_id: UUID
    planned_at: datetime
    zone: str
    now: datetime
    told: list[int]


async def unconfirmed_visits(connection: Connection, clinic_id: UUID) -> list[UnconfirmedVisit]:
    """List a clinic's infusions that are near and have no escort."""
    records = await connection.fetch(UNCONFIRMED_VISITS, clinic_id, max(ASKED_BEFORE), UNCONFIRMED)
    return rows_as(UnconfirmedVisit, records)


async def ask_for_escort(connection: Connection, clinic_id: UUID, visit: UnconfirmedVisit) -> bool:
    """Make a task to find an escort; False when there is one, or none is due."""
    day = visit.planned_at.astimezone(ZoneInfo(visit.zone)).date()
    found = detect_unconfirmed(
        Unescorted(planned_at=visit.planned_at, local_date=day), now=visit.now
    )
    if found is None or found.period in visit.told:
        return False
    finding_id = await keep_finding(
        connection, clinic_id, visit.patient_id, found, rules_version=UNCONFIRMED_VERSION
    )
    if finding_id is None:
        return False
    await raise_alert(
        connection,
        clinic_id=clinic_id,
        patient_id=visit.patient_id,
        severity=found.severity,
        rule=found.rule,
        period=found.period,
        sources=[Source(rule=found.rule, reason="finding", finding_id=finding_id)],
        assigned_profession=PROFESSION,
        due_at=visit.planned_at,
    )
    return True
