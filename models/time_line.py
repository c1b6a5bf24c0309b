"""One patient's time line as a care team reads it; every query is of one range of days."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.session import Connection, rows_as
from models.treatment import StoredInfusion

MOST_ENTRIES = 2_000
"""Entries one answer holds: a year of five a day; beyond it the newest are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """The newest revision of one entry; the note is sealed."""

    id: UUID
    revision: int
    local_date: date
    occurred_at: datetime
    received_at: datetime
    zone: str
    form: str
    language: str
    answers: dict[str, Any]
    side_effects: list[dict[str, Any]]
    infusion_id: UUID | None
    note_ct: bytes | None
    speaks_of_suicide: bool
    warnings: list[str]
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """A change of phase."""

    course_id: UUID
    phase: str
    started_at: datetime
    actor_id: UUID | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMark:
    """An alert as a mark on the time line."""

    id: UUID
    rule: str
    severity: str
    state: str
    opened_at: datetime
    acked_at: datetime | None
    resolved_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """What a rule found, with its reason in numbers."""

    id: UUID
    rule: str
    severity: str
    because: str
    numbers: dict[str, Any]
    local_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedRow:
    """A body that was refused and kept, because it may be a call for help."""

    id: UUID
    slug: str
    label: str
    received_at: datetime
    body_ct: bytes


ENTRIES = """
SELECT e.id, r.revision, r.local_date, r.occurred_at, e.received_at, r.zone, r.form, r.language,
    r.answers, r.side_effects, r.infusion_id, r.note_ct, r.speaks_of_suicide, r.warnings,
    e.hidden_at IS NOT NULL AS hidden
FROM entry e JOIN entry_revision r ON r.clinic_id = e.clinic_id AND r.patient_id = e.patient_id
    AND r.entry_id = e.id AND r.revision = e.revision
WHERE e.clinic_id = $1 AND e.patient_id = $2 AND r.local_date BETWEEN $3 AND $4
ORDER BY r.local_date DESC, r.occurred_at DESC, e.id DESC LIMIT $5
"""

INFUSIONS = """
SELECT id, course_id, revision, local_date, recorded_by, recorded_at, visit_started_at, started_at,
    ended_at, discharge_ready_at, visit_ended_at, route, dose_mg_per_kg, dose_mg, rate_mg_per_hour,
    outcome, outcome_reason, antiemetic
FROM infusion WHERE clinic_id = $1 AND patient_id = $2 AND local_date BETWEEN $3 AND $4
ORDER BY started_at, id
"""

PHASES = """
SELECT course_id, phase, started_at, actor_id, reason FROM course_phase
WHERE clinic_id = $1 AND patient_id = $2 ORDER BY started_at, id
"""

ALERTS = """
SELECT id, rule, severity, state, opened_at, acked_at, resolved_at, outcome FROM alert
WHERE clinic_id = $1 AND patient_id = $2
  AND opened_at >= $3::date - interval '1 day' AND opened_at < $4::date + interval '2 days'
ORDER BY opened_at, id
"""
"""A day more on either side: a day of the patient's zone is not one of the database's."""

FINDINGS = """
SELECT id, rule, severity, because, numbers, local_date FROM finding
WHERE clinic_id = $1 AND patient_id = $2 AND local_date BETWEEN $3 AND $4
ORDER BY local_date, id
"""

UNVERIFIED = """
SELECT id, slug, label, received_at, body_ct FROM quarantine
WHERE clinic_id = $1 AND patient_id = $2
  AND received_at >= $3::date - interval '1 day' AND received_at < $4::date + interval '2 days'
ORDER BY received_at, id
"""

TODAY = "SELECT (app_now() AT TIME ZONE zone)::date FROM patient WHERE clinic_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whose time line, from which day to which, both included."""

    clinic_id: UUID
    patient_id: UUID
    since: date
    until: date

    @property
    def values(self) -> tuple[UUID, UUID, date, date]:
        """Give the arguments that every query begins with."""
        return self.clinic_id, self.patient_id, self.since, self.until


async def today_of(connection: Connection, clinic_id: UUID, patient_id: UUID) -> date:
    """Find which day it is where the patient is."""
    today: date = await connection.fetchval(TODAY, clinic_id, patient_id)
    return today


async def entries_in(connection: Connection, span: Span, *, most: int) -> list[EntryRow]:
    """List the newest entries of the days, by time; those too that the patient has hidden."""
    rows = rows_as(EntryRow, await connection.fetch(ENTRIES, *span.values, most))
    return rows[::-1]


async def infusions_in(connection: Connection, span: Span) -> list[StoredInfusion]:
    """List the infusions of the days."""
    return rows_as(StoredInfusion, await connection.fetch(INFUSIONS, *span.values))


async def phases_of(connection: Connection, span: Span) -> list[PhaseRow]:
    """List every change of phase, whenever it was."""
    records = await connection.fetch(PHASES, span.clinic_id, span.patient_id)
    return rows_as(PhaseRow, records)


async def alerts_in(connection: Connection, span: Span) -> list[AlertMark]:
    """List the alerts opened in the days."""
    return rows_as(AlertMark, await connection.fetch(ALERTS, *span.values))


async def findings_in(connection: Connection, span: Span) -> list[FindingRow]:
    """List what the rules found about the days."""
    return rows_as(FindingRow, await connection.fetch(FINDINGS, *span.values))


async def unverified_in(connection: Connection, span: Span) -> list[UnverifiedRow]:
    """List the refused bodies that were kept."""
    return rows_as(UnverifiedRow, await connection.fetch(UNVERIFIED, *span.values))
