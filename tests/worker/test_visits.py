"""What happens at a visit is assessed when it is written down, hint or no hint."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.appointment import VisitChange, plan_visit
from models.cipher import Keyring
from models.course import Plan, plan_course
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.treatment import Content, correct_infusion, infusion_for, record_infusion
from models.vital import Reading, record_readings
from tests.cast import Clock, Person
from tests.worker.diary_rows import Diary, infusion
from worker.assess import assess_one, sweep_unassessed
from worker.daily import assess_daily
from worker.second_reading import Desk

VITALS = "vitals.after_infusion"
FOUND = "SELECT rule, severity, numbers ->> 'kind' AS kind FROM finding ORDER BY period"
ALERTS = "SELECT rule, period, severity, next_step_at FROM alert"


class Visit:
    """Ana's infusion of this morning, seen from the ward."""

    def __init__(self, pool: Pool, ana: Person, nurse: Person, started_at: datetime) -> None:
        self.pool, self.ana, self.nurse = pool, ana, nurse
        self.started_at, self.id = started_at, uuid7()

    @property
    def whose(self) -> tuple[Any, Any]:
        return self.ana.clinic_id, self.ana.id

    async def begin(self) -> None:
        async with clinic_transaction(self.pool, self.ana.clinic_id) as db:
            content = infusion(self.started_at)
            await record_infusion(db, *self.whose, self.id, content, recorded_by=self.nurse.id)

    async def read(self, kind: str, value: float, minute: int) -> None:
        reading = Reading(
            id=uuid7(),
            infusion_id=self.id,
            kind=kind,
            value=value,
            moment="during",
            measured_at=self.started_at + timedelta(minutes=minute),
        )
        async with clinic_transaction(self.pool, self.ana.clinic_id) as db:
            assert await record_readings(
                db, *self.whose, self.id, [reading], measured_by=self.nurse.id
            )

    async def discharge(self, minute: int) -> None:
        async with clinic_transaction(self.pool, self.ana.clinic_id) as db:
            stored = await infusion_for(db, *self.whose, self.id, lock=True)
            assert stored is not None
            ready = self.started_at + timedelta(minutes=minute)
            content = Content(**{**_fields(stored.content), "discharge_ready_at": ready})
            await correct_infusion(db, *self.whose, stored, content, recorded_by=self.nurse.id)


def _fields(content: Content) -> dict[str, Any]:
    return {name: getattr(content, name) for name in Content.__slots__}


@pytest.fixture
async def visit(pool: Pool, ana: Person, dr_bo: Person, clock: Clock) -> Visit:
    """Begin an infusion three hours ago, assessed since."""
    visit = Visit(pool, ana, dr_bo, await clock.now() - timedelta(hours=3))
    await visit.begin()
    await assess_one(pool, ana.clinic_id, ana.id)
    return visit


@pytest.fixture
def desk(pool: Pool, keyring: Keyring) -> Desk:
    """Read where no model is installed."""
    return Desk(pool=pool, keyring=keyring)


async def found(superuser: Connection) -> list[tuple[str, ...]]:
    """List what was found: rule, severity, kind."""
    return [tuple(row) for row in await superuser.fetch(FOUND)]


async def test_a_reading_beyond_its_limit_becomes_an_urgent_alert(
    pool: Pool, ana: Person, visit: Visit, superuser: Connection
) -> None:
    await visit.read("systolic", 172, 30)

    assert await assess_one(pool, ana.clinic_id, ana.id) == 1
    assert await found(superuser) == [(VITALS, "urgent", "hypertension_grade_3")]
    [alert] = await superuser.fetch(ALERTS)
    assert tuple(alert)[:3] == (VITALS, 1, "urgent")
    assert alert["next_step_at"] is not None


async def test_all_of_one_visit_stands_on_one_alert(
    pool: Pool, ana: Person, visit: Visit, superuser: Connection
) -> None:
    await visit.read("systolic", 172, 30)
    await assess_one(pool, ana.clinic_id, ana.id)
    await visit.discharge(90)

    assert await assess_one(pool, ana.clinic_id, ana.id) == 2
    assert [kind for _, _, kind in await found(superuser)] == [
        "hypertension_grade_3",
        "pressure_not_back",
        "nothing_read",
    ]
    assert len(await superuser.fetch(ALERTS)) == 1


async def test_a_visit_as_it_should_be_says_nothing(
    pool: Pool, ana: Person, visit: Visit, superuser: Connection
) -> None:
    for kind, value in (("systolic", 128), ("diastolic", 79), ("spo2", 97)):
        await visit.read(kind, value, 80)
    await visit.discharge(90)

    assert await assess_one(pool, ana.clinic_id, ana.id) == 0
    assert await found(superuser) == []


async def test_a_reading_whose_hint_was_lost_is_swept(
    desk: Desk, visit: Visit, ana: Person, clock: Clock, superuser: Connection
) -> None:
    today = (await clock.now()).date()
    await Diary(pool=desk.pool, who=ana, today=today).write([2, 1], 4)
    await clock.advance(minutes=1)
    await sweep_unassessed(desk)

    await visit.read("spo2", 85, 30)
    assert await sweep_unassessed(desk) == 1
    assert await found(superuser) == [(VITALS, "urgent", "spo2_low")]


async def test_the_same_readings_again_ask_for_nothing(
    desk: Desk, visit: Visit, ana: Person, clock: Clock
) -> None:
    today = (await clock.now()).date()
    await Diary(pool=desk.pool, who=ana, today=today).write([1], 4)
    reading = Reading(
        id=uuid7(), infusion_id=visit.id, kind="spo2", value=97, moment="during",
        measured_at=visit.started_at,
    )  # fmt: skip

    async def send() -> int:
        async with clinic_transaction(desk.pool, ana.clinic_id) as db:
            await record_readings(db, *visit.whose, visit.id, [reading], measured_by=visit.nurse.id)
        await clock.advance(minutes=1)
        return await sweep_unassessed(desk)

    assert [await send(), await send()] == [1, 0]


async def test_a_second_infusion_within_a_day_is_shown_and_rings_nobody(
    pool: Pool, ana: Person, dr_bo: Person, visit: Visit, superuser: Connection
) -> None:
    await Visit(pool, ana, dr_bo, visit.started_at + timedelta(hours=2)).begin()

    assert await assess_one(pool, ana.clinic_id, ana.id) == 1
    [alert] = await superuser.fetch(ALERTS)
    assert tuple(alert) == ("infusion.early", 2, "notice", None)


async def test_days_that_pass_make_a_visit_and_a_plan_overdue(
    pool: Pool, ana: Person, dr_bo: Person, visit: Visit, clock: Clock, superuser: Connection
) -> None:
    async with clinic_transaction(pool, ana.clinic_id) as db:
        plan = Plan(planned_infusions=6, planned_window_days=21)
        await plan_course(db, *visit.whose, plan, actor_id=dr_bo.id)
        planned = VisitChange(
            kind="infusion", planned_at=visit.started_at + timedelta(days=4),
            escort_name_ct=None, escort_confirmed=True,
        )  # fmt: skip
        await plan_visit(db, *visit.whose, uuid7(), planned, planned_by=dr_bo.id)

    told: list[int] = []
    for days in (6, 2, 14, 3):
        await clock.advance(days=days)
        await assess_daily(pool)
        told.append(await superuser.fetchval("SELECT count(*) FROM finding"))
    assert told == [0, 1, 1, 2]
    alerts = [tuple(alert)[::2] for alert in await superuser.fetch(ALERTS)]
    assert alerts == [("infusion.overdue", "notice")] * 2


async def test_a_visit_that_was_kept_is_not_overdue(
    pool: Pool, ana: Person, dr_bo: Person, visit: Visit, clock: Clock, superuser: Connection
) -> None:
    later = visit.started_at + timedelta(days=4)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        planned = VisitChange(
            kind="infusion", planned_at=later, escort_name_ct=None, escort_confirmed=True
        )
        await plan_visit(db, *visit.whose, uuid7(), planned, planned_by=dr_bo.id)
    await clock.advance(days=10)
    await Visit(pool, ana, dr_bo, later + timedelta(minutes=50)).begin()

    await assess_daily(pool)
    assert await found(superuser) == []


async def test_who_has_not_written_yet_is_found_by_the_daily_round(
    pool: Pool, visit: Visit, superuser: Connection
) -> None:
    assert await assess_daily(pool) == 0

    await visit.read("heart_rate", 40, 30)
    assert [await assess_daily(pool), await assess_daily(pool)] == [1, 0]
    assert await found(superuser) == [(VITALS, "urgent", "heart_rate_low")]


async def test_a_discharge_of_who_has_not_written_yet_is_found_too(
    pool: Pool, visit: Visit, superuser: Connection
) -> None:
    await visit.discharge(90)

    assert await assess_daily(pool) == 1
    assert await found(superuser) == [(VITALS, "urgent", "nothing_read")]
