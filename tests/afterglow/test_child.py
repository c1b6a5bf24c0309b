"""Our children tell when they fail, stop when asked, and die with us."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from afterglow.child import EngineFailed, start_child
from afterglow.engines import Engines
from tests.cast import run_sql

ROOT = Path(__file__).parents[2]
LINUX = sys.platform == "linux"
SUPERVISOR = """
import sys
from pathlib import Path
from afterglow.engines import Engines
from tests.cast import run_sql
engines = Engines.start(Path(sys.argv[1]))
print(engines.postgres.child.pid, engines.valkey.child.pid, flush=True)
sys.stdin.read()
"""


def descendants(*parents: int) -> set[int]:
    """Return the processes and all they started."""
    found = set(parents)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) in parents:
                found.add(int(status.parent.name))
    return found


def wait_for_end(pid: int, seconds: float) -> bool:
    """Say whether the process ends in time, by the kernel's own notice."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


@pytest.mark.skipif(not LINUX, reason="other systems do not tell a child that its parent died")
def test_killing_the_supervisor_leaves_no_process(data_dir: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with supervisor:
        assert supervisor.stdout is not None
        engines = [int(pid) for pid in supervisor.stdout.readline().split()]
        started = descendants(*engines)
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()

        assert len(started) > len(engines)
        assert [pid for pid in started if not wait_for_end(pid, 5)] == []
    with Engines.start(data_dir, durable=False) as again:
        assert not again.postgres.child.ended()


def test_a_process_that_ends_while_starting_is_told(data_dir: Path) -> None:
    data_dir.mkdir()
    child = start_child("doomed", ["/bin/false"], log=data_dir / "log", environment={})

    with pytest.raises(EngineFailed, match="doomed ended while starting"):
        child.wait_until(lambda: False, patience_seconds=5)


def test_a_process_that_is_never_ready_is_stopped(data_dir: Path) -> None:
    data_dir.mkdir()
    child = start_child("mute", ["/bin/sleep", "60"], log=data_dir / "log", environment={})

    with pytest.raises(EngineFailed, match="mute was not ready in time"):
        child.wait_until(lambda: False, patience_seconds=0)
    assert child.ended()


def test_a_process_out_of_time_gets_its_hard_signal_first(data_dir: Path) -> None:
    data_dir.mkdir()
    told = data_dir / "log"
    # Not a shell: where these tests run in the background, no shell can trap SIGQUIT.
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "signal.signal(signal.SIGQUIT, lambda *_: sys.exit(7)); "
        "print('deaf', flush=True); time.sleep(60)"
    )
    child = start_child(
        "careful",
        [sys.executable, "-c", script],
        log=told,
        environment={"PATH": "/usr/bin:/bin"},
        hard_signal=signal.SIGQUIT,
    )
    child.wait_until(lambda: "deaf" in told.read_text(), patience_seconds=5)

    assert child.stop(patience_seconds=1) == 7


async def test_a_database_out_of_time_loses_nothing(data_dir: Path) -> None:
    with Engines.start(data_dir) as engines:
        await run_sql(engines.owner_database_url, "CREATE TABLE kept AS SELECT 7 AS n")
        engines.postgres.child.stop(patience_seconds=0)
    with Engines.start(data_dir) as engines:
        await run_sql(engines.owner_database_url, "SELECT n FROM kept")


def test_a_process_that_will_not_stop_is_killed(data_dir: Path) -> None:
    data_dir.mkdir()
    told = data_dir / "log"
    deaf = ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do read line; done"]
    child = start_child("deaf", deaf, log=told, environment={}, stdin=subprocess.PIPE)
    child.wait_until(lambda: "deaf" in told.read_text(), patience_seconds=5)
    child.ask_to_stop()

    assert child.wait(patience_seconds=0.05) == -signal.SIGKILL
    assert child.process.stdin is not None
    child.process.stdin.close()
