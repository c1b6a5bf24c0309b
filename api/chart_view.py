"""A chart as it goes out: what was answered, what it adds up to, what was given, what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.answer import given
from api.forecast_view import ForecastOut
from api.patient_view import PatientOut
from api.vitals import MomentOut, moments_out
from clinical.instruments import Registry, composite, score
from models.cipher import Subject, Unreadable
from models.time_line import (
    AlertMark,
    EntryRow,
    FindingRow,
    PhaseRow,
    Span,
    UnverifiedRow,
)
from models.treatment import StoredInfusion
from models.vital import StoredReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a chart is read with: the item sets, and the patient's keys if text was asked for."""

    registry: Registry
    keys: Subject | None

    def note(self, row: EntryRow) -> str | None:
        """Open what the patient wrote, for those who may and ask."""
        if self.keys is None or row.note_ct is None:
            return None
        return self.keys.open_text("entry.note", row.id, row.note_ct, revision=row.revision)

    def body(self, row: UnverifiedRow) -> str | None:
        """Open a refused body; what is no text is shown as what can be read of it."""
        if self.keys is None:
            return None
        try:
            raw = self.keys.open("quarantine.body", row.id, row.body_ct)
        except Unreadable:
            return None
        return raw.decode("utf-8", "replace")


class ScoreOut(Struct, omit_defaults=True):
    """An instrument's total and the band it falls in."""

    points: float
    prorated: bool
    band: str | UnsetType = UNSET


class EntryOut(Struct, omit_defaults=True):
    """One diary entry."""

    id: UUID
    revision: int
    local_date: date
    occurred_at: datetime
    received_at: datetime
    zone: str
    form: str
    language: str
    answers: dict[str, int | str]
    side_effects: list[dict[str, Any]]
    speaks_of_suicide: bool
    has_note: bool
    composite: float | UnsetType = UNSET
    score: ScoreOut | UnsetType = UNSET
    infusion_id: UUID | UnsetType = UNSET
    warnings: list[str] = []
    hidden: bool = False
    note: str | UnsetType = UNSET


class InfusionEntry(Struct, omit_defaults=True):
    """One infusion with its readings."""

    id: UUID
    course_id: UUID
    revision: int
    local_date: date
    started_at: datetime
    route: str
    vitals: list[MomentOut]
    visit_started_at: datetime | UnsetType = UNSET
    ended_at: datetime | UnsetType = UNSET
    discharge_ready_at: datetime | UnsetType = UNSET
    visit_ended_at: datetime | UnsetType = UNSET
    dose_mg_per_kg: float | UnsetType = UNSET
    dose_mg: float | UnsetType = UNSET
    rate_mg_per_hour: float | UnsetType = UNSET
    outcome: str | UnsetType = UNSET
    outcome_reason: str | UnsetType = UNSET
    antiemetic: str | UnsetType = UNSET


class PhaseOut(Struct, omit_defaults=True):
    """A change of phase; without an actor the system made it."""

    course_id: UUID
    phase: str
    started_at: datetime
    reason: str
    actor_id: UUID | UnsetType = UNSET


class AlertOnChart(Struct, omit_defaults=True):
    """An alert as a mark on the time line."""

    id: UUID
    rule: str
    severity: str
    state: str
    opened_at: datetime
    acked_at: datetime | UnsetType = UNSET
    resolved_at: datetime | UnsetType = UNSET
    outcome: str | UnsetType = UNSET


class FindingOut(Struct):
    """What a rule found, and why, in numbers."""

    id: UUID
    rule: str
    severity: str
    because: str
    numbers: dict[str, float | int | str]
    local_date: date


class UnverifiedOut(Struct, omit_defaults=True):
    """A body that was refused and kept: nothing in it was checked."""

    id: UUID
    refused_as: str
    label: str
    received_at: datetime
    text: str | UnsetType = UNSET


class ChartOut(Struct, omit_defaults=True):
    """One patient between two days; `truncated` says that only the newest entries are here.

    The forecast is of today, whichever days were asked for; absent where no course
    is over, it did not work, or a return was found already.
    """

    patient: PatientOut
    since: date
    until: date
    truncated: bool
    phases: list[PhaseOut]
    infusions: list[InfusionEntry]
    entries: list[EntryOut]
    alerts: list[AlertOnChart]
    findings: list[FindingOut]
    unverified: list[UnverifiedOut]
    forecast: ForecastOut | UnsetType = UNSET


def chart_out(
    reader: Reader,
    span: Span,
    *,
    patient: PatientOut,
    entries: Sequence[EntryRow],
    truncated: bool,
    infusions: Sequence[StoredInfusion],
    readings: Sequence[StoredReading],
    phases: Sequence[PhaseRow],
    alerts: Sequence[AlertMark],
    findings: Sequence[FindingRow],
    unverified: Sequence[UnverifiedRow],
    forecast: ForecastOut | UnsetType,
) -> ChartOut:
    """Put a chart together."""
    return ChartOut(
        patient=patient,
        since=span.since,
        until=span.until,
        truncated=truncated,
        phases=[phase_out(row) for row in phases],
        infusions=[
            infusion_out(row, [each for each in readings if each.infusion_id == row.id])
            for row in infusions
        ],
        entries=[entry_out(reader, row) for row in entries],
        alerts=[alert_out(row) for row in alerts],
        findings=[finding_out(row) for row in findings],
        unverified=[unverified_out(reader, row) for row in unverified],
        forecast=forecast,
    )


def entry_out(reader: Reader, row: EntryRow) -> EntryOut:
    """Put one entry into the answer, with what its answers add up to."""
    form = reader.registry.forms.get(row.form)
    total = None if form is None else score(form, row.answers)
    level = None if form is None else composite(form, row.answers)
    return EntryOut(
        id=row.id,
        revision=row.revision,
        local_date=row.local_date,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        zone=row.zone,
        form=row.form,
        language=row.language,
        answers=row.answers,
        side_effects=row.side_effects,
        speaks_of_suicide=row.speaks_of_suicide,
        has_note=row.note_ct is not None,
        composite=given(level),
        score=ScoreOut(total.points, total.prorated, given(total.band)) if total else UNSET,
        infusion_id=given(row.infusion_id),
        warnings=row.warnings,
        hidden=row.hidden,
        note=given(reader.note(row)),
    )


def infusion_out(row: StoredInfusion, readings: Sequence[StoredReading]) -> InfusionEntry:
    """Put one infusion into the answer."""
    return InfusionEntry(
        id=row.id,
        course_id=row.course_id,
        revision=row.revision,
        local_date=row.local_date,
        started_at=row.started_at,
        route=row.route,
        vitals=moments_out(readings),
        visit_started_at=given(row.visit_started_at),
        ended_at=given(row.ended_at),
        discharge_ready_at=given(row.discharge_ready_at),
        visit_ended_at=given(row.visit_ended_at),
        dose_mg_per_kg=given(row.dose_mg_per_kg),
        dose_mg=given(row.dose_mg),
        rate_mg_per_hour=given(row.rate_mg_per_hour),
        outcome=given(row.outcome),
        outcome_reason=given(row.outcome_reason),
        antiemetic=given(row.antiemetic),
    )


def phase_out(row: PhaseRow) -> PhaseOut:
    """Put one change of phase into the answer."""
    return PhaseOut(row.course_id, row.phase, row.started_at, row.reason, given(row.actor_id))


def alert_out(row: AlertMark) -> AlertOnChart:
    """Put one alert into the answer."""
    return AlertOnChart(
        id=row.id,
        rule=row.rule,
        severity=row.severity,
        state=row.state,
        opened_at=row.opened_at,
        acked_at=given(row.acked_at),
        resolved_at=given(row.resolved_at),
        outcome=given(row.outcome),
    )


def finding_out(row: FindingRow) -> FindingOut:
    """Put one finding into the answer."""
    return FindingOut(row.id, row.rule, row.severity, row.because, row.numbers, row.local_date)


def unverified_out(reader: Reader, row: UnverifiedRow) -> UnverifiedOut:
    """Put one refused body into the answer."""
    return UnverifiedOut(row.id, row.slug, row.label, row.received_at, given(reader.body(row)))
