"""The engines start cold and warm, side by side and elsewhere, and never outlive us."""

import asyncio
import json
import os
import pwd
import shutil
import socket
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from afterglow import folder as folders
from afterglow.child import EngineFailed
from afterglow.engines import Engines
from afterglow.postgres import Role

LINUX = sys.platform == "linux"
AS_ROOT = os.geteuid() == 0
FOUND = shutil.which("postgres")
OTHER_PROGRAMS = Path(FOUND).resolve().parent if FOUND else None


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["app", "pager", "owner"])
async def test_each_role_signs_in_with_no_special_power(engines: Engines, role: Role) -> None:
    power = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"

    assert await ask(engines.postgres.url(role), "SELECT current_user::text") == role
    assert await ask(engines.postgres.url(role), power) is False


async def test_the_database_belongs_to_the_owner(engines: Engines) -> None:
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'afterglow'"

    assert await ask(engines.superuser_url, owner) == "owner"


@pytest.mark.parametrize("role", ["gate", "backup"])
async def test_nobody_signs_in_as_a_role_without_login(engines: Engines, role: str) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await ask(engines.database_url.replace("app:", f"{role}:"), "SELECT 1")


async def test_a_role_signs_in_with_its_own_password_only(engines: Engines) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(engines.database_url.replace("app:", "owner:"), "SELECT 1")


async def test_sqlalchemy_understands_the_address(engines: Engines) -> None:
    address = engines.database_url.replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(address)
    async with engine.connect() as connection:
        role = await connection.scalar(text("SELECT current_user::text"))
    await engine.dispose()

    assert role == "app"


async def test_valkey_keeps_nothing_and_stays_on_this_machine(engines: Engines) -> None:
    async with Redis.from_url(engines.redis_url) as redis:
        configuration = await redis.config_get("*")

    assert configuration["bind"] == "127.0.0.1"
    assert (configuration["save"], configuration["appendonly"]) == ("", "no")


async def test_valkey_wants_its_password(engines: Engines) -> None:
    stranger = engines.redis_url.replace(engines.valkey.password, "wrong")
    async with Redis.from_url(stranger) as redis:
        with pytest.raises(AuthenticationError):
            await redis.ping()


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_no_password_stands_in_a_command_line(engines: Engines) -> None:
    lines = [
        Path(f"/proc/{child.pid}/cmdline").read_text()
        for child in (engines.postgres.child, engines.valkey.child)
    ]
    passwords = (engines.folder.path / "passwords.json").read_text()

    assert engines.valkey.password in passwords
    assert not [secret for secret in json.loads(passwords).values() if secret in "".join(lines)]


def test_secrets_and_data_are_closed_to_others(engines: Engines) -> None:
    data = engines.folder.path
    for path in (data / "passwords.json", data / "log", data / "postgres", data / "run"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert not (data / "init").exists()


async def test_neither_statements_nor_values_reach_the_log(engines: Engines) -> None:
    canary = "canary-in-a-statement"
    owner = await asyncpg.connect(engines.owner_database_url)
    await owner.execute("CREATE TABLE diary (note text UNIQUE CHECK (length(note) < 30))")
    await owner.execute("INSERT INTO diary VALUES ($1)", canary)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute("INSERT INTO diary VALUES ($1)", canary)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute("INSERT INTO diary VALUES ($1)", canary * 2)
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await owner.execute(f"SELECT '{canary}'::int")
    await owner.close()

    log = engines.folder.log("postgres").read_text()
    assert "ready to accept connections" in log
    assert canary not in log


def timed_start(data_dir: Path, query: str) -> tuple[object, int, dict[str, float]]:
    """Start, ask as the owner, stop; say what was answered, when initdb ran and the seconds."""
    begun = time.perf_counter()
    with Engines.start(data_dir) as engines:
        started = time.perf_counter()
        with ThreadPoolExecutor(1) as thread:
            url = engines.owner_database_url
            answer = thread.submit(asyncio.run, ask(url, query)).result()
        made = (data_dir / "postgres" / "PG_VERSION").stat().st_mtime_ns
        stopping = time.perf_counter()
    seconds = {"start": started - begun, "stop": time.perf_counter() - stopping}
    return answer, made, seconds


def test_the_second_start_is_warm(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, made, cold = timed_start(data_dir, "CREATE TABLE kept AS SELECT 7 AS n")
    kept, still, warm = timed_start(data_dir, "SELECT n FROM kept")
    with capsys.disabled():
        sys.stdout.write(f"engines, seconds: cold {cold}, warm {warm}\n")

    assert kept == 7
    assert still == made


async def test_two_stand_side_by_side(data_dir: Path) -> None:
    with (
        Engines.start(data_dir, durable=False) as one,
        Engines.start(data_dir.with_name("other"), durable=False) as two,
    ):
        await ask(one.owner_database_url, "CREATE TABLE mine (n int)")
        seen = await ask(two.owner_database_url, "SELECT to_regclass('mine')")

        assert seen is None
        assert one.redis_url != two.redis_url


def test_a_folder_has_one_supervisor(data_dir: Path) -> None:
    with (
        Engines.start(data_dir, durable=False),
        pytest.raises(EngineFailed, match="already runs"),
    ):
        Engines.start(data_dir)
    with Engines.start(data_dir, durable=False) as again:
        assert not again.postgres.child.ended()


def test_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    deep = data_dir / ("a" * 60) / ("b" * 40)
    with Engines.start(deep, durable=False) as engines:
        sockets = engines.postgres.sockets
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(sockets / ".s.PGSQL.5432"))
        mode = stat.S_IMODE(sockets.stat().st_mode)
    shutil.rmtree(sockets)

    assert engines.folder.path == deep
    assert mode == 0o700


def test_refuses_a_folder_that_somebody_else_made(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = data_dir / ("a" * 60) / ("b" * 40)
    monkeypatch.setattr(folders, "SHORT", data_dir.parent)
    trap = data_dir.parent / f"afterglow-{folders.digest(deep)}"
    trap.symlink_to("/")

    with pytest.raises(EngineFailed, match="not ours"):
        Engines.start(deep)


def test_refuses_the_data_of_another_version(data_dir: Path) -> None:
    with Engines.start(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")

    with pytest.raises(EngineFailed, match=r"made by PostgreSQL 14, and this is \d\d"):
        Engines.start(data_dir)


def test_begins_again_after_an_interrupted_initdb(data_dir: Path) -> None:
    half = data_dir / "postgres.new" / "base"
    half.mkdir(parents=True)

    with Engines.start(data_dir, durable=False) as engines:
        assert not engines.postgres.child.ended()


@pytest.mark.skipif(OTHER_PROGRAMS is None, reason="no other PostgreSQL on PATH")
async def test_runs_on_the_systems_postgres_as_well(data_dir: Path) -> None:
    with Engines.start(data_dir, postgres_bin=OTHER_PROGRAMS, durable=False) as engines:
        shown = await ask(engines.database_url, "SHOW server_version_num")
        encoding = await ask(engines.database_url, "SHOW server_encoding")
        lowered = await ask(engines.database_url, "SELECT lower('ÄÉ')")

    assert int(str(shown)) >= 150_000
    assert (encoding, lowered) == ("UTF8", "äé")


@pytest.mark.skipif(not AS_ROOT, reason="only root gives engines to nobody")
class TestAsRoot:
    def test_the_engines_run_as_nobody(self, data_dir: Path) -> None:
        nobody = pwd.getpwnam("nobody").pw_uid
        with Engines.start(data_dir, durable=False) as engines:
            for child in (engines.postgres.child, engines.valkey.child):
                status = Path(f"/proc/{child.pid}/status").read_text()
                assert f"Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}" in status
                assert "Groups:\t \n" in status

    def test_a_closed_folder_is_left_for_an_open_one_and_said_so(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(folders, "FALLBACK", data_dir.parent)
        closed = data_dir.parent / "closed"
        closed.mkdir(mode=0o700)
        said: list[str] = []
        with Engines.start(closed / "data", durable=False, say=said.append) as engines:
            used = engines.folder.path

        assert used.parent == data_dir.parent
        assert said == [
            f"{closed / 'data'} is closed to the user nobody, so the data is kept in {used}."
        ]

    def test_programs_out_of_reach_are_copied_once(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_open = folders.is_open
        monkeypatch.setattr(
            folders, "is_open", lambda path: "site-packages" not in str(path) and is_open(path)
        )
        made = []
        for _ in range(2):
            with Engines.start(data_dir, durable=False) as engines:
                running = Path(f"/proc/{engines.postgres.child.pid}/exe").readlink()
            made.append({p: p.stat().st_ctime_ns for p in (data_dir / "programs").rglob("*")})

        assert running.is_relative_to(data_dir / "programs")
        assert made[0] == made[1]
