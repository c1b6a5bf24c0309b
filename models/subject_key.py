"""Wrapped keys: one per clinic, under it one per patient, practitioner and the clinic itself."""

from uuid import UUID

from models.cipher import Keyring, Subject, Unreadable, random_key
from models.session import Connection

SUBJECT_KEY = """
SELECT k.version, k.wrapped, w.version AS clinic_key_version, w.wrapped AS clinic_key_wrapped
FROM keys.subject_key k JOIN keys.clinic_key w
  ON w.clinic_id = k.clinic_id AND w.version = k.clinic_key_version
WHERE k.clinic_id = $1 AND k.subject_id = $2
ORDER BY k.version DESC LIMIT 1
"""


async def subject_for(
    connection: Connection, keyring: Keyring, clinic_id: UUID, subject_id: UUID
) -> Subject:
    """Unwrap the keys of one subject of the clinic this transaction is in.

    Raises:
        Unreadable: there is no key: it was destroyed, or this role may not see it.
    """
    row = await connection.fetchrow(SUBJECT_KEY, clinic_id, subject_id)
    if row is None:
        raise Unreadable("no key for this subject")
    return keyring.subject(
        clinic_id,
        subject_id,
        row["version"],
        row["wrapped"],
        (row["clinic_key_version"], row["clinic_key_wrapped"]),
    )


async def create_clinic_keys(connection: Connection, keyring: Keyring, clinic_id: UUID) -> Subject:
    """Make a new clinic's key, and the clinic's own subject key under it."""
    wrapped = keyring.wrap_clinic_key(clinic_id, 1, random_key())
    await connection.execute(
        "INSERT INTO keys.clinic_key (clinic_id, version, wrapped) VALUES ($1, 1, $2)",
        clinic_id,
        wrapped,
    )
    return await create_subject_key(connection, keyring, clinic_id, clinic_id, kind="clinic")


async def create_subject_key(
    connection: Connection, keyring: Keyring, clinic_id: UUID, subject_id: UUID, *, kind: str
) -> Subject:
    """Make the first key of a patient or practitioner; the same call again finds the first one."""
    row = await connection.fetchrow(
        "SELECT version, wrapped FROM keys.clinic_key WHERE clinic_id = $1"
        " ORDER BY version DESC LIMIT 1",
        clinic_id,
    )
    if row is None:
        raise Unreadable("no key for this clinic")
    clinic_key = keyring.unwrap_clinic_key(clinic_id, row["version"], row["wrapped"])
    await connection.execute(
        "INSERT INTO keys.subject_key"
        " (clinic_id, subject_id, version, kind, clinic_key_version, wrapped)"
        " VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT DO NOTHING",
        clinic_id,
        subject_id,
        kind,
        row["version"],
        keyring.new_subject(clinic_id, subject_id, clinic_key),
    )
    return await subject_for(connection, keyring, clinic_id, subject_id)
