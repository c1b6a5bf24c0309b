"""Run the migrations as the owner. Only `AFTERGLOW_OWNER_DATABASE_URL` is read here."""

import asyncio

from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from alembic import context
from models.session import sqlalchemy_url
from models.tables import metadata
from settings import MigrationSettings

SCHEMAS = {None, "gate", "keys"}


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Look at the schemas that are ours."""
    return kind != "schema" or name in SCHEMAS


def migrate(connection: Connection) -> None:
    """Run what is due in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Connect as the owner and migrate."""
    url = (
        context.config.attributes.get("url")
        or MigrationSettings().owner_database_url.get_secret_value()
    )
    engine = create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool, hide_parameters=True)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(main())
