"""Which installations of the app a person has, and how each is pushed to."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api.backend import AnyRequest, Backend, entered
from api.body import read_body
from api.decode import decode
from api.device_wire import AppVersion, Platform, Zone, require_id, require_zone
from api.enrolments import SMALL_BODY
from api.errors import InvalidQuery, InvalidToken, NotFound, TooManyDevices
from api.log import current_request_id
from api.problem import Code, FieldError
from models.audit import Act, Actor, record_audit
from models.device import DevicesFull, Installation, Owner, silence_device
from models.gate import Entered
from models.registration import (
    Holder,
    InstallationTaken,
    Push,
    PushState,
    Registered,
    Registration,
    confirm_push,
    own_device,
    register,
)
from models.session import Connection, enter_clinic
from models.sign_in import revoke_sessions
from models.subject_key import subject_for

PRINTABLE = re.compile(r"[\x21-\x7e]+")
LONGEST_TOKEN = 4096
"""Characters of a push token; Firebase's have about 160."""
LONGEST_FID = 256
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    ".notify.windows.com",
)
"""Where browsers let themselves be pushed to; we call no other host that a client names."""


class WebPushKeysIn(Struct, forbid_unknown_fields=True):
    """What a browser's pushes are encrypted for."""

    p256dh: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_=-]{87,88}$")]
    auth: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_=-]{22,24}$")]


class WebPushIn(Struct, forbid_unknown_fields=True):
    """A browser's push subscription."""

    endpoint: Annotated[str, Meta(max_length=2048)]
    keys: WebPushKeysIn


class RegistrationIn(Struct, forbid_unknown_fields=True):
    """What the app says at each start; without a token what is stored of one stays."""

    platform: Platform
    app_version: AppVersion | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    permission: Literal["granted", "denied", "prompt", "provisional"] | UnsetType = UNSET
    fid: str | UnsetType = UNSET
    fcm_token: str | UnsetType = UNSET
    web_push: WebPushIn | UnsetType = UNSET


class ConfirmationIn(Struct, forbid_unknown_fields=True):
    """What was pushed to the new device."""

    nonce: Annotated[str, Meta(max_length=64)]


class DeviceOut(Struct):
    """A device, and whether it is pushed to: live, pending until it echoes, or none."""

    installation: UUID
    push: PushState


@put("/v1/devices/{installation_id:uuid}", operation_id="putDevice", opt={"body": RegistrationIn})
async def put_device(
    request: AnyRequest, installation_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> DeviceOut:
    """Register this installation, at each start of the app and whenever its token changes."""
    require_id(installation_id, "/installation_id")
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, RegistrationIn, invalid=InvalidQuery).value
    require_zone(sent.zone, "/zone")
    registration = Registration(
        installation=Installation(
            id=installation_id,
            platform=sent.platform,
            app_version=sent.app_version or None,
            zone=sent.zone or None,
        ),
        permission=sent.permission or None,
        push=push_in(sent),
    )
    async with entered(request, backend, "patient", "staff") as (connection, who):
        await enter_clinic(connection, who.clinic_id)
        mine = who.cipher(backend.keyring)
        clinic = await subject_for(connection, backend.keyring, who.clinic_id, who.clinic_id)
        try:
            done = await register(connection, owner_of(who), mine, clinic, registration)
        except InstallationTaken:
            raise NotFound from None
        except DevicesFull:
            raise TooManyDevices from None
        await audit_registration(connection, who, done, "device.register")
    return DeviceOut(installation_id, done.state)


@post(
    "/v1/devices/{installation_id:uuid}/confirm",
    operation_id="confirmDevice",
    status_code=200,
    opt={"body": ConfirmationIn},
)
async def confirm_device(
    request: AnyRequest, installation_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> DeviceOut:
    """Echo what was pushed to this device: it takes over from the one that had its token."""
    body = await read_body(request, limit=SMALL_BODY)
    sent = decode(body, ConfirmationIn, invalid=InvalidQuery).value
    async with entered(request, backend, "staff") as (connection, who):
        await enter_clinic(connection, who.clinic_id)
        owner = owner_of(who)
        if await own_device(connection, owner, installation_id) is None:
            raise NotFound
        done = await confirm_push(connection, backend.keyring, owner, installation_id, sent.nonce)
        if done is None:
            raise InvalidToken(FieldError("/nonce", Code.INVALID))
        await audit_registration(connection, who, done, "device.confirm")
    return DeviceOut(installation_id, done.state)


@delete("/v1/devices/{installation_id:uuid}", operation_id="deleteDevice", status_code=204)
async def delete_device(
    request: AnyRequest, installation_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> None:
    """Push nothing more to a device of one's own; one that is not at hand is signed out as well."""
    async with entered(request, backend, "patient", "staff") as (connection, who):
        await enter_clinic(connection, who.clinic_id)
        device = await own_device(connection, owner_of(who), installation_id)
        if device is None:
            raise NotFound
        await silence_device(connection, who.clinic_id, device.id, reason="removed")
        if device.id != who.device_id:
            await revoke_sessions(connection, who.clinic_id, device.id, reason="device_removed")
        await record_audit(connection, actor_of(who), act_on(who, device.id, "device.remove"))


def push_in(sent: RegistrationIn) -> Push | None:
    """Read how the device is pushed to.

    Raises:
        InvalidToken: a token is empty, too long or none that a provider gives out.
    """
    values: dict[str, Any] = {}
    for name, value, longest in (
        ("fid", sent.fid, LONGEST_FID),
        ("fcm_token", sent.fcm_token, LONGEST_TOKEN),
    ):
        if value is UNSET:
            continue
        if len(value) > longest or not PRINTABLE.fullmatch(value):
            raise InvalidToken(FieldError(f"/{name}", Code.INVALID))
        values[name] = value
    if sent.web_push is not UNSET:
        if not is_push_service(sent.web_push.endpoint):
            raise InvalidToken(FieldError("/web_push/endpoint", Code.INVALID))
        values["web_push"] = sent.web_push
    if not values:
        return None
    known_by = sent.fid or sent.fcm_token
    if not known_by and sent.web_push is not UNSET:
        known_by = sent.web_push.endpoint
    return Push(plain=msgspec.json.encode(values), value=str(known_by).encode())


def is_push_service(endpoint: str) -> bool:
    """Say whether an address belongs to a browser's push service."""
    if not PRINTABLE.fullmatch(endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_known = any(
        host.endswith(known) if known.startswith(".") else host == known for known in PUSH_HOSTS
    )
    return parts.scheme == "https" and is_known and port in {None, 443} and "@" not in parts.netloc


def owner_of(who: Entered) -> Owner:
    """Name the caller as the owner of devices."""
    return Owner(clinic_id=who.clinic_id, id=who.subject_id, is_patient=who.kind == "patient")


def actor_of(who: Entered) -> Actor:
    """Name the caller as an audit row does."""
    return Actor(
        clinic_id=who.clinic_id,
        id=who.subject_id,
        role=who.role,
        session_id=who.session_id,
        request_id=current_request_id(),
    )


def act_on(who: Entered, device_id: UUID, action: str) -> Act:
    """Write down what the caller did to a device of their own."""
    patient_id = who.subject_id if who.kind == "patient" else None
    return Act(action=action, object_type="device", object_id=device_id, patient_id=patient_id)


async def audit_registration(
    connection: Connection, who: Entered, done: Registered, action: str
) -> None:
    """Write down what changed; a start of the app that changes nothing leaves no row."""
    if done.fresh:
        await record_audit(connection, actor_of(who), act_on(who, done.device_id, action))
    if done.moved is not None:
        await record_audit(connection, actor_of(who), *acts_of_move(done.moved))


def acts_of_move(former: Holder) -> Iterator[Act]:
    """Yield what the former owner of a push token has to know, and sees in their own list."""
    for action in ("device.push_moved", "notice.person"):
        yield Act(
            action=action,
            object_type="device",
            object_id=former.id,
            patient_id=former.patient_id,
        )


HANDLERS = [put_device, confirm_device, delete_device]
"""The operations of this file."""
