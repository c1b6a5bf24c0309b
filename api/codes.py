"""Enrolment codes at the door: drawn for a person, proved by one, never worth guessing.

Unknown, mistyped, wrong, used, burned and expired codes are refused alike, in the same time: what
is written down about a code of somebody has its like for a code of nobody.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from api.backend import Backend
from api.errors import InvalidCode, Unavailable
from api.limits import GUESSES, seconds_to_wait
from api.log import current_request_id, log
from models.audit import Act, Actor, record_audit
from models.enrolment import (
    CODE_LIFE,
    Code,
    Dead,
    Issued,
    Tried,
    burn_code,
    issue_code,
    read_code,
    try_code,
    undo_try,
)
from models.nobody import NOBODY, write_for_nobody
from models.session import Connection, clinic_transaction


async def draw_code_for(
    backend: Backend,
    connection: Connection,
    clinic_id: UUID,
    *,
    patient_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    created_by: UUID | None = None,
    life: timedelta = CODE_LIFE,
) -> Issued:
    """Draw and store a code for one person; what they had before ends. Shown once, here."""
    verifier = Code.draw().verifier
    return await issue_code(
        connection,
        clinic_id,
        verifier=verifier,
        verifier_hash=await backend.passwords.hash(verifier),
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        created_by=created_by,
        life=life,
    )


async def prove_code(backend: Backend, typed: str, *, of_staff: bool) -> Tried:
    """Find the code somebody typed and make sure that it is right; it is not used up by that.

    Raises:
        InvalidCode: it is not, or is of no use here.
        Unavailable: too many are being looked at.
    """
    code = read_code(typed)
    tried = None if code is None else await count_try(backend, code)
    live = tried if isinstance(tried, Tried) else None
    try:
        right = await backend.passwords.matches(
            live.verifier_hash if live else None, code.verifier if code else ""
        )
    except Unavailable:
        if live is not None:
            await take_back(backend, live)
        raise
    if live is not None and right and (live.practitioner_id is not None) is of_staff:
        await take_back(backend, live)
        return live
    await note_miss(backend, tried)
    raise InvalidCode


async def count_try(backend: Backend, code: Code) -> Tried | Dead | None:
    """Count a try at a code, in a transaction of its own."""
    async with backend.pool.acquire() as connection, connection.transaction():
        return await try_code(connection, code)


async def take_back(backend: Backend, tried: Tried) -> None:
    """Take back a try that was no miss."""
    async with clinic_transaction(backend.pool, tried.clinic_id) as connection:
        await undo_try(connection, tried)


async def note_miss(backend: Backend, tried: Tried | Dead | None) -> None:
    """Write down a code that was refused; the last miss it has burns it, which its clinic sees."""
    if await seconds_to_wait(backend, GUESSES) > 0:
        log.error("enrolment.guessing_suspected")
    clinic_id = tried.clinic_id if tried else NOBODY
    code_id = tried.code_id if tried else NOBODY
    actor = Actor(clinic_id=clinic_id, role="nobody", request_id=current_request_id())
    act = Act(
        action="enrolment_code.try",
        object_type="enrolment_code",
        object_id=code_id,
        patient_id=tried.patient_id if isinstance(tried, Tried) else None,
    )
    async with clinic_transaction(backend.pool, clinic_id) as connection:
        if tried is None:
            await write_for_nobody(connection)
        else:
            await record_audit(connection, actor, replace(act, outcome="refused"))
        if await burn_code(connection, clinic_id, code_id):
            await record_audit(connection, actor, replace(act, action="enrolment_code.burn"))
            log.warning("enrolment.code_burned", clinic_id=clinic_id)
