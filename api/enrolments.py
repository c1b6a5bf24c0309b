"""A code becomes a device session: how a patient's phone comes in."""

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from api.backend import AnyRequest, Backend
from api.body import read_body
from api.codes import prove_code
from api.decode import decode
from api.device_wire import DeviceIn, installation_in
from api.errors import InvalidCode, InvalidQuery, TooManyDevices
from api.limits import ENROLMENT, NONCE, address_of, require_place
from api.log import current_request_id
from api.proof import NONCE_HEADER, NONCE_SECONDS, nonce_at, prove_device
from models.audit import Act, Actor, record_audit
from models.device import DevicesFull, Installation, Owner, enrol_device, is_here
from models.enrolment import Tried, use_code
from models.gate import read_clock
from models.refresh import Tokens, start_family
from models.session import Connection, clinic_transaction
from models.sign_in import ACCESS_LIFE, NewSession, open_session

SMALL_BODY = 16 * 1024
"""Bytes: the largest sign-in has one."""
LONGEST_CODE = 64
"""Characters of a code with whatever people put between its groups."""


class EnrolmentIn(Struct, forbid_unknown_fields=True):
    """A code, and the device that will be the patient's."""

    code: Annotated[str, Meta(max_length=LONGEST_CODE)]
    device: DeviceIn


class Enrolled(Struct):
    """A device session: who the phone is now, and the tokens that show it."""

    access_token: str
    expires_in: int
    refresh_token: str
    patient_id: UUID
    session_id: UUID


class NonceOut(Struct):
    """What the next device proof signs."""

    nonce: str
    expires_in: int


@get(
    "/v1/device-nonce",
    operation_id="getDeviceNonce",
    opt={"public": True, "answers": {200: NonceOut}},
)
async def get_device_nonce(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[NonceOut]:
    """Return a nonce for a device proof; refusals of a proof carry one as well."""
    await require_place(backend, NONCE, address_of(request, backend))
    async with backend.pool.acquire() as connection:
        nonce = nonce_at(backend.keyring, await read_clock(connection))
    return Response(NonceOut(nonce, NONCE_SECONDS), headers={NONCE_HEADER: nonce})


@post(
    "/v1/enrolments",
    operation_id="createEnrolment",
    opt={"public": True, "body": EnrolmentIn, "answers": {201: Enrolled}},
)
async def create_enrolment(request: AnyRequest, backend: NamedDependency[Backend]) -> Enrolled:
    """Turn an enrolment code into a device session; the device proof signs the code as sent."""
    await require_place(backend, ENROLMENT, address_of(request, backend))
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, EnrolmentIn, invalid=InvalidQuery).value
    installation, public_key = installation_in(sent.device)
    async with backend.pool.acquire() as connection:
        await prove_device(connection, backend.keyring, request, public_key, sent.code)
    tried = await prove_code(backend, sent.code, of_staff=False)
    async with clinic_transaction(backend.pool, tried.clinic_id) as connection:
        return await enrol(connection, backend, tried, installation, public_key)


async def enrol(
    connection: Connection,
    backend: Backend,
    tried: Tried,
    installation: Installation,
    public_key: bytes,
) -> Enrolled:
    """Use a proved code up for a device session.

    Raises:
        InvalidCode: another phone was first, or the treatment has ended.
        TooManyDevices: the patient has ten others; the code stays good.
    """
    patient_id = tried.patient_id
    if patient_id is None or not await is_here(connection, tried.clinic_id, patient_id):
        raise InvalidCode
    if not await use_code(connection, tried):
        raise InvalidCode
    owner = Owner(clinic_id=tried.clinic_id, id=patient_id, is_patient=True)
    try:
        device_id = await enrol_device(connection, owner, installation, public_key)
    except DevicesFull:
        raise TooManyDevices from None
    new = NewSession(
        kind="patient", subject_id=patient_id, device_id=device_id, public_key=public_key
    )
    session_id = await open_session(connection, tried.clinic_id, new)
    await audit_enrolment(connection, tried, patient_id, session_id, device_id)
    tokens = await start_family(connection, backend.keyring, session_id, kind="patient")
    return enrolled(tokens, patient_id, session_id)


def enrolled(tokens: Tokens, patient_id: UUID, session_id: UUID) -> Enrolled:
    """Put the answer together."""
    return Enrolled(
        access_token=tokens.access,
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=tokens.refresh,
        patient_id=patient_id,
        session_id=session_id,
    )


async def audit_enrolment(
    connection: Connection, tried: Tried, patient_id: UUID, session_id: UUID, device_id: UUID
) -> None:
    """Write down which code let which device in."""
    actor = Actor(
        clinic_id=tried.clinic_id,
        id=patient_id,
        role="patient",
        session_id=session_id,
        request_id=current_request_id(),
    )
    await record_audit(
        connection,
        actor,
        Act(
            action="enrolment_code.use",
            object_type="enrolment_code",
            object_id=tried.code_id,
            patient_id=patient_id,
        ),
        Act(
            action="device.enrol",
            object_type="device",
            object_id=device_id,
            patient_id=patient_id,
        ),
    )


HANDLERS = [get_device_nonce, create_enrolment]
"""The operations of this file."""
