"""Redis is down, hung or hostile: the pager does not know that there is such a thing."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from tests.cast import REPOSITORY, Person
from tests.scenarios.process import Surroundings, running_pager
from tests.scenarios.ward import Stage
from worker.emulator.wire import LoopbackServer

pytestmark = pytest.mark.ci

LOADED = """
import sys, worker.pager
print([name for name in ("redis", "arq", "worker.queue", "worker.jobs") if name in sys.modules])
"""


@dataclass
class HungRedis:
    """Takes connections, notes them and says nothing."""

    connections: int = 0
    server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = LoopbackServer(self._keep)

    async def _keep(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.read()


@pytest.fixture
async def redis() -> AsyncIterator[HungRedis]:
    hung = HungRedis()
    async with hung.server:
        yield hung


async def test_a_page_needs_no_redis(
    stage: Stage, around: Surroundings, redis: HungRedis, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    hung = replace(around, redis_url=f"redis://:x@127.0.0.1:{redis.server.port}")

    async with running_pager(hung) as pager:
        await stage.speak_of_suicide(ana)
        assert len(await phone.wait()) == 1
        await pager.stop()

    assert redis.connections == 0
    await stage.check()


async def test_a_pager_loads_nothing_that_speaks_redis() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOADED, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()

    assert output.decode() == "[]\n"
