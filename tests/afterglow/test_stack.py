"""The whole system starts on free ports and leaves nothing behind, however it ends."""

import contextlib
import http.client
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from afterglow.child import EngineFailed
from afterglow.engines import Engines
from afterglow.parts import ROOT
from afterglow.stack import running_stack
from models.session import Connection
from settings import EngineSettings

LINUX = sys.platform == "linux"
PATIENCE_SECONDS = 60
ADDRESS = re.compile(r"(API|phones and mailbox) +http://localhost:([0-9]+)")


def tree(root: int) -> set[int]:
    """Return a process and everything it started, through all generations."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def alive_after(pids: set[int], seconds: float) -> set[int]:
    """Return who is still there, waiting for the kernel's notice of each end."""
    handles: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            handles[os.pidfd_open(pid)] = pid
    ends_at = time.monotonic() + seconds
    ended: set[int] = set()
    while len(ended) < len(handles) and (left := ends_at - time.monotonic()) > 0:
        ended.update(select.select([*set(handles) - ended], [], [], left)[0])
    for handle in handles:
        os.close(handle)
    return {pid for handle, pid in handles.items() if handle not in ended}


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@dataclass
class Running:
    """`afterglow up` in a terminal of its own."""

    process: subprocess.Popen[str]
    data_dir: Path
    told: str
    ports: dict[str, int]

    def status(self, part: str, path: str) -> int:
        connection = http.client.HTTPConnection(
            "localhost", self.ports[part], timeout=PATIENCE_SECONDS
        )
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status


def start(data_dir: Path, **settings: str) -> Running:
    """Start it and read until it has told its addresses."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("AFTERGLOW_")}
    environment |= {f"AFTERGLOW_{name}": value for name, value in settings.items()}
    options = ["--port", "0", "--emulator-port", "0", "--smtp-port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "afterglow", "up", "--data-dir", str(data_dir), *options],
        cwd=ROOT,
        env=environment | {"COLUMNS": "200"},
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    told = ""
    while "data, keys, logs" not in told:
        line = process.stderr.readline()
        assert line, f"ended early: {told}"
        told += line
    ports = {part: int(port) for part, port in ADDRESS.findall(told)}
    return Running(process=process, data_dir=data_dir, told=told, ports=ports)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Hold one data folder, so that only the first start is cold."""
    path = Path(tempfile.mkdtemp(prefix="ag-"))
    path.chmod(0o755)
    yield path / "data"
    shutil.rmtree(path)


@contextlib.contextmanager
def started(folder: Path, **settings: str) -> Iterator[Running]:
    stack = start(folder, **settings)
    try:
        yield stack
    finally:
        stack.process.terminate()
        stack.process.wait(PATIENCE_SECONDS)
        if stack.process.stderr is not None:
            stack.process.stderr.close()


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Running]:
    """Share one among the tests that leave it running."""
    with started(folder) as stack:
        yield stack


@pytest.fixture
def doomed(data_dir: Path) -> Iterator[Running]:
    """Start one that the test stops."""
    with started(data_dir) as stack:
        yield stack


pytestmark = pytest.mark.skipif(not LINUX, reason="reads /proc")


def test_serves_and_tells_each_step_with_its_time(running: Running) -> None:
    steps = re.findall(r"^ +[0-9.]+ s  (.+)$", running.told, re.MULTILINE)

    assert steps == [
        "engines",
        "migrations",
        "demo clinic",
        "push and mail emulator",
        "API and worker",
    ]
    assert running.status("API", "/health/ready") == http.client.OK
    assert running.status("phones and mailbox", "/") == http.client.OK


def test_never_names_an_address_by_number(running: Running) -> None:
    assert "127.0.0.1" not in running.told
    assert running.ports.keys() == {"API", "phones and mailbox"}


def test_keeps_its_secrets_to_itself(running: Running) -> None:
    for name in ("root_key", "passwords.json", "fcm.json"):
        assert (running.data_dir / name).stat().st_mode & 0o077 == 0
    key = (running.data_dir / "root_key").read_text()
    command_lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in tree(running.process.pid)]

    assert not [line for line in command_lines if key in line]


def test_the_api_is_not_told_the_pagers_password(running: Running) -> None:
    api = [
        environment
        for pid in tree(running.process.pid)
        if "afterglow.api_server" in Path(f"/proc/{pid}/cmdline").read_text()
        and (environment := Path(f"/proc/{pid}/environ").read_text())
    ]

    assert api
    assert all("AFTERGLOW_DATABASE_URL=" in environment for environment in api)
    assert not [e for e in api if "PAGER_DATABASE_URL" in e or "OWNER_DATABASE_URL" in e]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_everything_when_told_to(
    doomed: Running, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = tree(doomed.process.pid)
    begun = time.monotonic()
    doomed.process.send_signal(number)
    doomed.process.wait(PATIENCE_SECONDS)
    with capsys.disabled():
        sys.stdout.write(f"{number.name}: stopped after {time.monotonic() - begun:.2f} s\n")

    assert len(everybody) > 8
    assert doomed.process.returncode == 0
    assert alive_after(everybody, 0) == set()


def test_killing_it_leaves_no_process(doomed: Running) -> None:
    everybody = tree(doomed.process.pid)
    doomed.process.kill()

    assert len(everybody) > 8
    assert alive_after(everybody, 5) == set()


def test_a_server_process_that_dies_is_replaced(running: Running) -> None:
    servers = [
        pid
        for pid in tree(running.process.pid)
        if "afterglow.api_server" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    for pid in servers:
        os.kill(pid, signal.SIGKILL)

    assert alive_after(set(servers), 5) == set()
    assert running.status("API", "/health/ready") == http.client.OK  # waits in the socket's queue


def test_two_stand_side_by_side(running: Running, data_dir: Path) -> None:
    with started(data_dir) as other:
        served = other.status("API", "/health/ready")

    assert served == http.client.OK
    assert set(other.ports.values()).isdisjoint(running.ports.values())
    assert running.process.poll() is None


async def test_uses_the_engines_it_is_given(
    engines: Engines, data_dir: Path, superuser: Connection
) -> None:
    await superuser.execute("CREATE DATABASE outside_stack OWNER owner")
    with started(
        data_dir,
        DATABASE_URL=engines.postgres.url("app", "outside_stack"),
        PAGER_DATABASE_URL=engines.postgres.url("pager", "outside_stack"),
        OWNER_DATABASE_URL=engines.postgres.url("owner", "outside_stack"),
        REDIS_URL=engines.redis_url,
    ) as stack:
        served = stack.status("API", "/health/ready")
        made = names_in(data_dir)
    await superuser.execute("DROP DATABASE outside_stack WITH (FORCE)")

    assert served == http.client.OK
    assert not made & {"postgres", "run"}


def test_half_a_set_of_outside_addresses_is_refused(data_dir: Path) -> None:
    settings = EngineSettings(
        data_dir=data_dir, database_url=SecretStr("postgresql://app@db/afterglow")
    )

    with pytest.raises(EngineFailed, match="needs all of"), running_stack(settings):
        pass
    with Engines.start(data_dir, durable=False) as free_again:
        assert not free_again.postgres.child.ended()
