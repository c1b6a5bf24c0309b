"""How a practitioner proves who they are: password, one-time code, recovery codes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.cipher import Keyring, Subject
from models.enrolment import ALPHABET, LOOKALIKES
from models.gate import find
from models.nobody import NOBODY
from models.practitioner import login_lookup
from models.session import Connection, enter_clinic
from models.sign_in import revoke_sessions
from models.subject_key import subject_for

SEED_LABEL = "practitioner.totp_seed"
MAIL_LABEL = "practitioner.mail"
RECOVERY_CODES = 10
RECOVERY_SYMBOLS = 15
"""Ten codes of 75 bits. Source: spec, security section 3."""
RECOVERY_GROUP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A practitioner who tries to sign in, found by clinic and mail."""

    clinic_id: UUID
    id: UUID
    role: str
    password_hash: str | None
    totp_seed_ct: bytes | None
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a practitioner signs in with from now on; a one-time code that was seen is spent."""

    password_hash: str
    totp_seed: str
    totp_counter: int


FIND_LOGIN = """
SELECT p.clinic_id, p.id, p.role, p.password_hash, p.totp_seed_ct,
    p.disabled_at IS NULL AND c.closed_at IS NULL AND p.totp_confirmed_at IS NOT NULL AS is_here
FROM practitioner p JOIN clinic c ON c.id = p.clinic_id
WHERE p.clinic_id = $1 AND p.id = $2
"""

SPEND_COUNTER = """
UPDATE practitioner SET totp_last_counter = $3
WHERE clinic_id = $1 AND id = $2 AND totp_last_counter < $3 RETURNING id
"""

SPEND_RECOVERY = """
UPDATE recovery_code SET used_at = app_now()
WHERE clinic_id = $1 AND practitioner_id = $2 AND code_hash = $3 AND used_at IS NULL
RETURNING code_hash
"""

SPEND_ALL_RECOVERY = """
UPDATE recovery_code SET used_at = app_now()
WHERE clinic_id = $1 AND practitioner_id = $2 AND used_at IS NULL
"""

INSERT_RECOVERY = """
INSERT INTO recovery_code (clinic_id, practitioner_id, code_hash)
SELECT $1, $2, unnest($3::bytea[])
"""

ACTIVATE = """
UPDATE practitioner SET password_hash = $3, totp_seed_ct = $4, totp_last_counter = $5,
    totp_confirmed_at = app_now(), reset_requested_at = NULL
WHERE clinic_id = $1 AND id = $2
"""

REQUEST_RESET = """
UPDATE practitioner SET reset_requested_at = app_now()
WHERE clinic_id = $1 AND id = $2 AND disabled_at IS NULL RETURNING id
"""

MAIL = """
SELECT p.mail_ct, c.code FROM practitioner p JOIN clinic c ON c.id = p.clinic_id
WHERE p.clinic_id = $1 AND p.id = $2
"""


async def find_login(
    connection: Connection, keyring: Keyring, clinic_code: str, mail: str
) -> Login | None:
    """Find who signs in with this mail at this clinic, and enter the clinic."""
    found = await find(connection, "login", login_lookup(keyring, clinic_code, mail))
    clinic_id, person_id = (found.clinic_id, found.subject_id) if found else (NOBODY, NOBODY)
    await enter_clinic(connection, clinic_id)
    row = await connection.fetchrow(FIND_LOGIN, clinic_id, person_id)
    return None if row is None else Login(**dict(row))


async def login_of(connection: Connection, clinic_id: UUID, practitioner_id: UUID) -> Login | None:
    """Read the same of somebody whose session is known."""
    row = await connection.fetchrow(FIND_LOGIN, clinic_id, practitioner_id)
    return None if row is None else Login(**dict(row))


async def totp_seed_of(connection: Connection, keyring: Keyring, login: Login) -> str | None:
    """Open the seed of a practitioner's one-time codes."""
    if login.totp_seed_ct is None:
        return None
    mine = await subject_for(connection, keyring, login.clinic_id, login.id)
    return mine.open_text(SEED_LABEL, login.id, login.totp_seed_ct)


async def spend_counter(connection: Connection, login: Login, counter: int) -> bool:
    """Use up a one-time code and all before it; False when it was used already."""
    spent = await connection.fetchval(SPEND_COUNTER, login.clinic_id, login.id, counter)
    return spent is not None


async def spend_recovery_code(
    connection: Connection, keyring: Keyring, login: Login, typed: str
) -> bool:
    """Use up a recovery code; False when it is none, or was used."""
    hashed = recovery_hash(keyring, login.id, typed)
    spent = await connection.fetchval(SPEND_RECOVERY, login.clinic_id, login.id, hashed)
    return spent is not None


async def name_of(connection: Connection, mine: Subject) -> tuple[str, str]:
    """Read by what mail and at which clinic's code a practitioner signs in."""
    row = await connection.fetchrow(MAIL, mine.clinic_id, mine.subject_id)
    if row is None:
        return "", ""
    return mine.open_text(MAIL_LABEL, mine.subject_id, row["mail_ct"]), row["code"]


async def activate(
    connection: Connection,
    keyring: Keyring,
    clinic_id: UUID,
    practitioner_id: UUID,
    credentials: Credentials,
) -> list[str]:
    """Give a practitioner new credentials and return their recovery codes, shown once.

    Whatever the old ones opened ends.
    """
    mine = await subject_for(connection, keyring, clinic_id, practitioner_id)
    sealed = mine.seal_text(SEED_LABEL, practitioner_id, credentials.totp_seed)
    await connection.execute(
        ACTIVATE,
        clinic_id,
        practitioner_id,
        credentials.password_hash,
        sealed,
        credentials.totp_counter,
    )
    await revoke_sessions(connection, clinic_id, practitioner_id, reason="credentials_changed")
    codes = [draw_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [recovery_hash(keyring, practitioner_id, code) for code in codes]
    await _replace_recovery_codes(connection, clinic_id, practitioner_id, hashes)
    return codes


async def _replace_recovery_codes(
    connection: Connection, clinic_id: UUID, practitioner_id: UUID, hashes: Sequence[bytes]
) -> None:
    await connection.execute(SPEND_ALL_RECOVERY, clinic_id, practitioner_id)
    await connection.execute(INSERT_RECOVERY, clinic_id, practitioner_id, list(hashes))


async def request_reset(connection: Connection, login: Login) -> bool:
    """Note that somebody cannot sign in; an administrator sends them a new code."""
    return await connection.fetchval(REQUEST_RESET, login.clinic_id, login.id) is not None


def draw_recovery_code() -> str:
    """Make a recovery code in groups of five."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_SYMBOLS))
    return "-".join(
        symbols[i : i + RECOVERY_GROUP] for i in range(0, RECOVERY_SYMBOLS, RECOVERY_GROUP)
    )


def recovery_hash(keyring: Keyring, practitioner_id: UUID, typed: str) -> bytes:
    """Hash a recovery code as people type it, under a key that no dump of the database holds."""
    bare = "".join(symbol for symbol in typed.upper() if symbol.isalnum()).translate(LOOKALIKES)
    return keyring.mac("recovery", practitioner_id.bytes + bare.encode())
