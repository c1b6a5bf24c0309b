"""Refresh tokens: a family of one session, numbered by generation, rotated at each use.

The successor of a token is computed, not drawn: a phone whose answer was lost gets the same one
again, and a network that eats answers signs nobody out.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from models.cipher import Keyring
from models.gate import find, put
from models.session import Connection, enter_clinic
from models.sign_in import LIVES, issue_access

PREFIX = "rt_"
GENERATION_BYTES = 4
TOKEN_BYTES = 16 + GENERATION_BYTES + 32
TOKEN_SYMBOLS = 70
LOST_ANSWER = timedelta(seconds=60)
"""How long after a rotation the old token still gets its successor again.

Source: spec, security section 3.
"""


class Verdict(StrEnum):
    """What a refresh token is worth."""

    NEXT = "next"
    AGAIN = "again"
    REUSED = "reused"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A session as its refresh tokens see it, locked."""

    clinic_id: UUID
    session_id: UUID
    kind: str
    subject_id: UUID
    device_id: UUID | None
    public_key: bytes | None
    generation: int
    refreshed_at: datetime
    idle_expires_at: datetime
    absolute_expires_at: datetime
    ended: bool
    now: datetime

    @property
    def patient_id(self) -> UUID | None:
        """Whose it is, when it is a patient's."""
        return self.subject_id if self.kind == "patient" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a device holds after it signed in or refreshed."""

    access: str
    refresh: str


LOCK_FAMILY = """
SELECT s.clinic_id, s.id AS session_id, s.kind, s.subject_id, s.device_id, s.public_key,
    s.generation, s.refreshed_at, s.idle_expires_at, s.absolute_expires_at,
    coalesce(s.revoked_at, p.ended_at, r.disabled_at, c.closed_at) IS NOT NULL AS ended,
    app_now() AS now
FROM session s
JOIN clinic c ON c.id = s.clinic_id
LEFT JOIN patient p ON p.clinic_id = s.clinic_id AND p.id = s.subject_id
LEFT JOIN practitioner r ON r.clinic_id = s.clinic_id AND r.id = s.subject_id
WHERE s.clinic_id = $1 AND s.id = $2
FOR UPDATE OF s
"""

ROTATE = """
UPDATE session SET generation = $3, refreshed_at = app_now(),
    idle_expires_at = least(app_now() + $4::interval, absolute_expires_at)
WHERE clinic_id = $1 AND id = $2
"""


def refresh_token(keyring: Keyring, session_id: UUID, generation: int) -> str:
    """Compute the refresh token of one generation."""
    named = session_id.bytes + generation.to_bytes(GENERATION_BYTES, "big")
    raw = named + keyring.mac("refresh", named)
    return PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_refresh_token(keyring: Keyring, token: str) -> tuple[UUID, int] | None:
    """Return session and generation of a token; None when it is not one of ours."""
    symbols = token.removeprefix(PREFIX)
    if len(symbols) != TOKEN_SYMBOLS or symbols == token or not symbols.isascii():
        return None
    try:
        raw = base64.b64decode(symbols + "==", altchars=b"-_", validate=True)
    except ValueError:
        return None
    session_id = UUID(bytes=raw[:16])
    generation = int.from_bytes(raw[16 : 16 + GENERATION_BYTES], "big")
    ours = refresh_token(keyring, session_id, generation)
    return (session_id, generation) if hmac.compare_digest(ours, token) else None


def family_lookup(session_id: UUID) -> bytes:
    """Hash what a session's refresh tokens have in common, as it is looked up."""
    return hashlib.sha256(b"refresh|" + session_id.bytes).digest()


async def start_family(
    connection: Connection, keyring: Keyring, session_id: UUID, *, kind: str
) -> Tokens:
    """Make the first tokens of a session."""
    absolute = LIVES[kind][1]
    until = await connection.fetchval("SELECT app_now() + $1::interval", absolute)
    await put(connection, "refresh", family_lookup(session_id), session_id, until)
    return Tokens(
        access=await issue_access(connection, session_id),
        refresh=refresh_token(keyring, session_id, 1),
    )


async def lock_family(connection: Connection, session_id: UUID) -> Family | None:
    """Enter the clinic of a session and lock it, so that parallel refreshes come one by one."""
    found = await find(connection, "refresh", family_lookup(session_id))
    if found is None:
        return None
    await enter_clinic(connection, found.clinic_id)
    row = await connection.fetchrow(LOCK_FAMILY, found.clinic_id, session_id)
    return None if row is None else Family(**dict(row))


def judge(family: Family, generation: int) -> Verdict:
    """Say what a token of this generation is worth.

    A generation from the future is ours all the same: the database was restored from a backup.
    """
    if family.ended:
        return Verdict.REVOKED
    if min(family.idle_expires_at, family.absolute_expires_at) <= family.now:
        return Verdict.EXPIRED
    if generation >= family.generation:
        return Verdict.NEXT
    lost = family.now - family.refreshed_at <= LOST_ANSWER
    return Verdict.AGAIN if generation == family.generation - 1 and lost else Verdict.REUSED


async def rotate(
    connection: Connection, keyring: Keyring, family: Family, generation: int, verdict: Verdict
) -> Tokens:
    """Make the successor of a token that was worth one, and a new access token."""
    successor = generation + 1
    if verdict is Verdict.NEXT:
        await connection.execute(
            ROTATE, family.clinic_id, family.session_id, successor, LIVES[family.kind][0]
        )
    return Tokens(
        access=await issue_access(connection, family.session_id),
        refresh=refresh_token(keyring, family.session_id, successor),
    )
