"""The patient. FHIR: Patient."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table, TextArray
from models.ids import uuid7

CONDITIONS = (
    "trd",
    "mdd",
    "bipolar_depression",
    "anxiety",
    "ptsd",
    "ocd",
    "chronic_pain",
    "suicidal_ideation",
)
"""What ketamine is given for here; one of a patient's conditions is the primary one."""


class Patient(Table, table=True):
    """One person in treatment. Everything that names them is ciphertext under their own key."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        CheckConstraint("primary_condition = ANY (conditions)", name="primary_condition"),
        CheckConstraint("cardinality(conditions) BETWEEN 1 AND 8", name="conditions_count"),
        CheckConstraint(f"conditions <@ ARRAY{list(CONDITIONS)}::text[]", name="conditions"),
        CheckConstraint("failed_trials >= 0", name="failed_trials"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name_ct: bytes
    mrn_ct: bytes | None = None
    birth_date_ct: bytes | None = None
    zone: str
    language: str
    conditions: list[str] = Field(sa_type=TextArray)
    primary_condition: str
    bipolar_history: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    failed_trials: int | None = None
    intake_phq9_points: int | None = None
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    assessed_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the rules last saw the chart: time alone can be what they find."""
