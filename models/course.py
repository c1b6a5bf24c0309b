"""A course of infusions and the phase it is in: who moved it, when, why. FHIR: EpisodeOfCare."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.ids import uuid7
from models.session import Connection

FINAL_PHASES = ("follow_up", "stopped")
"""An infusion after one of these begins a new course. Source: spec, clinical section 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a course is meant to be; warnings compare with it, nothing is refused by it."""

    planned_infusions: int | None = None
    planned_window_days: int | None = None
    interval_days_target: int | None = None
    off_label: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCourse(Plan):
    """A patient's open course."""

    id: UUID
    phase: str
    opened_at: datetime


LOCK_PATIENT = "SELECT id FROM patient WHERE clinic_id = $1 AND id = $2 FOR NO KEY UPDATE"
"""One change at a time to a patient's course; rows that refer to the patient are not held up."""

OPEN_COURSE = """
SELECT id, phase, planned_infusions, planned_window_days, interval_days_target, off_label, opened_at
FROM course WHERE clinic_id = $1 AND patient_id = $2 AND closed_at IS NULL
"""

INSERT_COURSE = """
INSERT INTO course (clinic_id, id, patient_id, planned_infusions, planned_window_days,
    interval_days_target, off_label, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, app_now()))
"""

PLAN_COURSE = """
UPDATE course SET planned_infusions = $3, planned_window_days = $4, interval_days_target = $5,
    off_label = $6
WHERE clinic_id = $1 AND id = $2
"""

SET_PHASE = "UPDATE course SET phase = $3 WHERE clinic_id = $1 AND id = $2"

CLOSE = """
UPDATE course SET closed_at = $3
WHERE clinic_id = $1 AND patient_id = $2 AND closed_at IS NULL
"""

INSERT_PHASE = """
INSERT INTO course_phase (clinic_id, id, patient_id, course_id, phase, started_at, actor_id, reason)
VALUES ($1, $2, $3, $4, $5, coalesce($6, app_now()), $7, $8)
"""

PROGRESS = """
SELECT count(*) AS given,
    EXISTS (
        SELECT FROM appointment p
        WHERE p.clinic_id = $1 AND p.patient_id = $3 AND p.kind = 'infusion'
          AND p.infusion_id IS NULL AND p.cancelled_at IS NULL AND p.planned_at > app_now()
    ) AS planned
FROM infusion i WHERE i.clinic_id = $1 AND i.course_id = $2
"""


async def open_course(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    plan: Plan,
    *,
    actor_id: UUID,
    at: datetime | None = None,
) -> OpenCourse:
    """Find the patient's open course, or open one in its baseline; the patient's row is locked."""
    await connection.execute(LOCK_PATIENT, clinic_id, patient_id)
    known = await course_of(connection, clinic_id, patient_id)
    if known is not None:
        return known
    course_id = uuid7()
    await connection.execute(
        INSERT_COURSE,
        clinic_id,
        course_id,
        patient_id,
        plan.planned_infusions,
        plan.planned_window_days,
        plan.interval_days_target,
        plan.off_label,
        at,
    )
    await move_phase(
        connection, clinic_id, patient_id, course_id, "baseline",
        reason="opened", actor_id=actor_id, at=at,
    )  # fmt: skip
    opened = await course_of(connection, clinic_id, patient_id)
    if opened is None:
        raise LookupError("a course was opened and is gone")
    return opened


async def course_of(connection: Connection, clinic_id: UUID, patient_id: UUID) -> OpenCourse | None:
    """Find the patient's open course."""
    row = await connection.fetchrow(OPEN_COURSE, clinic_id, patient_id)
    return None if row is None else OpenCourse(**dict(row))


async def plan_course(
    connection: Connection, clinic_id: UUID, patient_id: UUID, plan: Plan, *, actor_id: UUID
) -> OpenCourse:
    """Write down what the patient's course is meant to be."""
    course = await open_course(connection, clinic_id, patient_id, plan, actor_id=actor_id)
    await connection.execute(
        PLAN_COURSE,
        clinic_id,
        course.id,
        plan.planned_infusions,
        plan.planned_window_days,
        plan.interval_days_target,
        plan.off_label,
    )
    return await open_course(connection, clinic_id, patient_id, plan, actor_id=actor_id)


async def move_phase(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    course_id: UUID,
    phase: str,
    *,
    reason: str,
    actor_id: UUID | None = None,
    at: datetime | None = None,
) -> None:
    """Move a course on, and write down who did it and why; without an actor the system did."""
    await connection.execute(SET_PHASE, clinic_id, course_id, phase)
    await connection.execute(
        INSERT_PHASE, clinic_id, uuid7(), patient_id, course_id, phase, at, actor_id, reason
    )


async def course_for_infusion(
    connection: Connection, clinic_id: UUID, patient_id: UUID, started_at: datetime, actor_id: UUID
) -> OpenCourse:
    """Find the course a new infusion belongs to: it begins the induction, or a new course."""
    course = await open_course(
        connection, clinic_id, patient_id, Plan(), actor_id=actor_id, at=started_at
    )
    if course.phase in FINAL_PHASES:
        await connection.execute(CLOSE, clinic_id, patient_id, started_at)
        course = await open_course(
            connection, clinic_id, patient_id, Plan(), actor_id=actor_id, at=started_at
        )
    if course.phase == "baseline":
        await move_phase(
            connection, clinic_id, patient_id, course.id, "induction",
            reason="first_infusion", actor_id=actor_id, at=started_at,
        )  # fmt: skip
    return course


async def end_induction_when_done(
    connection: Connection, clinic_id: UUID, patient_id: UUID, at: datetime
) -> None:
    """Move the course out of its induction when as many infusions were given as were planned."""
    course = await course_of(connection, clinic_id, patient_id)
    if course is None or course.phase != "induction" or course.planned_infusions is None:
        return
    progress = await connection.fetchrow(PROGRESS, clinic_id, course.id, patient_id)
    if progress is None or progress["given"] < course.planned_infusions:
        return
    goes_on = progress["planned"] or course.interval_days_target is not None
    await move_phase(
        connection, clinic_id, patient_id, course.id,
        "maintenance" if goes_on else "follow_up", reason="planned_count_reached", at=at,
    )  # fmt: skip
