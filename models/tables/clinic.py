"""The clinic: the tenant every other row belongs to. FHIR: Organization."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table


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
