"""Changes down: what a phone has not seen yet, in the order it was committed."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from msgspec import UNSET, Struct, UnsetType

from api import cursor
from api.backend import AnyRequest, Backend, entered
from api.diary import EntryRead, entry_read
from api.query import read_query
from models.grey_zone import SCREENER, open_question
from models.revision import changes_since

NO_ENTRY = UUID(int=0)
JSON = "application/json"

encode = msgspec.json.Encoder().encode


class Change(Struct, omit_defaults=True):
    """One entry that changed: what it says now, or that its patient has hidden it."""

    id: UUID
    entry: EntryRead | UnsetType = UNSET
    hidden: bool = False


class Ask(Struct):
    """A form the app should show now, once for each `since`; the patient may leave it."""

    form: str
    since: datetime


class Changes(Struct, omit_defaults=True):
    """What changed since a cursor, in commit order."""

    items: list[Change]
    cursor: str
    has_more: bool
    ask: Ask | UnsetType = UNSET


class Position(Struct, array_like=True):
    """A place in commit order, bound to the device that reads."""

    committed_in: int
    entry_id: UUID


@get("/v1/sync", operation_id="listChanges", opt={"answers": {200: Changes}, "filters": ()})
async def list_changes(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """List what changed since the cursor, in commit order, hidden entries as tombstones."""
    query = read_query(request)
    async with entered(request, backend, "patient") as (connection, me):
        owner = (backend.keyring, "sync", me.device_id or me.session_id, me.epoch)
        after = Position(0, NO_ENTRY)
        if query.cursor is not None:
            after = cursor.decode(*owner, query.cursor, into=Position)
        rows = await changes_since(
            connection,
            me.clinic_id,
            me.subject_id,
            (after.committed_in, after.entry_id),
            query.limit + 1,
        )
        subject = me.cipher(backend.keyring)
        shown = rows[: query.limit]
        last = Position(shown[-1].committed_in, shown[-1].entry_id) if shown else after
        page = Changes(
            items=[
                Change(row.entry_id, entry=entry_read(row, subject))
                if row.hidden_at is None
                else Change(row.entry_id, hidden=True)
                for row in shown
            ],
            cursor=cursor.encode(*owner, last),
            has_more=len(rows) > query.limit,
        )
        since = await open_question(connection, me.clinic_id, me.subject_id)
        if since is not None:
            page.ask = Ask(SCREENER, since.astimezone(UTC))
    return Response(encode(page), media_type=JSON)


HANDLERS = [list_changes]
