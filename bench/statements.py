"""Statements and connections that entries cost, as the driver sends them."""

import asyncio
import base64
import json

import httpx
from asyncpg.connection import LoggedQuery
from litestar import Litestar
from litestar.di import Provide
from rich.console import Console

from api import entries, sync
from api.assembly import assemble
from api.backend import Backend, open_backend
from bench.load import entry_body, token_of
from bench.stage import ROOT_KEY, Stage, open_stage
from clinical.instruments import registry
from models.ids import uuid7

ENTRIES = 50
BATCH = 20
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'afterglow-api'"


class Counter:
    """Counts what goes over the connections of a pool."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, _: LoggedQuery) -> None:
        """Count one."""
        self.statements += 1

    async def watch(self, backend: Backend) -> None:
        """Look at every connection the pool may ever open."""
        held = [await backend.pool.acquire() for _ in range(backend.pool.get_max_size())]
        for connection in held:
            connection.add_query_logger(self)  # type: ignore[arg-type] # the stub wants a coroutine
        for connection in held:
            await backend.pool.release(connection)


async def count(stage: Stage) -> tuple[float, float, int]:
    """Return statements for an entry, for a batch of 20, and connections opened meanwhile."""
    async with open_backend(
        database_url=stage.engines.database_url,
        redis_url=stage.engines.redis_url,
        root_key=base64.b64decode(ROOT_KEY),
        known=registry(),
    ) as backend:
        app = assemble(
            [*entries.HANDLERS, *sync.HANDLERS],
            hosts=["localhost"],
            in_prod=False,
            dependencies={"backend": Provide(lambda: backend, sync_to_thread=False)},
        )
        counter = Counter()
        await counter.watch(backend)
        await send_entries(app)  # warm: the driver asks for types once
        before = await backend.pool.fetchval(CONNECTIONS)
        counter.statements = 0
        await send_entries(app)
        single, counter.statements = counter.statements / ENTRIES, 0
        await send_batch(app)
        batch = counter.statements
        opened = await backend.pool.fetchval(CONNECTIONS) - before
    return single, batch, opened


async def send_entries(app: Litestar) -> None:
    """Send entries one by one."""
    for number in range(1, ENTRIES + 1):
        await send(app, number, f"PUT /v1/entries/{uuid7()}", entry_body(), expected=201)


async def send_batch(app: Litestar) -> None:
    """Send twenty at once."""
    items = [{"id": str(uuid7()), **json.loads(entry_body())} for _ in range(BATCH)]
    body = json.dumps({"entries": items}).encode()
    await send(app, 1, "POST /v1/sync", body, expected=207)


async def send(app: Litestar, patient: int, line: str, body: bytes, *, expected: int) -> None:
    """Send one request as a patient."""
    method, path = line.split()
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type] # Litestar's scope types are its own
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.request(
            method,
            path,
            content=body,
            headers={
                "Authorization": f"Bearer {token_of(patient)}",
                "Content-Type": "application/json",
            },
        )
    if answer.status_code != expected:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def main(console: Console) -> None:
    """Count and print."""
    with open_stage(ENTRIES) as stage:
        single, batch, opened = asyncio.run(count(stage))
    console.print(
        f"statements per entry {single:g}, per batch of {BATCH} {batch:g}; "
        f"connections opened by {ENTRIES + 1} requests: {opened}"
    )
