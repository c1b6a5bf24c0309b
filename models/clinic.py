"""The clinic: the tenant every other row belongs to. FHIR: Organization."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, uuid7
from models.cipher import Keyring
from models.session import Connection, enter_clinic
from models.subject_key import create_clinic_keys


class Clinic(Table, table=True):
    """One clinic. `supervisor_id` and `privacy_officer_id` are told when a page finds nobody."""

    id: UUID = Field(primary_key=True)
    code: str
    name: str
    zone: str
    country: str
    crisis: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    supervisor_id: UUID | None = None
    privacy_officer_id: UUID | None = None
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


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
