"""The people who treat, and whose patients are whose. FHIR: Practitioner, CareTeam."""

from dataclasses import dataclass, field
from uuid import UUID

from models.cipher import Keyring
from models.gate import put
from models.ids import uuid7
from models.session import Connection
from models.subject_key import create_subject_key, subject_for

INSERT_PRACTITIONER = """
INSERT INTO practitioner (clinic_id, id, role, profession, language, name_ct, mail_ct)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

INSERT_MAIL_ENDPOINT = """
INSERT INTO endpoint (clinic_id, id, practitioner_id, channel, address_ct, address_hmac)
VALUES ($1, $2, $3, 'mail', $4, $5)
"""

JOIN_CARE_TEAM = """
INSERT INTO membership (clinic_id, patient_id, practitioner_id, duty) VALUES ($1, $2, $3, $4)
ON CONFLICT (clinic_id, patient_id, practitioner_id) DO UPDATE
    SET duty = excluded.duty, until = NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPractitioner:
    """Somebody who starts to work at a clinic."""

    name: str
    mail: str
    role: str
    profession: str
    language: str = "en"
    id: UUID = field(default_factory=uuid7)


def login_lookup(keyring: Keyring, clinic_code: str, mail: str) -> bytes:
    """Hash what a person signs in with, so that no list of addresses stands outside a clinic."""
    return keyring.mac("login", f"{clinic_code.strip().lower()}|{mail.strip().lower()}".encode())


async def create_practitioner(
    connection: Connection,
    keyring: Keyring,
    clinic_id: UUID,
    clinic_code: str,
    person: NewPractitioner,
) -> UUID:
    """Add a person, who can then be sent an enrolment code; their mail is their second channel."""
    practitioner_id, endpoint_id = person.id, uuid7()
    subject = await create_subject_key(
        connection, keyring, clinic_id, practitioner_id, kind="practitioner"
    )
    await connection.execute(
        INSERT_PRACTITIONER,
        clinic_id,
        practitioner_id,
        person.role,
        person.profession,
        person.language,
        subject.seal_text("practitioner.name", practitioner_id, person.name),
        subject.seal_text("practitioner.mail", practitioner_id, person.mail),
    )
    await connection.execute(
        INSERT_MAIL_ENDPOINT,
        clinic_id,
        endpoint_id,
        practitioner_id,
        subject.seal_text("endpoint.address", endpoint_id, person.mail),
        subject.index("endpoint.address", person.mail.strip().lower().encode()),
    )
    if not await put(
        connection, "login", login_lookup(keyring, clinic_code, person.mail), practitioner_id, None
    ):
        raise MailTaken
    return practitioner_id


async def join_care_team(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    practitioner_id: UUID,
    *,
    duty: str = "member",
) -> None:
    """Put a practitioner on a patient's care team, or change the duty."""
    await connection.execute(JOIN_CARE_TEAM, clinic_id, patient_id, practitioner_id, duty)


async def name_of(
    connection: Connection, keyring: Keyring, clinic_id: UUID, practitioner_id: UUID
) -> str:
    """Read a colleague's name.

    Raises:
        Unreadable: there is nobody of this id, or their key was destroyed.
    """
    sealed = await connection.fetchval(
        "SELECT name_ct FROM practitioner WHERE clinic_id = $1 AND id = $2",
        clinic_id,
        practitioner_id,
    )
    subject = await subject_for(connection, keyring, clinic_id, practitioner_id)
    return subject.open_text("practitioner.name", practitioner_id, sealed)


class MailTaken(Exception):
    """Somebody at this clinic signs in with this mail address already."""
