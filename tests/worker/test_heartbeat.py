"""The heart: a row every ten seconds, and a call to the outside only while all is well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import pytest

from models.cipher import Keyring, random_key
from tests.cast import Person
from tests.scenarios.road import closed_road
from tests.scenarios.ward import Stage, until
from worker.emulator.wire import LoopbackServer, Request, Response, http_server
from worker.heartbeat import Heart, LagMeter, own_version
from worker.listener import Listener


@dataclass
class Switch:
    """A dead man's switch: notes every call."""

    calls: list[str] = field(default_factory=list[str])
    status: int = 200
    server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = http_server(self._answer)

    async def _answer(self, request: Request) -> Response:
        self.calls.append(request.path)
        return Response(status=self.status)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/alive"


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    switch = Switch()
    async with switch.server:
        yield switch


@pytest.fixture
def heart(stage: Stage, switch: Switch) -> Heart:
    listener = Listener(url="", wake=lambda: None, learn=stage.board.floor.learn, is_listening=True)
    return Heart(board=stage.board, pool=stage.lanes[1].pool, listener=listener, url=switch.url)


async def test_a_beat_is_a_row_that_is_renewed(stage: Stage, heart: Heart) -> None:
    heart.lag.note(0.012)
    await heart.beat_or_log()
    await stage.clock.advance(seconds=10)
    await heart.beat_or_log()

    (row,) = await stage.superuser.fetch("SELECT *, app_now() - at AS age FROM worker_heartbeat")
    assert row["worker"] == "test"
    assert row["age"].total_seconds() < 5
    assert (row["listen_ok"], row["config_fault"], row["loop_lag_ms"]) == (True, None, 0)
    assert row["version"] == own_version()


async def test_the_outside_is_called_while_all_is_well(heart: Heart, switch: Switch) -> None:
    await heart.beat_or_log()

    assert switch.calls == ["/alive"]


async def test_a_page_that_is_late_silences_the_heart(
    stage: Stage, heart: Heart, switch: Switch, ana: Person
) -> None:
    await stage.speak_of_suicide(ana)
    await stage.clock.advance(seconds=29)
    assert await heart.beat() == []
    await stage.clock.advance(seconds=2)

    await heart.beat_or_log()

    assert await heart.beat() == ["page_late"]
    assert switch.calls == []


async def test_a_delivery_that_is_late_silences_the_heart(
    stage: Stage, heart: Heart, ana: Person, dr_bo: Person
) -> None:
    alert = await stage.speak_of_suicide(ana)
    stage.lanes[0].slots = 0
    await stage.begin()
    await stage.clock.advance(seconds=31)
    assert await heart.beat() == ["page_late"]

    await stage.acknowledge(alert, dr_bo)

    assert await heart.beat() == []


async def test_an_alert_that_nothing_will_ring_silences_the_heart(
    stage: Stage, heart: Heart, ana: Person
) -> None:
    alert = await stage.speak_of_suicide(ana)
    await stage.superuser.execute("UPDATE alert SET next_step_at = NULL WHERE id = $1", alert)

    assert await heart.beat() == ["alert_forgotten"]


async def test_an_ear_that_is_away_for_long_silences_the_heart(heart: Heart) -> None:
    heart.listener.is_listening = False
    assert await heart.beat() == []

    heart.listener.since -= 31

    assert await heart.beat() == ["not_listening"]


async def test_a_clock_that_fell_back_silences_the_heart(stage: Stage, heart: Heart) -> None:
    await heart.beat()
    await stage.clock.advance(minutes=-10)

    assert await heart.beat() == ["clock_fell_back"]


async def test_a_root_key_that_opens_no_address_silences_the_heart(
    stage: Stage, heart: Heart, ana: Person
) -> None:
    heart.board = replace(stage.board, keyring=Keyring(random_key()))

    assert await heart.beat() == ["root_key_wrong"]


async def test_a_wrong_configuration_stands_in_the_row(stage: Stage, heart: Heart) -> None:
    stage.board.config_faults.update(push="UNAUTHENTICATED", mail="smtp.535")
    await heart.beat()

    fault = await stage.superuser.fetchval("SELECT config_fault FROM worker_heartbeat")
    assert fault == "mail:smtp.535,push:UNAUTHENTICATED"


async def test_pages_an_acknowledgement_left_behind_are_cancelled(
    stage: Stage, heart: Heart, ana: Person, dr_bo: Person
) -> None:
    push = closed_road("mail")
    pager = stage.with_channels(push)
    alert = await stage.speak_of_suicide(ana)
    await pager.begin()
    await push.called.wait()
    await stage.superuser.execute(
        "UPDATE alert SET state = 'acked', acked_by = $2, acked_at = app_now() WHERE id = $1",
        alert,
        dr_bo.id,
    )
    await stage.clock.advance(seconds=21)

    await heart.beat()

    (page,) = await stage.pages(alert)
    assert (page["state"], page["outcome"]) == ("cancelled", "lost")
    push.gate.set()
    await pager.end()
    assert (await stage.pages(alert))[0]["state"] == "cancelled"


@pytest.mark.parametrize("status", [500, 404])
async def test_a_switch_that_refuses_does_not_hurt(
    heart: Heart, switch: Switch, status: int
) -> None:
    switch.status = status

    await heart.beat_or_log()

    assert switch.calls == ["/alive"]


async def test_a_database_that_is_away_costs_a_beat_and_no_more(
    stage: Stage, heart: Heart, switch: Switch
) -> None:
    await stage.superuser.execute("REVOKE ALL ON worker_heartbeat FROM pager")
    await heart.beat_or_log()
    await stage.superuser.execute("GRANT ALL ON worker_heartbeat TO pager")
    await heart.beat_or_log()

    assert switch.calls == ["/alive"]


async def test_a_pager_that_stops_leaves_the_list_and_one_that_died_leaves_it_in_a_day(
    stage: Stage, heart: Heart
) -> None:
    await stage.superuser.execute(
        "INSERT INTO worker_heartbeat VALUES ('dead', app_now() - interval '25 hours', 0, 0, true,"
        " NULL, '0')"
    )
    await heart.beat()
    assert await stage.superuser.fetchval("SELECT count(*) FROM worker_heartbeat") == 1

    await heart.stop()

    assert await stage.superuser.fetchval("SELECT count(*) FROM worker_heartbeat") == 0


async def test_the_lag_is_the_worst_since_the_last_look() -> None:
    meter = LagMeter()
    for lag in (0.01, 0.05, 0.02):
        meter.note(lag)

    assert meter.take() == pytest.approx(50)
    assert meter.take() == 0


async def has_a_row(stage: Stage) -> bool:
    return bool(await stage.superuser.fetchval("SELECT count(*) FROM worker_heartbeat"))


async def test_a_running_heart_beats_and_can_be_stopped(stage: Stage, heart: Heart) -> None:
    beating = asyncio.create_task(heart.run())
    await until(lambda: has_a_row(stage))

    beating.cancel()
    await asyncio.wait([beating])
    assert beating.cancelled()


async def beats_of(heart: Heart, within_seconds: float, pause: float) -> int:
    """Count the beats of a heart's first moments, one pause between those that settle nothing."""
    beats = 0

    async def beat() -> list[str]:
        nonlocal beats
        beats += 1
        return ["page_late"] if beats < 3 else []

    with (
        patch.object(Heart, "beat", lambda _: beat()),
        patch("worker.heartbeat.SETTLING_SECONDS", pause),
        suppress(TimeoutError),
    ):
        async with asyncio.timeout(within_seconds):
            await heart.run()
    return beats


async def test_a_start_with_pages_overdue_is_well_as_soon_as_they_are_sent(heart: Heart) -> None:
    assert await beats_of(heart, within_seconds=0.5, pause=0.01) == 3


async def test_a_heart_whose_ear_is_not_open_yet_looks_again_at_once(heart: Heart) -> None:
    heart.listener.is_listening = False
    assert await beats_of(heart, within_seconds=0.5, pause=0.01) > 3


async def test_a_pager_that_does_not_settle_beats_at_the_usual_pace(
    heart: Heart, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart.listener.is_listening = False
    monkeypatch.setattr("worker.heartbeat.BEAT_SECONDS", 0.05)
    assert await beats_of(heart, within_seconds=0.5, pause=0.04) < 13
