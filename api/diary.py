"""Read diary entries: one, or a page of them, as their patient sees them."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from api import cursor
from api.backend import AnyRequest, Backend, entered
from api.errors import NotFound
from api.intake import SideEffectIn, etag_of
from api.log import current_request_id
from api.query import read_query
from models.audit import Act, Actor, record_audit
from models.cipher import Subject
from models.gate import Entered
from models.revision import Listed, newest_revision, page_of_entries
from models.session import Connection

JSON = "application/json"

encode = msgspec.json.Encoder().encode


class EntryRead(Struct, omit_defaults=True):
    """An entry as its patient sees it: the newest revision."""

    id: UUID
    revision: int
    etag: str
    received_at: datetime
    occurred_at: datetime
    zone: str
    local_date: str
    form: str
    language: str
    answers: dict[str, int | str]
    side_effects: list[SideEffectIn]
    infusion_id: UUID | UnsetType = UNSET
    note: str | UnsetType = UNSET


class EntryPage(Struct, omit_defaults=True):
    """Some of a patient's entries, and where the list goes on."""

    items: list[EntryRead]
    next_cursor: str | UnsetType = UNSET


class Hidden(Struct):
    """What is left of an entry its patient has hidden."""

    id: UUID
    hidden: bool = True


class Received(Struct, array_like=True):
    """The place in the list of entries: when received, which."""

    at: datetime
    entry_id: UUID


@get("/v1/entries/{entry_id:str}", operation_id="getEntry", opt={"answers": {200: EntryRead}})
async def get_entry(
    request: AnyRequest, entry_id: FromPath[str], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Return one of the patient's own entries."""
    async with entered(request, backend, "patient") as (connection, me):
        current = await newest_revision(
            connection, me.clinic_id, me.subject_id, name := path_id(entry_id)
        )
        if current is None:
            await record_denial(connection, me, name)
        elif current.hidden_at is None:
            read = entry_read(current, me.cipher(backend.keyring))
            return Response(encode(read), media_type=JSON, headers={"ETag": read.etag})
    raise NotFound


async def record_denial(connection: Connection, me: Entered, entry_id: UUID) -> None:
    """Write down who asked for what is not theirs; a random id leaves the same row."""
    await record_audit(
        connection,
        Actor(
            clinic_id=me.clinic_id,
            id=me.subject_id,
            role=me.role,
            session_id=me.session_id,
            request_id=current_request_id(),
        ),
        Act(
            action="entry.read",
            object_type="entry",
            object_id=entry_id,
            patient_id=me.subject_id,
            outcome="denied",
        ),
    )


@get("/v1/entries", operation_id="listEntries", opt={"answers": {200: EntryPage}, "filters": ()})
async def list_entries(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """List the patient's own entries, the newest received first."""
    query = read_query(request)
    async with entered(request, backend, "patient") as (connection, me):
        owner = (backend.keyring, "entries", me.subject_id, me.epoch)
        after = None
        if query.cursor is not None:
            after = cursor.decode(*owner, query.cursor, into=Received)
        rows = await page_of_entries(
            connection,
            me.clinic_id,
            me.subject_id,
            (after.at, after.entry_id) if after else None,
            query.limit + 1,
        )
        subject = me.cipher(backend.keyring)
        page = EntryPage([entry_read(row, subject) for row in rows[: query.limit]])
        if len(rows) > query.limit:
            last = rows[query.limit - 1]
            page.next_cursor = cursor.encode(*owner, Received(last.received_at, last.entry_id))
    return Response(encode(page), media_type=JSON)


def path_id(path: str) -> UUID:
    """Read an id in a path; what is no id names nothing."""
    try:
        return UUID(path)
    except ValueError:
        raise NotFound from None


def entry_read(row: Listed, subject: Subject) -> EntryRead:
    """Show an entry to its patient."""
    note = row.note_ct and subject.open_text(
        "entry.note", row.entry_id, row.note_ct, revision=row.revision
    )
    return EntryRead(
        id=row.entry_id,
        revision=row.revision,
        etag=etag_of(row.revision, row.content_hmac),
        received_at=row.received_at,
        occurred_at=row.occurred_at,
        zone=row.zone,
        local_date=row.local_date.isoformat(),
        form=row.form,
        language=row.language,
        answers=row.answers,
        side_effects=msgspec.convert(row.side_effects, list[SideEffectIn]),
        infusion_id=row.infusion_id or UNSET,
        note=note if isinstance(note, str) else UNSET,
    )


HANDLERS = [get_entry, list_entries]
