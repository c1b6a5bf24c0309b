"""Submit, correct and hide diary entries; `diary.py` reads them."""

from uuid import UUID

import msgspec
from litestar import Response, delete, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from api import diary
from api.backend import AnyRequest, Backend, entered
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.diary import Hidden, path_id
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
    answer_for,
    entry_id_in,
    etag_of,
    prepare,
    salvaging,
)
from api.problem import Code, FieldError
from models.failpoint import reach
from models.gate import Entered
from models.ingest import Revision, Stored, store_correction, store_new
from models.revision import Listed, first_revisions, hide_entry, newest_revision
from models.session import Connection

RETRY_AFTER_LIMIT = 600
"""Seconds after which a phone over the hourly limit may try again."""
JSON = "application/json"

encode = msgspec.json.Encoder().encode


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
            if stored.stored_at is None:
                return await replay(connection, arrival, revision, stored, body)
            reach("api.before_commit")
        reach("api.after_commit")
        backend.hints.add(me.clinic_id, me.subject_id)
        return answer(answer_for(arrival, revision, stored.stored_at), status=201)


def refuse_unstored(stored: Stored, body: bytes) -> None:
    """Raise for what the statement left out on purpose."""
    if not stored.known_infusion:
        raise UnknownReference(FieldError("/infusion_id", Code.UNKNOWN_VALUE), salvage=body)
    if not stored.within_limit:
        raise RateLimited(retry_after=RETRY_AFTER_LIMIT, salvage=body)


async def replay(
    connection: Connection, arrival: Arrival, revision: Revision, stored: Stored, body: bytes
) -> Response[bytes]:
    """Answer an id that is known: as the first time, or as the conflict it is.

    A repeated answer costs nothing, so it is given beyond the hourly limit too.
    """
    known = (await first_revisions(connection, arrival.writer, [revision.entry_id])).get(
        revision.entry_id
    )
    if known is None:
        refuse_unstored(stored, body)
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
            if "if-match" in request.headers and revision.content_hmac == current.content_hmac:
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


async def visible(connection: Connection, me: Entered, entry_id: UUID, *, salvage: bytes) -> Listed:
    """Find and lock an entry that the patient can see."""
    current = await newest_revision(connection, me.clinic_id, me.subject_id, entry_id, lock=True)
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


HANDLERS = [put_entry, patch_entry, delete_entry, *diary.HANDLERS]
