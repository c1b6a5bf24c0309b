"""One patient's time line: diary, treatment, scores, alerts; what they wrote only on request."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from api.answer import answer
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.chart_view import ChartOut, Reader, chart_out
from api.errors import InvalidQuery, NotFound
from api.forecast_view import ForecastOut, forecast_out
from api.patient_view import opened, patient_out
from api.problem import Code, FieldError
from clinical.forecast import PRIOR
from clinical.stretch import forecast_for
from models.audit import Act
from models.chart import chart_for
from models.cohort import patient_for, team_of
from models.subject_key import subject_for
from models.time_line import (
    MOST_ENTRIES,
    Span,
    alerts_in,
    entries_in,
    findings_in,
    infusions_in,
    phases_of,
    today_of,
    unverified_in,
)
from models.vital import readings_of

USUAL_DAYS = timedelta(days=180)
"""How far back a chart goes unless somebody asks otherwise."""
MOST_DAYS = timedelta(days=366)
"""The longest range of one answer; a longer one is read in parts."""
LENGTH_OF_DAY = len("2026-01-31")
NAMES = ("since", "until", "notes")


@get(
    "/v1/patients/{patient_id:uuid}/chart",
    operation_id="getChart",
    opt={"answers": {200: ChartOut}},
)
async def get_chart(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Show a patient's time line between two days, `since` and `until`, both included.

    `notes=true` adds what the patient wrote; each such reading is in the patient's access list.
    """
    given = read_range(request)
    async with authorised(request, backend) as visit:
        care = await visit.require_patient(patient_id)
        span = await span_of(visit, patient_id, given)
        if given.get("notes") == "true":
            visit.require_text(care)
        await audited(visit, span, with_text=given.get("notes") == "true")
        out = await read_chart(visit, span, with_text=given.get("notes") == "true")
    return answer(out)


def read_range(request: AnyRequest) -> Mapping[str, str]:
    """Read which days are asked for, and whether with text."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in NAMES:
            raise InvalidQuery(FieldError("/", Code.UNKNOWN_FIELD))
        if name in given:
            raise InvalidQuery(FieldError(f"/{name}", Code.DUPLICATE))
        given[name] = value
    if given.get("notes", "false") not in {"true", "false"}:
        raise InvalidQuery(FieldError("/notes", Code.UNKNOWN_VALUE))
    return given


def read_day(given: Mapping[str, str], name: str) -> date | None:
    """Read one end of the range."""
    value = given.get(name)
    if value is None:
        return None
    if len(value) == LENGTH_OF_DAY:
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise InvalidQuery(FieldError(f"/{name}", Code.WRONG_FORMAT))


async def span_of(visit: Visit, patient_id: UUID, given: Mapping[str, str]) -> Span:
    """Settle the range: without a word the last half year, up to the day after the patient's."""
    until = read_day(given, "until")
    if until is None:
        until = await today_of(visit.connection, visit.clinic_id, patient_id) + timedelta(days=1)
    since = read_day(given, "since") or max(until, date.min + USUAL_DAYS) - USUAL_DAYS
    if not timedelta() <= until - since <= MOST_DAYS:
        raise InvalidQuery(FieldError("/since", Code.OUT_OF_RANGE))
    return Span(clinic_id=visit.clinic_id, patient_id=patient_id, since=since, until=until)


async def audited(visit: Visit, span: Span, *, with_text: bool) -> None:
    """Write down who read which days, and whether with text, in the same transaction."""
    days = (f"since:{span.since}", f"until:{span.until}")
    await visit.audit(
        Act(
            action="chart.read_text" if with_text else "chart.read",
            object_type="patient",
            object_id=span.patient_id,
            patient_id=span.patient_id,
            fields=("note", *days) if with_text else days,
        )
    )


async def read_chart(visit: Visit, span: Span, *, with_text: bool) -> ChartOut:
    """Load the range and put it together."""
    db = visit.connection
    row = await patient_for(db, span.clinic_id, span.patient_id)
    if row is None:
        raise NotFound
    team = await team_of(db, span.clinic_id, span.patient_id)
    entries = await entries_in(db, span, most=MOST_ENTRIES + 1)
    infusions = await infusions_in(db, span)
    reader = Reader(
        registry=visit.backend.registry,
        keys=await subject_for(db, visit.backend.keyring, span.clinic_id, span.patient_id)
        if with_text
        else None,
    )
    return chart_out(
        reader,
        span,
        patient=patient_out(row, await opened(visit, row), visit.who, team),
        entries=entries[-MOST_ENTRIES:],
        truncated=len(entries) > MOST_ENTRIES,
        infusions=infusions,
        readings=await readings_of(db, span.clinic_id, [row.id for row in infusions]),
        phases=await phases_of(db, span),
        alerts=await alerts_in(db, span),
        findings=await findings_in(db, span),
        unverified=await unverified_in(db, span),
        forecast=await read_forecast(visit, span.patient_id),
    )


async def read_forecast(visit: Visit, patient_id: UUID) -> ForecastOut | UnsetType:
    """Forecast from the whole diary, as the patient's day is now.

    A diary of years takes a hundredth of a second and more, so other requests are let through.
    """
    db = visit.connection
    chart = await chart_for(db, visit.clinic_id, patient_id, known=visit.backend.registry)
    if chart is None:
        return UNSET
    today = await today_of(db, visit.clinic_id, patient_id)
    return forecast_out(await asyncio.to_thread(forecast_for, chart, PRIOR, today=today))


HANDLERS = [get_chart]
