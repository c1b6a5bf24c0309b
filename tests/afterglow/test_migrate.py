"""A database of our own is migrated once for each set of migrations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from afterglow import migrate as module
from afterglow.engines import Engines
from afterglow.migrate import fingerprint, migrate, migrate_own
from models.session import Connection, connect


@pytest.fixture
async def empty(engines: Engines, superuser: Connection) -> AsyncIterator[str]:
    """Make a database with nothing in it."""
    await superuser.execute("CREATE DATABASE empty OWNER owner")
    yield engines.postgres.url("owner", "empty")
    await superuser.execute("DROP DATABASE empty WITH (FORCE)")


async def has_entries(owner_url: str) -> bool:
    connection = await connect(owner_url)
    found = await connection.fetchval("SELECT to_regclass('entry')")
    await connection.close()
    return found is not None


async def test_brings_an_empty_database_up_to_date(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)

    assert await has_entries(empty)


async def test_a_database_that_is_up_to_date_stays(empty: str) -> None:
    await asyncio.to_thread(migrate, empty)
    await asyncio.to_thread(migrate, empty)

    assert await has_entries(empty)


async def test_our_own_is_migrated_and_marked(empty: str, tmp_path: Path) -> None:
    mark = tmp_path / "migrated"
    await asyncio.to_thread(migrate_own, empty, mark)

    assert await has_entries(empty)
    assert mark.read_text() == fingerprint()


async def test_our_own_is_left_alone_while_the_mark_holds(empty: str, tmp_path: Path) -> None:
    mark = tmp_path / "migrated"
    mark.write_text(fingerprint())
    await asyncio.to_thread(migrate_own, empty, mark)

    assert not await has_entries(empty)


async def test_our_own_is_migrated_again_after_a_change(empty: str, tmp_path: Path) -> None:
    mark = tmp_path / "migrated"
    mark.write_text("an older set of migrations")
    await asyncio.to_thread(migrate_own, empty, mark)

    assert await has_entries(empty)


@pytest.mark.parametrize("name", ["versions/0002_more.py", "sql/0002_more.sql"])
def test_every_new_migration_changes_the_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    before = fingerprint()
    file = tmp_path / name
    file.parent.mkdir()
    file.write_text("new")

    assert fingerprint() != before


def test_what_python_leaves_behind_does_not_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    before = fingerprint()
    (tmp_path / "0001.cpython-311.pyc").write_bytes(b"x")

    assert fingerprint() == before
