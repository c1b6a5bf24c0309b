"""The cast and the stage: databases, a clock that moves, people who are signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from alembic.config import Config

from alembic import command
from models.cipher import Keyring
from models.clinic import create_clinic
from models.ids import uuid7
from models.patient import NewPatient, create_patient
from models.practitioner import NewPractitioner, create_practitioner, join_care_team
from models.session import Connection, Pool, clinic_transaction
from models.sign_in import NewSession, issue_access, open_session

CANARY = "zzcanary-7391"
"""Stands in everyday notes; found outside ciphertext, it says that something leaks."""

ROOT_KEY = bytes(range(1, 33))
REPOSITORY = Path(__file__).parent.parent
MOVABLE_CLOCK = """
CREATE TABLE gate.test_clock (shift interval NOT NULL);
INSERT INTO gate.test_clock VALUES ('0');
CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, gate
    AS 'SELECT pg_catalog.now() + (SELECT shift FROM gate.test_clock)';
"""
"""What tests install in place of the production body, `SELECT now()`."""


def in_database(url: str, name: str) -> str:
    """Return the same URL for another database of the server."""
    head, query = url.rsplit("?", 1)
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One test's own database and how each role reaches it."""

    name: str
    app: str
    pager: str
    owner: str
    superuser: str


async def run_sql(url: str, sql: str) -> None:
    """Run statements on a connection of their own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring a database to a revision, as the command line does."""
    config = Config(str(REPOSITORY / "alembic.ini"))
    config.set_main_option("script_location", str(REPOSITORY / "alembic"))
    config.attributes["url"] = owner_url
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


@dataclass(frozen=True, slots=True)
class Clock:
    """The database's clock; hosts disagree, the database does not."""

    connection: Connection

    async def now(self) -> datetime:
        """Read it."""
        instant: datetime = await self.connection.fetchval("SELECT app_now()")
        return instant

    async def advance(self, **by: float) -> None:
        """Move it: `await clock.advance(minutes=2)`; negative numbers move it back."""
        await self.connection.execute(
            "UPDATE gate.test_clock SET shift = shift + $1", timedelta(**by)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the cast: signed in, with an access token."""

    clinic_id: UUID
    clinic_code: str
    id: UUID
    session_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """Send the token."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """One clinic's people, and the means to add more."""

    pool: Pool
    keyring: Keyring
    clinic_id: UUID
    code: str

    async def practitioner(
        self, name: str, *, role: str = "clinician", profession: str = "physician"
    ) -> Person:
        """Add somebody who works here."""
        async with clinic_transaction(self.pool, self.clinic_id) as db:
            person = NewPractitioner(
                name=name, mail=f"{name}@{self.code}.example", role=role, profession=profession
            )
            subject = await create_practitioner(db, self.keyring, self.clinic_id, self.code, person)
            return await self._signed_in(db, "staff", subject)

    async def patient(self, name: str, *team: Person, condition: str = "trd") -> Person:
        """Add somebody in treatment here; the first of the team is responsible."""
        async with clinic_transaction(self.pool, self.clinic_id) as db:
            new = NewPatient(
                id=uuid7(),
                name=name,
                zone="Europe/Madrid",
                language="en",
                conditions=[condition],
                primary_condition=condition,
            )
            await create_patient(db, self.keyring, self.clinic_id, new)
            for duty, member in zip(("responsible", "covering", "member"), team, strict=False):
                await join_care_team(db, self.clinic_id, new.id, member.id, duty=duty)
            return await self._signed_in(db, "patient", new.id)

    async def _signed_in(self, db: Connection, kind: str, subject: UUID) -> Person:
        session = await open_session(
            db, self.clinic_id, NewSession(kind=kind, subject_id=subject, stepped_up=True)
        )
        return Person(
            clinic_id=self.clinic_id,
            clinic_code=self.code,
            id=subject,
            session_id=session,
            token=await issue_access(db, session),
        )


async def open_ward(pool: Pool, keyring: Keyring, code: str) -> Ward:
    """Open a clinic."""
    async with pool.acquire() as db, db.transaction():
        clinic_id = await create_clinic(
            db, keyring, code=code, name=f"Clinic {code}", zone="Europe/Madrid", country="US"
        )
    return Ward(pool=pool, keyring=keyring, clinic_id=clinic_id, code=code)
