"""The clinic: the tenant every other row belongs to. FHIR: Organization."""

from uuid import UUID

from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, enter_clinic
from models.subject_key import create_clinic_keys

INSERT_CLINIC = """
INSERT INTO clinic (id, code, name, zone, country) VALUES ($1, $2, $3, $4, $5)
"""


async def create_clinic(
    connection: Connection, keyring: Keyring, *, code: str, name: str, zone: str, country: str
) -> UUID:
    """Open a clinic with keys of its own, and stay inside it for this transaction."""
    clinic_id = uuid7()
    await enter_clinic(connection, clinic_id)
    await connection.execute(INSERT_CLINIC, clinic_id, code, name, zone, country)
    await create_clinic_keys(connection, keyring, clinic_id)
    return clinic_id
