"""Staff sign in with password and one-time code: in the app on a device, or in the console."""

from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, Struct, UnsetType

from api.auth import csrf_token, session_cookie
from api.backend import AnyRequest, Backend
from api.body import read_body
from api.decode import decode
from api.device_wire import DeviceIn, installation_in
from api.errors import InvalidLogin, InvalidQuery, Unavailable
from api.limits import (
    LOGIN,
    LOGIN_ADDRESS,
    LOGIN_FAILURES,
    address_of,
    put_back,
    require_place,
)
from api.log import current_request_id, log
from api.passwords import check_length
from api.problem import Code, FieldError
from api.proof import prove_device
from api.second_factor import spend_second_factor
from api.staff_accounts import PASSWORD_BODY, ClinicCode, Mail, Totp
from models.audit import Act, Actor, record_audit
from models.device import Installation, Owner, enrol_device
from models.nobody import NOBODY, write_for_nobody
from models.practitioner import login_lookup
from models.refresh import start_family
from models.session import Connection, clinic_transaction
from models.sign_in import ACCESS_LIFE, NewSession, issue_cookie, open_session
from models.staff_login import Login, find_login

APP_SCOPES = ("alerts:list", "alerts:acknowledge")
"""What the staff app's session is for; reading text needs a step-up beside it."""


class SignInIn(Struct, forbid_unknown_fields=True):
    """Who signs in, by what, and where: on a device, or in the console."""

    clinic: ClinicCode
    mail: Mail
    password: str
    totp: Totp | UnsetType = UNSET
    recovery_code: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    device: DeviceIn | UnsetType = UNSET
    console: bool = False


class StaffSession(Struct):
    """A staff session: tokens in the app; a cookie and what repeats it in the console."""

    practitioner_id: UUID
    clinic_id: UUID
    session_id: UUID
    role: str
    access_token: str | UnsetType = UNSET
    expires_in: int | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    csrf_token: str | UnsetType = UNSET


Place = tuple[Installation, bytes]
"""The device a session is bound to, and its key."""


@post(
    "/v1/staff/sessions",
    operation_id="createStaffSession",
    opt={"public": True, "body": SignInIn, "answers": {201: StaffSession}},
)
async def create_staff_session(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[StaffSession]:
    """Sign in; the staff app's device proof signs the one-time or recovery code as sent."""
    address = address_of(request, backend)
    await require_place(backend, LOGIN_ADDRESS, address)
    body = await read_body(request, limit=PASSWORD_BODY)
    sent = decode(body, SignInIn, invalid=InvalidQuery).value
    check_form(sent)
    place = None if sent.device is UNSET else installation_in(sent.device)
    account = login_lookup(backend.keyring, sent.clinic, sent.mail).hex()
    await require_place(backend, LOGIN, account, address)
    if place is not None:
        async with backend.pool.acquire() as connection:
            shown = sent.totp or sent.recovery_code or ""
            await prove_device(connection, backend.keyring, request, place[1], shown)
    await require_place(backend, LOGIN_FAILURES, account, address)
    login = await check_password(backend, sent, account, address)
    async with clinic_transaction(backend.pool, login.clinic_id) as connection:
        opened = await open_for(connection, backend, sent, login, place)
    if opened is None:
        await note_failure(backend, login, "second_factor")
        raise InvalidLogin
    await put_back(backend, LOGIN_FAILURES, account, address, tokens=LOGIN_FAILURES.burst)
    session, cookie = opened
    return Response(session, status_code=201, cookies=[cookie] if cookie else [])


def check_form(sent: SignInIn) -> None:
    """Make sure that one second factor and one place to sign in are named.

    Raises:
        InvalidQuery: there are two or none of either, or the password is longer than any.
    """
    check_length(sent.password)
    if (sent.totp is UNSET) is (sent.recovery_code is UNSET):
        raise InvalidQuery(FieldError("/totp", Code.INVALID))
    if (sent.device is UNSET) is not sent.console:
        raise InvalidQuery(FieldError("/device", Code.INVALID))


async def check_password(backend: Backend, sent: SignInIn, account: str, address: str) -> Login:
    """Find who signs in and compare the password; nobody takes as long as somebody.

    Raises:
        InvalidLogin: there is no such person, or it is not their password.
        Unavailable: too many passwords are being compared; this was no failure.
    """
    async with backend.pool.acquire() as connection, connection.transaction():
        login = await find_login(connection, backend.keyring, sent.clinic, sent.mail)
    hashed = login.password_hash if login is not None and login.is_here else None
    try:
        right = await backend.passwords.matches(hashed, sent.password)
    except Unavailable:
        await put_back(backend, LOGIN_FAILURES, account, address)
        raise
    if login is None or not right:
        await note_failure(backend, login, "password")
        raise InvalidLogin
    return login


async def note_failure(backend: Backend, login: Login | None, reason: str) -> None:
    """Write down a sign-in that failed: in the clinic's audit, if it is somebody's there."""
    log.info("sign_in.refused", reason=reason)
    clinic_id, person_id = (login.clinic_id, login.id) if login else (NOBODY, NOBODY)
    request_id = current_request_id()
    actor = Actor(clinic_id=clinic_id, id=person_id, role="nobody", request_id=request_id)
    act = Act(
        action="session.open",
        object_type="practitioner",
        object_id=person_id,
        outcome="refused",
        fields=(reason,),
    )
    async with clinic_transaction(backend.pool, clinic_id) as connection:
        if login is None:
            await write_for_nobody(connection)
        else:
            await record_audit(connection, actor, act)


async def open_for(
    connection: Connection,
    backend: Backend,
    sent: SignInIn,
    login: Login,
    place: Place | None,
) -> tuple[StaffSession, Cookie | None] | None:
    """Use up the second factor and open the session; None when it is worth nothing."""
    if not await spend_second_factor(
        connection,
        backend.keyring,
        login,
        totp=sent.totp or None,
        recovery_code=sent.recovery_code or None,
    ):
        return None
    cookie = None
    if place is None:
        session, cookie = await open_console(connection, backend, login)
    else:
        session = await open_app(connection, backend, login, place)
    actor = Actor(
        clinic_id=login.clinic_id,
        id=login.id,
        role=login.role,
        session_id=session.session_id,
        request_id=current_request_id(),
    )
    factor = "totp" if sent.recovery_code is UNSET else "recovery_code"
    act = Act(
        action="session.open",
        object_type="session",
        object_id=session.session_id,
        fields=(factor,),
    )
    await record_audit(connection, actor, act)
    return session, cookie


async def open_console(
    connection: Connection, backend: Backend, login: Login
) -> tuple[StaffSession, Cookie]:
    """Open a session of the console: a cookie, and the token that repeats it."""
    new = NewSession(kind="console", subject_id=login.id, stepped_up=True)
    session_id = await open_session(connection, login.clinic_id, new)
    token = await issue_cookie(connection, session_id)
    session = StaffSession(
        practitioner_id=login.id,
        clinic_id=login.clinic_id,
        session_id=session_id,
        role=login.role,
        csrf_token=csrf_token(backend.keyring, token),
    )
    return session, session_cookie(token)


async def open_app(
    connection: Connection,
    backend: Backend,
    login: Login,
    place: Place,
) -> StaffSession:
    """Open a session of the staff app, bound to its device."""
    installation, public_key = place
    owner = Owner(clinic_id=login.clinic_id, id=login.id, is_patient=False)
    device_id = await enrol_device(connection, owner, installation, public_key)
    new = NewSession(
        kind="staff",
        subject_id=login.id,
        device_id=device_id,
        public_key=public_key,
        scopes=APP_SCOPES,
        stepped_up=True,
    )
    session_id = await open_session(connection, login.clinic_id, new)
    tokens = await start_family(connection, backend.keyring, session_id, kind="staff")
    return StaffSession(
        practitioner_id=login.id,
        clinic_id=login.clinic_id,
        session_id=session_id,
        role=login.role,
        access_token=tokens.access,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=tokens.refresh,
    )


HANDLERS = [create_staff_session]
"""The operations of this file."""
