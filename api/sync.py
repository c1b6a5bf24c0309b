"""Batches up, changes down: what a phone does when it is back online."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import asyncpg
import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from msgspec import UNSET, Struct, UnsetType

from api.backend import AnyRequest, Backend, entered
from api.body import BATCH_LIMIT, read_body
from api.decode import convert
from api.errors import (
    IdConflict,
    Internal,
    InvalidEntry,
    RateLimited,
    TooManyItems,
    UnknownReference,
)
from api.intake import Arrival, EntryIn, EntryOut, answer_for, entry_id_in, keep, prepare, salvaging
from api.log import log
from api.problem import Code, FieldError, Problem
from api.strict_json import parse
from models.failpoint import reach
from models.gate import Entered, take
from models.ingest import Revision, store_new
from models.revision import first_revisions
from models.session import Connection

MOST_ITEMS = 200
"""Items the server takes in one batch; the app sends at most 100."""
BATCHES_PER_SECOND = 30 / 3600
BATCH_BURST = 30.0
"""Batches of one patient: 30 an hour. Source: spec, security section 3."""
UNLIMITED = 1 << 40
REFUSED_ROW = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What the database says of one bad row, against the whole being away."""
NO_ENTRY = UUID(int=0)
JSON = "application/json"

encode = msgspec.json.Encoder().encode


class ItemResult(Struct, omit_defaults=True):
    """What became of one item of a batch."""

    status: str
    id: str | UnsetType = UNSET
    entry: EntryOut | UnsetType = UNSET
    problem: msgspec.Raw | UnsetType = UNSET
    quarantined: bool | UnsetType = UNSET


class BatchResult(Struct):
    """What became of every item, in the order they were sent."""

    items: list[ItemResult]


class BatchItem(EntryIn, forbid_unknown_fields=True, kw_only=True):
    """One entry of a batch, with the id that stands in the path of a single one."""

    id: UUID


class Batch(Struct, forbid_unknown_fields=True):
    """Entries the phone has not seen acknowledged; at most 200."""

    entries: list[BatchItem]


@dataclass(slots=True, kw_only=True)
class Item:
    """One item of a batch on its way: ready to be stored, or refused."""

    raw: bytes
    entry_id: UUID | None = None
    revision: Revision | None = None
    problem: Problem | None = None
    result: ItemResult | None = None


@post(
    "/v1/sync",
    operation_id="syncEntries",
    status_code=207,
    opt={"body": Batch, "answers": {200: BatchResult, 207: BatchResult}},
)
async def sync_entries(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """Store a batch of entries, each for itself: none is refused because of another."""
    async with salvaging(request, backend) as sent:
        body = sent.body = await read_body(request, limit=BATCH_LIMIT)
        async with entered(request, backend, "patient") as (connection, me):
            await limit_batches(connection, me, body)
            arrival = Arrival.of(backend, me)
            items = [read_item(arrival, value) for value in items_of(body)]
            await store_all(connection, arrival, items)
            reach("api.sync_before_commit")
        if items:
            backend.hints.add(me.clinic_id, me.subject_id)
        results = [item.result for item in items if item.result is not None]
        status = 207 if results else 200
        return Response(encode(BatchResult(results)), status_code=status, media_type=JSON)


async def limit_batches(connection: Connection, me: Entered, body: bytes) -> None:
    """Refuse more batches an hour than any phone has a reason for."""
    wait = await take(
        connection, "sync", me.subject_id.bytes, per_second=BATCHES_PER_SECOND, burst=BATCH_BURST
    )
    if wait > 0:
        raise RateLimited(retry_after=int(wait) + 1, salvage=body)


def items_of(body: bytes) -> list[object]:
    """Take the batch apart.

    Raises:
        TooManyItems: with the whole body to be salvaged; the app splits.
    """
    value, _ = parse(body)
    members = members_of(value)
    entries = members.get("entries") if len(members) == 1 else None
    if not isinstance(entries, list):
        raise InvalidEntry(FieldError("/entries", Code.WRONG_TYPE), salvage=body)
    items = cast("list[object]", entries)
    if len(items) > MOST_ITEMS:
        raise TooManyItems(salvage=body)
    return items


def members_of(value: object) -> dict[str, object]:
    """Return a copy of a JSON object's members; of anything else, none."""
    return dict(cast("dict[str, object]", value)) if isinstance(value, dict) else {}


def read_item(arrival: Arrival, value: object) -> Item:
    """Check and screen one item; a refusal is kept with it."""
    raw = encode(value)
    members = members_of(value)
    sent = members.pop("id", None)
    item = Item(raw=raw)
    try:
        entry_id = entry_id_in(sent if isinstance(sent, str) else "", raw)
        item.entry_id = entry_id
        content = members if isinstance(value, dict) else value
        entry = convert(content, EntryIn, items=arrival.backend.item_ids, salvage=raw)
        item.revision = prepare(arrival, entry_id, entry, raw)
    except Problem as problem:
        item.problem = problem
    return item


async def store_all(connection: Connection, arrival: Arrival, items: Sequence[Item]) -> None:
    """Store all items at once; where the database refuses that, item by item."""
    try:
        async with connection.transaction():
            await store_items(connection, arrival, items)
    except REFUSED_ROW:
        for item in items:
            item.result = None
            if item.revision is not None:
                item.problem = None
            try:
                async with connection.transaction():
                    await store_items(connection, arrival, [item])
            except REFUSED_ROW as error:
                log.error("sync.item_refused", exc_info=error)
                await keep_refused(connection, arrival, item, item.problem or Internal())


async def keep_refused(
    connection: Connection, arrival: Arrival, item: Item, problem: Problem
) -> None:
    """Keep what the database refuses to store; what it refuses to keep as well is only logged."""
    problem.quarantined = False  # it was said in what has been taken back
    try:
        async with connection.transaction():
            await keep(connection, arrival, problem, body=item.raw)
    except REFUSED_ROW as error:
        log.error("sync.item_lost", exc_info=error)
        problem.quarantined = False
    item.result = refused(item, problem)


async def store_items(connection: Connection, arrival: Arrival, items: Sequence[Item]) -> None:
    """Store all items in the running transaction and set every item's result."""
    first: dict[UUID, Item] = {}
    for item in items:
        if item.revision is not None:
            first.setdefault(item.revision.entry_id, item)
    new = [item.revision for item in first.values() if item.revision is not None]
    if new:
        stored = await store_new(connection, arrival.writer, new, most=UNLIMITED)
        for one in stored:
            settle(arrival, first[one.entry_id], one.stored_at, known_infusion=one.known_infusion)
    await settle_known(connection, arrival, items)
    for item in items:
        if item.problem is not None:
            await keep(connection, arrival, item.problem, body=item.raw)
            item.result = refused(item, item.problem)


def settle(
    arrival: Arrival, item: Item, stored_at: datetime | None, *, known_infusion: bool
) -> None:
    """Set the result of an item that was stored just now, or could not be."""
    if not known_infusion:
        item.problem = UnknownReference(FieldError("/infusion_id", Code.UNKNOWN_VALUE))
    elif item.revision is not None and stored_at is not None:
        out = answer_for(arrival, item.revision, stored_at)
        item.result = ItemResult("stored", id=str(item.revision.entry_id), entry=out)


async def settle_known(connection: Connection, arrival: Arrival, items: Sequence[Item]) -> None:
    """Set the results of items whose id was known before, or came earlier in the batch."""
    open_items = [i for i in items if i.result is None and i.problem is None and i.revision]
    if not open_items:
        return
    ids = list({i.revision.entry_id for i in open_items if i.revision})
    known = await first_revisions(connection, arrival.writer, ids)
    for item in open_items:
        if item.revision is None:
            continue
        found = known.get(item.revision.entry_id)
        if found is not None and found.content_hmac == item.revision.content_hmac:
            out = answer_for(arrival, found, found.stored_at)
            item.result = ItemResult("duplicate", id=str(found.entry_id), entry=out)
        else:
            item.problem = IdConflict()


def refused(item: Item, problem: Problem) -> ItemResult:
    """Tell what is wrong with an item, in the words of the refusal it would get alone."""
    return ItemResult(
        "conflict" if isinstance(problem, IdConflict) else "invalid",
        id=UNSET if item.entry_id is None else str(item.entry_id),
        problem=msgspec.Raw(problem.body("")),
        quarantined=problem.quarantined or UNSET,
    )


HANDLERS = [sync_entries]
