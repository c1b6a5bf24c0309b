"""The API as a process of its own, which can be killed."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.cast import REPOSITORY, Database

READY_SECONDS = 30
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiProcess:
    """A running API and a client of it."""

    process: subprocess.Popen[bytes]
    client: httpx.AsyncClient


def environment(database: Database, redis_url: str, root_key: str, fail_at: str) -> dict[str, str]:
    """Describe the system to the process."""
    return {
        **os.environ,
        "AFTERGLOW_ENV": "test",
        "AFTERGLOW_DATABASE_URL": database.app,
        "AFTERGLOW_REDIS_URL": redis_url,
        "AFTERGLOW_ROOT_KEY": root_key,
        "AFTERGLOW_FAIL_AT": fail_at,
        "PYTHONPATH": str(REPOSITORY),
    }


@asynccontextmanager
async def api_process(
    described: dict[str, str], *, log: Path = Path(os.devnull)
) -> AsyncGenerator[ApiProcess]:
    """Run one server process on one socket until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    described = {**described, "AFTERGLOW_PUBLIC_URL": f"http://localhost:{port}"}
    command = f"from afterglow.api_server import run_process; run_process([{listening.fileno()}])"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [sys.executable, "-c", command],
            env=described,
            cwd=REPOSITORY,
            pass_fds=[listening.fileno()],
            stdout=lines,
            stderr=subprocess.STDOUT,
        )
    listening.close()
    try:
        async with httpx.AsyncClient(base_url=f"http://localhost:{port}", timeout=10) as client:
            await wait_until_ready(client, process)
            yield ApiProcess(process=process, client=client)
    finally:
        process.kill()
        process.wait()


async def wait_until_ready(client: httpx.AsyncClient, process: subprocess.Popen[bytes]) -> None:
    """Return once the process answers."""
    async with asyncio.timeout(READY_SECONDS):
        while process.poll() is None:
            try:
                if (await client.get("/health/ready")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(POLL_SECONDS)
    raise AssertionError("the API ended before it was ready")
