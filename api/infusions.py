"""Record or correct an infusion, and the readings around it."""

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from uuid import UUID

from litestar import Response, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api.answer import answer, given, unless
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import (
    IdConflict,
    InvalidQuery,
    InvalidTime,
    NotFound,
    PreconditionRequired,
    VersionConflict,
)
from api.problem import Code, FieldError
from clinical.treatment import Given, Unusual, warnings_for
from models.audit import Act
from models.treatment import (
    Content,
    StoredInfusion,
    around,
    correct_infusion,
    infusion_for,
    record_infusion,
    was_recorded_as,
)

INSTANTS = ("visit_started_at", "started_at", "ended_at", "discharge_ready_at", "visit_ended_at")
"""In this order, those that are known."""
Instant = Annotated[datetime, Meta(tz=True)]
Amount = Annotated[float, Meta(gt=0, le=10_000)]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A code, never a sentence: sentences are encrypted, and these columns are not."""


class Route(StrEnum):
    """How ketamine was given."""

    IV = "iv"
    IM = "im"
    SC = "sc"
    INTRANASAL = "intranasal"
    ORAL = "oral"


class Outcome(StrEnum):
    """How the infusion went."""

    COMPLETED = "completed"
    SLOWED = "slowed"
    STOPPED_EARLY = "stopped_early"


class InfusionRecord(Struct, forbid_unknown_fields=True):
    """What an infusion was; a correction is the whole record again."""

    started_at: Instant
    visit_started_at: Instant | UnsetType = UNSET
    ended_at: Instant | UnsetType = UNSET
    discharge_ready_at: Instant | UnsetType = UNSET
    visit_ended_at: Instant | UnsetType = UNSET
    route: Route = Route.IV
    dose_mg_per_kg: Amount | UnsetType = UNSET
    dose_mg: Amount | UnsetType = UNSET
    rate_mg_per_hour: Amount | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    outcome_reason: Word | UnsetType = UNSET
    antiemetic: Word | UnsetType = UNSET


class InfusionIn(InfusionRecord, forbid_unknown_fields=True, kw_only=True):
    """An infusion with the id its recorder made: a repeated request is the same infusion."""

    id: UUID


class InfusionOut(Struct, omit_defaults=True):
    """An infusion as it stands; warnings say what is unusual and refuse nothing."""

    id: UUID
    course_id: UUID
    revision: int
    local_date: date
    started_at: datetime
    route: str
    recorded_by: UUID
    recorded_at: datetime
    warnings: list[Unusual]
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


@post(
    "/v1/patients/{patient_id:uuid}/infusions",
    operation_id="createInfusion",
    opt={"body": InfusionIn, "answers": {200: InfusionOut, 201: InfusionOut}},
)
async def create_infusion(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Record an infusion: the first one begins the induction, later entries are judged by it."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        body = decode(raw, InfusionIn, invalid=InvalidQuery).value
        content = content_of(body)
        fresh = await record_infusion(
            visit.connection,
            visit.clinic_id,
            patient_id,
            body.id,
            content,
            recorded_by=visit.who.subject_id,
        )
        stored = await infusion_for(visit.connection, visit.clinic_id, patient_id, body.id)
        if stored is None:
            raise IdConflict
        if fresh:
            await audited(visit, patient_id, body.id, "infusion.record")
        elif not await was_recorded_as(visit.connection, visit.clinic_id, stored, content):
            raise IdConflict
        out = await infusion_out(visit, stored)
    backend.hints.add(visit.clinic_id, patient_id)
    return sent(out, status=201 if fresh else 200)


@patch(
    "/v1/patients/{patient_id:uuid}/infusions/{infusion_id:uuid}",
    operation_id="patchInfusion",
    opt={"body": InfusionRecord, "answers": {200: InfusionOut}},
)
async def patch_infusion(
    request: AnyRequest,
    patient_id: FromPath[UUID],
    infusion_id: FromPath[UUID],
    backend: NamedDependency[Backend],
) -> Response[bytes]:
    """Correct an infusion; what was recorded before is kept, and the chart is assessed again."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        where = (visit.connection, visit.clinic_id, patient_id)
        stored = await infusion_for(*where, infusion_id, lock=True)
        if stored is None:
            raise NotFound
        content = content_of(decode(raw, InfusionRecord, invalid=InvalidQuery).value)
        matches = is_current(request, stored)
        if content != stored.content:
            if not matches:
                raise VersionConflict(headers={"ETag": etag(stored.revision)})
            await correct_infusion(*where, stored, content, recorded_by=visit.who.subject_id)
            await audited(visit, patient_id, infusion_id, "infusion.correct")
            stored = await infusion_for(*where, infusion_id) or stored
        out = await infusion_out(visit, stored)
    backend.hints.add(visit.clinic_id, patient_id)
    return sent(out)


def content_of(body: InfusionRecord) -> Content:
    """Read what an infusion was, in an order in which it can have happened."""
    known = [(name, at) for name in INSTANTS if (at := unless(getattr(body, name)))]
    for (_, earlier), (name, later) in pairwise(known):
        if later < earlier:
            raise InvalidTime(FieldError(f"/{name}", Code.INVALID_TIME))
    outcome, reason = unless(body.outcome), unless(body.outcome_reason)
    if outcome not in {None, Outcome.COMPLETED} and reason is None:
        raise InvalidQuery(FieldError("/outcome_reason", Code.MISSING))
    return Content(
        visit_started_at=unless(body.visit_started_at),
        started_at=body.started_at,
        ended_at=unless(body.ended_at),
        discharge_ready_at=unless(body.discharge_ready_at),
        visit_ended_at=unless(body.visit_ended_at),
        route=body.route,
        dose_mg_per_kg=unless(body.dose_mg_per_kg),
        dose_mg=unless(body.dose_mg),
        rate_mg_per_hour=unless(body.rate_mg_per_hour),
        outcome=outcome,
        outcome_reason=reason,
        antiemetic=unless(body.antiemetic),
    )


def is_current(request: AnyRequest, stored: StoredInfusion) -> bool:
    """Say whether a correction was made from the record as it stands."""
    match = request.headers.get("if-match")
    if match is None:
        raise PreconditionRequired
    return match == etag(stored.revision)


def etag(revision: int) -> str:
    """Name a revision as HTTP does."""
    return f'"{revision}"'


def sent(out: InfusionOut, *, status: int = 200) -> Response[bytes]:
    """Answer with an infusion and the name of its revision."""
    return answer(out, status=status, headers={"ETag": etag(out.revision)})


async def audited(visit: Visit, patient_id: UUID, infusion_id: UUID, action: str) -> None:
    """Write down who changed the treatment's side of the time line."""
    await visit.audit(
        Act(action=action, object_type="infusion", object_id=infusion_id, patient_id=patient_id)
    )


async def infusion_out(visit: Visit, stored: StoredInfusion) -> InfusionOut:
    """Put an infusion into the answer, with what is unusual about it."""
    context = await around(visit.connection, visit.clinic_id, stored.id)
    if context is None:
        raise NotFound
    unusual = warnings_for(
        Given(
            started_at=stored.started_at,
            ended_at=stored.ended_at,
            others=context.others,
            number_in_course=context.number_in_course,
            planned_infusions=context.planned_infusions,
            open_appointments=context.open_appointments,
        ),
        now=context.now,
    )
    return InfusionOut(
        id=stored.id,
        course_id=stored.course_id,
        revision=stored.revision,
        local_date=stored.local_date,
        started_at=stored.started_at,
        route=stored.route,
        recorded_by=stored.recorded_by,
        recorded_at=stored.recorded_at,
        warnings=unusual,
        visit_started_at=given(stored.visit_started_at),
        ended_at=given(stored.ended_at),
        discharge_ready_at=given(stored.discharge_ready_at),
        visit_ended_at=given(stored.visit_ended_at),
        dose_mg_per_kg=given(stored.dose_mg_per_kg),
        dose_mg=given(stored.dose_mg),
        rate_mg_per_hour=given(stored.rate_mg_per_hour),
        outcome=given(stored.outcome),
        outcome_reason=given(stored.outcome_reason),
        antiemetic=given(stored.antiemetic),
    )


HANDLERS = [create_infusion, patch_infusion]
