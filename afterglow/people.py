"""What the command line does inside a clinic: open one, add people to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from api.passwords import Passwords
from models.audit import Act, Actor, record_audit
from models.cipher import Keyring, Unreadable
from models.clinic import create_clinic
from models.enrolment import Code, Issued, issue_code
from models.gate import find, verify_root_key
from models.practitioner import NewPractitioner, create_practitioner, login_lookup
from models.session import Connection, connect, enter_clinic
from settings import Settings, SettingsInvalid

OPERATOR = "operator"
"""Who acts in the audit when somebody with the root key used the command line."""


class ClinicNotFound(Exception):
    """Nobody signs in with that mail address at a clinic of that code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClinic:
    """A clinic that is about to be opened."""

    code: str
    name: str
    zone: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody who can now enrol, with the code that is shown once."""

    clinic_id: UUID
    practitioner_id: UUID
    code: Issued


async def open_clinic(settings: Settings, new: NewClinic, admin: NewPractitioner) -> Invited:
    """Open a clinic and invite its first administrator."""
    keyring = Keyring(settings.root_key_bytes)
    async with transaction(settings, keyring) as connection:
        clinic_id = await create_clinic(
            connection,
            keyring,
            code=new.code,
            name=new.name,
            zone=new.zone,
            country=new.country,
        )
        actor = Actor(clinic_id=clinic_id, role=OPERATOR)
        opened = Act(action="clinic.create", object_type="clinic", object_id=clinic_id)
        await record_audit(connection, actor, opened)
        return await add_person(connection, keyring, actor, new.code, admin)


async def invite(
    settings: Settings, clinic_code: str, inviter_mail: str, person: NewPractitioner
) -> Invited:
    """Add somebody to the clinic where another one already signs in.

    Raises: ClinicNotFound, MailTaken.
    """
    keyring = Keyring(settings.root_key_bytes)
    async with transaction(settings, keyring) as connection:
        lookup = login_lookup(keyring, clinic_code, inviter_mail)
        inviter = await find(connection, "login", lookup)
        if inviter is None:
            raise ClinicNotFound
        await enter_clinic(connection, inviter.clinic_id)
        actor = Actor(clinic_id=inviter.clinic_id, id=inviter.subject_id, role=OPERATOR)
        return await add_person(connection, keyring, actor, clinic_code, person)


async def add_person(
    connection: Connection,
    keyring: Keyring,
    actor: Actor,
    clinic_code: str,
    person: NewPractitioner,
) -> Invited:
    """Store the person and draw their code, and write down that it was done."""
    practitioner_id = await create_practitioner(
        connection, keyring, actor.clinic_id, clinic_code, person
    )
    verifier = Code.draw().verifier
    passwords = Passwords()
    code = await issue_code(
        connection,
        actor.clinic_id,
        verifier=verifier,
        verifier_hash=await passwords.hash(verifier),
        practitioner_id=practitioner_id,
        created_by=actor.id,
    )
    passwords.close()
    invited = Act(
        action="practitioner.invite", object_type="practitioner", object_id=practitioner_id
    )
    await record_audit(connection, actor, invited)
    return Invited(clinic_id=actor.clinic_id, practitioner_id=practitioner_id, code=code)


@asynccontextmanager
async def transaction(settings: Settings, keyring: Keyring) -> AsyncGenerator[Connection]:
    """Open a transaction; a root key that is not this database's ends it before any write."""
    try:
        connection = await connect(settings.database_url.get_secret_value(), application_name="cli")
    except OSError:
        raise SettingsInvalid(
            "AFTERGLOW_DATABASE_URL names a server that does not answer."
        ) from None
    try:
        async with connection.transaction():
            try:
                await verify_root_key(connection, keyring)
            except Unreadable:
                raise SettingsInvalid(
                    "AFTERGLOW_ROOT_KEY is not the key of this database."
                ) from None
            yield connection
    finally:
        await connection.close()
