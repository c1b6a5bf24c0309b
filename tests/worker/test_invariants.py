"""Each invariant notices the wrong it is about: a checker that cannot fail checks nothing."""

import pytest

from models.ids import uuid7
from models.invariant import INVARIANTS
from tests.cast import Person
from tests.scenarios.ward import Stage
from worker.invariants import broken

BREAKS = {
    "I1": "ALTER TABLE alert_source DISABLE TRIGGER ALL; DELETE FROM alert_source",
    "I2": "UPDATE alert SET next_step_at = NULL;"
    " UPDATE delivery SET state = 'accepted' WHERE state = 'pending'",
    "I3": "UPDATE alert SET next_step_at = app_now() - interval '31 seconds'",
    "I4": "UPDATE alert SET state = 'acked', acked_by = gen_random_uuid(), acked_at = app_now()",
    "I6": "DELETE FROM attempt",
    "I6b": "UPDATE delivery SET collapse_tag = 'same'",
    "I8": "UPDATE alert SET state = 'acked', acked_by = gen_random_uuid(),"
    " acked_at = app_now() - interval '2 seconds';"
    " UPDATE delivery SET created_at = app_now() - interval '1 minute'",
    "I9": "UPDATE attempt SET started_at = app_now() + interval '1 minute'",
}


@pytest.fixture
async def paged(stage: Stage, ana: Person, dr_bo: Person) -> Stage:
    """Page one emergency."""
    await stage.phone(dr_bo)
    await stage.speak_of_suicide(ana)
    await stage.page()
    return stage


def test_every_invariant_is_tested() -> None:
    assert {invariant.name for invariant in INVARIANTS} == set(BREAKS)


async def test_all_hold_after_a_page(paged: Stage) -> None:
    assert await broken(paged.superuser, by_pager=False) == {}


@pytest.mark.parametrize("name", BREAKS)
async def test_a_broken_invariant_is_named(paged: Stage, name: str) -> None:
    await paged.superuser.execute(BREAKS[name])

    assert name in await broken(paged.superuser, by_pager=False)


async def test_an_emergency_that_ends_without_a_human_is_noticed(paged: Stage) -> None:
    await paged.superuser.execute(
        "UPDATE alert SET state = 'resolved', outcome = 'other', resolved_by = $1", uuid7()
    )

    assert await broken(paged.superuser) == {"I4": 1}


async def test_a_ladder_that_would_end_is_noticed(paged: Stage) -> None:
    await paged.superuser.execute(
        "UPDATE alert SET policy_snapshot = policy_snapshot || '{\"repeat_max\": 3}'"
    )

    assert await broken(paged.superuser) == {"I4": 1}


async def test_the_pager_may_ask_for_all_that_is_its_own(paged: Stage) -> None:
    async with paged.lanes[0].pool.acquire() as connection:
        assert await broken(connection) == {}
