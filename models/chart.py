"""One patient's time line, loaded for the rules: codes and numbers, never a note."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from clinical.chart import (
    Chart,
    Entry,
    InductionPlan,
    Infusion,
    PlannedVisit,
    Vital,
    WeeklyScore,
)
from clinical.instruments import Registry, SideEffect, registry, score
from clinical.instruments.form import Composite, Form, Kind
from models.session import Connection

NO_COMPOSITE = Composite(items=(), at_least=1)
"""Of a condition that no daily form here asks for: no level, so no rule that needs one fires."""

PERSON = """
SELECT conditions, primary_condition, zone, app_now() AS as_of FROM patient
WHERE clinic_id = $1 AND id = $2
"""

INFUSIONS = """
SELECT id, course_id, started_at, local_date, discharge_ready_at FROM infusion
WHERE clinic_id = $1 AND patient_id = $2 ORDER BY started_at, id
"""

VITALS = """
SELECT v.infusion_id, v.kind, v.value, v.measured_at
FROM infusion i JOIN vital v ON v.clinic_id = i.clinic_id AND v.infusion_id = i.id
WHERE i.clinic_id = $1 AND i.patient_id = $2 ORDER BY v.measured_at, v.id
"""

PLANNED_VISITS = """
SELECT planned_at FROM appointment
WHERE clinic_id = $1 AND patient_id = $2 AND kind = 'infusion' AND infusion_id IS NULL
  AND cancelled_at IS NULL
ORDER BY planned_at, id
"""

INDUCTION_PLAN = """
SELECT c.planned_infusions, c.planned_window_days, (
    SELECT count(DISTINCT i.course_id) FROM infusion i
    WHERE i.clinic_id = c.clinic_id AND i.patient_id = c.patient_id AND i.started_at <= (
        SELECT min(f.started_at) FROM infusion f
        WHERE f.clinic_id = c.clinic_id AND f.course_id = c.id)) AS course
FROM course c
WHERE c.clinic_id = $1 AND c.patient_id = $2 AND c.closed_at IS NULL AND c.phase = 'induction'
  AND c.planned_infusions IS NOT NULL AND c.planned_window_days IS NOT NULL
"""
"""Of the open course only; its number is that of its first infusion's."""

ENTRIES = """
SELECT r.local_date, r.occurred_at, r.form, r.answers, r.side_effects
FROM entry e JOIN entry_revision r ON r.clinic_id = e.clinic_id AND r.patient_id = e.patient_id
    AND r.entry_id = e.id AND r.revision = e.revision
WHERE e.clinic_id = $1 AND e.patient_id = $2
ORDER BY r.occurred_at, e.id
"""
"""The newest revision of every entry; what the patient has hidden is still part of the illness."""

COURSE_END = """
SELECT (
    SELECT max(i.local_date) FROM infusion i
    WHERE i.clinic_id = $1 AND i.course_id = p.course_id AND i.started_at <= p.started_at
) AS course_end
FROM course_phase p
WHERE p.clinic_id = $1 AND p.patient_id = $2 AND p.phase IN ('maintenance', 'follow_up')
  AND NOT EXISTS (
      SELECT FROM course_phase q
      WHERE q.clinic_id = p.clinic_id AND q.course_id = p.course_id
        AND q.phase IN ('maintenance', 'follow_up') AND q.started_at < p.started_at)
ORDER BY p.started_at DESC LIMIT 1
"""
"""The last infusion before the newest course left its induction, where somebody has said so."""


async def chart_for(
    connection: Connection, clinic_id: UUID, patient_id: UUID, *, known: Registry | None = None
) -> Chart | None:
    """Load everything the rules may know of a patient; None when there is no such patient."""
    person = await connection.fetchrow(PERSON, clinic_id, patient_id)
    if person is None:
        return None
    forms = (known or packaged()).forms
    infusions = await infusions_of(connection, clinic_id, patient_id)
    rows = await connection.fetch(ENTRIES, clinic_id, patient_id)
    course_end: date | None = await connection.fetchval(COURSE_END, clinic_id, patient_id)
    return Chart(
        as_of=person["as_of"],
        conditions=tuple(person["conditions"]),
        primary_condition=person["primary_condition"],
        composite=composite_of(known or packaged(), person["primary_condition"]),
        infusions=infusions,
        entries=[entry_of(row) for row in rows],
        weekly_scores=weekly_scores(rows, forms),
        course_end=course_end,
        planned_visits=await planned_visits_of(connection, clinic_id, patient_id, person["zone"]),
        induction_plan=await induction_plan_of(connection, clinic_id, patient_id),
    )


async def infusions_of(connection: Connection, clinic_id: UUID, patient_id: UUID) -> list[Infusion]:
    """List what was given, with what was read around it."""
    vitals: dict[UUID, list[Vital]] = defaultdict(list)
    for row in await connection.fetch(VITALS, clinic_id, patient_id):
        vitals[row["infusion_id"]].append(
            Vital(kind=row["kind"], value=row["value"], measured_at=row["measured_at"])
        )
    courses: dict[UUID, int] = {}
    return [
        Infusion(
            number=n,
            started_at=row["started_at"],
            local_date=row["local_date"],
            course=courses.setdefault(row["course_id"], len(courses) + 1),
            discharge_ready_at=row["discharge_ready_at"],
            vitals=tuple(vitals[row["id"]]),
        )
        for n, row in enumerate(await connection.fetch(INFUSIONS, clinic_id, patient_id), start=1)
    ]


async def planned_visits_of(
    connection: Connection, clinic_id: UUID, patient_id: UUID, zone: str
) -> list[PlannedVisit]:
    """List the visits for an infusion that is not recorded, with the patient's day of each."""
    rows = await connection.fetch(PLANNED_VISITS, clinic_id, patient_id)
    return [
        PlannedVisit(
            planned_at=row["planned_at"],
            local_date=row["planned_at"].astimezone(ZoneInfo(zone)).date(),
        )
        for row in rows
    ]


async def induction_plan_of(
    connection: Connection, clinic_id: UUID, patient_id: UUID
) -> InductionPlan | None:
    """Say what the open course is meant to be while it is in its induction."""
    row = await connection.fetchrow(INDUCTION_PLAN, clinic_id, patient_id)
    if row is None:
        return None
    return InductionPlan(
        course=row["course"],
        infusions=row["planned_infusions"],
        window_days=row["planned_window_days"],
    )


@cache
def packaged() -> Registry:
    """Read the packaged item sets once."""
    return registry()


def composite_of(known: Registry, condition: str) -> Composite:
    """Name the daily items of a condition."""
    form = known.forms.get(known.daily_for.get(condition, ""))
    return NO_COMPOSITE if form is None or form.composite is None else form.composite


def entry_of(row: asyncpg.Record) -> Entry:
    """Turn one row into an entry of the chart."""
    return Entry(
        local_date=row["local_date"],
        occurred_at=row["occurred_at"],
        form=row["form"],
        answers=row["answers"],
        side_effects=tuple(
            SideEffect(id=each["id"], severity=each["severity"]) for each in row["side_effects"]
        ),
    )


def weekly_scores(rows: Sequence[asyncpg.Record], forms: Mapping[str, Form]) -> list[WeeklyScore]:
    """Total the instruments among the entries; one with answers missing has no total."""
    found: list[WeeklyScore] = []
    for row in rows:
        form = forms.get(row["form"])
        if form is None or form.kind is not Kind.INSTRUMENT or form.scoring.maximum is None:
            continue
        total = score(form, row["answers"])
        if total is not None:
            found.append(
                WeeklyScore(
                    local_date=row["local_date"],
                    form=form.name,
                    points=total.points,
                    maximum=form.scoring.maximum,
                )
            )
    return found
