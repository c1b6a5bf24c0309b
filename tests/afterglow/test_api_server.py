"""`afterglow api`: several processes on one socket, that start or say why not."""

import base64
import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from afterglow.api_server import ROOT
from afterglow.engines import Engines
from afterglow.parts import answers
from afterglow.ports import free_port
from afterglow.readiness import pager_is_well
from tests.cast import Database, Ward

LINUX = sys.platform == "linux"
PATIENCE_SECONDS = 60
PROCESSES = 2


@pytest.fixture
def environment(database: Database, engines: Engines, root_key: str) -> dict[str, str]:
    ours = {
        "ENV": "test",
        "DATABASE_URL": database.app,
        "REDIS_URL": engines.redis_url,
        "ROOT_KEY": root_key,
        "API_PROCESSES": str(PROCESSES),
    }
    others = {n: v for n, v in os.environ.items() if not n.startswith("AFTERGLOW_")}
    return others | {f"AFTERGLOW_{name}": value for name, value in ours.items()}


@contextlib.contextmanager
def api(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "afterglow", "api", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def wait_until_ready(process: subprocess.Popen[str], port: int) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not answers(port, "/health/ready"):
        assert process.poll() is None
        assert time.monotonic() < ends_at
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


def children_of(pid: int) -> set[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in listed.split()}


def refusal(environment: dict[str, str], port: int) -> tuple[int, str]:
    with api(environment, port) as process:
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, told


@pytest.mark.skipif(not LINUX, reason="reads /proc")
async def test_several_processes_serve_one_socket(environment: dict[str, str]) -> None:
    port = free_port()
    with api(environment, port) as process:
        wait_until_ready(process, port)
        started = children_of(process.pid)
        process.terminate()
        process.wait(PATIENCE_SECONDS)

    assert len(started) == PROCESSES
    assert process.returncode == 0


async def test_an_answer_under_way_is_finished_before_it_stops(
    environment: dict[str, str],
) -> None:
    port = free_port()
    with api(environment, port) as process:
        wait_until_ready(process, port)
        connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE_SECONDS)
        connection.putrequest("POST", "/v1/sync")
        connection.putheader("Content-Length", "2")
        connection.putheader("Content-Type", "application/json")
        connection.endheaders(b"{")  # half a body: the server waits for the rest
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        connection.send(b"}")
        status = connection.getresponse().status
        connection.close()

    assert status == http.client.UNAUTHORIZED
    assert process.returncode == 0


async def test_another_root_key_ends_the_start(environment: dict[str, str], ward: Ward) -> None:
    del ward  # there is something that the key does not open
    other = base64.b64encode(secrets.token_bytes(32)).decode()
    code, told = refusal(environment | {"AFTERGLOW_ROOT_KEY": other}, free_port())

    assert code == 1
    assert "API process" in told
    assert "ended with" in told
    assert other not in told


async def test_a_database_that_is_away_ends_the_start(environment: dict[str, str]) -> None:
    nowhere = "postgresql://app:hunter2@/afterglow?host=/nonexistent"
    code, told = refusal(environment | {"AFTERGLOW_DATABASE_URL": nowhere}, free_port())

    assert code == 1
    assert "hunter2" not in told


async def test_a_taken_port_is_told_in_a_sentence(environment: dict[str, str]) -> None:
    port = free_port()
    with api(environment, port) as first:
        wait_until_ready(first, port)
        code, told = refusal(environment, port)

    assert code == 1
    assert told == f"Error: Cannot listen on localhost, port {port}: Address already in use.\n"


async def test_bad_settings_end_the_start_before_anything_listens(
    environment: dict[str, str],
) -> None:
    code, told = refusal(environment | {"AFTERGLOW_API_PROCESSES": "0"}, free_port())

    assert code == 78
    assert told.startswith("AFTERGLOW_API_PROCESSES input should be greater than")


@pytest.fixture
async def pager_url(database: Database) -> AsyncIterator[str]:
    yield database.pager
    assert not await pager_is_well(database.pager)  # a clean stop takes its heartbeat along


async def test_the_worker_answers_its_health_check_while_it_runs(
    environment: dict[str, str], pager_url: str
) -> None:
    ours = {"AFTERGLOW_PAGER_DATABASE_URL": pager_url, "AFTERGLOW_FCM_ENABLED": "false"}
    worker = [sys.executable, "-m", "afterglow", "worker"]
    running = subprocess.Popen(  # it runs beside this test
        worker, cwd=ROOT, env=environment | ours, stderr=subprocess.DEVNULL
    )
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (well := await pager_is_well(pager_url)) and time.monotonic() < ends_at:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.05)  # nothing else runs on this loop
    check = subprocess.run(  # likewise
        [*worker, "--check"], cwd=ROOT, env=environment | ours, check=False
    )
    running.send_signal(signal.SIGINT)
    running.wait(PATIENCE_SECONDS)  # likewise

    assert well
    assert check.returncode == 0
    assert running.returncode == 0
