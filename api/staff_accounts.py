"""A practitioner's way in: a code becomes a password and one-time codes; forgotten, a new code.

Nothing is stored until the authenticator has shown that it works. What stands between the two
steps is given to the browser, sealed.
"""

import base64
import os
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import post
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from api.backend import AnyRequest, Backend
from api.body import BATCH_LIMIT, read_body
from api.codes import prove_code
from api.decode import decode
from api.enrolments import LONGEST_CODE, SMALL_BODY
from api.errors import InvalidCode, InvalidLogin, InvalidQuery
from api.limits import ACTIVATION, RESET, address_of, require_place
from api.log import current_request_id
from api.passwords import check_length, check_new
from api.proof import decode_base64url
from api.second_factor import draw_seed, matching_counter, seed_link
from models.audit import Act, Actor, record_audit
from models.cipher import Keyring
from models.device import is_here
from models.enrolment import Tried, use_code
from models.gate import read_clock
from models.nobody import write_for_nobody
from models.session import Connection, clinic_transaction
from models.staff_login import Credentials, activate, find_login, name_of, request_reset
from models.subject_key import subject_for

PASSWORD_BODY = BATCH_LIMIT + SMALL_BODY
"""Bytes: a password of a megabyte is told that it is too long, like one of 129 characters."""
ACTIVATION_LIFE = timedelta(minutes=15)
"""How long scanning the seed may take. Source: house rule, as a code shown in the room."""
NONCE_BYTES = 12

Totp = Annotated[str, Meta(min_length=6, max_length=6, pattern="^[0-9]{6}$")]
ClinicCode = Annotated[str, Meta(max_length=64)]
Mail = Annotated[str, Meta(max_length=254)]


class ActivationIn(Struct, forbid_unknown_fields=True):
    """A code, and the password that will be this person's."""

    code: Annotated[str, Meta(max_length=LONGEST_CODE)]
    password: str


class ActivationOut(Struct):
    """The seed for the authenticator, and what to send back with its first code."""

    activation: str
    totp_uri: str
    expires_in: int


class ActivationConfirmIn(Struct, forbid_unknown_fields=True):
    """The first code that the authenticator shows."""

    activation: Annotated[str, Meta(max_length=2048)]
    totp: Totp


class Activated(Struct):
    """Codes that stand in for a lost authenticator, each once; shown now and never again."""

    recovery_codes: list[str]


class ResetIn(Struct, forbid_unknown_fields=True):
    """Who cannot sign in."""

    clinic: ClinicCode
    mail: Mail


class Pending(Struct, array_like=True):
    """An activation between its two steps."""

    clinic_id: UUID
    code_id: UUID
    practitioner_id: UUID
    password_hash: str
    seed: str
    until: datetime


@post(
    "/v1/staff/activations",
    operation_id="createActivation",
    status_code=200,
    opt={"public": True, "body": ActivationIn, "answers": {200: ActivationOut}},
)
async def create_activation(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> ActivationOut:
    """Begin with a code and a password; the code stays good until the second step."""
    await require_place(backend, ACTIVATION, address_of(request, backend))
    body = await read_body(request, limit=PASSWORD_BODY)
    sent = decode(body, ActivationIn, invalid=InvalidQuery).value
    check_length(sent.password)
    tried = await prove_code(backend, sent.code, of_staff=True)
    practitioner_id = tried.practitioner_id or tried.code_id
    async with clinic_transaction(backend.pool, tried.clinic_id) as connection:
        mine = await subject_for(connection, backend.keyring, tried.clinic_id, practitioner_id)
        mail, clinic_code = await name_of(connection, mine)
        now = await read_clock(connection)
    check_new(sent.password, mail, mail.partition("@")[0], clinic_code)
    pending = Pending(
        clinic_id=tried.clinic_id,
        code_id=tried.code_id,
        practitioner_id=practitioner_id,
        password_hash=await backend.passwords.hash(sent.password),
        seed=draw_seed(),
        until=now + ACTIVATION_LIFE,
    )
    return ActivationOut(
        activation=seal(backend.keyring, pending),
        totp_uri=seed_link(pending.seed, mail),
        expires_in=int(ACTIVATION_LIFE.total_seconds()),
    )


@post(
    "/v1/staff/activations/confirm",
    operation_id="confirmActivation",
    status_code=200,
    opt={"public": True, "body": ActivationConfirmIn, "answers": {200: Activated}},
)
async def confirm_activation(request: AnyRequest, backend: NamedDependency[Backend]) -> Activated:
    """Finish with the first one-time code: the account opens, the enrolment code is used up.

    Every session of before ends.
    """
    await require_place(backend, ACTIVATION, address_of(request, backend))
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, ActivationConfirmIn, invalid=InvalidQuery).value
    pending = unseal(backend.keyring, sent.activation)
    async with clinic_transaction(backend.pool, pending.clinic_id) as connection:
        now = await read_clock(connection)
        counter = matching_counter(pending.seed, sent.totp, now)
        if pending.until <= now:
            raise InvalidCode
        if counter is None:
            raise InvalidLogin
        await spend(connection, pending)
        credentials = Credentials(
            password_hash=pending.password_hash, totp_seed=pending.seed, totp_counter=counter
        )
        codes = await activate(
            connection,
            backend.keyring,
            pending.clinic_id,
            pending.practitioner_id,
            credentials,
        )
        await audit_account(
            connection, pending.clinic_id, pending.practitioner_id, "practitioner.activate"
        )
    return Activated(codes)


@post(
    "/v1/staff/password-resets",
    operation_id="requestPasswordReset",
    status_code=202,
    opt={"public": True, "body": ResetIn, "answers": {202: None}},
)
async def request_password_reset(request: AnyRequest, backend: NamedDependency[Backend]) -> None:
    """Ask for a new code; the answer is the same whether anybody signs in with this mail."""
    await require_place(backend, RESET, address_of(request, backend))
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, ResetIn, invalid=InvalidQuery).value
    async with backend.pool.acquire() as connection, connection.transaction():
        login = await find_login(connection, backend.keyring, sent.clinic, sent.mail)
        if login is not None and await request_reset(connection, login):
            await audit_account(connection, login.clinic_id, login.id, "practitioner.ask_reset")
        else:
            await write_for_nobody(connection)


async def spend(connection: Connection, pending: Pending) -> None:
    """Use up the code an activation began with.

    Raises:
        InvalidCode: it was used or has ended meanwhile, or the person has left.
    """
    tried = Tried(
        clinic_id=pending.clinic_id,
        code_id=pending.code_id,
        verifier_hash="",
        patient_id=None,
        practitioner_id=pending.practitioner_id,
    )
    if not await is_here(connection, pending.clinic_id, pending.practitioner_id):
        raise InvalidCode
    if not await use_code(connection, tried):
        raise InvalidCode


async def audit_account(
    connection: Connection, clinic_id: UUID, practitioner_id: UUID, action: str
) -> None:
    """Write down what happened to somebody's way in."""
    actor = Actor(
        clinic_id=clinic_id,
        id=practitioner_id,
        role="nobody",
        request_id=current_request_id(),
    )
    act = Act(action=action, object_type="practitioner", object_id=practitioner_id)
    await record_audit(connection, actor, act)


def seal(keyring: Keyring, pending: Pending) -> str:
    """Encrypt an activation for the way to the browser and back."""
    nonce = os.urandom(NONCE_BYTES)
    box = AESGCM(keyring.derive("activation"))
    sealed = nonce + box.encrypt(nonce, msgspec.json.encode(pending), None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def unseal(keyring: Keyring, activation: str) -> Pending:
    """Decrypt an activation that comes back.

    Raises:
        InvalidCode: it is not one of ours.
    """
    try:
        sealed = decode_base64url(activation)
        box = AESGCM(keyring.derive("activation"))
        plain = box.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except (ValueError, InvalidTag):
        raise InvalidCode from None
    return msgspec.json.decode(plain, type=Pending)


HANDLERS = [create_activation, confirm_activation, request_password_reset]
"""The operations of this file."""
