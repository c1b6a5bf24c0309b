"""The people of one clinic: listed, changed, disabled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.acknowledge import reopen_owned
from models.session import Connection, rows_as
from models.sign_in import revoke_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who works, or worked, at the clinic."""

    id: UUID
    role: str
    profession: str
    language: str
    name_ct: bytes
    mail_ct: bytes
    created_at: datetime
    disabled_at: datetime | None


COLUMNS = "id, role, profession, language, name_ct, mail_ct, created_at, disabled_at"

ONE = f"SELECT {COLUMNS} FROM practitioner WHERE clinic_id = $1 AND id = $2"

PAGE = f"""
SELECT {COLUMNS} FROM practitioner WHERE clinic_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""

HOLD_ID = "SELECT pg_advisory_xact_lock(hashtextextended('practitioner|' || $1::uuid, 0))"

CLINIC_CODE = "SELECT code FROM clinic WHERE id = $1"

ADMINS = """
SELECT id FROM practitioner
WHERE clinic_id = $1 AND role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE
"""
"""All locked in one order, so that two administrators cannot remove each other at once."""

CHANGE = """
UPDATE practitioner SET role = $3, profession = $4,
    disabled_at = CASE WHEN $5 THEN coalesce(disabled_at, app_now()) END
WHERE clinic_id = $1 AND id = $2
"""

BURN_CODES = """
UPDATE enrolment_code SET burned_at = app_now()
WHERE clinic_id = $1 AND practitioner_id = $2 AND used_at IS NULL AND burned_at IS NULL
"""


async def colleague_for(
    connection: Connection, clinic_id: UUID, practitioner_id: UUID
) -> Colleague | None:
    """Find one person of the clinic."""
    row = await connection.fetchrow(ONE, clinic_id, practitioner_id)
    return None if row is None else Colleague(**dict(row))


async def hold_id(connection: Connection, practitioner_id: UUID) -> None:
    """Let one request at a time add somebody under an id, until this transaction ends."""
    await connection.execute(HOLD_ID, practitioner_id)


async def page_of_colleagues(
    connection: Connection, clinic_id: UUID, after: UUID, limit: int
) -> list[Colleague]:
    """List the people of the clinic, in the order in which they came."""
    return rows_as(Colleague, await connection.fetch(PAGE, clinic_id, after, limit))


async def code_of_clinic(connection: Connection, clinic_id: UUID) -> str:
    """Read the code that people of a clinic sign in with."""
    return str(await connection.fetchval(CLINIC_CODE, clinic_id))


async def has_other_admin(connection: Connection, clinic_id: UUID, practitioner_id: UUID) -> bool:
    """Say whether the clinic would still have an administrator without this one."""
    admins = await connection.fetch(ADMINS, clinic_id)
    return any(row["id"] != practitioner_id for row in admins)


async def change_colleague(
    connection: Connection,
    clinic_id: UUID,
    practitioner_id: UUID,
    *,
    role: str,
    profession: str,
    disabled: bool,
) -> int:
    """Change what somebody is here; returns the sessions that ended with it.

    Whoever is disabled, or treats nobody any more, has their alerts ring again. All of it is one
    transaction: there is no moment in which somebody disabled is still signed in.
    """
    await connection.execute(CHANGE, clinic_id, practitioner_id, role, profession, disabled)
    if disabled or role != "clinician":
        await reopen_owned(connection, clinic_id, practitioner_id, reason="owner_gone")
    if not disabled:
        return 0
    await connection.execute(BURN_CODES, clinic_id, practitioner_id)
    return await revoke_sessions(connection, clinic_id, practitioner_id, reason="disabled")
