"""What a rule said of a chart. FHIR: DetectedIssue."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Finding(Table, table=True):
    """What a rule said of a chart, with its reason in numbers. FHIR: DetectedIssue."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "patient_id"], ["patient.clinic_id", "patient.id"], ondelete="RESTRICT"
        ),
        Index("finding_rule_key", "clinic_id", "patient_id", "rule", "period", unique=True),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    patient_id: UUID
    rule: str
    period: int
    severity: str
    because: str
    numbers: dict[str, Any] = Field(sa_type=JSONB)
    local_date: date
    rules_version: str
    found_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
