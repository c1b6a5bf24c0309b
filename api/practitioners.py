"""The people who work at a clinic: an administrator adds, changes and disables them."""

from datetime import datetime
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
from api.errors import IdConflict, InvalidQuery, LastAdmin
from api.problem import Code, FieldError
from api.query import read_query
from models.audit import Act
from models.cipher import Subject
from models.colleague import (
    Colleague,
    change_colleague,
    code_of_clinic,
    colleague_for,
    has_other_admin,
    hold_id,
    page_of_colleagues,
)
from models.practitioner import MailTaken, NewPractitioner, create_practitioner
from models.subject_key import subject_for

FIRST = UUID(int=0)


class Role(StrEnum):
    """What somebody may do here."""

    CLINICIAN = "clinician"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Profession(StrEnum):
    """Which tasks are somebody's."""

    PHYSICIAN = "physician"
    ANAESTHESIA = "anaesthesia"
    NURSE = "nurse"
    THERAPIST = "therapist"
    COORDINATOR = "coordinator"


class PractitionerIn(Struct, forbid_unknown_fields=True):
    """Somebody who starts to work here; an enrolment code lets them choose a password."""

    id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    mail: Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$")]
    role: Role
    profession: Profession
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] = "en"


class PractitionerChange(Struct, forbid_unknown_fields=True):
    """What changes about somebody; what is absent stays."""

    role: Role | UnsetType = UNSET
    profession: Profession | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class PractitionerOut(Struct, omit_defaults=True):
    """A colleague; the mail address is shown to administrators only."""

    id: UUID
    name: str
    role: str
    profession: str
    language: str
    created_at: datetime
    mail: str | UnsetType = UNSET
    disabled_at: datetime | UnsetType = UNSET


class PractitionerPage(Struct, omit_defaults=True):
    """Some of a clinic's people; without a cursor there is nobody after them."""

    items: list[PractitionerOut]
    next_cursor: str | UnsetType = UNSET


class Place(Struct, array_like=True):
    """Where the list goes on."""

    id: UUID


@get(
    "/v1/practitioners",
    operation_id="listPractitioners",
    opt={"answers": {200: PractitionerPage}, "filters": ()},
)
async def list_practitioners(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[bytes]:
    """List the clinic's people, those too who have left."""
    query = read_query(request)
    async with authorised(request, backend) as visit:
        owner = (backend.keyring, "practitioners", visit.who.subject_id, visit.who.epoch)
        after = FIRST
        if query.cursor is not None:
            after = cursor.decode(*owner, query.cursor, into=Place).id
        rows = await page_of_colleagues(visit.connection, visit.clinic_id, after, query.limit + 1)
        shown = rows[: query.limit]
        page = PractitionerPage([await practitioner_out(visit, row) for row in shown])
        if len(rows) > query.limit:
            page.next_cursor = cursor.encode(*owner, Place(shown[-1].id))
    return answer(page)


@post(
    "/v1/practitioners",
    operation_id="createPractitioner",
    opt={"body": PractitionerIn, "answers": {200: PractitionerOut, 201: PractitionerOut}},
)
async def create_practitioner_record(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Add somebody to the clinic; their mail is the second way to reach them."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        body = decode(raw, PractitionerIn, invalid=InvalidQuery).value
        await hold_id(visit.connection, body.id)
        known = await colleague_for(visit.connection, visit.clinic_id, body.id)
        if known is None:
            await add(visit, body)
        stored = await visit.require_practitioner(body.id)
        out = await practitioner_out(visit, stored)
        if known is not None and (body.name, body.mail, body.role, body.profession) != (
            out.name,
            out.mail,
            out.role,
            out.profession,
        ):
            raise IdConflict
    return answer(out, status=201 if known is None else 200)


@patch(
    "/v1/practitioners/{practitioner_id:uuid}",
    operation_id="patchPractitioner",
    opt={"body": PractitionerChange, "answers": {200: PractitionerOut}},
)
async def patch_practitioner(
    request: AnyRequest, practitioner_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Change or disable somebody: disabled, they are signed out everywhere at once."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        before = await visit.require_practitioner(practitioner_id)
        body = decode(raw, PractitionerChange, invalid=InvalidQuery).value
        disabled = unless(body.disabled)
        role = unless(body.role) or before.role
        gone = before.disabled_at is not None if disabled is None else disabled
        await keep_an_admin(visit, before, role=role, gone=gone)
        await change_colleague(
            visit.connection,
            visit.clinic_id,
            practitioner_id,
            role=role,
            profession=unless(body.profession) or before.profession,
            disabled=gone,
        )
        await audited(visit, practitioner_id, "practitioner.change", *changed(body))
        out = await practitioner_out(visit, await visit.require_practitioner(practitioner_id))
    return answer(out)


async def add(visit: Visit, body: PractitionerIn) -> None:
    """Store somebody new."""
    person = NewPractitioner(
        id=body.id,
        name=body.name,
        mail=body.mail,
        role=body.role,
        profession=body.profession,
        language=body.language,
    )
    code = await code_of_clinic(visit.connection, visit.clinic_id)
    try:
        await create_practitioner(
            visit.connection, visit.backend.keyring, visit.clinic_id, code, person
        )
    except MailTaken:
        raise IdConflict(FieldError("/mail", Code.DUPLICATE)) from None
    await audited(visit, body.id, "practitioner.create")


async def keep_an_admin(visit: Visit, before: Colleague, *, role: str, gone: bool) -> None:
    """Refuse that somebody locks themselves, or with them everybody, out of administration."""
    leaves = before.role == "admin" and (gone or role != "admin")
    if not leaves:
        return
    if before.id == visit.who.subject_id or not await has_other_admin(
        visit.connection, visit.clinic_id, before.id
    ):
        raise LastAdmin


def changed(body: PractitionerChange) -> list[str]:
    """Name the members a change holds."""
    return [name for name in body.__struct_fields__ if getattr(body, name) is not UNSET]


async def audited(visit: Visit, practitioner_id: UUID, action: str, *fields: str) -> None:
    """Write down who changed whom."""
    await visit.audit(
        Act(action=action, object_type="practitioner", object_id=practitioner_id, fields=fields)
    )


async def practitioner_out(visit: Visit, row: Colleague) -> PractitionerOut:
    """Put a colleague into the answer."""
    keys: Subject = await subject_for(
        visit.connection, visit.backend.keyring, visit.clinic_id, row.id
    )
    out = PractitionerOut(
        id=row.id,
        name=keys.open_text("practitioner.name", row.id, row.name_ct),
        role=row.role,
        profession=row.profession,
        language=row.language,
        created_at=row.created_at,
        disabled_at=given(row.disabled_at),
    )
    if visit.who.role == "admin":
        out.mail = keys.open_text("practitioner.mail", row.id, row.mail_ct)
    return out


HANDLERS = [list_practitioners, create_practitioner_record, patch_practitioner]
