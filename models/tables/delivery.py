"""Pages on their way to people, every attempt at them, and the pagers' heartbeats."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from models.base import APP_NOW, Instant, Table
from models.ids import uuid7


class Delivery(Table, table=True):
    """One page on its way to one contact point. FHIR: Communication.

    `handle` is the opaque name the page carries; `due_at` is the next try, or the lease's end.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "alert_id"], ["alert.clinic_id", "alert.id"], ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["clinic_id", "endpoint_id"], ["endpoint.clinic_id", "endpoint.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "state IN ('pending', 'leased', 'accepted', 'failed', 'cancelled', 'superseded')",
            name="state",
        ),
        Index(
            "delivery_step_key",
            "clinic_id",
            "alert_id",
            "round",
            "step",
            "endpoint_id",
            unique=True,
        ),
        Index("delivery_handle_key", "clinic_id", "handle", unique=True),
        Index(
            "delivery_due_idx",
            text("severity_rank DESC"),
            "due_at",
            postgresql_where=text("state IN ('pending', 'leased')"),
        ),
        Index("delivery_practitioner_idx", "clinic_id", "practitioner_id"),
    )
    clinic_id: UUID = Field(primary_key=True)
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    alert_id: UUID
    round: int
    step: int
    practitioner_id: UUID | None = None
    endpoint_id: UUID
    channel: str
    kind: str
    severity_rank: int
    state: str = Field(default="pending", sa_column_kwargs={"server_default": text("'pending'")})
    due_at: datetime = Field(sa_type=Instant)
    attempt: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    faults: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    minimal: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    lease_owner: str | None = None
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    displayed_at: datetime | None = Field(default=None, sa_type=Instant)
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    collapse_tag: str
    handle: str
    created_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )


class Attempt(Table, table=True):
    """One try at one delivery: written with the claim, before the call; ended after it."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["clinic_id", "delivery_id"], ["delivery.clinic_id", "delivery.id"], ondelete="RESTRICT"
        ),
        CheckConstraint(
            "outcome IN ('accepted', 'throttled', 'transient', 'unknown', 'invalid_endpoint',"
            " 'permanent', 'config', 'lost', 'fenced', 'released')",
            name="outcome",
        ),
    )
    clinic_id: UUID = Field(primary_key=True)
    delivery_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    worker: str
    started_at: datetime = Field(
        sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)}
    )
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    provider_code: str | None = None
    provider_id: str | None = None


class WorkerHeartbeat(Table, table=True):
    """That a pager is alive and how far behind it is; one row per pager."""

    worker: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, sa_column_kwargs={"server_default": text(APP_NOW)})
    loop_lag_ms: float
    oldest_due_seconds: float
    listen_ok: bool
    config_fault: str | None = None
    version: str
