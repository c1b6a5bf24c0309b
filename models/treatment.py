"""Record and correct infusions; whatever changes the treatment is assessed again."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from models.course import LOCK_PATIENT, course_for_infusion, end_induction_when_done
from models.session import Connection

CONTENT = """
visit_started_at, started_at, ended_at, discharge_ready_at, visit_ended_at, route, dose_mg_per_kg,
dose_mg, rate_mg_per_hour, outcome, outcome_reason, antiemetic
"""

INFUSION = f"""
SELECT id, course_id, revision, local_date, recorded_by, recorded_at, {CONTENT}
FROM infusion WHERE clinic_id = $1 AND patient_id = $2 AND id = $3
"""

FIRST_RECORD = """
SELECT record FROM infusion_revision
WHERE clinic_id = $1 AND infusion_id = $2 AND revision = 1
"""

INSERT_INFUSION = f"""
INSERT INTO infusion (clinic_id, id, patient_id, course_id, local_date, recorded_by, {CONTENT})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING RETURNING id
"""

KEEP_REVISION = """
INSERT INTO infusion_revision (clinic_id, infusion_id, revision, patient_id, record, recorded_by,
    recorded_at)
SELECT clinic_id, id, revision, patient_id, $3, recorded_by, recorded_at
FROM infusion WHERE clinic_id = $1 AND id = $2
"""

CORRECT_INFUSION = """
UPDATE infusion SET revision = revision + 1, recorded_by = $3, recorded_at = app_now(),
    local_date = $4, visit_started_at = $5, started_at = $6, ended_at = $7,
    discharge_ready_at = $8, visit_ended_at = $9, route = $10, dose_mg_per_kg = $11,
    dose_mg = $12, rate_mg_per_hour = $13, outcome = $14, outcome_reason = $15, antiemetic = $16
WHERE clinic_id = $1 AND id = $2
"""

ZONE = "SELECT zone FROM patient WHERE clinic_id = $1 AND id = $2"

KEEP_APPOINTMENT = """
UPDATE appointment SET infusion_id = $3
WHERE clinic_id = $1 AND id = (
    SELECT p.id FROM appointment p
    WHERE p.clinic_id = $1 AND p.patient_id = $2 AND p.kind = 'infusion'
      AND p.infusion_id IS NULL AND p.cancelled_at IS NULL
      AND p.planned_at BETWEEN $4::timestamptz - interval '12 hours'
        AND $4::timestamptz + interval '12 hours'
    ORDER BY abs(extract(epoch FROM p.planned_at - $4::timestamptz)), p.id LIMIT 1)
"""
"""The infusion of a planned visit is the one that began within half a day of it."""

ASSESS_AGAIN = """
WITH asked AS (
    UPDATE entry SET assessed_at = NULL
    WHERE clinic_id = $1 AND patient_id = $2 AND id = (
        SELECT id FROM entry WHERE clinic_id = $1 AND patient_id = $2
        ORDER BY received_at DESC, id DESC LIMIT 1)
    RETURNING id)
UPDATE patient SET assessed_at = NULL
WHERE clinic_id = $1 AND id = $2 AND NOT EXISTS (SELECT FROM asked)
"""
"""One entry that nobody has assessed makes the sweep replay the whole chart.

Who has not written yet is a patient nobody has assessed today, for the daily round.
"""

AROUND = """
SELECT c.planned_infusions,
    (SELECT count(*) FROM infusion n WHERE n.clinic_id = i.clinic_id
        AND n.course_id = i.course_id AND n.started_at <= i.started_at) AS number_in_course,
    ARRAY(SELECT o.started_at FROM infusion o WHERE o.clinic_id = i.clinic_id
        AND o.patient_id = i.patient_id AND o.id <> i.id) AS others,
    ARRAY(SELECT p.planned_at FROM appointment p WHERE p.clinic_id = i.clinic_id
        AND p.patient_id = i.patient_id AND p.kind = 'infusion' AND p.infusion_id IS NULL
        AND p.cancelled_at IS NULL) AS open_appointments,
    app_now() AS now
FROM infusion i JOIN course c ON c.clinic_id = i.clinic_id AND c.id = i.course_id
WHERE i.clinic_id = $1 AND i.id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What somebody says an infusion was."""

    visit_started_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    discharge_ready_at: datetime | None
    visit_ended_at: datetime | None
    route: str
    dose_mg_per_kg: float | None
    dose_mg: float | None
    rate_mg_per_hour: float | None
    outcome: str | None
    outcome_reason: str | None
    antiemetic: str | None

    @property
    def record(self) -> dict[str, object]:
        """Write it as it is kept when it is corrected."""
        return {
            name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInfusion(Content):
    """One infusion as it stands."""

    id: UUID
    course_id: UUID
    revision: int
    local_date: date
    recorded_by: UUID
    recorded_at: datetime

    @property
    def content(self) -> Content:
        """What was said, apart from who said it when."""
        return Content(**{name: getattr(self, name) for name in Content.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What an infusion is compared with."""

    planned_infusions: int | None
    number_in_course: int
    others: list[datetime]
    open_appointments: list[datetime]
    now: datetime


async def infusion_for(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    infusion_id: UUID,
    *,
    lock: bool = False,
) -> StoredInfusion | None:
    """Find one infusion of a patient; locked, it stays so until this transaction ends."""
    sql = INFUSION + (" FOR UPDATE" if lock else "")
    row = await connection.fetchrow(sql, clinic_id, patient_id, infusion_id)
    return None if row is None else StoredInfusion(**dict(row))


async def record_infusion(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    infusion_id: UUID,
    content: Content,
    *,
    recorded_by: UUID,
) -> bool:
    """Add an infusion to the patient's course; False when something has this id already."""
    await connection.execute(LOCK_PATIENT, clinic_id, patient_id)
    if await infusion_for(connection, clinic_id, patient_id, infusion_id) is not None:
        return False  # looked at under the lock: a repeated request moves no phase
    course = await course_for_infusion(
        connection, clinic_id, patient_id, content.started_at, recorded_by
    )
    local_date = await _local_date(connection, clinic_id, patient_id, content.started_at)
    fresh = await connection.fetchval(
        INSERT_INFUSION, clinic_id, infusion_id, patient_id, course.id, local_date, recorded_by,
        *asdict(content).values(),
    )  # fmt: skip
    if fresh is None:
        return False
    await connection.execute(
        KEEP_APPOINTMENT, clinic_id, patient_id, infusion_id, content.started_at
    )
    await end_induction_when_done(connection, clinic_id, patient_id, content.started_at)
    await assess_again(connection, clinic_id, patient_id)
    return True


async def correct_infusion(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    stored: StoredInfusion,
    content: Content,
    *,
    recorded_by: UUID,
) -> None:
    """Say anew what a locked infusion was; what was said before is kept."""
    local_date = await _local_date(connection, clinic_id, patient_id, content.started_at)
    await connection.execute(KEEP_REVISION, clinic_id, stored.id, stored.content.record)
    await connection.execute(
        CORRECT_INFUSION, clinic_id, stored.id, recorded_by, local_date, *asdict(content).values()
    )
    await assess_again(connection, clinic_id, patient_id)


async def assess_again(connection: Connection, clinic_id: UUID, patient_id: UUID) -> None:
    """Have the chart replayed, whether a hint arrives or not."""
    await connection.execute(ASSESS_AGAIN, clinic_id, patient_id)


async def was_recorded_as(
    connection: Connection, clinic_id: UUID, stored: StoredInfusion, content: Content
) -> bool:
    """Say whether an infusion was first recorded with just this content: a repeated request."""
    if stored.revision == 1:
        return stored.content == content
    first = await connection.fetchval(FIRST_RECORD, clinic_id, stored.id)
    return bool(first == content.record)


async def around(connection: Connection, clinic_id: UUID, infusion_id: UUID) -> Around | None:
    """Look up what an infusion is compared with."""
    row = await connection.fetchrow(AROUND, clinic_id, infusion_id)
    return None if row is None else Around(**dict(row))


async def _local_date(
    connection: Connection, clinic_id: UUID, patient_id: UUID, at: datetime
) -> date:
    """Find the patient's calendar day of an instant."""
    zone: str = await connection.fetchval(ZONE, clinic_id, patient_id)
    return at.astimezone(ZoneInfo(zone)).date()
