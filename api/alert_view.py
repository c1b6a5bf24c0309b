"""One alert as it goes out: how bad, whose, why, who was told, what happens next and when."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.answer import given
from models.alert_list import AlertRow, HistoryRow, PageRow, SourceRow


class SourceOut(Struct, omit_defaults=True):
    """Why: an entry, a refused body that was kept (unverified), or a finding with its numbers.

    `written_at` is when the patient wrote it, `received_at` when it reached us: "written 3 d ago,
    received now".
    """

    rule: str
    reason: str
    added_at: datetime
    received_at: datetime
    written_at: datetime | UnsetType = UNSET
    local_date: date | UnsetType = UNSET
    entry_id: UUID | UnsetType = UNSET
    revision: int | UnsetType = UNSET
    finding_id: UUID | UnsetType = UNSET
    unverified: bool = False
    rule_ids: list[str] = []
    because: str | UnsetType = UNSET
    numbers: dict[str, float | int | str] | UnsetType = UNSET


class PageOut(Struct, omit_defaults=True):
    """Who was paged, by which road, and how it went; `handle` names the caller's own page."""

    channel: str
    round: int
    step: int
    state: str
    due_at: datetime
    attempts: int
    practitioner_id: UUID | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    accepted_at: datetime | UnsetType = UNSET
    displayed_at: datetime | UnsetType = UNSET
    opened_at: datetime | UnsetType = UNSET
    handle: str | UnsetType = UNSET


class HistoryOut(Struct, omit_defaults=True):
    """One line of the ledger."""

    at: datetime
    kind: str
    actor_id: UUID | UnsetType = UNSET
    detail: dict[str, Any] = {}


class AlertOut(Struct, omit_defaults=True):
    """One alert: how bad, whose, why, who was told, what happens next and when."""

    id: UUID
    severity: str
    rule: str
    state: str
    round: int
    opened_at: datetime
    acks_needed: int
    sources: list[SourceOut]
    source_count: int
    pages: list[PageOut]
    page_count: int
    patient_id: UUID | UnsetType = UNSET
    next_step_at: datetime | UnsetType = UNSET
    acked_at: datetime | UnsetType = UNSET
    acked_by: UUID | UnsetType = UNSET
    action_due_at: datetime | UnsetType = UNSET
    resolved_at: datetime | UnsetType = UNSET
    resolved_by: UUID | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    assigned_profession: str | UnsetType = UNSET
    due_at: datetime | UnsetType = UNSET
    has_note: bool = False
    note: str | UnsetType = UNSET
    history: list[HistoryOut] | UnsetType = UNSET


class AlertPage(Struct, omit_defaults=True):
    """A page of alerts; without a cursor there is nothing after it."""

    items: list[AlertOut]
    next_cursor: str | UnsetType = UNSET


def alert_out(
    row: AlertRow, sources: Iterable[SourceRow], pages: Iterable[PageRow], me: UUID
) -> AlertOut:
    """Put one alert together; of the handles only the caller's own are shown."""
    sources, pages = list(sources), list(pages)
    return AlertOut(
        id=row.id,
        severity=row.severity,
        rule=row.rule,
        state=row.state,
        round=row.round,
        opened_at=row.opened_at,
        acks_needed=row.acks_needed,
        sources=[source_out(source) for source in sources],
        source_count=sources[0].total if sources else 0,
        pages=[page_out(page, me) for page in pages],
        page_count=pages[0].total if pages else 0,
        patient_id=given(row.patient_id),
        next_step_at=given(row.next_step_at),
        acked_at=given(row.acked_at),
        acked_by=given(row.acked_by),
        action_due_at=given(row.action_due_at),
        resolved_at=given(row.resolved_at),
        resolved_by=given(row.resolved_by),
        outcome=given(row.outcome),
        assigned_profession=given(row.assigned_profession),
        due_at=given(row.due_at),
        has_note=row.note_ct is not None,
    )


def source_out(row: SourceRow) -> SourceOut:
    """Say why, with both times: when it was written and when it came."""
    return SourceOut(
        rule=row.rule,
        reason=row.reason,
        added_at=row.added_at,
        received_at=row.received_at,
        written_at=given(row.written_at),
        local_date=given(row.local_date),
        entry_id=given(row.entry_id),
        revision=given(row.revision),
        finding_id=given(row.finding_id),
        unverified=row.quarantine_id is not None,
        rule_ids=row.rule_ids or [],
        because=given(row.because),
        numbers=given(row.numbers),
    )


def page_out(row: PageRow, me: UUID) -> PageOut:
    """Say who was paged and how it went."""
    return PageOut(
        channel=row.channel,
        round=row.round,
        step=row.step,
        state=row.state,
        due_at=row.due_at,
        attempts=row.attempt,
        practitioner_id=given(row.practitioner_id),
        outcome=given(row.outcome),
        accepted_at=given(row.accepted_at),
        displayed_at=given(row.displayed_at),
        opened_at=given(row.opened_at),
        handle=row.handle if row.practitioner_id == me else UNSET,
    )


def history_out(row: HistoryRow) -> HistoryOut:
    """Say what happened, by whom."""
    return HistoryOut(at=row.at, kind=row.kind, actor_id=given(row.actor_id), detail=row.detail)
