"""Enrolment codes: drawn, read as people type them, tried, used once.

A code is `SSSS-VVVV-VVVV-VVVV-VVVC` in Crockford's base 32: a selector that finds it, a verifier
that proves it, a check symbol that tells a slip of the finger from a guess.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from models.gate import find, put
from models.ids import uuid7
from models.nobody import NOBODY, write_for_nobody
from models.session import Connection, enter_clinic

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U. Source: https://www.crockford.com/base32.html."""
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
CHECK_MODULUS = 37
"""Finds every single wrong symbol and every swap of neighbours. Source: as above."""
SELECTOR_SYMBOLS = 4
VERIFIER_SYMBOLS = 15
"""75 bits. Source: spec, security section 3."""
CODE_SYMBOLS = SELECTOR_SYMBOLS + VERIFIER_SYMBOLS + 1
GROUP = 4
CODE_LIFE = timedelta(hours=72)
"""How long a code may lie in a letter or a mail. Source: spec, security section 3."""
ROOM_LIFE = timedelta(minutes=15)
"""The same for one shown to a person in the room. Source: spec, security section 3."""
MOST_MISSES = 5
"""Wrong verifiers that burn a code. Source: spec, security section 3."""

SPEND_OLDER = """
UPDATE enrolment_code SET burned_at = app_now()
WHERE clinic_id = $1 AND coalesce(patient_id, practitioner_id) = $2
  AND used_at IS NULL AND burned_at IS NULL
"""

INSERT_CODE = """
INSERT INTO enrolment_code
    (clinic_id, id, patient_id, practitioner_id, verifier_hash, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

TRY_CODE = f"""
UPDATE enrolment_code SET misses = misses + 1
WHERE clinic_id = $1 AND id = $2 AND used_at IS NULL AND burned_at IS NULL
  AND expires_at > app_now() AND misses < {MOST_MISSES}
RETURNING verifier_hash, patient_id, practitioner_id
"""

UNDO_TRY = "UPDATE enrolment_code SET misses = misses - 1 WHERE clinic_id = $1 AND id = $2"

BURN_CODE = f"""
UPDATE enrolment_code SET burned_at = app_now()
WHERE clinic_id = $1 AND id = $2 AND used_at IS NULL AND burned_at IS NULL
  AND misses >= {MOST_MISSES}
RETURNING id
"""

USE_CODE = """
UPDATE enrolment_code SET used_at = app_now()
WHERE clinic_id = $1 AND id = $2 AND used_at IS NULL AND burned_at IS NULL
  AND expires_at > app_now()
RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code, as it is shown once and typed once."""

    selector: str
    verifier: str

    @classmethod
    def draw(cls, verifier: str | None = None) -> Self:
        """Make a code at random, whose check symbol is one of the 32."""
        proved = verifier or _symbols(VERIFIER_SYMBOLS)
        while True:
            code = cls(selector=_symbols(SELECTOR_SYMBOLS), verifier=proved)
            if _check_value(code.selector + code.verifier) < len(ALPHABET):
                return code

    @property
    def text(self) -> str:
        """Write it in groups of four."""
        payload = self.selector + self.verifier
        whole = payload + ALPHABET[_check_value(payload)]
        return "-".join(whole[i : i + GROUP] for i in range(0, CODE_SYMBOLS, GROUP))

    @property
    def lookup(self) -> bytes:
        """Hash the selector, as it is looked up."""
        return hashlib.sha256(b"enrolment|" + self.selector.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A code that was stored: its text is shown now and never again."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A live code somebody tries: the miss is counted before the verifier is looked at."""

    clinic_id: UUID
    code_id: UUID
    verifier_hash: str
    patient_id: UUID | None
    practitioner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """A code that was used, burned or has run out."""

    clinic_id: UUID
    code_id: UUID


def read_code(typed: str) -> Code | None:
    """Read a code as people type it; None when it cannot be one or has a slip in it."""
    bare = "".join(symbol for symbol in typed.upper() if symbol.isalnum()).translate(LOOKALIKES)
    if len(bare) != CODE_SYMBOLS or not set(bare) <= set(ALPHABET):
        return None
    if _check_value(bare[:-1]) != ALPHABET.index(bare[-1]):
        return None
    return Code(selector=bare[:SELECTOR_SYMBOLS], verifier=bare[SELECTOR_SYMBOLS:-1])


async def issue_code(
    connection: Connection,
    clinic_id: UUID,
    *,
    verifier: str,
    verifier_hash: str,
    patient_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    created_by: UUID | None = None,
    life: timedelta = CODE_LIFE,
) -> Issued:
    """Store a code for one person; it ends every code they had before."""
    code_id = uuid7()
    await connection.execute(SPEND_OLDER, clinic_id, patient_id or practitioner_id)
    expires_at: datetime = await connection.fetchval("SELECT app_now() + $1::interval", life)
    await connection.execute(
        INSERT_CODE,
        clinic_id,
        code_id,
        patient_id,
        practitioner_id,
        verifier_hash,
        created_by,
        expires_at,
    )
    code = Code.draw(verifier)
    while not await put(connection, "enrolment", code.lookup, code_id, expires_at):
        code = Code.draw(verifier)  # another live code has this selector
    return Issued(text=code.text, expires_at=expires_at)


async def try_code(connection: Connection, code: Code) -> Tried | Dead | None:
    """Count a try at a code and return what proves it; None when nobody knows its selector.

    Counted first: of a hundred guesses sent at once five are looked at.
    """
    found = await find(connection, "enrolment", code.lookup)
    clinic_id, code_id = (found.clinic_id, found.subject_id) if found else (NOBODY, NOBODY)
    await enter_clinic(connection, clinic_id)
    row = await connection.fetchrow(TRY_CODE, clinic_id, code_id)
    if row is None:
        await write_for_nobody(connection)
    if found is None:
        return None
    if row is None:
        return Dead(clinic_id=found.clinic_id, code_id=found.subject_id)
    return Tried(clinic_id=found.clinic_id, code_id=found.subject_id, **dict(row))


async def undo_try(connection: Connection, tried: Tried) -> None:
    """Take back a try that was right, or that nobody could judge."""
    await connection.execute(UNDO_TRY, tried.clinic_id, tried.code_id)


async def burn_code(connection: Connection, clinic_id: UUID, code_id: UUID) -> bool:
    """End a code that was missed too often; True when this miss was the one."""
    return await connection.fetchval(BURN_CODE, clinic_id, code_id) is not None


async def use_code(connection: Connection, tried: Tried) -> bool:
    """Use a code up; False when somebody else was first, or it has ended meanwhile."""
    return await connection.fetchval(USE_CODE, tried.clinic_id, tried.code_id) is not None


def _symbols(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def _check_value(payload: str) -> int:
    value = 0
    for symbol in payload:
        value = (value * len(ALPHABET) + ALPHABET.index(symbol)) % CHECK_MODULUS
    return value
