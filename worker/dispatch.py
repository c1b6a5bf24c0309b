"""The pager's loop: woken by a commit or the second, it climbs ladders and sends what is due."""

import asyncio
import contextlib
from collections.abc import Sequence

from models.alert import SEVERITY_RANK
from models.session import Pool
from worker.lane import Lane
from worker.log import log
from worker.switchboard import Switchboard

SWEEP_SECONDS = 1.0
"""A pass is run this long after the last one even when nobody calls. Source: escalation.md 4."""
EMERGENCY_SLOTS = 16
OTHER_SLOTS = 8
EMERGENCY_CONNECTIONS = 2
OTHER_CONNECTIONS = 2
"""Slots and connections of the two lanes. Source: escalation.md 4."""
OTHERS_AFTER_SECONDS = 0.05
"""A call wakes the emergencies' lane first; everything else leaves it the processor for so long."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


def emergency_lane(board: Switchboard, pool: Pool) -> Lane:
    """Make the lane that nothing but emergencies may use."""
    return Lane(
        name="emergency",
        board=board,
        pool=pool,
        lowest_rank=SEVERITY_RANK["emergency"],
        slots=EMERGENCY_SLOTS,
    )


def other_lane(board: Switchboard, pool: Pool) -> Lane:
    """Make the lane of everything; it helps with emergencies when it is free."""
    return Lane(name="other", board=board, pool=pool, lowest_rank=0, slots=OTHER_SLOTS)


def wake_in_turn(lanes: Sequence[Lane]) -> None:
    """Have every lane run a pass, the first of them before the others."""
    first, *others = lanes
    first.wake.set()
    for lane in others:
        asyncio.get_running_loop().call_later(OTHERS_AFTER_SECONDS, lane.wake.set)


async def run_until_idle(lanes: Sequence[Lane]) -> None:
    """Run passes until nothing is due and nothing is being sent."""
    busy = True
    while busy:
        for lane in lanes:
            lane.wake.clear()
            await lane.run_pass()
        sending = [task for lane in lanes for task in lane.sending]
        if sending:
            await asyncio.wait(sending)
            await asyncio.sleep(0)  # their callbacks wake the lanes
        busy = any(lane.wake.is_set() for lane in lanes)


async def keep_lane(lane: Lane) -> None:
    """Run passes until the lane is closed; no error ends it."""
    pause = FIRST_PAUSE_SECONDS
    while not lane.closing.is_set():
        lane.wake.clear()
        wait = SWEEP_SECONDS
        try:
            await lane.run_pass()
            pause = FIRST_PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 # the loop outlives whatever a pass meets
            log.error("pager.pass_failed", lane=lane.name, exc_info=error)
            wait, pause = pause, min(pause * 2, LONGEST_PAUSE_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(lane.wake.wait(), wait)
