"""A pager dies at every durable point: nothing is lost, and at most one page comes twice."""

import pytest

from models.failpoint import EXIT_CODE
from tests.cast import Person
from tests.scenarios.process import Surroundings, running, running_pager
from tests.scenarios.ward import Phone, Stage

pytestmark = pytest.mark.ci

LEASE_AND_A_SECOND = 21


def tags(phone: Phone) -> set[str]:
    return {call.message["android"]["notification"]["tag"] for call in phone.calls}


async def die_at(point: str, around: Surroundings) -> None:
    """Run a pager until it dies at this point."""
    async with running("worker.pager", around, FAIL_AT=point) as pager:
        assert await pager.ended() == EXIT_CODE


async def test_killed_while_it_resolves_the_first_step(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)

    await die_at("pager.before_step_commit", around)
    assert await stage.pages(alert) == []
    await stage.page()

    phone.expect()
    await stage.check()


async def test_killed_after_the_step_before_any_claim(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await stage.speak_of_suicide(ana)

    await die_at("pager.after_step", around)
    await stage.later(seconds=LEASE_AND_A_SECOND)  # its other lane may have claimed as it died

    assert 1 <= len(phone.calls) <= 2  # and may have called
    assert len(tags(phone)) == 1
    await stage.check()


async def test_killed_after_the_claim_before_the_call(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)

    await die_at("pager.after_claim", around)
    await stage.later(seconds=LEASE_AND_A_SECOND - 2)
    phone.expect(0)
    await stage.later(seconds=2)

    assert len(phone.calls) == 1
    assert (await stage.pages(alert))[0]["attempt"] == 2
    await stage.check()


async def test_killed_after_the_provider_accepted_before_it_was_written(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)

    await die_at("pager.after_send", around)
    phone.expect()
    await stage.later(seconds=LEASE_AND_A_SECOND)

    phone.expect()
    assert len(phone.calls) == 2
    assert len(tags(phone)) == 1
    outcomes = await stage.superuser.fetch(
        "SELECT outcome FROM attempt WHERE delivery_id = $1 ORDER BY n",
        (await stage.pages(alert))[0]["id"],
    )
    assert [row["outcome"] for row in outcomes] == ["lost", "accepted"]
    await stage.check()


async def test_told_to_stop_it_gives_back_what_it_holds(
    stage: Stage, around: Surroundings, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    async with running_pager(around) as pager:
        await stage.speak_of_suicide(ana)
        await phone.wait()
        assert await pager.stop() == 0

    held = await stage.superuser.fetchval("SELECT count(*) FROM delivery WHERE state = 'leased'")
    await stage.page()

    assert held == 0
    assert len(phone.calls) == 1
    await stage.check()
