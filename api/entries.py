"""Submit, correct, hide and list diary entries."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Struct, UnsetType

from api import cursor
from api.backend import AnyRequest, Backend, entered
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import (
    IdConflict,
    NotFound,
    PreconditionRequired,
    RateLimited,
    UnknownReference,
    VersionConflict,
)
from api.intake import (
    Arrival,
    EntryIn,
    EntryOut,
    SideEffectIn,
    answer_for,
    entry_id_in,
    etag_of,
    prepare,
    salvaging,
)
from api.problem import Code, FieldError
from api.query import read_query
from models.cipher import Subject
from models.gate import Entered
from models.ingest import Revision, Stored, store_correction, store_new
from models.revision import (
    Listed,
    first_revisions,
    hide_entry,
    newest_revision,
    page_of_entries,
)
from models.session import Connection

RETRY_AFTER_LIMIT = 600
"""Seconds after which a phone over the hourly limit may try again."""
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


def answer(out: EntryOut, *, status: int) -> Response[bytes]:
    """Send the answer to a write, with its ETag."""
    return Response(encode(out), status_code=status, media_type=JSON, headers={"ETag": out.etag})


@put(
    "/v1/entries/{entry_id:str}",
    operation_id="putEntry",
    opt={"body": EntryIn, "answers": {200: EntryOut, 201: EntryOut}},
)
async def put_entry(
    request: AnyRequest, entry_id: FromPath[str], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Store an entry, and in the same transaction any alert its words raise."""
    async with salvaging(request, backend) as sent:
        body = sent.body = await read_body(request, limit=ENTRY_LIMIT)
        async with entered(request, backend, "patient") as (connection, me):
            arrival = Arrival.of(backend, me)
            name = entry_id_in(entry_id, body)
            decoded = decode(body, EntryIn, items=backend.item_ids)
            revision = prepare(arrival, name, decoded.value, body, warnings=decoded.warnings)
            [stored] = await store_new(connection, arrival.writer, [revision])
            refuse_unstored(stored, body)
            if stored.stored_at is None:
                return await replay(connection, arrival, revision, body)
        backend.hints.add(me.clinic_id, me.subject_id)
        return answer(answer_for(arrival, revision, stored.stored_at), status=201)


def refuse_unstored(stored: Stored, body: bytes) -> None:
    """Raise for what the statement left out on purpose."""
    if not stored.known_infusion:
        raise UnknownReference(FieldError("/infusion_id", Code.UNKNOWN_VALUE), salvage=body)
    if not stored.within_limit and stored.stored_at is None:
        raise RateLimited(retry_after=RETRY_AFTER_LIMIT, salvage=body)


async def replay(
    connection: Connection, arrival: Arrival, revision: Revision, body: bytes
) -> Response[bytes]:
    """Answer an id that is known: as the first time, or as the conflict it is."""
    known = (await first_revisions(connection, arrival.writer, [revision.entry_id])).get(
        revision.entry_id
    )
    if known is None or known.content_hmac != revision.content_hmac:
        raise IdConflict(salvage=body)
    return answer(answer_for(arrival, known, known.stored_at), status=200)


@patch(
    "/v1/entries/{entry_id:str}",
    operation_id="patchEntry",
    opt={"body": EntryIn, "answers": {200: EntryOut}},
)
async def patch_entry(
    request: AnyRequest, entry_id: FromPath[str], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Append a correction; the original stays, and every revision is screened."""
    async with salvaging(request, backend) as sent:
        body = sent.body = await read_body(request, limit=ENTRY_LIMIT)
        async with entered(request, backend, "patient") as (connection, me):
            arrival = Arrival.of(backend, me)
            name = entry_id_in(entry_id, body)
            current = await visible(connection, me, name, salvage=body)
            decoded = decode(body, EntryIn, items=backend.item_ids)
            revision = prepare(
                arrival,
                name,
                decoded.value,
                body,
                number=current.revision + 1,
                warnings=decoded.warnings,
            )
            if revision.content_hmac == current.content_hmac:  # a lost answer
                return answer(answer_for(arrival, current, current.stored_at), status=200)
            require_match(request, current, salvage=body)
            stored = await store_correction(connection, arrival.writer, revision)
            refuse_unstored(stored, body)
            if stored.stored_at is None:
                raise VersionConflict(salvage=body)
        backend.hints.add(me.clinic_id, me.subject_id)
        return answer(answer_for(arrival, revision, stored.stored_at), status=200)


@delete(
    "/v1/entries/{entry_id:str}",
    operation_id="deleteEntry",
    status_code=200,
    opt={"answers": {200: Hidden}},
)
async def delete_entry(
    request: AnyRequest, entry_id: FromPath[str], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Hide an entry from its patient. The care team keeps it; an open alert stays."""
    async with entered(request, backend, "patient") as (connection, me):
        arrival = Arrival.of(backend, me)
        current = await newest_revision(
            connection, me.clinic_id, me.subject_id, path_id(entry_id), lock=True
        )
        if current is None:
            raise NotFound
        if current.hidden_at is None:
            require_match(request, current)
            await hide_entry(connection, arrival.writer, current.entry_id, current.revision)
    return Response(encode(Hidden(current.entry_id)), media_type=JSON)


@get("/v1/entries/{entry_id:str}", operation_id="getEntry", opt={"answers": {200: EntryRead}})
async def get_entry(
    request: AnyRequest, entry_id: FromPath[str], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Return one of the patient's own entries."""
    async with entered(request, backend, "patient") as (connection, me):
        current = await visible(connection, me, path_id(entry_id))
        read = entry_read(current, me.cipher(backend.keyring))
    return Response(encode(read), media_type=JSON, headers={"ETag": read.etag})


@get("/v1/entries", operation_id="listEntries", opt={"answers": {200: EntryPage}})
async def list_entries(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """List the patient's own entries, the newest received first."""
    query = read_query(request)
    async with entered(request, backend, "patient") as (connection, me):
        owner = (backend.keyring, "entries", me.subject_id, me.epoch)
        after = query.cursor and cursor.decode(*owner, query.cursor, into=Received)
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


async def visible(
    connection: Connection, me: Entered, entry_id: UUID, *, salvage: bytes = b""
) -> Listed:
    """Find an entry that the patient can see."""
    current = await newest_revision(
        connection, me.clinic_id, me.subject_id, entry_id, lock=bool(salvage)
    )
    if current is None or current.hidden_at is not None:
        raise NotFound(salvage=salvage)
    return current


def require_match(request: AnyRequest, current: Listed, *, salvage: bytes = b"") -> None:
    """Refuse a change that does not name the revision it changes."""
    given = request.headers.get("if-match")
    if given is None:
        raise PreconditionRequired(salvage=salvage)
    etag = etag_of(current.revision, current.content_hmac)
    if given != etag:
        raise VersionConflict(salvage=salvage, headers={"ETag": etag})


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


HANDLERS = [put_entry, patch_entry, delete_entry, get_entry, list_entries]
