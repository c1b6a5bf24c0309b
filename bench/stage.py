"""One clinic with many signed-in patients, on engines that keep what they are given."""

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from afterglow.engines import Engines
from afterglow.migrate import migrate
from bench.load import token_of
from models.cipher import Keyring, token_hash
from models.clinic import create_clinic
from models.gate import put
from models.ids import uuid7
from models.patient import NewPatient, create_patient
from models.practitioner import NewPractitioner, create_practitioner, join_care_team
from models.session import clinic_transaction, open_pool
from models.sign_in import NewSession, open_session

ROOT = Path(__file__).parent.parent
ROOT_KEY = base64.b64encode(bytes(range(32))).decode()
ONE_DAY = "SELECT app_now() + interval '1 day'"
READY_SECONDS = 30.0
SHARED = "/var/tmp"  # where `nobody`, who runs the engines, can reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Running engines with a migrated database and its people."""

    engines: Engines
    clinic_id: UUID
    patients: int
    version: str

    def environment(self) -> dict[str, str]:
        """Return what a server under measurement runs with."""
        return {
            **os.environ,
            "AFTERGLOW_ENV": "dev",
            "AFTERGLOW_DATABASE_URL": self.engines.database_url,
            "AFTERGLOW_REDIS_URL": self.engines.redis_url,
            "AFTERGLOW_ROOT_KEY": ROOT_KEY,
            "AFTERGLOW_LOG_LEVEL": "error",
            "PYTHONPATH": str(ROOT),
        }


@contextmanager
def open_stage(patients: int) -> Generator[Stage]:
    """Start engines in a folder of their own, durable as in production."""
    folder = Path(
        tempfile.mkdtemp(prefix="afterglow-bench-", dir="/var/tmp")
    )  # reachable by nobody
    folder.chmod(0o755)
    try:
        with Engines.start(folder / "data") as engines:
            migrate(engines.owner_database_url)
            clinic_id, version = asyncio.run(fill(engines, patients))
            yield Stage(engines=engines, clinic_id=clinic_id, patients=patients, version=version)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def fill(engines: Engines, patients: int) -> tuple[UUID, str]:
    """Open a clinic with signed-in patients; the token of each is its number."""
    keyring = Keyring(base64.b64decode(ROOT_KEY))
    pool = await open_pool(engines.database_url, largest=2)
    async with pool.acquire() as db, db.transaction():
        clinic_id = await create_clinic(
            db, keyring, code="bench", name="Bench", zone="Etc/UTC", country="US"
        )
        doctor = await create_practitioner(
            db, keyring, clinic_id, "bench",
            NewPractitioner(name="bo", mail="bo@bench.example", role="clinician",
                            profession="physician"),
        )  # fmt: skip
    async with clinic_transaction(pool, clinic_id) as db:
        until = await db.fetchval(ONE_DAY)
        for number in range(1, patients + 1):
            new = NewPatient(
                id=uuid7(), name=f"patient {number}", zone="Etc/UTC", language="en",
                conditions=["trd"], primary_condition="trd",
            )  # fmt: skip
            await create_patient(db, keyring, clinic_id, new)
            await join_care_team(db, clinic_id, new.id, doctor, duty="responsible")
            session = await open_session(
                db, clinic_id, NewSession(kind="patient", subject_id=new.id)
            )
            await put(db, "access", token_hash(token_of(number)), session, until)
        version = await db.fetchval("SHOW server_version")
    await pool.close()
    superuser = await asyncpg.connect(engines.superuser_url.replace("/postgres?", "/afterglow?"))
    await superuser.execute("ANALYZE")
    await superuser.close()
    return clinic_id, f"PostgreSQL {version}"


@contextmanager
def serving(
    command: list[str], port: int, environment: Mapping[str, str], ready: str
) -> Generator[None]:
    """Run a server until the block ends."""
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=ROOT)
    try:
        until = time.monotonic() + READY_SECONDS
        while not answers(f"http://localhost:{port}{ready}"):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"{command[0]} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)


def answers(url: str) -> bool:
    """Say whether a server answers at all."""
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 # our own loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
