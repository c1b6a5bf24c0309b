"""What a clinic's own diaries make of the thresholds of a watch."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Recalibration(Table, table=True):
    """One tier's threshold in a clinic, before and after it was cut anew; append-only."""

    __table_args__ = (
        ForeignKeyConstraint(["clinic_id"], ["clinic.id"], ondelete="RESTRICT"),
        CheckConstraint("tier IN ('watch', 'likely', 'strong')", name="tier"),
        CheckConstraint("alarms BETWEEN 0 AND blocks", name="alarms"),
        Index("recalibration_newest_idx", "clinic_id", "basis", "tier", "made_at"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    tier: str
    basis: str
    nominal: float
    old_threshold: float
    new_threshold: float
    blocks: int
    rank: int
    alarms: int
    rate: float | None = None
    rate_low: float | None = None
    rate_high: float | None = None
    held: bool
    made_at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
