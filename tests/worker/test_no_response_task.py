"""A course that did not help is a task with a day by which somebody has looked."""

from datetime import date, timedelta
from typing import Any

import pytest

from clinical.finding import Finding, Severity
from clinical.response import LOOK_WITHIN, NO_RESPONSE
from models.finding import due_at, raise_findings
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person
from tests.worker.diary_rows import COURSE_DAYS, Diary
from worker.assess import assess_one


@pytest.fixture
async def unhelped(pool: Pool, ana: Person, dr_bo: Person, clock: Clock) -> Diary:
    """Be as ill after a course as before it."""
    diary = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    await diary.infuse(dr_bo, *COURSE_DAYS)
    await diary.write([*range(61, 75), *range(30, 45)], 8)
    return diary


async def task(superuser: Connection) -> dict[str, Any]:
    """Read the one task there is."""
    [found] = await superuser.fetch("SELECT * FROM alert WHERE rule = $1", NO_RESPONSE)
    return dict(found)


async def test_no_response_is_a_task_due_in_fourteen_days(
    pool: Pool, ana: Person, unhelped: Diary, superuser: Connection
) -> None:
    await assess_one(pool, ana.clinic_id, ana.id)

    found = await task(superuser)
    assert (found["severity"], found["state"]) == (Severity.ROUTINE, "open")
    assert found["due_at"] - found["opened_at"] == LOOK_WITHIN == timedelta(days=14)


async def test_the_day_it_is_due_does_not_move_when_the_chart_is_read_again(
    pool: Pool, ana: Person, unhelped: Diary, superuser: Connection, clock: Clock
) -> None:
    await assess_one(pool, ana.clinic_id, ana.id)
    before = await task(superuser)
    await clock.advance(days=3)
    await unhelped.write([0], 8)

    await assess_one(pool, ana.clinic_id, ana.id)

    assert (await task(superuser))["due_at"] == before["due_at"]


async def test_what_is_no_task_is_due_at_no_time(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    finding = found_on("worse_than_baseline", Severity.URGENT, None)

    async with clinic_transaction(pool, ana.clinic_id) as db:
        await raise_findings(db, ana.clinic_id, ana.id, [finding], rules_version="1")

    assert await superuser.fetchval("SELECT due_at FROM alert") is None


async def test_of_several_the_soonest_counts(pool: Pool, ana: Person) -> None:
    found = [
        found_on(NO_RESPONSE, Severity.ROUTINE, within)
        for within in (timedelta(days=5), None, timedelta(days=2))
    ]

    async with clinic_transaction(pool, ana.clinic_id) as db:
        due = await due_at(db, found)
        now = await db.fetchval("SELECT app_now()")

    assert due == now + timedelta(days=2)


def found_on(rule: str, severity: Severity, within: timedelta | None) -> Finding:
    return Finding(
        rule=rule, severity=severity, because="numbers", local_date=date(2026, 3, 1),
        due_within=within,
    )  # fmt: skip
