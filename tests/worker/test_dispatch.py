"""Lanes: slots of their own, the most urgent first, and an orderly end."""

import asyncio

import pytest

from models.claim import claim_due
from tests.cast import Person, Ward
from tests.scenarios.road import closed_road, open_road
from tests.scenarios.ward import Stage
from worker.dispatch import EMERGENCY_SLOTS, OTHER_SLOTS, keep_lane, wake_in_turn
from worker.lane import Lane


async def claims(stage: Stage, *, limit: int = 100, lowest_rank: int = 0) -> list[int]:
    async with stage.lanes[0].pool.acquire() as db:
        found = await claim_due(
            db,
            floor=stage.board.floor.at(),
            lowest_rank=lowest_rank,
            limit=limit,
            worker=stage.board.worker,
        )
    return [claimed.severity_rank for claimed in found]


@pytest.fixture
async def phones(stage: Stage, ana: Person, dr_bo: Person) -> int:
    """Give dr_bo more phones than both lanes have slots."""
    count = EMERGENCY_SLOTS + OTHER_SLOTS + 4
    for _ in range(count):
        await stage.phone(dr_bo)
    return count


async def test_a_claim_takes_no_more_than_can_be_sent_now(
    stage: Stage, ana: Person, phones: int
) -> None:
    push = closed_road("push")
    pager = stage.with_channels(push)
    await stage.speak_of_suicide(ana)

    await pager.lanes[0].run_pass()
    await asyncio.sleep(0)
    assert len(push.pages) == EMERGENCY_SLOTS
    await pager.lanes[1].run_pass()
    await asyncio.sleep(0)
    assert len(push.pages) == EMERGENCY_SLOTS + OTHER_SLOTS
    push.gate.set()
    await pager.page()

    assert len(push.pages) == phones
    assert push.most_at_once == EMERGENCY_SLOTS + OTHER_SLOTS
    await stage.check()


async def test_a_lane_full_of_other_pages_leaves_emergencies_their_slots(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person, phones: int
) -> None:
    push = closed_road("push")
    pager = stage.with_channels(push)
    await stage.find(ana, "urgent")
    await pager.lanes[1].run_pass()
    await asyncio.sleep(0)
    assert len(push.pages) == OTHER_SLOTS

    await stage.speak_of_suicide(ana)
    await pager.lanes[0].run_pass()
    await asyncio.sleep(0)

    assert len(push.pages) == OTHER_SLOTS + EMERGENCY_SLOTS
    push.gate.set()
    await pager.page()
    assert len(push.pages) == 2 * phones


async def test_a_claim_never_takes_what_is_less_urgent_than_its_lane(
    stage: Stage, ana: Person
) -> None:
    await stage.find(ana, "urgent")
    await stage.lanes[1].run_pass()
    await asyncio.sleep(0)

    assert await claims(stage, lowest_rank=9) == []
    await stage.page()


async def test_a_claim_takes_the_most_severe_first(stage: Stage, ward: Ward, ana: Person) -> None:
    for severity in ("urgent", "emergency"):
        patient = await ward.patient(severity, await ward.practitioner(f"for-{severity}"))
        if severity == "urgent":
            await stage.find(patient, severity)
        else:
            await stage.speak_of_suicide(patient)
    closed = stage.with_channels(closed_road("mail"))
    for lane in closed.lanes:
        lane.slots = 0
        await lane.run_pass()

    assert [await claims(stage, limit=1) for _ in range(3)] == [[9], [5], []]


async def test_closing_sends_what_was_begun_and_claims_no_more(
    stage: Stage, ana: Person, dr_bo: Person, phones: int
) -> None:
    push = closed_road("push")
    pager = stage.with_channels(push)
    lane = pager.lanes[0]
    await stage.speak_of_suicide(ana)
    await lane.run_pass()
    await asyncio.sleep(0)

    closing = asyncio.create_task(lane.finish(within_seconds=5))
    await asyncio.sleep(0)
    push.gate.set()
    await closing
    await lane.run_pass()

    assert len(push.pages) == EMERGENCY_SLOTS
    assert await states(stage) == {"accepted": EMERGENCY_SLOTS, "pending": phones - EMERGENCY_SLOTS}


async def test_closing_in_haste_gives_back_what_is_in_flight(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    pager = stage.with_channels(push)
    await stage.speak_of_suicide(ana)
    await pager.begin()
    await push.called.wait()

    await pager.lanes[0].finish(within_seconds=0)

    assert await states(stage) == {"pending": 1}
    outcome = await stage.superuser.fetchrow("SELECT outcome, provider_code FROM attempt")
    assert tuple(outcome or ()) == ("unknown", "interrupted")
    await stage.rival().page()
    assert await states(stage) == {"accepted": 1}


async def test_what_is_claimed_while_closing_is_released_unsent(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push")
    usual = stage.with_channels(push).lanes[0]
    lane = Hasty(name="hasty", board=usual.board, pool=usual.pool, lowest_rank=9, slots=1)
    await stage.speak_of_suicide(ana)

    await lane.run_pass()

    assert push.pages == []
    assert await states(stage) == {"pending": 1}
    assert await stage.superuser.fetchval("SELECT outcome FROM attempt") == "released"
    await stage.rival().page()
    await stage.check()


class Hasty(Lane):
    """A lane that is closed while its first claim is on its way."""

    async def _start_due(self) -> int:
        asyncio.get_running_loop().call_soon(self.closing.set)
        return await super()._start_due()


async def states(stage: Stage) -> dict[str, int]:
    rows = await stage.superuser.fetch("SELECT state, count(*) AS n FROM delivery GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def test_a_kept_lane_pages_when_woken_and_ends_when_closed(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    lane = stage.lanes[0]
    loop = asyncio.create_task(keep_lane(lane))
    await stage.speak_of_suicide(ana)

    wake_in_turn(stage.lanes)
    assert len(await phone.wait()) == 1
    await lane.finish(within_seconds=5)
    await loop

    await asyncio.wait_for(stage.lanes[1].wake.wait(), 5)


async def test_a_kept_lane_outlives_a_pass_that_fails(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await stage.speak_of_suicide(ana)
    await stage.superuser.execute("REVOKE UPDATE ON delivery FROM pager")
    loop = asyncio.create_task(keep_lane(stage.lanes[0]))
    await asyncio.sleep(0)
    await stage.superuser.execute("GRANT UPDATE ON delivery TO pager")

    stage.lanes[0].wake.set()
    assert len(await phone.wait()) == 1

    await stage.lanes[0].finish(within_seconds=5)
    await loop


async def test_a_clock_that_falls_back_delays_no_page(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    stage.board.floor.learn(await stage.clock.now())

    await stage.clock.advance(minutes=-10)
    stage.board.floor.learn(await stage.clock.now())
    await stage.superuser.execute(
        "UPDATE alert SET next_step_at = next_step_at - interval '5 seconds' WHERE id = $1", alert
    )
    await stage.page()

    phone.expect()
    assert stage.board.floor.fell_back


async def test_a_clock_that_fell_back_makes_no_ladder_spin(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    stage.board.floor.learn(await stage.clock.now())
    await stage.clock.advance(hours=-1)
    await stage.speak_of_suicide(ana)

    for _ in range(5):
        await stage.page()

    phone.expect(1)


async def test_a_page_that_an_acknowledgement_left_behind_is_not_claimed(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    alert = await stage.speak_of_suicide(ana)
    stage.lanes[0].slots = 0
    await stage.begin()
    await stage.superuser.execute(
        "UPDATE alert SET state = 'acked', acked_by = $2, acked_at = app_now(),"
        " action_due_at = app_now() + interval '30 minutes',"
        " next_step_at = app_now() + interval '30 minutes' WHERE id = $1",
        alert,
        dr_bo.id,
    )

    await stage.later(seconds=25)

    stage.inbox("bo").expect(0)
    assert await claims(stage) == []
