"""The patients somebody may see: a page of them with what a care team looks at first."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from models.session import Connection, rows_as


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRow:
    """One patient and how the diary, the treatment and the alerts stand."""

    id: UUID
    name_ct: bytes
    mrn_ct: bytes | None
    birth_date_ct: bytes | None
    zone: str
    language: str
    conditions: list[str]
    primary_condition: str
    bipolar_history: bool
    failed_trials: int | None
    intake_phq9_points: int | None
    created_at: datetime
    ended_at: datetime | None
    phase: str | None
    last_infusion_on: date | None
    last_entry_at: datetime | None
    answered_days: int
    open_emergencies: int
    open_alerts: int
    device_seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody on a care team."""

    practitioner_id: UUID
    duty: str
    since: datetime


FACTS = """
p.id, p.name_ct, p.mrn_ct, p.birth_date_ct, p.zone, p.language, p.conditions, p.primary_condition,
p.bipolar_history, p.failed_trials, p.intake_phq9_points, p.created_at, p.ended_at,
(SELECT c.phase FROM course c WHERE c.clinic_id = p.clinic_id AND c.patient_id = p.id
    AND c.closed_at IS NULL) AS phase,
(SELECT i.local_date FROM infusion i WHERE i.clinic_id = p.clinic_id AND i.patient_id = p.id
    ORDER BY i.started_at DESC LIMIT 1) AS last_infusion_on,
(SELECT max(e.received_at) FROM entry e
    WHERE e.clinic_id = p.clinic_id AND e.patient_id = p.id) AS last_entry_at,
(SELECT count(DISTINCT r.local_date) FROM entry e
    JOIN entry_revision r ON r.clinic_id = e.clinic_id AND r.patient_id = e.patient_id
        AND r.entry_id = e.id AND r.revision = e.revision
    WHERE e.clinic_id = p.clinic_id AND e.patient_id = p.id
      AND e.received_at > app_now() - interval '28 days'
      AND r.local_date > (app_now() AT TIME ZONE p.zone)::date - 14
      AND r.local_date <= (app_now() AT TIME ZONE p.zone)::date) AS answered_days,
(SELECT count(*) FROM alert a WHERE a.clinic_id = p.clinic_id AND a.patient_id = p.id
    AND a.state <> 'resolved' AND a.severity = 'emergency') AS open_emergencies,
(SELECT count(*) FROM alert a WHERE a.clinic_id = p.clinic_id AND a.patient_id = p.id
    AND a.state <> 'resolved') AS open_alerts,
(SELECT max(d.last_seen_at) FROM device d WHERE d.clinic_id = p.clinic_id
    AND d.patient_id = p.id AND d.disabled_at IS NULL) AS device_seen_at
"""

MINE = """
(EXISTS (SELECT FROM membership m WHERE m.clinic_id = p.clinic_id AND m.patient_id = p.id
    AND m.practitioner_id = $2 AND (m.until IS NULL OR m.until > app_now()))
 OR EXISTS (SELECT FROM alert a JOIN delivery d ON d.clinic_id = a.clinic_id AND d.alert_id = a.id
    WHERE a.clinic_id = p.clinic_id AND a.patient_id = p.id AND a.state <> 'resolved'
      AND d.practitioner_id = $2))
"""

PAGE = f"""
SELECT {FACTS} FROM patient p
WHERE p.clinic_id = $1 AND ($3 OR {MINE}) AND p.id > $4
ORDER BY p.id LIMIT $5
"""

ONE = f"SELECT {FACTS} FROM patient p WHERE p.clinic_id = $1 AND p.id = $2"

TEAM = """
SELECT practitioner_id, duty, since FROM membership
WHERE clinic_id = $1 AND patient_id = $2 AND (until IS NULL OR until > app_now())
ORDER BY since, practitioner_id
"""

WORKS_HERE = """
SELECT count(*) FROM practitioner
WHERE clinic_id = $1 AND id = ANY ($2) AND disabled_at IS NULL AND role = 'clinician'
"""

LEAVE_TEAM = """
UPDATE membership SET until = app_now()
WHERE clinic_id = $1 AND patient_id = $2 AND practitioner_id = $3
  AND (until IS NULL OR until > app_now())
RETURNING practitioner_id
"""


async def page_of_patients(
    connection: Connection,
    clinic_id: UUID,
    practitioner_id: UUID,
    *,
    everybody: bool,
    after: UUID,
    limit: int,
) -> list[CohortRow]:
    """List somebody's patients, or everybody's, in the order in which they came."""
    records = await connection.fetch(PAGE, clinic_id, practitioner_id, everybody, after, limit)
    return rows_as(CohortRow, records)


async def patient_for(
    connection: Connection, clinic_id: UUID, patient_id: UUID
) -> CohortRow | None:
    """Find one patient."""
    row = await connection.fetchrow(ONE, clinic_id, patient_id)
    return None if row is None else CohortRow(**dict(row))


async def team_of(connection: Connection, clinic_id: UUID, patient_id: UUID) -> list[Member]:
    """List who is on a patient's care team."""
    return rows_as(Member, await connection.fetch(TEAM, clinic_id, patient_id))


async def all_treat_here(
    connection: Connection, clinic_id: UUID, practitioner_ids: list[UUID]
) -> bool:
    """Say whether all of these are clinicians who work here now."""
    found: int = await connection.fetchval(WORKS_HERE, clinic_id, practitioner_ids)
    return found == len(set(practitioner_ids))


async def leave_team(
    connection: Connection, clinic_id: UUID, patient_id: UUID, practitioner_id: UUID
) -> bool:
    """Take somebody off a care team; False when they were not on it."""
    left = await connection.fetchval(LEAVE_TEAM, clinic_id, patient_id, practitioner_id)
    return left is not None
