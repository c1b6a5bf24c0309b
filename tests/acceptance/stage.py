"""What every row of the acceptance table is judged by: the answer, the rows before and after.

C1 the form of a refusal, C2 the headers, C3 what may change, C4 what the app does next, C5 what is
kept of a refusal, C6 that the next good request works.
"""

import io
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx
from litestar import Litestar

from api.app import create_app
from api.log import configure_log
from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection
from models.subject_key import subject_for
from settings import Settings
from tests.acceptance.entry import DARK, entry
from tests.cast import Person

TAPE = io.BytesIO()
"""What the applications of these tests log."""
Tape = Callable[[], str]
CANARY = "ZZCANARY-77"
CALM = f"Slept better, {CANARY}."
SAID = f"{DARK} {CANARY}"
JSON = {"content-type": "application/json"}
LEAKS = (CANARY, DARK, "Traceback", "SELECT", "INSERT", "asyncpg", "litestar", "entry_revision")
RETRY = {
    "unauthenticated": "later",
    "malformed-json": "never",
    "invalid-entry": "edit",
    "unknown-field": "never",
    "invalid-time": "edit",
    "note-too-long": "edit",
    "id-conflict": "never",
    "too-large": "never",
    "too-many-items": "edit",
    "unsupported-media-type": "never",
    "unsupported-encoding": "never",
    "unknown-reference": "edit",
    "precondition-required": "edit",
    "version-conflict": "edit",
    "invalid-query": "edit",
    "invalid-cursor": "never",
    "resync-required": "never",
    "rate-limited": "later",
    "request-timeout": "later",
    "consent-missing": "never",
    "not-found": "never",
    "method-not-allowed": "never",
    "uri-too-long": "never",
    "invalid-host": "never",
    "bad-request": "never",
    "headers-too-large": "never",
    "unavailable": "later",
}
"""What the app does with what it holds: C4, and the reading of each row."""
COUNTED = frozenset({"public.audit_event", "gate.bucket"})
KEPT = frozenset({"public.quarantine", "public.screening"})
RUNG = frozenset({"public.alert", "public.alert_source", "public.alert_history"})
STORED = frozenset({"public.entry", "public.entry_revision", "public.screening"})

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n
    ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('public', 'keys', 'gate') AND c.relname <> 'test_clock'
ORDER BY 1
"""

Rows = dict[str, tuple[int, str]]


def wire(body: Mapping[str, Any]) -> bytes:
    """Write a body as a phone does."""
    return json.dumps(body, ensure_ascii=False).encode()


def check_headers(answer: httpx.Response) -> None:
    """C2: what holds for every answer."""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert UUID(answer.headers["x-request-id"])
    assert "server" not in answer.headers


def check_refusal(answer: httpx.Response, problem: str) -> dict[str, Any]:
    """C1 and C4: a refusal in the one form there is, which repeats nothing; returns it."""
    status, slug = problem.split()
    assert (answer.status_code, answer.headers["content-type"]) == (
        int(status),
        "application/problem+json; charset=utf-8",
    ), answer.text
    told = answer.json()
    assert told.keys() - {"quarantined"} == {
        "type", "title", "status", "instance", "retry", "errors",
    }  # fmt: skip
    assert (told["type"], told["status"]) == (f"/problems/{slug}", int(status))
    assert (told["instance"], told["retry"]) == (answer.headers["x-request-id"], RETRY[slug])
    for error in told["errors"]:
        assert error.keys() == {"pointer", "code", "message"}
    everything = answer.text + str(answer.headers.raw)
    assert [leak for leak in LEAKS if leak in everything] == []
    check_headers(answer)
    return cast("dict[str, Any]", told)


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Litestar]:
    """Start an application; it has to be started and stopped in one task."""
    app = create_app(settings)
    configure_log("info", TAPE)
    async with app.lifespan():
        yield app


@asynccontextmanager
async def client_of(app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client of an application, in this loop."""
    transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Ana's phone in front of the application, and a look behind it."""

    api: httpx.AsyncClient
    db: Connection
    ana: Person
    keyring: Keyring

    async def send(
        self,
        body: Any,
        *,
        name: object = None,
        method: str = "PUT",
        path: str = "/v1/entries/",
        headers: Mapping[str, str] = JSON,
    ) -> httpx.Response:
        """Send bytes as the body of an entry."""
        url = f"{path}{name or uuid7()}" if path.endswith("/") else path
        headers = {**self.ana.headers, **headers}
        return await self.api.request(method, url, content=body, headers=headers)

    async def put(self, name: object = None, **changes: Any) -> httpx.Response:
        """Send an everyday entry with some members changed."""
        return await self.send(wire(entry(**changes)), name=name)

    async def sync(self, *items: Mapping[str, Any]) -> httpx.Response:
        """Send a batch."""
        return await self.send(wire({"entries": items}), method="POST", path="/v1/sync")

    async def get(self, path: str, who: Person | None = None) -> httpx.Response:
        """Ask for something."""
        return await self.api.get(path, headers=(who or self.ana).headers)

    async def rows(self) -> Rows:
        """Count every table's rows and hash which versions of them there are."""
        names = [row[0] for row in await self.db.fetch(TABLES)]
        sql = " UNION ALL ".join(
            f"SELECT '{name}', count(*), md5(coalesce(string_agg(xmin::text, '|' ORDER BY ctid),"
            f" '')) FROM {name}"
            for name in names
        )
        return {name: (count, digest) for name, count, digest in await self.db.fetch(sql)}

    async def refuses(
        self,
        sending: Awaitable[httpx.Response],
        problem: str,
        *,
        kept: int = 0,
        speaks: bool = False,
    ) -> dict[str, Any]:
        """Expect a refusal; `kept` bodies are new in quarantine, and were read as `speaks`."""
        before = await self.rows()
        told = check_refusal(await sending, problem)
        after = await self.rows()
        allowed = COUNTED | (KEPT if kept else set()) | (RUNG if kept and speaks else set())
        expect_changes(before, after, allowed)
        added = {name: after[name][0] - before[name][0] for name in after}
        assert added["public.quarantine"] == kept
        assert added["public.screening"] == kept
        assert added["public.alert_source"] == (kept if speaks else 0)
        return told

    async def stores(
        self, sending: Awaitable[httpx.Response], *, status: int = 201, speaks: bool = False
    ) -> dict[str, Any]:
        """Expect one entry more, and an alert when it speaks of suicide."""
        before = await self.rows()
        answer = await sending
        after = await self.rows()
        assert answer.status_code == status, answer.text
        check_headers(answer)
        expect_changes(before, after, COUNTED | STORED | (RUNG if speaks else set()))
        added = {name: after[name][0] - before[name][0] for name in after}
        assert added["public.entry"] == added["public.screening"] == 1
        assert added["public.alert_source"] == int(speaks)
        told = cast("dict[str, Any]", answer.json())
        assert ("crisis" in told) is speaks
        assert answer.headers["etag"] == told["etag"]
        return told

    async def live_alerts(self, who: Person | None = None) -> int:
        """Count the live emergencies of a patient, each of which somebody will be told of."""
        rows = await self.db.fetch(
            "SELECT next_step_at FROM alert WHERE patient_id = $1 AND severity = 'emergency'"
            " AND state = 'open'",
            (who or self.ana).id,
        )
        assert all(row["next_step_at"] is not None for row in rows)
        return len(rows)

    async def kept_bodies(self) -> list[bytes]:
        """Open what is in quarantine, the oldest first."""
        subject = await subject_for(self.db, self.keyring, self.ana.clinic_id, self.ana.id)
        rows = await self.db.fetch(
            "SELECT id, body_ct FROM quarantine WHERE patient_id = $1 ORDER BY received_at, id",
            self.ana.id,
        )
        return [subject.open("quarantine.body", row["id"], row["body_ct"]) for row in rows]

    async def note_of(self, entry_id: object, revision: int = 1) -> str:
        """Open the note of a revision as it was stored."""
        subject = await subject_for(self.db, self.keyring, self.ana.clinic_id, self.ana.id)
        name = UUID(str(entry_id))
        sealed = await self.db.fetchval(
            "SELECT note_ct FROM entry_revision WHERE patient_id = $3 AND entry_id = $1"
            " AND revision = $2",
            name,
            revision,
            self.ana.id,
        )
        return str(subject.open_text("entry.note", name, sealed, revision=revision))


def expect_changes(before: Rows, after: Rows, allowed: Collection[str]) -> None:
    """C3: no table has changed but those that may."""
    changed = {name for name in after if after[name] != before[name]}
    assert sorted(changed - set(allowed)) == []
