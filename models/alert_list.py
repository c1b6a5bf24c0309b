"""The alerts somebody may see: a page of them, one with its whole ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.session import Connection, rows_as

LIVE_STATES = ("open", "acked")
ALL_STATES = (*LIVE_STATES, "resolved")
SHOWN_IN_LIST = 20
"""Newest sources and pages of one alert that a list shows; the alert itself shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert as it stands."""

    id: UUID
    patient_id: UUID | None
    rule: str
    severity: str
    severity_rank: int
    state: str
    round: int
    acks_needed: int
    assigned_profession: str | None
    due_at: datetime | None
    opened_at: datetime
    next_step_at: datetime | None
    acked_at: datetime | None
    acked_by: UUID | None
    action_due_at: datetime | None
    resolved_at: datetime | None
    resolved_by: UUID | None
    outcome: str | None
    note_ct: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """What raised an alert; `written_at` and `received_at` may lie days apart."""

    alert_id: UUID
    total: int
    rule: str
    reason: str
    entry_id: UUID | None
    revision: int | None
    quarantine_id: UUID | None
    finding_id: UUID | None
    added_at: datetime
    written_at: datetime | None
    received_at: datetime
    local_date: date | None
    rule_ids: list[str] | None
    because: str | None
    numbers: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One page to one contact point, and how its last attempt went."""

    alert_id: UUID
    total: int
    practitioner_id: UUID | None
    channel: str
    round: int
    step: int
    state: str
    due_at: datetime
    accepted_at: datetime | None
    displayed_at: datetime | None
    opened_at: datetime | None
    attempt: int
    outcome: str | None
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One line of an alert's ledger."""

    at: datetime
    kind: str
    actor_id: UUID | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a list goes on: after this row."""

    rank: int
    opened_at: datetime
    id: UUID


START = Place(rank=1000, opened_at=datetime(9999, 1, 1, tzinfo=UTC), id=UUID(int=2**128 - 1))
"""Before every row: the same statement, and so the same plan, serves the first page."""

COLUMNS = """
a.id, a.patient_id, a.rule, a.severity, a.severity_rank, a.state, a.round, a.acks_needed,
a.assigned_profession, a.due_at, a.opened_at, a.next_step_at, a.acked_at, a.acked_by,
a.action_due_at, a.resolved_at, a.resolved_by, a.outcome, a.note_ct
"""

ASSIGNED = """
EXISTS (SELECT FROM membership m
    WHERE m.clinic_id = $1 AND m.practitioner_id = $2 AND m.patient_id = a.patient_id
      AND (m.until IS NULL OR m.until > app_now()))
"""

PAGED = """
EXISTS (SELECT FROM delivery d
    WHERE d.clinic_id = $1 AND d.alert_id = a.id AND d.practitioner_id = $2)
"""

LIVE_PAGE = f"""
SELECT {COLUMNS} FROM alert a
WHERE a.clinic_id = $1 AND a.state <> 'resolved' AND a.state = ANY ($3)
  AND (a.severity_rank, a.opened_at, a.id) < ($4, $5, $6)
  AND ({ASSIGNED} OR {PAGED})
ORDER BY a.severity_rank DESC, a.opened_at DESC, a.id DESC LIMIT $7
"""
"""What needs somebody now: the most severe first, the newest first among equals."""

PAGE_OF_MANY = f"""
SELECT {COLUMNS} FROM alert a
WHERE a.clinic_id = $1 AND a.state = ANY ($3) AND (a.opened_at, a.id) < ($4, $5)
  AND ({ASSIGNED} OR (a.state <> 'resolved' AND {PAGED}))
ORDER BY a.opened_at DESC, a.id DESC LIMIT $6
"""
"""Resolved ones too, the newest first: the clinic's alerts are walked through by time."""

PAGE_OF_FEW = f"""
WITH mine AS MATERIALIZED (
    SELECT patient_id FROM membership
    WHERE clinic_id = $1 AND practitioner_id = $2 AND (until IS NULL OR until > app_now())
)
SELECT {COLUMNS} FROM (
    SELECT own.* FROM mine CROSS JOIN LATERAL (
        SELECT * FROM alert o
        WHERE o.clinic_id = $1 AND o.patient_id = mine.patient_id AND o.state = ANY ($3)
          AND (o.opened_at, o.id) < ($4, $5)
        ORDER BY o.opened_at DESC, o.id DESC LIMIT $6
    ) own
    UNION ALL
    SELECT a.* FROM alert a
    WHERE a.clinic_id = $1 AND a.state <> 'resolved' AND a.state = ANY ($3)
      AND (a.opened_at, a.id) < ($4, $5) AND {PAGED} AND NOT {ASSIGNED}
) a
ORDER BY a.opened_at DESC, a.id DESC LIMIT $6
"""
"""The same of somebody with few patients: patient by patient, or most of the walk is in vain."""

PATIENTS = """
SELECT count(*) FROM membership
WHERE clinic_id = $1 AND practitioner_id = $2 AND (until IS NULL OR until > app_now())
"""
FEW_PATIENTS = 30
"""Up to here a page is put together patient by patient: 30 x 51 rows at most are looked at."""

ONE = f"""
SELECT {COLUMNS} FROM alert a WHERE a.clinic_id = $1 AND a.id = $2
"""

SOURCES = """
SELECT * FROM (
    SELECT s.alert_id, count(*) OVER of_alert AS total, s.rule, s.reason, s.entry_id, s.revision,
        s.quarantine_id, s.finding_id, s.added_at, r.occurred_at AS written_at,
        coalesce(r.stored_at, q.received_at, f.found_at) AS received_at,
        coalesce(r.local_date, f.local_date) AS local_date, c.rule_ids, f.because, f.numbers,
        row_number() OVER (PARTITION BY s.alert_id ORDER BY s.added_at DESC, s.id DESC) AS n
    FROM alert_source s
    LEFT JOIN entry_revision r ON r.clinic_id = s.clinic_id AND r.patient_id = s.patient_id
        AND r.entry_id = s.entry_id AND r.revision = s.revision
    LEFT JOIN quarantine q ON q.clinic_id = s.clinic_id AND q.id = s.quarantine_id
    LEFT JOIN finding f ON f.clinic_id = s.clinic_id AND f.id = s.finding_id
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT hit ORDER BY hit) AS rule_ids
        FROM screening g CROSS JOIN unnest(g.rule_ids) AS hit
        WHERE g.clinic_id = s.clinic_id AND g.label = 'escalate'
          AND (g.quarantine_id = s.quarantine_id
               OR (g.patient_id = s.patient_id AND g.entry_id = s.entry_id
                   AND g.revision = s.revision))
    ) c ON true
    WHERE s.clinic_id = $1 AND s.alert_id = ANY ($2)
    WINDOW of_alert AS (PARTITION BY s.alert_id)
) ranked WHERE n <= $3 ORDER BY alert_id, n
"""

PAGES = """
SELECT * FROM (
    SELECT d.alert_id, count(*) OVER of_alert AS total, d.practitioner_id, d.channel, d.round,
        d.step, d.state, d.due_at, d.accepted_at, d.displayed_at, d.opened_at, d.attempt,
        t.outcome, d.handle,
        row_number() OVER (PARTITION BY d.alert_id ORDER BY d.created_at DESC, d.id DESC) AS n
    FROM delivery d
    LEFT JOIN attempt t ON t.clinic_id = d.clinic_id AND t.delivery_id = d.id AND t.n = d.attempt
    WHERE d.clinic_id = $1 AND d.alert_id = ANY ($2)
    WINDOW of_alert AS (PARTITION BY d.alert_id)
) ranked WHERE n <= $3 ORDER BY alert_id, n
"""

HISTORY = """
SELECT at, kind, actor_id, detail FROM alert_history
WHERE clinic_id = $1 AND alert_id = $2 ORDER BY at, id
"""


async def page_of_alerts(
    connection: Connection,
    clinic_id: UUID,
    practitioner_id: UUID,
    *,
    states: Sequence[str],
    after: Place,
    limit: int,
) -> list[AlertRow]:
    """List the alerts of somebody's patients, and those they were paged about and are still live.

    With live states only, the most severe come first; else the newest.
    """
    of_whom = (clinic_id, practitioner_id, list(states))
    if is_live(states):
        where = (after.rank, after.opened_at, after.id)
        records = await connection.fetch(LIVE_PAGE, *of_whom, *where, limit)
    else:
        patients: int = await connection.fetchval(PATIENTS, clinic_id, practitioner_id)
        sql = PAGE_OF_FEW if patients <= FEW_PATIENTS else PAGE_OF_MANY
        records = await connection.fetch(sql, *of_whom, after.opened_at, after.id, limit)
    return rows_as(AlertRow, records)


def is_live(states: Sequence[str]) -> bool:
    """Say whether only alerts are asked for that are not over."""
    return "resolved" not in states


async def alert_for(connection: Connection, clinic_id: UUID, alert_id: UUID) -> AlertRow | None:
    """Find one alert."""
    row = await connection.fetchrow(ONE, clinic_id, alert_id)
    return None if row is None else AlertRow(**dict(row))


async def sources_of(
    connection: Connection, clinic_id: UUID, alert_ids: Sequence[UUID], *, most: int
) -> list[SourceRow]:
    """List what raised each alert, the newest first."""
    records = await connection.fetch(SOURCES, clinic_id, list(alert_ids), most)
    return [SourceRow(**_without_rank(record)) for record in records]


async def pages_of(
    connection: Connection, clinic_id: UUID, alert_ids: Sequence[UUID], *, most: int
) -> list[PageRow]:
    """List who was paged about each alert, the newest page first."""
    records = await connection.fetch(PAGES, clinic_id, list(alert_ids), most)
    return [PageRow(**_without_rank(record)) for record in records]


async def history_of(connection: Connection, clinic_id: UUID, alert_id: UUID) -> list[HistoryRow]:
    """List everything that happened to an alert."""
    return rows_as(HistoryRow, await connection.fetch(HISTORY, clinic_id, alert_id))


def _without_rank(record: asyncpg.Record) -> dict[str, Any]:
    row = dict(record)
    del row["n"]
    return row
