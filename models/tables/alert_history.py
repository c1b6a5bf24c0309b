"""What happened to an alert, in the order it was committed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.base import APP_NOW, COMMITTED_IN, CommitOrder, Instant, Table
from models.ids import uuid7

HISTORY_KINDS = (
    "created",
    "step",
    "sent",
    "accepted",
    "receipt",
    "opened",
    "acked",
    "unacked",
    "handed_over",
    "action",
    "resolved",
    "fallback",
    "unreachable",
    "failed",
    "reopened",
    "attached",
)


class AlertHistory(Table, table=True):
    """What happened to an alert, in commit order; append-only."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "alert_id"], ["alert.clinic_id", "alert.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(f"kind IN {HISTORY_KINDS}", name="kind"),
        Index("alert_history_alert_idx", "clinic_id", "alert_id", "at"),
        Index("alert_history_committed_idx", "clinic_id", "committed_in", "id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    alert_id: UUID
    patient_id: UUID | None = None
    at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    actor_id: UUID | None = None
    kind: str
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    committed_in: int = Field(
        sa_type=CommitOrder, sa_column_kwargs={"server_default": text(COMMITTED_IN)}
    )
