"""Every installation of the app, a patient's or a practitioner's. FHIR: Device."""

from dataclasses import dataclass
from uuid import UUID

from models.ids import uuid7
from models.session import Connection
from models.sign_in import revoke_sessions

MOST_DEVICES = 10
"""Live installations of one patient. Source: spec, security section 8, row D3."""


class DevicesFull(Exception):
    """This patient has as many devices as there may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a device is: one patient or one practitioner."""

    clinic_id: UUID
    id: UUID
    is_patient: bool

    @property
    def patient_id(self) -> UUID | None:
        """The patient, if it is one."""
        return self.id if self.is_patient else None

    @property
    def practitioner_id(self) -> UUID | None:
        """The practitioner, if it is one."""
        return None if self.is_patient else self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installation of the app, as it describes itself."""

    id: UUID
    platform: str
    app_version: str | None = None
    zone: str | None = None


LOCK_PATIENT = "SELECT id FROM patient WHERE clinic_id = $1 AND id = $2 FOR NO KEY UPDATE"
LOCK_PRACTITIONER = "SELECT id FROM practitioner WHERE clinic_id = $1 AND id = $2 FOR NO KEY UPDATE"
"""One registration of a person at a time; writing entries does not wait for it."""

IS_HERE = """
SELECT c.closed_at IS NULL AND coalesce(p.ended_at, r.disabled_at) IS NULL
    AND num_nonnulls(p.id, r.id) = 1
FROM clinic c
LEFT JOIN patient p ON p.clinic_id = c.id AND p.id = $2
LEFT JOIN practitioner r ON r.clinic_id = c.id AND r.id = $2
WHERE c.id = $1
"""

COUNT_OTHERS = """
SELECT count(*) FROM device
WHERE clinic_id = $1 AND patient_id = $2 AND disabled_at IS NULL AND installation <> $3
"""

ENROL_DEVICE = """
INSERT INTO device AS d (clinic_id, id, installation, patient_id, practitioner_id, platform,
    app_version, zone, public_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (clinic_id, installation, patient_id, practitioner_id) DO UPDATE SET
    platform = excluded.platform, app_version = coalesce(excluded.app_version, d.app_version),
    zone = coalesce(excluded.zone, d.zone), public_key = excluded.public_key,
    last_seen_at = app_now(), disabled_at = NULL, disabled_reason = NULL,
    push_ct = CASE WHEN d.disabled_at IS NULL THEN d.push_ct END,
    push_hmac = CASE WHEN d.disabled_at IS NULL THEN d.push_hmac END
RETURNING d.id
"""

SILENCE_DEVICE = """
WITH silenced AS (
    UPDATE endpoint SET disabled_at = app_now(), disabled_reason = $3
    WHERE clinic_id = $1 AND device_id = $2 AND disabled_at IS NULL
)
UPDATE device SET disabled_at = app_now(), disabled_reason = $3, push_ct = NULL, push_hmac = NULL,
    pending_push_ct = NULL, pending_push_hmac = NULL, pending_seed = NULL, pending_since = NULL,
    pending_sent_at = NULL
WHERE clinic_id = $1 AND id = $2 AND disabled_at IS NULL
"""


async def lock_owner(connection: Connection, owner: Owner) -> None:
    """Let one registration of a person run at a time."""
    lock = LOCK_PATIENT if owner.is_patient else LOCK_PRACTITIONER
    await connection.execute(lock, owner.clinic_id, owner.id)


async def is_here(connection: Connection, clinic_id: UUID, subject_id: UUID) -> bool:
    """Say whether a person is still treated or employed at a clinic that is open."""
    return bool(await connection.fetchval(IS_HERE, clinic_id, subject_id))


async def require_room(connection: Connection, owner: Owner, installation: UUID) -> None:
    """Make sure that a patient may have one more device.

    Raises:
        DevicesFull: there are ten others.
    """
    others = await connection.fetchval(
        COUNT_OTHERS, owner.clinic_id, owner.patient_id, installation
    )
    if others >= MOST_DEVICES:
        raise DevicesFull


async def enrol_device(
    connection: Connection, owner: Owner, installation: Installation, public_key: bytes
) -> UUID:
    """Give an installation to somebody, with the key it proves itself by from now on.

    Its sessions of before end: they were proved by another key.

    Raises:
        DevicesFull: the patient has ten others.
    """
    await lock_owner(connection, owner)
    await require_room(connection, owner, installation.id)
    device_id: UUID = await connection.fetchval(
        ENROL_DEVICE,
        owner.clinic_id,
        uuid7(),
        installation.id,
        owner.patient_id,
        owner.practitioner_id,
        installation.platform,
        installation.app_version,
        installation.zone,
        public_key,
    )
    await revoke_sessions(connection, owner.clinic_id, device_id, reason="enrolled_again")
    return device_id


async def silence_device(
    connection: Connection, clinic_id: UUID, device_id: UUID, *, reason: str
) -> None:
    """Forget how a device is pushed to, and send it nothing more; a registration undoes it.

    Needs a role that sees endpoints: a job's or staff's.
    """
    await connection.execute(SILENCE_DEVICE, clinic_id, device_id, reason)
