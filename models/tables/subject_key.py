"""Wrapped keys: one per clinic, under it one per patient, practitioner and the clinic itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table


class ClinicKey(Table, table=True):
    """A clinic's key, wrapped by the root key."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        {"schema": "keys"},
    )
    clinic_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    wrapped: bytes
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )


class SubjectKey(Table, table=True):
    """The key of one patient, practitioner or clinic, wrapped by the clinic's key.

    Destroying the row makes everything the subject wrote unreadable.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "clinic_key_version"],
            ["keys.clinic_key.clinic_id", "keys.clinic_key.version"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("kind IN ('patient', 'practitioner', 'clinic')", name="kind"),
        {"schema": "keys"},
    )
    clinic_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    kind: str
    clinic_key_version: int
    wrapped: bytes
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
