"""The diary: entries, their revisions, how each was screened, and what had to be refused.

FHIR: QuestionnaireResponse.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, COMMITTED_IN, CommitOrder, Instant, Table, TextArray
from models.ids import uuid7


class Entry(Table, table=True):
    """One diary entry. The phone made its id; `revision` is the newest one."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        Index("entry_received_idx", "clinic_id", "patient_id", "received_at"),
        Index("entry_committed_idx", "clinic_id", "patient_id", "committed_in", "id"),
        Index(
            "entry_unassessed_idx",
            "received_at",
            postgresql_where=text("assessed_at IS NULL"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    revision: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    received_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    hidden_at: datetime | None = Field(default=None, sa_type=Instant)
    assessed_at: datetime | None = Field(default=None, sa_type=Instant)
    committed_in: int = Field(
        sa_type=CommitOrder, sa_column_kwargs={"server_default": text(COMMITTED_IN)}
    )


class EntryRevision(Table, table=True):
    """What an entry said in one revision; append-only. The note is ciphertext."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id", "entry_id"],
            ["entry.clinic_id", "entry.patient_id", "entry.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "infusion_id"], ["infusion.clinic_id", "infusion.id"], ondelete="RESTRICT"
        ),
        CheckConstraint("revision >= 1", name="revision"),
    )
    clinic_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    occurred_at: datetime = Field(sa_type=Instant)
    utc_offset_minutes: int
    zone: str
    local_date: date
    form: str
    language: str
    answers: dict[str, Any] = Field(sa_type=JSONB)
    side_effects: list[dict[str, Any]] = Field(sa_type=JSONB)
    infusion_id: UUID | None = None
    note_ct: bytes | None = None
    content_hmac: bytes
    speaks_of_suicide: bool
    warnings: list[str] = Field(sa_type=TextArray)
    device_id: UUID | None = None
    stored_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})


class Quarantine(Table, table=True):
    """A refused body that still decodes to text: kept 30 days, screened like an entry."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        Index("quarantine_body_key", "clinic_id", "patient_id", "body_hmac", unique=True),
        Index("quarantine_received_idx", "clinic_id", "patient_id", "received_at"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    slug: str
    body_hmac: bytes
    body_ct: bytes
    label: str
    device_id: UUID | None = None
    received_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    expires_at: datetime = Field(sa_type=Instant)


class Screening(Table, table=True):
    """One decision about one revision (or one quarantined body): the label and what hit.

    Spans are offsets and rule ids, never words. Append-only.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id", "entry_id", "revision"],
            [
                "entry_revision.clinic_id",
                "entry_revision.patient_id",
                "entry_revision.entry_id",
                "entry_revision.revision",
            ],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["clinic_id", "quarantine_id"],
            ["quarantine.clinic_id", "quarantine.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("label IN ('none', 'review', 'escalate')", name="label"),
        CheckConstraint("num_nonnulls(entry_id, quarantine_id) = 1", name="one_subject"),
        CheckConstraint("(entry_id IS NULL) = (revision IS NULL)", name="revision"),
        Index("screening_entry_idx", "clinic_id", "patient_id", "entry_id", "revision"),
        Index("screening_quarantine_idx", "clinic_id", "quarantine_id"),
        Index(
            "screening_review_idx",
            "screened_at",
            "clinic_id",
            "patient_id",
            postgresql_where=text("label = 'review'"),
        ),
        Index("screening_time_idx", "screened_at", postgresql_using="brin"),
        Index(
            "screening_stage_two_key",
            "clinic_id",
            "patient_id",
            "entry_id",
            "revision",
            unique=True,
            postgresql_where=text("stage = 2"),
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    entry_id: UUID | None = None
    revision: int | None = None
    quarantine_id: UUID | None = None
    stage: int
    label: str
    reason: str
    spans: list[dict[str, Any]] = Field(sa_type=JSONB)
    rule_ids: list[str] = Field(sa_type=TextArray)
    normaliser_version: str
    lexicon_version: str
    model_version: str | None = None
    text_hmac: bytes | None = None
    steps: int
    screened_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
