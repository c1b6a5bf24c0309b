"""A visit without an escort becomes a task a day before it, and another two hours before it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinical.escort import detect_unconfirmed
from models import escort as escort_module
from models.appointment import VisitChange, change_visit, plan_visit
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.treatment import record_infusion
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import infusion
from worker.escort import ask_for_escorts

RULE = "escort.unconfirmed"
TASKS = "SELECT * FROM alert WHERE rule = 'escort.unconfirmed' ORDER BY opened_at, id"


class Desk:
    """Where visits are planned."""

    def __init__(self, pool: Pool, by: Person, now: datetime) -> None:
        self.pool, self.by, self.now = pool, by, now

    async def plan(self, patient: Person, *, hours: float, **more: Any) -> UUID:
        """Plan an infusion in so many hours."""
        visit = uuid7()
        async with clinic_transaction(self.pool, patient.clinic_id) as db:
            await plan_visit(
                db, patient.clinic_id, patient.id, visit, self.as_planned(hours=hours, **more),
                planned_by=self.by.id,
            )  # fmt: skip
        return visit

    async def change(self, visit: UUID, **more: Any) -> None:
        """Change a planned visit."""
        async with clinic_transaction(self.pool, self.by.clinic_id) as db:
            await change_visit(
                db, self.by.clinic_id, visit, self.as_planned(**more), changed_by=self.by.id
            )

    def as_planned(self, *, hours: float, confirmed: bool = False, **more: Any) -> VisitChange:
        """Describe a visit, counted from when the test began."""
        fields = {"kind": "infusion", "escort_name_ct": None, **more}
        planned_at = self.now + timedelta(hours=hours)
        return VisitChange(planned_at=planned_at, escort_confirmed=confirmed, **fields)


@pytest.fixture
async def desk(pool: Pool, dr_bo: Person, clock: Clock) -> Desk:
    """Plan visits from now on."""
    return Desk(pool, dr_bo, await clock.now())


async def test_a_visit_is_asked_about_a_day_before_and_two_hours_before(
    pool: Pool, desk: Desk, ana: Person, clock: Clock, superuser: Connection
) -> None:
    await desk.plan(ana, hours=48)
    asked: list[int] = []
    for hours in (23, 1.1, 1, 20.8, 0.2, 1, 2):
        await clock.advance(hours=hours)
        asked += [await ask_for_escorts(pool), await ask_for_escorts(pool)]

    assert asked == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    tasks = await superuser.fetch(TASKS)
    assert len({task["period"] for task in tasks}) == len(tasks) == 2


async def test_the_task_is_the_coordinators_and_due_at_the_visit(
    pool: Pool, desk: Desk, ana: Person, superuser: Connection
) -> None:
    await desk.plan(ana, hours=20)

    assert await ask_for_escorts(pool) == 1
    [task] = await superuser.fetch(TASKS)
    assert (task["severity"], task["assigned_profession"], task["state"]) == (
        "routine",
        "coordinator",
        "open",
    )
    assert task["due_at"] == desk.now + timedelta(hours=20)
    assert task["next_step_at"] is not None
    reason = await superuser.fetchrow(
        "SELECT f.because, s.reason FROM alert_source s JOIN finding f ON f.id = s.finding_id"
    )
    assert reason is not None
    assert reason["because"].startswith("no escort is confirmed, 24 hours or less before")


async def test_a_visit_at_short_notice_is_one_task(
    pool: Pool, desk: Desk, ana: Person, clock: Clock
) -> None:
    await desk.plan(ana, hours=1.5)

    asked = [await ask_for_escorts(pool)]
    await clock.advance(hours=1)
    assert [*asked, await ask_for_escorts(pool)] == [1, 0]


@pytest.mark.parametrize(
    "more",
    [{"confirmed": True}, {"kind": "follow_up"}, {"kind": "assessment"}],
    ids=["confirmed", "follow-up", "assessment"],
)
async def test_nothing_is_asked_where_an_escort_stands_or_none_is_needed(
    pool: Pool, desk: Desk, ana: Person, more: dict[str, Any]
) -> None:
    await desk.plan(ana, hours=1, **more)

    assert await ask_for_escorts(pool) == 0


async def test_a_cancelled_visit_is_not_asked_about(pool: Pool, desk: Desk, ana: Person) -> None:
    visit = await desk.plan(ana, hours=1)
    await desk.change(visit, hours=1, cancelled=True)

    assert await ask_for_escorts(pool) == 0


async def test_an_escort_that_is_confirmed_in_time_spares_the_second_task(
    pool: Pool, desk: Desk, ana: Person, clock: Clock
) -> None:
    visit = await desk.plan(ana, hours=20)
    assert await ask_for_escorts(pool) == 1
    await desk.change(visit, hours=20, confirmed=True)

    await clock.advance(hours=19)
    assert await ask_for_escorts(pool) == 0


async def test_a_visit_that_is_moved_is_asked_about_anew(
    pool: Pool, desk: Desk, ana: Person, clock: Clock
) -> None:
    visit = await desk.plan(ana, hours=20)
    assert await ask_for_escorts(pool) == 1
    await desk.change(visit, hours=50)
    assert await ask_for_escorts(pool) == 0

    await clock.advance(hours=27)
    assert [await ask_for_escorts(pool), await ask_for_escorts(pool)] == [1, 0]


async def test_an_infusion_that_has_begun_is_not_asked_about(
    pool: Pool, desk: Desk, ana: Person, dr_bo: Person
) -> None:
    await desk.plan(ana, hours=1)
    async with clinic_transaction(pool, ana.clinic_id) as db:
        await record_infusion(
            db, ana.clinic_id, ana.id, uuid7(), infusion(desk.now), recorded_by=dr_bo.id
        )

    assert await ask_for_escorts(pool) == 0


async def test_who_has_left_treatment_is_not_asked_about(
    pool: Pool, desk: Desk, ana: Person, superuser: Connection
) -> None:
    await desk.plan(ana, hours=1)
    await superuser.execute("UPDATE patient SET ended_at = app_now() WHERE id = $1", ana.id)

    assert await ask_for_escorts(pool) == 0


async def test_two_workers_at_once_ask_once(
    pool: Pool, desk: Desk, ana: Person, ward: Ward, superuser: Connection
) -> None:
    for who in (ana, await ward.patient("eva")):
        await desk.plan(who, hours=20)

    asked = await asyncio.gather(*(ask_for_escorts(pool) for _ in range(3)))
    assert sum(asked) == len(await superuser.fetch(TASKS)) == 2


async def test_every_clinic_has_its_own_tasks(
    pool: Pool, desk: Desk, ana: Person, dr_cy: Person, superuser: Connection
) -> None:
    await desk.plan(ana, hours=20)
    await ask_for_escorts(pool)

    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await db.fetch(TASKS) == []
    [task] = await superuser.fetch(TASKS)
    assert task["clinic_id"] == ana.clinic_id


async def test_a_visit_that_cannot_be_judged_stops_no_other(
    pool: Pool, desk: Desk, ana: Person, ward: Ward, worker_log: Any,
    superuser: Connection, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    eva = await ward.patient("eva")
    await desk.plan(ana, hours=19)
    await desk.plan(eva, hours=20)
    seen: list[Any] = []

    def trip(visit: Any, *, now: datetime) -> Any:
        seen.append(visit)
        if len(seen) == 1:
            raise ZeroDivisionError
        return detect_unconfirmed(visit, now=now)

    monkeypatch.setattr(escort_module, "detect_unconfirmed", trip)

    assert await ask_for_escorts(pool) == 1
    [task] = await superuser.fetch(TASKS)
    assert task["patient_id"] == eva.id
    line = worker_log.getvalue().decode()
    assert "assess.failed" in line
    assert str(ana.id) in line
    assert await ask_for_escorts(pool) == 1  # the next minute tries again
