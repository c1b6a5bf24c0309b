"""A handset that was a colleague's: pages go on to the colleague until the new owner echoes."""

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from uuid import UUID

import httpx
import pytest

from models.ids import uuid7
from models.session import Connection
from tests.cast import Person, Ward
from tests.scenarios.process import Surroundings, running_pager
from tests.scenarios.road import Road, closed_road, open_road, refusal
from tests.scenarios.ward import Stage
from worker.channels.port import Channel
from worker.echo import LONGEST_REST_SECONDS, EchoLane, echo_lane
from worker.fcm_emulator import Fault, Step

_handsets = itertools.count(1)


@dataclass(slots=True)
class Watch:
    """A clock that shows what it is set to: how long the pager rests is no matter of rows."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


@dataclass(slots=True, kw_only=True)
class Handset:
    """One phone that has been handed on: a push registration and two people who claim it."""

    stage: Stage
    api: httpx.AsyncClient
    watch: Watch
    lane: EchoLane
    fid: str = field(default_factory=lambda: f"fid-of-handset-{next(_handsets):05}")
    seen: int = 0

    async def register(self, who: Person, installation: UUID) -> str:
        """Start the app as somebody; returns what it says of its pushes."""
        body = {"platform": "android", "fid": self.fid}
        answer = await self.api.put(f"/v1/devices/{installation}", json=body, headers=who.headers)
        assert answer.status_code in {200, 201}
        return str(answer.json()["push"])

    async def confirm(self, who: Person, installation: UUID, nonce: str) -> httpx.Response:
        """Echo what was pushed."""
        return await self.api.post(
            f"/v1/devices/{installation}/confirm", json={"nonce": nonce}, headers=who.headers
        )

    async def page(self) -> None:
        """Let the pager do everything that is due now, nonces too."""
        await self.stage.page()
        await self.lane.run_pass()

    def shown(self, kind: str) -> list[str]:
        """Look at the screen: the handles of one kind of page since the last look."""
        phones = self.stage.emulator.phones
        pushes = [p.message["data"] for p in phones.pushes(self.fid, since=self.seen)]
        self.seen = phones.last
        assert {data["k"] for data in pushes} <= {kind}
        return [data["i"] for data in pushes]

    def over(self, *roads: Channel) -> EchoLane:
        """Make a lane over other channels, with the same watch."""
        channels = {road.name: road for road in roads}
        board = replace(self.stage.board, channels=channels)
        return EchoLane(
            name="echo", board=board, pool=self.lane.pool, lowest_rank=0, slots=4, clock=self.watch
        )


@pytest.fixture
async def eve(ward: Ward) -> Person:
    """Meet the colleague who had the handset before."""
    return await ward.practitioner("eve")


@pytest.fixture
def handset(stage: Stage, api: httpx.AsyncClient) -> Handset:
    """Take the handset, and a pager that also pushes nonces."""
    watch = Watch()
    lane = echo_lane(stage.board, stage.lanes[1].pool)
    lane.clock = watch
    return Handset(stage=stage, api=api, watch=watch, lane=lane, seen=stage.emulator.phones.last)


@pytest.fixture
async def handed_on(handset: Handset, eve: Person, dr_bo: Person) -> UUID:
    """Let dr_bo take over eve's handset, as far as dr_bo alone can: returns the installation."""
    assert await handset.register(eve, uuid7()) == "live"
    mine = uuid7()
    assert await handset.register(dr_bo, mine) == "pending"
    return mine


async def live_owner(superuser: Connection) -> list[UUID]:
    """Read who is rung on a handset, of all there are."""
    rows = await superuser.fetch(
        "SELECT d.practitioner_id FROM device d JOIN endpoint e ON e.device_id = d.id"
        " WHERE d.push_hmac IS NOT NULL AND d.disabled_at IS NULL AND e.disabled_at IS NULL"
    )
    return [row["practitioner_id"] for row in rows]


async def test_d02_the_new_owner_echoes_the_push_and_is_rung_from_then_on(
    handset: Handset, handed_on: UUID, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await handset.page()
    [nonce] = handset.shown("t")

    answer = await handset.confirm(dr_bo, handed_on, nonce)
    await handset.stage.speak_of_suicide(ana)
    await handset.page()

    assert answer.json()["push"] == "live"
    assert await live_owner(superuser) == [dr_bo.id]
    assert len(handset.shown("u")) == 1
    await handset.stage.check()


@pytest.mark.usefixtures("handed_on")
async def test_d02_without_an_echo_the_old_owner_stays_on_call(
    handset: Handset, ward: Ward, eve: Person, superuser: Connection
) -> None:
    theirs = await ward.patient("may", eve)
    await handset.page()
    assert len(handset.shown("t")) == 1

    await handset.stage.speak_of_suicide(theirs)
    await handset.page()

    assert await live_owner(superuser) == [eve.id]
    assert len(handset.shown("u")) == 1


@pytest.mark.usefixtures("handed_on")
async def test_d02_the_new_owner_is_not_rung_before_the_echo(handset: Handset, ana: Person) -> None:
    await handset.page()
    handset.shown("t")

    await handset.stage.speak_of_suicide(ana)
    await handset.page()

    assert handset.shown("u") == []


async def test_d02_a_guessed_echo_moves_nothing(
    handset: Handset, handed_on: UUID, dr_bo: Person, eve: Person, superuser: Connection
) -> None:
    await handset.page()

    answer = await handset.confirm(dr_bo, handed_on, "A" * 22)

    assert answer.is_client_error
    assert await live_owner(superuser) == [eve.id]


async def test_d02_the_running_pager_pushes_the_nonce_as_soon_as_it_is_asked_for(
    handset: Handset, around: Surroundings, eve: Person, dr_bo: Person
) -> None:
    phones, mine = handset.stage.emulator.phones, uuid7()
    async with running_pager(around) as pager:
        await handset.register(eve, uuid7())
        await handset.register(dr_bo, mine)
        assert await phones.wait(handset.fid, since=handset.seen) != []
        [nonce] = handset.shown("t")
        answer = await handset.confirm(dr_bo, mine, nonce)

        assert answer.json()["push"] == "live"
        assert await pager.stop() == 0


@pytest.mark.usefixtures("handed_on")
async def test_d02_the_nonce_is_pushed_once(handset: Handset) -> None:
    for _ in range(3):
        await handset.page()

    assert len(handset.shown("t")) == 1


async def test_d02_the_app_that_asks_again_gets_another_nonce(
    handset: Handset, handed_on: UUID, dr_bo: Person
) -> None:
    await handset.page()
    await handset.register(dr_bo, handed_on)
    await handset.page()

    first, second = handset.shown("t")
    assert first != second
    assert (await handset.confirm(dr_bo, handed_on, first)).is_client_error
    assert (await handset.confirm(dr_bo, handed_on, second)).json()["push"] == "live"


@pytest.mark.usefixtures("handed_on")
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.INTERNAL, Fault.UNAUTHENTICATED])
async def test_d02_a_provider_that_fails_is_tried_again(handset: Handset, fault: Fault) -> None:
    handset.stage.emulator.script(handset.fid, Step(do=fault))
    await handset.page()
    assert handset.shown("t") == []

    handset.watch.seconds += LONGEST_REST_SECONDS
    await handset.page()

    assert len(handset.shown("t")) == 1


@pytest.mark.usefixtures("handed_on")
async def test_d02_a_registration_that_is_gone_is_not_tried_again(handset: Handset) -> None:
    handset.stage.emulator.script(handset.fid, Step(do=Fault.UNREGISTERED))
    await handset.page()

    handset.watch.seconds += LONGEST_REST_SECONDS
    await handset.page()

    assert len(handset.stage.emulator.phones.calls(handset.fid)) == 1


@pytest.mark.usefixtures("handed_on")
async def test_d02_after_an_hour_nothing_is_pushed_any_more(handset: Handset) -> None:
    await handset.stage.clock.advance(minutes=61)

    await handset.page()

    assert handset.shown("t") == []


async def test_d02_another_clinics_token_is_another_matter(
    handset: Handset, eve: Person, dr_cy: Person, superuser: Connection
) -> None:
    await handset.register(eve, uuid7())

    assert await handset.register(dr_cy, uuid7()) == "live"
    await handset.page()

    assert handset.shown("t") == []
    assert set(await live_owner(superuser)) == {eve.id, dr_cy.id}


@pytest.mark.usefixtures("handed_on")
@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("throttled", True),
        ("transient", True),
        ("unknown", True),
        ("config", True),
        ("invalid_endpoint", False),
        ("permanent", False),
        ("accepted", False),
    ],
)
async def test_what_may_still_arrive_is_pushed_again_and_nothing_else(
    handset: Handset, kind: str, *, again: bool
) -> None:
    road = open_road("push", refusal(kind))
    lane = handset.over(road)
    await lane.run_pass()

    handset.watch.seconds += LONGEST_REST_SECONDS
    await lane.run_pass()

    assert len(road.pages) == 1 + again
    assert len({page.handle for page in road.pages}) == 1


async def failing(handset: Handset, times: int) -> tuple[EchoLane, Road]:
    """Make a lane whose push channel fails so often before it works."""
    road = open_road("push", *(refusal("transient") for _ in range(times)))
    return handset.over(road), road


@pytest.mark.usefixtures("handed_on")
async def test_a_lane_rests_longer_after_each_failure(handset: Handset) -> None:
    lane, road = await failing(handset, 3)
    rests: list[float] = []
    for _ in range(3):
        await lane.run_pass()
        rests.append(lane.rests_until - handset.watch.seconds)
        handset.watch.seconds = lane.rests_until

    await lane.run_pass()

    assert rests == [1, 2, 4]
    assert len(road.pages) == 4
    assert lane.rest_seconds == 1


@pytest.mark.usefixtures("handed_on")
async def test_a_lane_that_rests_claims_nothing(handset: Handset) -> None:
    lane, road = await failing(handset, 1)
    await lane.run_pass()

    handset.watch.seconds = lane.rests_until - 0.1
    await lane.run_pass()

    assert len(road.pages) == 1


@pytest.mark.usefixtures("handed_on")
async def test_a_broken_adapter_costs_one_attempt(handset: Handset) -> None:
    road = open_road("push", RuntimeError("broken"))
    lane = handset.over(road)
    await lane.run_pass()

    handset.watch.seconds += LONGEST_REST_SECONDS
    await lane.run_pass()

    assert len(road.pages) == 2


@pytest.mark.usefixtures("handed_on")
async def test_without_a_push_channel_the_nonce_waits(handset: Handset) -> None:
    await handset.over(open_road("mail")).run_pass()

    await handset.page()

    assert len(handset.shown("t")) == 1


@pytest.mark.usefixtures("handed_on")
async def test_two_pagers_push_a_nonce_once(handset: Handset) -> None:
    road = open_road("push")
    one, two = handset.over(road), handset.over(road)

    await one.run_pass()
    await two.run_pass()

    assert len(road.pages) == 1


@pytest.mark.usefixtures("handed_on")
async def test_an_end_in_good_order_waits_for_the_call_in_flight(handset: Handset) -> None:
    road = closed_road("push")
    lane = handset.over(road)
    passing = asyncio.create_task(lane.run_pass())
    await road.called.wait()

    await lane.finish(within_seconds=0.01)
    assert not lane.at_rest.is_set()
    road.gate.set()
    await lane.finish(within_seconds=30)

    await passing
    assert lane.at_rest.is_set()
    assert lane.closing.is_set()


@pytest.mark.usefixtures("handed_on")
async def test_what_is_pushed_says_nothing_but_test(handset: Handset) -> None:
    road = open_road("push")
    await handset.over(road).run_pass()

    [page] = road.pages
    assert page.kind == "test"
    assert page.link.endswith(f"/a/{page.handle}")
