"""Planned visits, and who takes the patient home from them."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api import cursor
from api.answer import answer, given, unless
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import IdConflict, InvalidQuery, NotFound
from api.query import read_query
from models import appointment
from models.appointment import VisitChange, change_visit, plan_visit, visit_for, visits_after
from models.audit import Act
from models.cipher import Subject
from models.subject_key import subject_for

LABEL = "appointment.escort_name"
"""Frozen: what the escort's name is sealed to."""
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class AppointmentKind(StrEnum):
    """What the visit is for."""

    INFUSION = "infusion"
    FOLLOW_UP = "follow_up"
    ASSESSMENT = "assessment"


class AppointmentIn(Struct, forbid_unknown_fields=True):
    """A visit somebody plans; they make its id, so that a repeated request is one visit."""

    id: UUID
    planned_at: Annotated[datetime, Meta(tz=True)]
    kind: AppointmentKind = AppointmentKind.INFUSION
    escort_name: Name | UnsetType = UNSET
    escort_confirmed: bool = False


class AppointmentChange(Struct, forbid_unknown_fields=True):
    """What changes about a visit; what is absent stays."""

    planned_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    kind: AppointmentKind | UnsetType = UNSET
    escort_name: Name | UnsetType = UNSET
    escort_confirmed: bool | UnsetType = UNSET
    cancelled: bool | UnsetType = UNSET


class AppointmentOut(Struct, omit_defaults=True):
    """A planned visit; with `infusion_id` it was kept."""

    id: UUID
    kind: str
    planned_at: datetime
    created_by: UUID
    created_at: datetime
    escort_name: str | UnsetType = UNSET
    escort_confirmed_at: datetime | UnsetType = UNSET
    escort_confirmed_by: UUID | UnsetType = UNSET
    infusion_id: UUID | UnsetType = UNSET
    cancelled_at: datetime | UnsetType = UNSET


class AppointmentPage(Struct, omit_defaults=True):
    """Planned visits by time; without a cursor there is nothing after them."""

    items: list[AppointmentOut]
    next_cursor: str | UnsetType = UNSET


class Place(Struct, array_like=True):
    """Where the list goes on."""

    planned_at: datetime
    id: UUID


@post(
    "/v1/patients/{patient_id:uuid}/appointments",
    operation_id="createAppointment",
    opt={"body": AppointmentIn, "answers": {200: AppointmentOut, 201: AppointmentOut}},
)
async def create_appointment(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Plan a visit."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        body = decode(raw, AppointmentIn, invalid=InvalidQuery).value
        keys = await keys_of(visit, patient_id)
        new = VisitChange(
            kind=body.kind,
            planned_at=body.planned_at,
            escort_name_ct=sealed(keys, body.id, unless(body.escort_name)),
            escort_confirmed=body.escort_confirmed,
        )
        fresh = await plan_visit(
            visit.connection,
            visit.clinic_id,
            patient_id,
            body.id,
            new,
            planned_by=visit.who.subject_id,
        )
        stored = await visit_for(visit.connection, visit.clinic_id, patient_id, body.id)
        if stored is None or not (fresh or is_same(keys, body, stored)):
            raise IdConflict
        if fresh:
            await audited(visit, patient_id, body.id, "appointment.plan")
        out = appointment_out(keys, stored)
    return answer(out, status=201 if fresh else 200)


@patch(
    "/v1/patients/{patient_id:uuid}/appointments/{appointment_id:uuid}",
    operation_id="patchAppointment",
    opt={"body": AppointmentChange, "answers": {200: AppointmentOut}},
)
async def patch_appointment(
    request: AnyRequest,
    patient_id: FromPath[UUID],
    appointment_id: FromPath[UUID],
    backend: NamedDependency[Backend],
) -> Response[bytes]:
    """Move or cancel a visit, or name and confirm the escort."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        where = (visit.connection, visit.clinic_id)
        stored = await visit_for(*where, patient_id, appointment_id, lock=True)
        if stored is None:
            raise NotFound
        body = decode(raw, AppointmentChange, invalid=InvalidQuery).value
        keys = await keys_of(visit, patient_id)
        change = changed(keys, stored, body)
        await change_visit(*where, appointment_id, change, changed_by=visit.who.subject_id)
        await audited(visit, patient_id, appointment_id, "appointment.change")
        after = await visit_for(*where, patient_id, appointment_id) or stored
        out = appointment_out(keys, after)
    return answer(out)


@get(
    "/v1/patients/{patient_id:uuid}/appointments",
    operation_id="listAppointments",
    opt={"answers": {200: AppointmentPage}, "filters": ()},
)
async def list_appointments(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """List a patient's visits by time, kept and cancelled ones too."""
    query = read_query(request)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        keys = await keys_of(visit, patient_id)
        owner = (
            backend.keyring,
            f"appointments.{patient_id}",
            visit.who.subject_id,
            visit.who.epoch,
        )
        after = (LONG_AGO, UUID(int=0))
        if query.cursor is not None:
            place = cursor.decode(*owner, query.cursor, into=Place)
            after = (place.planned_at, place.id)
        rows = await visits_after(
            visit.connection, visit.clinic_id, patient_id, after, query.limit + 1
        )
        page = AppointmentPage([appointment_out(keys, row) for row in rows[: query.limit]])
        if len(rows) > query.limit:
            last = rows[query.limit - 1]
            page.next_cursor = cursor.encode(*owner, Place(last.planned_at, last.id))
    return answer(page)


async def keys_of(visit: Visit, patient_id: UUID) -> Subject:
    """Unwrap the patient's keys."""
    return await subject_for(visit.connection, visit.backend.keyring, visit.clinic_id, patient_id)


def sealed(keys: Subject, appointment_id: UUID, name: str | None) -> bytes | None:
    """Encrypt the escort's name."""
    return None if name is None else keys.seal_text(LABEL, appointment_id, name)


def escort_of(keys: Subject, stored: appointment.Visit) -> str | None:
    """Read the escort's name."""
    if stored.escort_name_ct is None:
        return None
    return keys.open_text(LABEL, stored.id, stored.escort_name_ct)


def is_same(keys: Subject, body: AppointmentIn, stored: appointment.Visit) -> bool:
    """Say whether a visit is just what a repeated request asks for."""
    return (body.kind, body.planned_at, unless(body.escort_name), body.escort_confirmed) == (
        stored.kind,
        stored.planned_at,
        escort_of(keys, stored),
        stored.escort_confirmed_at is not None,
    )


def changed(keys: Subject, stored: appointment.Visit, body: AppointmentChange) -> VisitChange:
    """Put a change over what is stored; another escort or time has to be confirmed anew."""
    name, confirmed = unless(body.escort_name), unless(body.escort_confirmed)
    cancelled = unless(body.cancelled)
    another = name is not None and name != escort_of(keys, stored)
    moved = unless(body.planned_at) not in {None, stored.planned_at}
    if confirmed is None:
        confirmed = stored.escort_confirmed_at is not None and not another and not moved
    return VisitChange(
        kind=unless(body.kind) or stored.kind,
        planned_at=unless(body.planned_at) or stored.planned_at,
        escort_name_ct=sealed(keys, stored.id, name) if another else stored.escort_name_ct,
        escort_confirmed=confirmed,
        cancelled=stored.cancelled_at is not None if cancelled is None else cancelled,
    )


async def audited(visit: Visit, patient_id: UUID, appointment_id: UUID, action: str) -> None:
    """Write down who planned or changed a visit."""
    await visit.audit(
        Act(
            action=action,
            object_type="appointment",
            object_id=appointment_id,
            patient_id=patient_id,
        )
    )


def appointment_out(keys: Subject, stored: appointment.Visit) -> AppointmentOut:
    """Put a visit into the answer."""
    return AppointmentOut(
        id=stored.id,
        kind=stored.kind,
        planned_at=stored.planned_at,
        created_by=stored.created_by,
        created_at=stored.created_at,
        escort_name=given(escort_of(keys, stored)),
        escort_confirmed_at=given(stored.escort_confirmed_at),
        escort_confirmed_by=given(stored.escort_confirmed_by),
        infusion_id=given(stored.infusion_id),
        cancelled_at=given(stored.cancelled_at),
    )


HANDLERS = [create_appointment, patch_appointment, list_appointments]
