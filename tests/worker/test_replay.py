"""Every watch at work: told once whatever runs twice, and told now when a replay finds the past."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from clinical.assess import RULE_IDS
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import CORE, Diary, revision
from worker.assess import assess_one

TABLES = ("finding", "alert", "alert_source")
NOT_SEEN_HERE = {
    "dissociation.persistent",
    "infusion.early",
    "infusion.overdue",
    "side_effect.severe",
    "symptom_return.half_lost_twice",
    "vitals.after_infusion",
}
"""`test_assess`, `test_visits` and the ward's scenarios raise them."""


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    """Open ana's diary."""
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


@pytest.fixture
async def eva(ward: Ward, diary: Diary, dr_bo: Person) -> Diary:
    """Open the diary of another patient."""
    return replace(diary, who=await ward.patient("eva", dr_bo))


async def put_down(diary: Diary, day: date, answers: Mapping[str, Any]) -> None:
    """Write one entry of one day."""
    async with clinic_transaction(diary.pool, diary.who.clinic_id) as db:
        await diary.store(db, [revision(day, answers)])


async def not_helped(diary: Diary, by: Person) -> None:
    """Get a course in vain, get worse, speed up, take ketamine elsewhere, and fall silent."""
    await diary.infuse(by, *(60, 57, 54, 51, 48, 45))
    await diary.write(range(61, 75), 6)
    await diary.write(range(30, 61), 8)
    await put_down(diary, diary.day(29), {"activation": 9, "other_ketamine": "yes"})


async def returning(diary: Diary, by: Person) -> None:
    """Get well by a course, and lose it."""
    await diary.relapse(by)


async def counts(superuser: Connection) -> Sequence[int]:
    """Count findings, alerts and their reasons."""
    return [await superuser.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


async def rules_of(superuser: Connection) -> set[str]:
    """List the rules that found something."""
    return {row["rule"] for row in await superuser.fetch("SELECT rule FROM finding")}


async def test_every_new_watch_raises_something_here(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, eva: Diary, superuser: Connection
) -> None:
    await not_helped(diary, dr_bo)
    await returning(eva, dr_bo)

    for who in (ana, eva.who):
        await assess_one(pool, ana.clinic_id, who.id)
    assert await rules_of(superuser) >= set(RULE_IDS) - NOT_SEEN_HERE


@pytest.mark.parametrize("life", [not_helped, returning])
async def test_assessments_one_after_the_other_and_at_once_tell_once(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection, life: Any
) -> None:
    await life(diary, dr_bo)

    raised = await asyncio.gather(*(assess_one(pool, ana.clinic_id, ana.id) for _ in range(3)))
    once = await counts(superuser)
    assert await assess_one(pool, ana.clinic_id, ana.id) == 0
    assert await counts(superuser) == once
    assert sorted(raised) == [0, 0, once[0]]
    assert once[0] == once[2]


@pytest.mark.parametrize("life", [not_helped, returning])
async def test_days_that_pass_tell_nothing_of_the_past_again(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, clock: Clock, superuser: Connection,
    life: Any,
) -> None:  # fmt: skip
    await life(diary, dr_bo)
    await assess_one(pool, ana.clinic_id, ana.id)
    before = await counts(superuser)
    await clock.advance(days=60)
    await assess_one(pool, ana.clinic_id, ana.id)

    new = await superuser.fetch(
        "SELECT rule FROM finding WHERE found_at > (SELECT min(found_at) FROM finding)"
        " + interval '1 day'"
    )
    assert {row["rule"] for row in new} <= {"silence.broken_habit"}
    assert len(new) == (await counts(superuser))[0] - before[0] <= 1


@pytest.mark.parametrize(
    ("answers", "rule"),
    [
        ({"activation": 10}, "mania.activation"),
        ({"other_ketamine": "yes"}, "misuse.signal"),
        ({"dissociation": 6}, "dissociation.persistent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_a_late_entry_tells_of_a_past_day_is_told_now_with_that_day(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, clock: Clock, superuser: Connection,
    answers: Mapping[str, Any], rule: str,
) -> None:  # fmt: skip
    await diary.respond(dr_bo)
    await diary.write(range(30), 2)
    assert await assess_one(pool, ana.clinic_id, ana.id) == 0
    await clock.advance(hours=1)
    await put_down(diary, diary.day(20), {**dict.fromkeys(CORE, 2), **answers})

    assert await assess_one(pool, ana.clinic_id, ana.id) == 1
    [found] = await superuser.fetch("SELECT rule, local_date, found_at FROM finding")
    [opened_at] = await superuser.fetchrow("SELECT opened_at FROM alert") or []
    assert (found["rule"], found["local_date"]) == (rule, diary.day(20))
    assert opened_at == found["found_at"] > await clock.now() - timedelta(minutes=10)


async def test_late_entries_that_complete_a_return_on_past_days_are_told_now(
    pool: Pool, diary: Diary, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await diary.respond(dr_bo)
    await diary.write([*range(20, 30), *range(8)], 2)
    await assess_one(pool, ana.clinic_id, ana.id)
    early = await rules_of(superuser)
    await diary.write(range(8, 20), 8)  # a phone that was offline

    assert await assess_one(pool, ana.clinic_id, ana.id) > 0
    days = await superuser.fetch(
        "SELECT local_date FROM finding WHERE rule = 'symptom_return.improvement_lost'"
    )
    assert "symptom_return.improvement_lost" not in early
    assert days
    assert all(diary.day(19) <= row["local_date"] <= diary.day(8) for row in days)
