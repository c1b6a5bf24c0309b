"""Connections from a URL, and the one way into a clinic's rows."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

Row = TypeVar("Row")
Isolation = Literal["repeatable_read"]

if TYPE_CHECKING:  # generic in the stubs only
    Raw = asyncpg.Connection[asyncpg.Record]
    Connection = Raw | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Raw = asyncpg.Connection
    Connection = Raw | PoolConnectionProxy
    Pool = asyncpg.Pool

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


def _jsonb(value: Any) -> bytes:
    """Encode a value as jsonb's binary form: a version byte, then the text."""
    return b"\x01" + _to_json(value)


async def _prepare(connection: Raw) -> None:
    """Read and write jsonb as Python values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=_jsonb,
        decoder=lambda raw: _from_json(raw[1:]),
        format="binary",
    )


async def _keep(_connection: object) -> None:
    """Leave a returned connection as it is.

    Nothing is ever set for a session, only for a transaction, so there is nothing to reset;
    the driver's own reset query costs more than an insert.
    """


async def open_pool(
    url: str,
    *,
    largest: int,
    smallest: int = 1,
    application_name: str = "afterglow",
    statement_timeout_seconds: int = 15,
    lock_timeout_seconds: int = 5,
) -> Pool:
    """Open a pool of connections that belongs to the running event loop."""
    return await asyncpg.create_pool(
        url,
        min_size=smallest,
        max_size=largest,
        init=_prepare,
        reset=_keep,
        command_timeout=statement_timeout_seconds + 5,
        server_settings={
            "application_name": application_name,
            "statement_timeout": f"{statement_timeout_seconds}s",
            "lock_timeout": f"{lock_timeout_seconds}s",
            "idle_in_transaction_session_timeout": "30s",
            "timezone": "UTC",
        },
    )


async def connect(url: str, *, application_name: str = "afterglow") -> Connection:
    """Open one connection of its own: LISTEN, commands, tests."""
    connection: Raw = await asyncpg.connect(
        url, server_settings={"application_name": application_name, "timezone": "UTC"}
    )
    await _prepare(connection)
    return connection


ENTER_CLINIC = """
SELECT set_config('app.clinic_id', $1::text, true),
       set_config('app.subject_id', $2::text, true),
       set_config('app.role', $3::text, true)
"""


async def enter_clinic(
    connection: Connection, clinic_id: UUID, *, role: str = "job", subject_id: UUID | None = None
) -> None:
    """See one clinic's rows until this transaction ends."""
    subject = "" if subject_id is None else str(subject_id)
    await connection.fetchrow(ENTER_CLINIC, str(clinic_id), subject, role)


@asynccontextmanager
async def clinic_transaction(
    pool: Pool, clinic_id: UUID, *, role: str = "job", isolation: Isolation | None = None
) -> AsyncGenerator[Connection]:
    """Run a transaction inside one clinic, as a job does."""
    async with pool.acquire() as connection, connection.transaction(isolation=isolation):
        await enter_clinic(connection, clinic_id, role=role)
        yield connection


async def schema_is_there(pool: Pool) -> bool:
    """Say whether the migrations this program needs have run; newer ones do no harm."""
    async with pool.acquire() as connection:
        return bool(
            await connection.fetchval(
                "SELECT to_regprocedure('gate.enter(text, bytea)') IS NOT NULL"
            )
        )


def rows_as(kind: type[Row], records: Sequence[asyncpg.Record]) -> list[Row]:
    """Turn records into values of one type, column by column."""
    return [kind(**dict(record)) for record in records]


def sqlalchemy_url(url: str) -> str:
    """Name the driver in a URL, for SQLAlchemy."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
