"""Courses, infusions and readings in their rows: one of each however often it is asked for."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.course import Plan, course_of, move_phase, open_course, plan_course
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.treatment import (
    Content,
    around,
    correct_infusion,
    infusion_for,
    record_infusion,
    was_recorded_as,
)
from models.vital import Reading, readings_of, record_readings
from tests.cast import Person, Ward

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def content(at: datetime = START, **changes: Any) -> Content:
    """Say what an infusion was."""
    said: dict[str, Any] = {
        "visit_started_at": None,
        "started_at": at,
        "ended_at": at + timedelta(minutes=40),
        "discharge_ready_at": None,
        "visit_ended_at": None,
        "route": "iv",
        "dose_mg_per_kg": 0.5,
        "dose_mg": None,
        "rate_mg_per_hour": None,
        "outcome": "completed",
        "outcome_reason": None,
        "antiemetic": None,
    }
    return Content(**(said | changes))


async def record(
    pool: Pool, patient: Person, said: Content, infusion: UUID | None = None
) -> tuple[UUID, bool]:
    """Record an infusion in a transaction of its own."""
    infusion = infusion or uuid7()
    async with clinic_transaction(pool, patient.clinic_id, role="clinician") as db:
        fresh = await record_infusion(
            db, patient.clinic_id, patient.id, infusion, said, recorded_by=patient.id
        )
    return infusion, fresh


async def phases(db: Connection) -> list[str]:
    """List the phases that courses went through."""
    return [row["phase"] for row in await db.fetch("SELECT phase FROM course_phase ORDER BY id")]


async def plan(pool: Pool, patient: Person, **said: Any) -> None:
    """Plan the patient's course."""
    async with clinic_transaction(pool, patient.clinic_id) as db:
        await plan_course(db, patient.clinic_id, patient.id, Plan(**said), actor_id=patient.id)


async def test_twenty_requests_at_once_are_one_infusion_and_one_induction(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    infusion = uuid7()

    results = await asyncio.gather(*(record(pool, ana, content(), infusion) for _ in range(20)))

    assert sorted(fresh for _, fresh in results) == [False] * 19 + [True]
    assert await superuser.fetchval("SELECT count(*) FROM infusion") == 1
    assert await superuser.fetchval("SELECT count(*) FROM course") == 1
    assert await phases(superuser) == ["baseline", "induction"]


async def test_different_infusions_at_once_share_one_course(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await asyncio.gather(*(record(pool, ana, content(START + n * DAY)) for n in range(8)))

    assert await superuser.fetchval("SELECT count(*) FROM infusion") == 8
    assert await superuser.fetchval("SELECT count(DISTINCT course_id) FROM infusion") == 1
    assert await phases(superuser) == ["baseline", "induction"]


async def test_a_repeated_request_after_the_last_planned_one_opens_no_new_course(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await plan(pool, ana, planned_infusions=1)
    infusion, _ = await record(pool, ana, content())

    _, fresh = await record(pool, ana, content(), infusion)

    assert fresh is False
    assert await superuser.fetchval("SELECT count(*) FROM course") == 1
    assert await phases(superuser) == ["baseline", "induction", "follow_up"]


async def test_infusions_recorded_late_and_out_of_order_keep_their_days(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    for n in (6, 0, 3):
        await record(pool, ana, content(START + n * DAY))

    days = await superuser.fetch("SELECT local_date FROM infusion ORDER BY started_at")
    assert [row["local_date"] for row in days] == [date(2026, 1, day) for day in (5, 8, 11)]


@pytest.mark.parametrize("phase", ["follow_up", "stopped"])
async def test_an_infusion_after_the_end_begins_a_new_course(
    pool: Pool, ana: Person, superuser: Connection, phase: str
) -> None:
    await record(pool, ana, content())
    async with clinic_transaction(pool, ana.clinic_id) as db:
        course = await course_of(db, ana.clinic_id, ana.id)
        assert course is not None
        await move_phase(db, ana.clinic_id, ana.id, course.id, phase, reason="patient_wish")

    await record(pool, ana, content(START + 60 * DAY))

    assert await phases(superuser) == ["baseline", "induction", phase, "baseline", "induction"]
    open_ones = await superuser.fetch("SELECT id FROM course WHERE closed_at IS NULL")
    assert len(open_ones) == 1
    assert open_ones[0]["id"] != course.id


async def test_an_infusion_in_maintenance_moves_nothing(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await plan(pool, ana, planned_infusions=1, interval_days_target=21)

    for n in (0, 21, 42):
        await record(pool, ana, content(START + n * DAY))

    assert await phases(superuser) == ["baseline", "induction", "maintenance"]


async def test_a_course_is_opened_once_however_many_ask(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    async def open_one() -> UUID:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            return (await open_course(db, ana.clinic_id, ana.id, Plan(), actor_id=ana.id)).id

    opened = await asyncio.gather(*(open_one() for _ in range(8)))

    assert len(set(opened)) == 1
    assert await superuser.fetchval("SELECT count(*) FROM course") == 1


async def test_every_correction_keeps_the_record_before_it(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    infusion, _ = await record(pool, ana, content(dose_mg=1.0))

    for dose in (2.0, 3.0, 4.0):
        async with clinic_transaction(pool, ana.clinic_id) as db:
            stored = await infusion_for(db, ana.clinic_id, ana.id, infusion, lock=True)
            assert stored is not None
            await correct_infusion(
                db, ana.clinic_id, ana.id, stored, content(dose_mg=dose), recorded_by=ana.id
            )

    kept = await superuser.fetch("SELECT revision, record FROM infusion_revision ORDER BY revision")
    assert [(row["revision"], row["record"]["dose_mg"]) for row in kept] == [
        (1, 1.0),
        (2, 2.0),
        (3, 3.0),
    ]
    assert await superuser.fetchval("SELECT revision FROM infusion") == 4


async def test_a_correction_to_another_day_moves_the_day(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    infusion, _ = await record(pool, ana, content())

    async with clinic_transaction(pool, ana.clinic_id) as db:
        stored = await infusion_for(db, ana.clinic_id, ana.id, infusion, lock=True)
        assert stored is not None
        said = content(START - 3 * DAY)
        await correct_infusion(db, ana.clinic_id, ana.id, stored, said, recorded_by=ana.id)

    assert await superuser.fetchval("SELECT local_date FROM infusion") == date(2026, 1, 2)


@pytest.mark.parametrize("corrected", [False, True])
async def test_what_was_first_recorded_is_known_again_whatever_came_later(
    pool: Pool,
    ana: Person,
    corrected: bool,  # noqa: FBT001 # pytest passes it by name
) -> None:
    infusion, _ = await record(pool, ana, content(dose_mg=1.0))
    async with clinic_transaction(pool, ana.clinic_id) as db:
        stored = await infusion_for(db, ana.clinic_id, ana.id, infusion)
        assert stored is not None
        if corrected:
            await correct_infusion(
                db, ana.clinic_id, ana.id, stored, content(dose_mg=2.0), recorded_by=ana.id
            )
            stored = await infusion_for(db, ana.clinic_id, ana.id, infusion)
            assert stored is not None

        same = await was_recorded_as(db, ana.clinic_id, stored, content(dose_mg=1.0))
        other = await was_recorded_as(db, ana.clinic_id, stored, content(dose_mg=9.0))

    assert (same, other) == (True, False)


async def test_the_same_instant_in_another_zone_is_the_same_content(
    pool: Pool, ana: Person
) -> None:
    infusion, _ = await record(pool, ana, content())
    elsewhere = START.astimezone(datetime.now().astimezone().tzinfo)

    async with clinic_transaction(pool, ana.clinic_id) as db:
        stored = await infusion_for(db, ana.clinic_id, ana.id, infusion)
        assert stored is not None
        assert await was_recorded_as(db, ana.clinic_id, stored, content(elsewhere))


async def test_the_database_refuses_an_order_that_cannot_be(pool: Pool, ana: Person) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await record(pool, ana, content(ended_at=START - DAY))


async def test_the_database_refuses_a_change_of_course_without_its_reason(
    pool: Pool, ana: Person
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await record(pool, ana, content(outcome="stopped_early"))


async def test_an_infusion_is_compared_with_the_others_of_its_patient_only(
    pool: Pool, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    ida = await ward.patient("ida", dr_bo)
    first, _ = await record(pool, ana, content())
    second, _ = await record(pool, ana, content(START + 3 * DAY))
    await record(pool, ida, content(START + 1 * DAY))

    async with clinic_transaction(pool, ana.clinic_id) as db:
        found = await around(db, ana.clinic_id, second)
        of_first = await around(db, ana.clinic_id, first)

    assert found is not None
    assert of_first is not None
    assert (found.others, found.number_in_course) == ([START], 2)
    assert of_first.number_in_course == 1


@pytest.mark.parametrize(
    ("hours", "kept"), [(-13, False), (-12, True), (0, True), (12, True), (13, False)]
)
async def test_an_appointment_is_kept_by_what_began_within_half_a_day(
    pool: Pool,
    ana: Person,
    superuser: Connection,
    hours: int,
    kept: bool,  # noqa: FBT001 # pytest passes it by name
) -> None:
    await superuser.execute(
        "INSERT INTO appointment (clinic_id, id, patient_id, planned_at, created_by)"
        " VALUES ($1, gen_random_uuid(), $2, $3, $2)",
        ana.clinic_id,
        ana.id,
        START + timedelta(hours=hours),
    )

    infusion, _ = await record(pool, ana, content())

    found = await superuser.fetchval("SELECT infusion_id FROM appointment")
    assert found == (infusion if kept else None)


@pytest.mark.parametrize("change", ["cancelled_at = app_now()", "kind = 'follow_up'"])
async def test_no_other_appointment_is_kept_by_an_infusion(
    pool: Pool, ana: Person, superuser: Connection, change: str
) -> None:
    await superuser.execute(
        "INSERT INTO appointment (clinic_id, id, patient_id, planned_at, created_by)"
        " VALUES ($1, gen_random_uuid(), $2, $3, $2)",
        ana.clinic_id,
        ana.id,
        START,
    )
    await superuser.execute(f"UPDATE appointment SET {change}")

    await record(pool, ana, content())

    assert await superuser.fetchval("SELECT infusion_id FROM appointment") is None


async def test_of_two_appointments_the_nearer_is_kept(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    for hours in (-5, 2):
        await superuser.execute(
            "INSERT INTO appointment (clinic_id, id, patient_id, planned_at, created_by)"
            " VALUES ($1, gen_random_uuid(), $2, $3, $2)",
            ana.clinic_id,
            ana.id,
            START + timedelta(hours=hours),
        )

    await record(pool, ana, content())

    kept = await superuser.fetchval("SELECT planned_at FROM appointment WHERE infusion_id NOTNULL")
    assert kept == START + timedelta(hours=2)


def reading(infusion: UUID, value: float = 98.0, **changes: Any) -> Reading:
    """Describe a reading."""
    said: dict[str, Any] = {
        "id": uuid7(),
        "infusion_id": infusion,
        "kind": "spo2",
        "value": value,
        "moment": "during",
        "measured_at": START,
    }
    return Reading(**(said | changes))


async def test_readings_sent_by_ten_at_once_are_stored_once(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    infusion, _ = await record(pool, ana, content())
    readings = [reading(infusion, value) for value in (97.0, 98.0, 99.0)]

    async def send() -> bool:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            return await record_readings(
                db, ana.clinic_id, ana.id, infusion, readings, measured_by=ana.id
            )

    assert await asyncio.gather(*(send() for _ in range(10))) == [True] * 10
    assert await superuser.fetchval("SELECT count(*) FROM vital") == 3


async def test_a_reading_of_another_infusion_holds_its_id(pool: Pool, ana: Person) -> None:
    first, _ = await record(pool, ana, content())
    second, _ = await record(pool, ana, content(START + 3 * DAY))
    one = reading(first)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        where = (db, ana.clinic_id, ana.id)
        await record_readings(*where, first, [one], measured_by=ana.id)

        stored = await record_readings(*where, second, [one], measured_by=ana.id)

        assert stored is False
        assert await readings_of(db, ana.clinic_id, [second]) == []
