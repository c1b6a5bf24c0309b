"""How the app on a device is pushed to: registered, moved, or held until the device echoes it.

A push token belongs to one person. A patient's moves with whoever registers it. A practitioner's
stays where it is until the new device has sent back what was pushed to it: whoever learns a
colleague's token must not silence the colleague.
"""

import hmac
import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.alert import WAKE_PAGER
from models.cipher import Keyring, Subject
from models.device import Installation, Owner, lock_owner, require_room, silence_device
from models.echo import ECHO_LIFE, echo_nonce
from models.ids import uuid7
from models.session import Connection

LABEL = "device.push"
SEED_BYTES = 16


class PushState(StrEnum):
    """Whether this device is pushed to."""

    LIVE = "live"
    PENDING = "pending"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A registration with a push provider: what the pager opens, and what it is recognised by."""

    plain: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an app says about itself at each start; without `push` that stays as it was."""

    installation: Installation
    permission: str | None
    push: Push | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Another live device that has the same push registration."""

    id: UUID
    patient_id: UUID | None
    practitioner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What a registration came to; `moved` is the device that had the push before."""

    device_id: UUID
    state: PushState
    fresh: bool
    moved: Holder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A person's device as it stands."""

    id: UUID
    push_hmac: bytes | None
    pending_push_ct: bytes | None
    pending_push_hmac: bytes | None
    pending_seed: bytes | None
    pending_since: datetime | None
    disabled_at: datetime | None
    now: datetime

    @property
    def state(self) -> PushState:
        """Say whether it is pushed to."""
        if self.pending_seed is not None:
            return PushState.PENDING
        is_live = self.push_hmac is not None and self.disabled_at is None
        return PushState.LIVE if is_live else PushState.NONE


@dataclass(frozen=True, slots=True)
class Sealed:
    """A push registration as it is stored."""

    push_ct: bytes
    push_hmac: bytes


class InstallationTaken(Exception):
    """Somebody else's device has this installation's id."""


OWN_DEVICE = """
SELECT id, push_hmac, pending_push_ct, pending_push_hmac, pending_seed, pending_since, disabled_at,
    app_now() AS now
FROM device
WHERE clinic_id = $1 AND installation = $2
  AND patient_id IS NOT DISTINCT FROM $3 AND practitioner_id IS NOT DISTINCT FROM $4
"""

IS_TAKEN = """
SELECT EXISTS (SELECT FROM device
    WHERE clinic_id = $1 AND installation = $2 AND disabled_at IS NULL)
"""

DESCRIBE_DEVICE = """
INSERT INTO device AS d (clinic_id, id, installation, patient_id, practitioner_id, platform,
    app_version, zone, permission)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (clinic_id, installation, patient_id, practitioner_id) DO UPDATE SET
    platform = excluded.platform, app_version = coalesce(excluded.app_version, d.app_version),
    zone = coalesce(excluded.zone, d.zone),
    permission = coalesce(excluded.permission, d.permission), last_seen_at = app_now()
RETURNING id
"""

LOCK_PUSH = "SELECT pg_advisory_xact_lock($1)"

HOLDER = """
SELECT id, patient_id, practitioner_id FROM device
WHERE clinic_id = $1 AND push_hmac = $2 AND disabled_at IS NULL AND id <> $3 FOR UPDATE
"""

SET_PUSH = """
UPDATE device SET push_ct = $3, push_hmac = $4, disabled_at = NULL, disabled_reason = NULL,
    last_error = NULL, pending_push_ct = NULL, pending_push_hmac = NULL, pending_seed = NULL,
    pending_since = NULL, pending_sent_at = NULL
WHERE clinic_id = $1 AND id = $2
"""

SET_PENDING = """
UPDATE device SET pending_push_ct = $3, pending_push_hmac = $4, pending_seed = $5,
    pending_since = app_now(), pending_sent_at = NULL
WHERE clinic_id = $1 AND id = $2
"""

SHOW_ENDPOINT = """
UPDATE endpoint SET disabled_at = NULL, disabled_reason = NULL, refreshed_at = app_now()
WHERE clinic_id = $1 AND device_id = $2 RETURNING id
"""

INSERT_ENDPOINT = """
INSERT INTO endpoint (clinic_id, id, practitioner_id, channel, device_id, verified_at)
VALUES ($1, $2, $3, 'push', $4, app_now())
"""


async def own_device(connection: Connection, owner: Owner, installation: UUID) -> Device | None:
    """Find a person's device by the id of the installation."""
    row = await connection.fetchrow(
        OWN_DEVICE, owner.clinic_id, installation, owner.patient_id, owner.practitioner_id
    )
    return None if row is None else Device(**dict(row))


async def register(
    connection: Connection,
    owner: Owner,
    mine: Subject,
    clinic: Subject,
    registration: Registration,
) -> Registered:
    """Store what an app says at its start; needs a job's role, for other people's devices.

    Raises:
        InstallationTaken: somebody else's device has this id.
        DevicesFull: the patient has ten others.
    """
    await lock_owner(connection, owner)
    installation = registration.installation
    known = await own_device(connection, owner, installation.id)
    if known is None and await connection.fetchval(IS_TAKEN, owner.clinic_id, installation.id):
        raise InstallationTaken
    if known is None or known.disabled_at is not None:
        await require_room(connection, owner, installation.id)
    device_id: UUID = await connection.fetchval(
        DESCRIBE_DEVICE,
        owner.clinic_id,
        uuid7(),
        installation.id,
        owner.patient_id,
        owner.practitioner_id,
        installation.platform,
        installation.app_version,
        installation.zone,
        registration.permission,
    )
    if registration.push is None:
        state = known.state if known else PushState.NONE
        return Registered(device_id=device_id, state=state, fresh=known is None)
    sealed = Sealed(
        mine.seal(LABEL, device_id, registration.push.plain),
        clinic.index(LABEL, registration.push.value),
    )
    state, moved = await _take_push(connection, owner, device_id, sealed)
    fresh = known is None or known.push_hmac != sealed.push_hmac or known.disabled_at is not None
    return Registered(device_id=device_id, state=state, fresh=fresh, moved=moved)


async def _take_push(
    connection: Connection, owner: Owner, device_id: UUID, sealed: Sealed
) -> tuple[PushState, Holder | None]:
    """Give a device the push registration, unless a practitioner's other device has it."""
    holder = await _lock_holder(connection, owner.clinic_id, sealed.push_hmac, device_id)
    mine = holder is not None and owner.id in {holder.patient_id, holder.practitioner_id}
    if holder is not None and holder.practitioner_id is not None and not mine:
        if owner.is_patient:
            return PushState.NONE, None
        seed = os.urandom(SEED_BYTES)
        await connection.execute(
            SET_PENDING, owner.clinic_id, device_id, sealed.push_ct, sealed.push_hmac, seed
        )
        await connection.execute(WAKE_PAGER)
        return PushState.PENDING, None
    await _make_live(connection, owner, device_id, sealed, holder)
    return PushState.LIVE, None if mine else holder


async def _lock_holder(
    connection: Connection, clinic_id: UUID, value: bytes, device_id: UUID
) -> Holder | None:
    """Find who else has a push registration; two devices take it one after the other."""
    await connection.execute(LOCK_PUSH, int.from_bytes(value[:8], "big", signed=True))
    row = await connection.fetchrow(HOLDER, clinic_id, value, device_id)
    return None if row is None else Holder(**dict(row))


async def _make_live(
    connection: Connection, owner: Owner, device_id: UUID, sealed: Sealed, holder: Holder | None
) -> None:
    """Push to this device from now on, and to the one before no more."""
    if holder is not None:
        await silence_device(connection, owner.clinic_id, holder.id, reason="moved")
    await connection.execute(SET_PUSH, owner.clinic_id, device_id, sealed.push_ct, sealed.push_hmac)
    if owner.is_patient:
        return
    shown = await connection.fetchval(SHOW_ENDPOINT, owner.clinic_id, device_id)
    if shown is None:
        await connection.execute(INSERT_ENDPOINT, owner.clinic_id, uuid7(), owner.id, device_id)


async def confirm_push(
    connection: Connection, keyring: Keyring, owner: Owner, installation: UUID, nonce: str
) -> Registered | None:
    """Let a device take over that echoed what was pushed to it; None when it did not."""
    await lock_owner(connection, owner)
    device = await own_device(connection, owner, installation)
    if device is None or device.pending_seed is None or device.pending_since is None:
        return None
    expected = echo_nonce(keyring, device.id, device.pending_seed)
    if not hmac.compare_digest(nonce.encode(), expected.encode()):
        return None
    if device.now - device.pending_since > ECHO_LIFE:
        return None
    sealed = Sealed(device.pending_push_ct or b"", device.pending_push_hmac or b"")
    holder = await _lock_holder(connection, owner.clinic_id, sealed.push_hmac, device.id)
    await _make_live(connection, owner, device.id, sealed, holder)
    return Registered(device_id=device.id, state=PushState.LIVE, fresh=True, moved=holder)
