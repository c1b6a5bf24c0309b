"""Pagers are replaced and killed while people write: nothing is lost, little comes twice."""

import asyncio
import random
import signal
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from tests.cast import Person, Ward
from tests.scenarios.process import Running, Surroundings, running_pager
from tests.scenarios.ward import Phone, Stage, until

pytestmark = pytest.mark.nightly

SEEDS = (1, 2, 3)


async def speak(stage: Stage, ward: Ward, doctor: Person, count: int) -> set[UUID]:
    """Raise one emergency each for so many patients, one after the other."""
    return {
        await stage.speak_of_suicide(await ward.patient(f"patient-{n}", doctor))
        for n in range(count)
    }


async def all_rung(stage: Stage, alerts: set[UUID]) -> bool:
    await stage.clock.advance(seconds=1)
    rows = await stage.superuser.fetch(
        "SELECT DISTINCT alert_id FROM delivery WHERE channel = 'push' AND state = 'accepted'"
    )
    return {row["alert_id"] for row in rows} >= alerts


def repeats(phone: Phone) -> int:
    """Count the calls beyond one for each page."""
    handles = [call.message["data"]["i"] for call in phone.calls]
    return len(handles) - len(set(handles))


async def test_a_rolling_restart_loses_nothing_and_repeats_nothing(
    stage: Stage, around: Surroundings, ward: Ward, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    async with AsyncExitStack() as open_now:
        old = await open_now.enter_async_context(running_pager(around))
        writing = asyncio.create_task(speak(stage, ward, dr_bo, 60))
        for _ in range(3):
            new = await open_now.enter_async_context(running_pager(around))
            assert await old.stop(signal.SIGTERM) == 0
            old = new
        alerts = await writing
        await until(lambda: all_rung(stage, alerts))
        assert await old.stop() == 0

    assert repeats(phone) == 0
    await stage.check()


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_kills_lose_nothing(
    stage: Stage, around: Surroundings, ward: Ward, dr_bo: Person, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 # a run that failed can be run again
    phone = await stage.phone(dr_bo)
    kills = 0
    async with AsyncExitStack() as open_now:
        pagers: list[Running] = [
            await open_now.enter_async_context(running_pager(around)) for _ in range(2)
        ]
        writing = asyncio.create_task(speak(stage, ward, dr_bo, 80))
        while not writing.done():
            victim = chance.randrange(2)
            await asyncio.wait([writing], timeout=chance.uniform(0.2, 1))
            await pagers[victim].stop(signal.SIGKILL)
            kills += 1
            pagers[victim] = await open_now.enter_async_context(running_pager(around))
        alerts = writing.result()
        await until(lambda: all_rung(stage, alerts))

    assert repeats(phone) <= kills * 16
    await stage.check()
