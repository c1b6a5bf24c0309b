"""The treatment of an invented patient: a course, its infusions, and what was measured."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from afterglow.demo_room import Room
from afterglow.simulated_patient import COURSE, Simulated
from models.course import Plan, open_course
from models.ids import uuid7
from models.treatment import Content, record_infusion
from models.vital import Reading, record_readings

COURSE_WINDOW_DAYS = 21
DOSE_MG_PER_KG = 0.5
INFUSION_MINUTES = 40
"""Source: clinical content, section 1: 0.5 mg/kg over 40 minutes."""
VISIT = {"before": -20, "during": 20, "end": 41, "discharge": 115}
"""Minutes from the start of an infusion at which readings are taken."""
PAPERWORK_MINUTES = 15


async def treat(room: Room, patient: Simulated, patient_id: UUID, by: UUID) -> list[UUID]:
    """Open the course and give the infusions; return their ids in order."""
    plan = Plan(
        planned_infusions=len(COURSE),
        planned_window_days=COURSE_WINDOW_DAYS,
        interval_days_target=patient.sketch.maintenance_every,
    )
    opened = datetime.combine(patient.date_of(0), datetime.min.time(), patient.zone)
    await open_course(room.connection, room.clinic_id, patient_id, plan, actor_id=by, at=opened)
    given: list[UUID] = []
    for started_at in patient.infusions():
        infusion_id = uuid7()
        await record_infusion(
            room.connection, room.clinic_id, patient_id, infusion_id, content(started_at),
            recorded_by=by,
        )  # fmt: skip
        await record_readings(
            room.connection, room.clinic_id, patient_id, infusion_id,
            [*readings(patient.rng, infusion_id, started_at)], measured_by=room.team[-1],
        )  # fmt: skip
        given.append(infusion_id)
    return given


def content(started_at: datetime) -> Content:
    """Describe an infusion as the anaesthetist would."""
    return Content(
        visit_started_at=started_at - timedelta(minutes=30),
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=INFUSION_MINUTES),
        discharge_ready_at=started_at + timedelta(minutes=VISIT["discharge"]),
        visit_ended_at=started_at + timedelta(minutes=VISIT["discharge"] + PAPERWORK_MINUTES),
        route="iv",
        dose_mg_per_kg=DOSE_MG_PER_KG,
        dose_mg=None,
        rate_mg_per_hour=None,
        outcome="completed",
        outcome_reason=None,
        antiemetic=None,
    )


def readings(rng: Random, infusion_id: UUID, started_at: datetime) -> Iterator[Reading]:
    """Measure before, during, at the end and before going home: pressure rises, and settles."""
    systolic, diastolic, pulse = rng.gauss(122, 8), rng.gauss(77, 5), rng.gauss(70, 6)
    for moment, minutes in VISIT.items():
        rise = {"during": 18, "end": 9}.get(moment, 0) + rng.gauss(0, 3)
        values = {
            "systolic": systolic + rise,
            "diastolic": diastolic + rise / 2,
            "heart_rate": pulse + rise / 2,
            "spo2": min(100.0, rng.gauss(97, 0.8)),
        }
        for kind, value in values.items():
            yield Reading(
                id=uuid7(),
                infusion_id=infusion_id,
                kind=kind,
                value=round(value),
                moment=moment,
                measured_at=started_at + timedelta(minutes=minutes),
            )
