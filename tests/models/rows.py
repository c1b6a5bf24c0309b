"""Rows of any table of clinic data, made from its columns: what row security is tried on."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Table
from sqlalchemy.types import ARRAY, JSON, Boolean, Date, DateTime, Float, Integer, LargeBinary, Uuid

from models.session import Connection
from models.tables import metadata

NOT_OF_A_CLINIC = {"worker_heartbeat"}
CLINIC_TABLES = sorted(
    table.fullname
    for table in metadata.tables.values()
    if table.schema != "gate" and table.name not in NOT_OF_A_CLINIC
)
"""Every table of clinic data, from the models: a new one is tried without being named here."""

CHOSEN: dict[str, dict[str, Any]] = {
    "alert": {"severity": "urgent"},
    "alert_history": {"kind": "created"},
    "alert_source": {"quarantine_id": UUID(int=1)},
    "consent": {"purpose": "care"},
    "contact_rule": {"severity": "urgent"},
    "course_phase": {"phase": "baseline"},
    "device": {"platform": "ios"},
    "endpoint": {"channel": "mail", "address_ct": b"sealed"},
    "enrolment_code": {},
    "keys.subject_key": {"kind": "patient"},
    "membership": {"duty": "member"},
    "patient": {"conditions": ["trd"], "primary_condition": "trd"},
    "policy": {"severity": "urgent", "retired_at": datetime(2026, 1, 1, tzinfo=UTC)},
    "policy_target": {"kind": "everyone"},
    "practitioner": {"role": "clinician", "profession": "physician"},
    "recalibration": {"tier": "likely", "alarms": 0},
    "screening": {"label": "none", "quarantine_id": UUID(int=1)},
    "session": {"kind": "patient"},
    "vital": {"kind": "systolic", "moment": "before", "value": 120.0},
}
"""Values that a CHECK asks for; everything else follows from the type."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The clinic and the patient a row belongs to."""

    clinic: UUID = field(default_factory=uuid4)
    patient: UUID = field(default_factory=uuid4)


def _sample(column: Column[Any]) -> Any:
    """Make a value of a column's type."""
    kinds: tuple[tuple[type[Any], Any], ...] = (
        (Uuid, uuid4()),
        (Boolean, False),
        (Integer, next(_numbers)),
        (Float, 1.0),
        (DateTime, datetime(2026, 3, 1, tzinfo=UTC)),
        (Date, date(2026, 3, 1)),
        (ARRAY, []),
        (JSON, {}),
        (LargeBinary, uuid4().bytes),
    )
    return next((value for kind, value in kinds if isinstance(column.type, kind)), uuid4().hex)


def _value(table: Table, column: Column[Any], whose: Whose) -> Any:
    names = {"clinic_id": whose.clinic, "patient_id": whose.patient, "subject_id": whose.patient}
    if column.name == "id" and table.name in {"clinic", "patient"}:
        return whose.clinic if table.name == "clinic" else whose.patient
    if column.name in names:
        return names[column.name]
    return CHOSEN.get(table.fullname, {}).get(column.name, _sample(column))


def row_for(name: str, whose: Whose) -> dict[str, Any]:
    """Make one row: every column that must have a value, and what ties it to its owner."""
    table = metadata.tables[name]
    chosen = {"patient_id", *CHOSEN.get(name, {})}
    return {
        column.name: _value(table, column, whose)
        for column in table.columns
        if column.name in chosen or not (column.nullable or column.server_default is not None)
    }


async def insert_row(db: Connection, name: str, row: dict[str, Any]) -> None:
    """Insert a row as it is."""
    places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await db.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({places})", *row.values())


@asynccontextmanager
async def without_foreign_keys(superuser: Connection) -> AsyncGenerator[None]:
    """Insert rows whose neighbours are not there: only row security is looked at."""
    await superuser.execute("SET session_replication_role = replica")
    yield
    await superuser.execute("RESET session_replication_role")


@asynccontextmanager
async def undone(db: Connection) -> AsyncGenerator[Connection]:
    """Run a transaction that leaves nothing behind."""
    transaction = db.transaction()
    await transaction.start()
    try:
        yield db
    finally:
        await transaction.rollback()
