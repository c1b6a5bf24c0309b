"""Sessions and their tokens: opened, rotated, ended."""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models.cipher import token_hash
from models.gate import put
from models.ids import uuid7
from models.session import Connection

ACCESS_LIFE = timedelta(minutes=10)
"""How long an access token opens anything. Source: spec, security section 3."""

PATIENT_IDLE, PATIENT_ABSOLUTE = timedelta(days=90), timedelta(days=365)
STAFF_IDLE, STAFF_ABSOLUTE = timedelta(days=30), timedelta(days=365)
CONSOLE_IDLE, CONSOLE_ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
LIVES = {
    "patient": (PATIENT_IDLE, PATIENT_ABSOLUTE),
    "staff": (STAFF_IDLE, STAFF_ABSOLUTE),
    "console": (CONSOLE_IDLE, CONSOLE_ABSOLUTE),
}
"""Idle and absolute life of a session by kind. Source: spec, security section 3."""

TOKEN_BYTES = 32
TOKEN_SYMBOLS = 43
"""256 bits in base64url."""
COOKIE_PREFIX = "cs_"
PROLONG_EVERY = timedelta(minutes=1)
"""How often use moves the end of a console's idle time: not at each of its requests."""

INSERT_SESSION = """
INSERT INTO session (clinic_id, id, kind, subject_id, device_id, public_key, scopes, step_up_at,
    idle_expires_at, absolute_expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN app_now() END,
    app_now() + $9, app_now() + $10)
"""

REVOKE_SESSIONS = """
UPDATE session SET revoked_at = app_now(), revoked_reason = $3
WHERE clinic_id = $1 AND revoked_at IS NULL AND $2 IN (id, subject_id, device_id)
RETURNING id
"""


PROLONG = """
UPDATE session SET idle_expires_at = least(app_now() + $3::interval, absolute_expires_at)
WHERE clinic_id = $1 AND id = $2
  AND idle_expires_at < least(app_now() + $3::interval - $4::interval, absolute_expires_at)
"""

STEP_UP = "UPDATE session SET step_up_at = app_now() WHERE clinic_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A sign-in that has been proved and is about to be opened."""

    kind: str
    subject_id: UUID
    device_id: UUID | None = None
    public_key: bytes | None = None
    scopes: tuple[str, ...] = ()
    stepped_up: bool = False


def random_token(prefix: str) -> str:
    """Make an opaque token of 256 random bits."""
    return prefix + base64.urlsafe_b64encode(secrets.token_bytes(TOKEN_BYTES)).rstrip(b"=").decode()


async def open_session(connection: Connection, clinic_id: UUID, new: NewSession) -> UUID:
    """Store a session of the clinic this transaction is in."""
    session_id = uuid7()
    idle, absolute = LIVES[new.kind]
    await connection.execute(
        INSERT_SESSION,
        clinic_id,
        session_id,
        new.kind,
        new.subject_id,
        new.device_id,
        new.public_key,
        list(new.scopes),
        new.stepped_up,
        idle,
        absolute,
    )
    return session_id


async def issue_access(connection: Connection, session_id: UUID) -> str:
    """Make an access token; the ones before it run out by themselves."""
    token = random_token("at_")
    until = await connection.fetchval("SELECT app_now() + $1", ACCESS_LIFE)
    await put(connection, "access", token_hash(token), session_id, until)
    return token


async def issue_cookie(connection: Connection, session_id: UUID) -> str:
    """Make the one cookie of a console session."""
    token = random_token(COOKIE_PREFIX)
    until = await connection.fetchval("SELECT app_now() + $1", CONSOLE_ABSOLUTE)
    await put(connection, "cookie", token_hash(token), session_id, until)
    return token


async def prolong(connection: Connection, clinic_id: UUID, session_id: UUID) -> None:
    """Begin a console's idle time anew."""
    await connection.execute(PROLONG, clinic_id, session_id, CONSOLE_IDLE, PROLONG_EVERY)


async def step_up(connection: Connection, clinic_id: UUID, session_id: UUID) -> None:
    """Note that the person behind a session has just proved who they are."""
    await connection.execute(STEP_UP, clinic_id, session_id)


async def revoke_sessions(
    connection: Connection, clinic_id: UUID, whose_id: UUID, *, reason: str
) -> int:
    """End one session, or every one of a person or a device; their tokens fail from now on.

    The lookups stay until they run out, so that the next request learns that it was ended.
    """
    ended = await connection.fetch(REVOKE_SESSIONS, clinic_id, whose_id, reason)
    return len(ended)
