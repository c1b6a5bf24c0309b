"""A staff session that is open: who it is, a fresh proof of identity, the way out."""

from datetime import datetime
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from msgspec import UNSET, Struct, UnsetType

from api.auth import cookie_token, csrf_token, no_cookie
from api.backend import AnyRequest, Backend, entered
from api.body import read_body
from api.decode import decode
from api.enrolments import SMALL_BODY
from api.errors import InvalidLogin, InvalidQuery, RateLimited
from api.limits import LOGIN_FAILURES, address_of, key_of, take_one
from api.log import current_request_id
from api.second_factor import spend_second_factor
from api.sessions import sign_out
from api.staff_accounts import Totp
from models.audit import Act, Actor, record_audit
from models.gate import Entered, give_back
from models.session import Connection, enter_clinic
from models.sign_in import step_up
from models.staff_login import login_of


class StepUpIn(Struct, forbid_unknown_fields=True):
    """A fresh one-time code."""

    totp: Totp


class SteppedUp(Struct):
    """When this session's person last proved who they are."""

    step_up_at: datetime


class StaffSessionNow(Struct):
    """Whose session this is; in the console also what its requests repeat."""

    practitioner_id: UUID
    clinic_id: UUID
    session_id: UUID
    kind: str
    role: str
    scopes: list[str]
    profession: str | UnsetType = UNSET
    step_up_at: datetime | UnsetType = UNSET
    csrf_token: str | UnsetType = UNSET


@get("/v1/staff/sessions/current", operation_id="getStaffSession")
async def get_staff_session(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> StaffSessionNow:
    """Show the session a page was loaded with."""
    async with entered(request, backend, "staff", "console") as (_, who):
        is_console = who.kind == "console" and "authorization" not in request.headers
    return StaffSessionNow(
        practitioner_id=who.subject_id,
        clinic_id=who.clinic_id,
        session_id=who.session_id,
        kind=who.kind,
        role=who.role,
        profession=who.profession or UNSET,
        scopes=who.scopes,
        step_up_at=who.step_up_at or UNSET,
        csrf_token=csrf_token(backend.keyring, cookie_token(request)) if is_console else UNSET,
    )


@post(
    "/v1/staff/step-up",
    operation_id="stepUp",
    status_code=200,
    opt={"body": StepUpIn, "answers": {200: SteppedUp}},
)
async def create_step_up(request: AnyRequest, backend: NamedDependency[Backend]) -> SteppedUp:
    """Prove again who one is, before text is read or people and keys are changed."""
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, StepUpIn, invalid=InvalidQuery).value
    async with entered(request, backend, "staff", "console") as (connection, who):
        address = address_of(request, backend)
        held = await take_one(
            connection, backend.keyring, LOGIN_FAILURES, str(who.subject_id), address
        )
        right = held == 0 and await prove_again(connection, backend, who, sent.totp)
        if right:
            key = key_of(backend.keyring, LOGIN_FAILURES, (str(who.subject_id), address))
            await give_back(connection, LOGIN_FAILURES.name, key, LOGIN_FAILURES.burst)
    if held > 0:
        raise RateLimited(retry_after=held)
    if not right:
        raise InvalidLogin
    return SteppedUp(who.entered_at)


async def prove_again(connection: Connection, backend: Backend, who: Entered, totp: str) -> bool:
    """Use up a one-time code and note the step-up; either way it is in the audit."""
    await enter_clinic(connection, who.clinic_id)
    login = await login_of(connection, who.clinic_id, who.subject_id)
    right = login is not None and await spend_second_factor(
        connection, backend.keyring, login, totp=totp
    )
    if right:
        await step_up(connection, who.clinic_id, who.session_id)
    actor = Actor(
        clinic_id=who.clinic_id,
        id=who.subject_id,
        role=who.role,
        session_id=who.session_id,
        request_id=current_request_id(),
    )
    act = Act(
        action="session.step_up",
        object_type="session",
        object_id=who.session_id,
        outcome="done" if right else "refused",
    )
    await record_audit(connection, actor, act)
    return right


@delete(
    "/v1/staff/sessions/current",
    operation_id="deleteStaffSession",
    status_code=204,
    opt={"answers": {204: None}},
)
async def delete_staff_session(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[None]:
    """Sign out: of the console, or of the app, whose device is unlinked first."""
    async with entered(request, backend, "staff", "console") as (connection, who):
        await sign_out(connection, who)
    cookies = [no_cookie()] if who.kind == "console" else []
    return Response(None, status_code=204, cookies=cookies)


HANDLERS = [get_staff_session, create_step_up, delete_staff_session]
"""The operations of this file."""
