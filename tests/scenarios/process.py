"""The worker as it really runs: processes with an environment, signals and exit codes."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cast import REPOSITORY, ROOT_KEY, Database
from tests.scenarios.ward import PATIENCE_SECONDS, until
from worker.fcm_emulator import Emulator, Mailbox

NOWHERE = "redis://:x@127.0.0.1:1"
"""Where nothing listens: whoever needs Redis finds none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a worker is told about the world."""

    database: Database
    emulator: Emulator
    mailbox: Mailbox
    folder: Path
    redis_url: str = NOWHERE

    def environment(self, **more: str) -> Mapping[str, str]:
        """Return the settings of a worker as environment variables."""
        credentials = self.folder / "fcm.json"
        if not credentials.exists():
            credentials.touch(mode=0o600)
            credentials.write_text(json.dumps(self.emulator.account))
        given = {
            "ENV": "test",
            "DATABASE_URL": self.database.app,
            "PAGER_DATABASE_URL": self.database.pager,
            "REDIS_URL": self.redis_url,
            "ROOT_KEY": base64.b64encode(ROOT_KEY).decode(),
            "PUBLIC_URL": "http://localhost:8000",
            "FCM_CREDENTIALS_FILE": str(credentials),
            "FCM_URL": self.emulator.url,
            "SMTP_URL": f"smtp://localhost:{self.mailbox.port}",
            **more,
        }
        kept = {name: value for name, value in os.environ.items() if "AFTERGLOW" not in name}
        return kept | {f"AFTERGLOW_{name}": value for name, value in given.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One process and what it wrote."""

    process: asyncio.subprocess.Process
    log: Path

    def events(self) -> list[str]:
        """Return the names of the lines written so far."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]

    async def wait_for(self, event: str, *, count: int = 1) -> None:
        """Return once it has written a line of this name so often."""
        await until(lambda: self.events().count(event) >= count)

    async def ended(self) -> int:
        """Return its exit code once it is gone."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()

    async def stop(self, name: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(name)
        return await self.ended()


@pytest.fixture
def around(
    database: Database, emulator: Emulator, mailbox: Mailbox, tmp_path: Path
) -> Surroundings:
    """Tell a worker about this test's database and providers."""
    return Surroundings(database=database, emulator=emulator, mailbox=mailbox, folder=tmp_path)


def children_of(pid: int) -> dict[str, int]:
    """Return the processes somebody started, by the module they run."""
    found: dict[str, int] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if f"PPid:\t{pid}\n" in status.read_text():
                words = (status.parent / "cmdline").read_bytes().decode().split("\0")
                if len(words) > 1:  # a process that is dead and not yet reaped has none
                    found[words[-2]] = int(status.parent.name)
    return found


@asynccontextmanager
async def running(module: str, around: Surroundings, **settings: str) -> AsyncIterator[Running]:
    """Run a module of the program; whatever is left at the end is killed."""
    log = around.folder / f"{module}-{len([*around.folder.iterdir()])}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            cwd=REPOSITORY,
            env=around.environment(**settings),
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield Running(process=process, log=log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def running_pager(around: Surroundings, **settings: str) -> AsyncIterator[Running]:
    """Run a pager that is ready."""
    async with running("worker.pager", around, **settings) as pager:
        await pager.wait_for("pager.started")
        yield pager
