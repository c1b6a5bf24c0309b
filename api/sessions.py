"""A device session goes on by refresh tokens, and ends when the device leaves."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from litestar import delete, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from api.backend import AnyRequest, Backend, entered
from api.body import read_body
from api.decode import decode
from api.enrolments import SMALL_BODY
from api.errors import (
    InvalidQuery,
    SessionExpired,
    SessionRevoked,
    Unauthenticated,
)
from api.limits import REFRESH, require_place
from api.log import current_request_id, log
from api.problem import Problem
from api.proof import prove_device
from models.audit import Act, Actor, record_audit
from models.device import silence_device
from models.gate import Entered
from models.refresh import (
    Family,
    Tokens,
    Verdict,
    judge,
    lock_family,
    read_refresh_token,
    rotate,
)
from models.session import Connection, enter_clinic
from models.sign_in import ACCESS_LIFE, revoke_sessions

REFUSED: dict[Verdict, type[Problem]] = {
    Verdict.REUSED: SessionRevoked,
    Verdict.REVOKED: SessionRevoked,
    Verdict.EXPIRED: SessionExpired,
}


class RefreshIn(Struct, forbid_unknown_fields=True):
    """The newest refresh token the device has."""

    refresh_token: Annotated[str, Meta(max_length=128)]


class Refreshed(Struct):
    """The tokens that follow; the one that was sent is worth nothing after the next use."""

    access_token: str
    expires_in: int
    refresh_token: str
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a refresh came to: tokens, or a verdict that refuses. Either is committed."""

    verdict: Verdict
    tokens: Tokens | None = None


@post(
    "/v1/sessions/refresh",
    operation_id="refreshSession",
    status_code=200,
    opt={"public": True, "body": RefreshIn, "answers": {200: Refreshed}},
)
async def refresh_session(request: AnyRequest, backend: NamedDependency[Backend]) -> Refreshed:
    """Exchange a refresh token for its successor; the device proof signs the token.

    A lost answer does no harm: for 60 seconds the same token gets the same successor again.
    """
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, RefreshIn, invalid=InvalidQuery).value
    known = read_refresh_token(backend.keyring, sent.refresh_token)
    if known is None:
        raise Unauthenticated
    session_id, generation = known
    await require_place(backend, REFRESH, str(session_id))
    async with backend.pool.acquire() as connection, connection.transaction():
        family = await lock_family(connection, session_id)
        if family is None:
            raise Unauthenticated
        await prove_device(
            connection, backend.keyring, request, family.public_key, sent.refresh_token
        )
        outcome = await exchange(connection, backend, family, generation)
    if outcome.tokens is None:
        raise REFUSED[outcome.verdict]
    return Refreshed(
        access_token=outcome.tokens.access,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=outcome.tokens.refresh,
        session_id=session_id,
    )


async def exchange(
    connection: Connection, backend: Backend, family: Family, generation: int
) -> Outcome:
    """Rotate, or end the family when the token shows that two devices hold it."""
    verdict = judge(family, generation)
    if verdict is Verdict.REUSED:
        await end_family(connection, family)
    if verdict in REFUSED:
        return Outcome(verdict=verdict)
    tokens = await rotate(connection, backend.keyring, family, generation, verdict)
    return Outcome(verdict=verdict, tokens=tokens)


async def end_family(connection: Connection, family: Family) -> None:
    """End a session whose token was copied; patient and clinic have it in the audit.

    A patient's device gets no more pushes. A practitioner's goes on ringing: a page says nothing
    but that there is one, and whoever steals a token must not silence the person on duty.
    """
    await revoke_sessions(connection, family.clinic_id, family.session_id, reason="reused")
    if family.device_id is not None and family.kind == "patient":
        await silence_device(connection, family.clinic_id, family.device_id, reason="reused")
    actor = Actor(
        clinic_id=family.clinic_id,
        id=family.subject_id,
        role="nobody",
        session_id=family.session_id,
        request_id=current_request_id(),
    )
    acts = [
        Act(
            action=action,
            object_type="session",
            object_id=family.session_id,
            patient_id=family.patient_id,
        )
        for action in ("session.reuse_detected", "notice.person", "notice.clinic")
    ]
    await record_audit(connection, actor, *acts)
    log.warning("session.reuse_detected", session_id=family.session_id)


@delete("/v1/sessions/current", operation_id="deleteSession", status_code=204)
async def delete_session(request: AnyRequest, backend: NamedDependency[Backend]) -> None:
    """Sign this device out: its tokens end and nothing is pushed to it any more."""
    async with entered(request, backend, "patient", "staff") as (connection, who):
        await sign_out(connection, who)


async def sign_out(connection: Connection, who: Entered) -> None:
    """End the caller's session, and unlink its device first."""
    await enter_clinic(connection, who.clinic_id)
    if who.device_id is not None:
        await silence_device(connection, who.clinic_id, who.device_id, reason="signed_out")
    await revoke_sessions(connection, who.clinic_id, who.session_id, reason="signed_out")
    actor = Actor(
        clinic_id=who.clinic_id,
        id=who.subject_id,
        role=who.role,
        session_id=who.session_id,
        request_id=current_request_id(),
    )
    ended = Act(
        action="session.end",
        object_type="session",
        object_id=who.session_id,
        patient_id=who.subject_id if who.kind == "patient" else None,
    )
    await record_audit(connection, actor, ended)


HANDLERS = [refresh_session, delete_session]
"""The operations of this file."""
