"""The worker's two processes: started again when they die, gone when they shall be."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cast import Person
from tests.scenarios.process import Running, Surroundings, children_of, running
from tests.scenarios.ward import Stage, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are read from /proc")

BOTH = {"worker.pager", "worker.jobs"}


@pytest.fixture
async def worker(around: Surroundings) -> AsyncIterator[Running]:
    """Run a worker that is ready and pages by mail alone; its jobs find no Redis."""
    async with running("worker.main", around, FCM_ENABLED="false") as worker:
        await worker.wait_for("pager.started")
        await until(lambda: set(children_of(worker.process.pid)) == BOTH)
        yield worker


def pid_of(worker: Running, module: str) -> int:
    return children_of(worker.process.pid).get(module, 0)


async def kill_and_wait_for_another(worker: Running, module: str) -> None:
    first = pid_of(worker, module)
    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(worker, module) not in {0, first})


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_whoever_is_killed_is_started_again_and_pages_go_on(
    worker: Running, stage: Stage, ana: Person
) -> None:
    for module in sorted(BOTH):
        await kill_and_wait_for_another(worker, module)
    await stage.speak_of_suicide(ana)

    assert len(await stage.mailbox.wait("bo@north.example", timeout_seconds=60)) == 1
    assert worker.events().count("worker.process_ended") >= 2


async def test_a_worker_that_is_told_to_stop_leaves_nothing_behind(
    worker: Running, stage: Stage
) -> None:
    children = [*children_of(worker.process.pid).values()]

    assert await worker.stop(signal.SIGTERM) == 0

    assert not any(alive(pid) for pid in children)
    assert await stage.superuser.fetchval("SELECT count(*) FROM worker_heartbeat") == 0


async def test_ctrl_c_ends_it_all(worker: Running) -> None:
    children = [*children_of(worker.process.pid).values()]

    assert await worker.stop(signal.SIGINT) == 0

    assert not any(alive(pid) for pid in children)


async def test_children_die_with_a_supervisor_that_is_killed(worker: Running) -> None:
    children = [*children_of(worker.process.pid).values()]
    worker.process.kill()
    await worker.ended()

    await until(lambda: not any(alive(pid) for pid in children))


async def test_a_wrong_setting_is_one_sentence_without_its_value(around: Surroundings) -> None:
    async with running("worker.main", around, ROOT_KEY="c2hvcnQ=") as worker:
        assert await worker.ended() == 2

    said = worker.log.read_text()
    assert "AFTERGLOW_ROOT_KEY" in said
    assert "c2hvcnQ=" not in said


@pytest.mark.parametrize("setting", ["FAIL_AT", "FCM_URL"])
async def test_what_weakens_a_pager_is_refused_in_production(
    around: Surroundings, setting: str
) -> None:
    given = {"FCM_URL": "", "FAIL_AT": ""} | {setting: "http://localhost:1"}
    async with running("worker.main", around, ENV="prod", **given) as worker:
        assert await worker.ended() == 2

    assert f"AFTERGLOW_{setting} is refused" in worker.log.read_text()
