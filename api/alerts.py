"""The notification feed as a list, and one alert with everything that happened to it."""

from collections.abc import Mapping
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from api import alert_answers, cursor
from api.alert_view import AlertOut, AlertPage, alert_out, history_out
from api.answer import answer
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.errors import InvalidQuery, NotFound
from api.problem import Code, FieldError
from api.query import ListQuery, read_query
from models.alert_list import (
    ALL_STATES,
    LIVE_STATES,
    SHOWN_IN_LIST,
    START,
    AlertRow,
    Place,
    alert_for,
    history_of,
    is_live,
    page_of_alerts,
    pages_of,
    sources_of,
)
from models.audit import Act
from models.subject_key import subject_for

STATES: Mapping[str, tuple[str, ...]] = {
    "live": LIVE_STATES,
    **{state: (state,) for state in ALL_STATES},
}
"""The filter `state`: one state, or `live` for all that is not over."""
WHOLE_LEDGER = 1 << 30


@get(
    "/v1/alerts",
    operation_id="listAlerts",
    opt={"answers": {200: AlertPage}, "filters": ("state",)},
)
async def list_alerts(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """List the alerts of the caller's patients, and those the caller was paged about.

    Query: `state` (open, acked, resolved, or live for both of the first), `cursor`, `limit`.
    """
    query = read_query(request, "state")
    states = states_in(query)
    async with authorised(request, backend) as visit:
        owner = (
            backend.keyring,
            f"alerts.{query.filters.get('state', '')}",
            visit.who.subject_id,
            visit.who.epoch,
        )
        after = START if query.cursor is None else cursor.decode(*owner, query.cursor, into=Place)
        rows = await page_of_alerts(
            visit.connection,
            visit.clinic_id,
            visit.who.subject_id,
            states=states,
            after=after,
            limit=query.limit + 1,
        )
        page = AlertPage(items=await shown(visit, rows[: query.limit], most=SHOWN_IN_LIST))
        if len(rows) > query.limit:
            last = rows[query.limit - 1]
            rank = last.severity_rank if is_live(states) else 0
            place = Place(rank=rank, opened_at=last.opened_at, id=last.id)
            page.next_cursor = cursor.encode(*owner, place)
    return answer(page)


@get("/v1/alerts/{alert_id:uuid}", operation_id="getAlert", opt={"answers": {200: AlertOut}})
async def get_alert(
    request: AnyRequest, alert_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Show one alert with its whole ledger; `notes=true` also what a colleague wrote about it."""
    with_note = notes_wanted(request)
    async with authorised(request, backend) as visit:
        care = await visit.require_alert(alert_id)
        row = await alert_for(visit.connection, visit.clinic_id, alert_id)
        if row is None:
            raise NotFound
        [out] = await shown(visit, [row], most=WHOLE_LEDGER)
        out.history = [
            history_out(line)
            for line in await history_of(visit.connection, visit.clinic_id, alert_id)
        ]
        if with_note:
            visit.require_text(care)
            out.note = await open_note(visit, row)
    return answer(out)


def states_in(query: ListQuery) -> tuple[str, ...]:
    """Read the filter by state."""
    wanted = query.filters.get("state")
    if wanted is None:
        return ALL_STATES
    if wanted not in STATES:
        raise InvalidQuery(FieldError("/state", Code.UNKNOWN_VALUE))
    return STATES[wanted]


def notes_wanted(request: AnyRequest) -> bool:
    """Read whether text is asked for, in a query that holds nothing else."""
    given = list(request.query_params.multi_items())
    if any(name != "notes" for name, _ in given):
        raise InvalidQuery(FieldError("/", Code.UNKNOWN_FIELD))
    if len(given) > 1 or any(value not in {"true", "false"} for _, value in given):
        raise InvalidQuery(FieldError("/notes", Code.UNKNOWN_VALUE))
    return ("notes", "true") in given


async def open_note(visit: Visit, row: AlertRow) -> str | UnsetType:
    """Read what a colleague wrote when the alert ended, and write down that it was read."""
    await visit.audit(
        Act(
            action="alert.read_note",
            object_type="alert",
            object_id=row.id,
            patient_id=row.patient_id,
            fields=("note",),
        )
    )
    if row.note_ct is None or row.patient_id is None:
        return UNSET
    keys = await subject_for(
        visit.connection, visit.backend.keyring, visit.clinic_id, row.patient_id
    )
    return keys.open_text("alert.note", row.id, row.note_ct)


async def shown(visit: Visit, rows: list[AlertRow], *, most: int) -> list[AlertOut]:
    """Put alerts together with why they were raised and who was told."""
    ids = [row.id for row in rows]
    sources = await sources_of(visit.connection, visit.clinic_id, ids, most=most)
    pages = await pages_of(visit.connection, visit.clinic_id, ids, most=most)
    me = visit.who.subject_id
    return [
        alert_out(
            row,
            [source for source in sources if source.alert_id == row.id],
            [page for page in pages if page.alert_id == row.id],
            me,
        )
        for row in rows
    ]


HANDLERS = [list_alerts, get_alert, *alert_answers.HANDLERS]
