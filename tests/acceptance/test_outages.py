"""Rows in which something of ours is away, slow, broken or given up on."""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from litestar import Litestar
from pydantic import SecretStr

from afterglow.engines import Engines
from api import hints
from models.ids import uuid7
from settings import Settings
from tests.acceptance.entry import entry
from tests.acceptance.stage import (
    CALM,
    CANARY,
    SAID,
    Stage,
    Tape,
    check_refusal,
    client_of,
    running,
    wire,
)
from tests.acceptance.wire import Line, line_to, silent_redis
from tests.cast import Database, run_sql


@pytest.fixture
async def line(settings: Settings) -> AsyncGenerator[Line]:
    """Lay a line to PostgreSQL that can be cut."""
    with tempfile.TemporaryDirectory(prefix="line-") as folder:  # a socket's path must be short
        async with line_to(settings.database_url.get_secret_value(), Path(folder)) as line:
            yield line


def over(settings: Settings, line: Line) -> Settings:
    """Describe a system behind that line."""
    return settings.model_copy(update={"database_url": SecretStr(line.url)})


@contextlib.asynccontextmanager
async def staged(stage: Stage, settings: Settings) -> AsyncGenerator[Stage]:
    """Put ana's phone in front of another system."""
    async with running(settings) as app, client_of(app) as api:
        yield replace(stage, api=api)


async def entries(stage: Stage) -> int:
    """Count ana's entries."""
    found: int = await stage.db.fetchval(
        "SELECT count(*) FROM entry WHERE patient_id = $1", stage.ana.id
    )
    return found


REQUESTS: dict[str, dict[str, Any]] = {
    "E39-put": {},
    "E39-patch": {"method": "PATCH", "name": "018f0000-0000-7000-8000-000000000001"},
    "E39-batch": {"method": "POST", "path": "/v1/sync"},
    "E39-damaged": {"body": b'{"note": "' + SAID.encode()},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
async def test_e39_without_the_database_nothing_is_acknowledged(
    stage: Stage, settings: Settings, line: Line, request_: dict[str, Any]
) -> None:
    async with staged(stage, over(settings, line)) as ours:
        await ours.stores(ours.put())
        line.cut()
        sent = {"body": wire(entry(note=SAID)), **request_}

        told = await ours.refuses(ours.send(**sent), "503 unavailable")
        answer = await ours.send(**sent)

        assert "quarantined" not in told
        assert int(answer.headers["retry-after"]) > 0
        line.mend()
        await ours.stores(ours.put())


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync", f"/v1/entries/{'0' * 31}1"])
async def test_e39_without_the_database_nothing_can_be_read(
    stage: Stage, settings: Settings, line: Line, path: str
) -> None:
    async with staged(stage, over(settings, line)) as ours:
        line.cut()

        check_refusal(await ours.get(path), "503 unavailable")


MOMENTS = [
    pytest.param(b"gate.enter", False, 0, id="E39-before-the-session-is-known"),
    pytest.param(b"INSERT INTO entry", False, 0, id="E39-before-the-entry-is-written"),
    pytest.param(b"INSERT INTO alert", False, 0, id="E39-before-the-alert-is-written"),
    pytest.param(b"pg_notify", False, 0, id="E39-before-the-pager-is-woken"),
    pytest.param(b"COMMIT", False, 0, id="E39-before-the-commit"),
    pytest.param(b"COMMIT", True, 1, id="E39-after-the-commit"),
]
"""The application prepares each statement before it runs it: what it says is what comes next."""


@pytest.mark.parametrize(("moment", "after", "stored"), MOMENTS)
async def test_e39_a_database_that_goes_away_midway_leaves_all_or_nothing(
    stage: Stage, settings: Settings, line: Line, moment: bytes, *, after: bool, stored: int
) -> None:
    name, body = uuid7(), wire(entry(note=SAID))
    async with staged(stage, over(settings, line)) as ours:
        line.cut_at, line.after = moment, after

        check_refusal(await ours.send(body, name=name), "503 unavailable")
        await settled(ours, stored)

        line.mend()
        again = await ours.send(body, name=name)
        assert again.status_code == (200 if stored else 201)
        assert "crisis" in again.json()
    assert (await entries(stage), await stage.live_alerts()) == (1, 1)


async def settled(stage: Stage, stored: int) -> None:
    """Wait until PostgreSQL has noticed that nobody is there any more."""
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'afterglow-api' AND state <> 'idle'"
    )
    async with asyncio.timeout(10):
        while await stage.db.fetchval(busy):
            pass
    assert (await entries(stage), await stage.live_alerts()) == (stored, stored)


END_CONNECTIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'afterglow-api'
"""


CLOSED = {
    "E39-no-connections": (
        "ALTER DATABASE {} ALLOW_CONNECTIONS false",
        "ALTER DATABASE {} ALLOW_CONNECTIONS true",
    ),
    "E39-no-logins": ("ALTER ROLE app NOLOGIN", "ALTER ROLE app LOGIN"),
}


@pytest.mark.parametrize(("shut", "ajar"), CLOSED.values(), ids=CLOSED.keys())
async def test_e39_a_database_that_lets_nobody_in_is_unavailable(
    stage: Stage, settings: Settings, engines: Engines, database: Database, shut: str, ajar: str
) -> None:
    async with staged(stage, settings) as ours:
        await run_sql(engines.superuser_url, shut.format(database.name))
        try:
            await stage.db.execute(END_CONNECTIONS)
            answers = [await ours.put(note=SAID) for _ in range(2)]
        finally:
            await run_sql(engines.superuser_url, ajar.format(database.name))

        for answer in answers:
            check_refusal(answer, "503 unavailable")
        await ours.stores(ours.put())


async def test_e40_a_dead_redis_costs_no_entry(
    stage: Stage, settings: Settings, tape: Tape
) -> None:
    with socket.socket() as unheard:  # bound and not listening: connections are refused
        unheard.bind(("127.0.0.1", 0))
        url = SecretStr(f"redis://127.0.0.1:{unheard.getsockname()[1]}/0")
        async with staged(stage, settings.model_copy(update={"redis_url": url})) as ours:
            answers = [await ours.put(note=SAID) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {201}
    assert (await entries(stage), await stage.live_alerts()) == (10, 1)
    assert "hints.dropped" in tape()


async def test_e40_a_hung_redis_keeps_nobody_waiting(
    stage: Stage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "SEND_LIMIT", 3_600.0)  # whoever waits for Redis waits for ever
    async with silent_redis() as redis:
        changed = settings.model_copy(update={"redis_url": SecretStr(redis.url)})
        async with staged(stage, changed) as ours:
            async with asyncio.timeout(20):
                answers = [await ours.put(note=SAID) for _ in range(10)]
                answers.append(await ours.sync(entry() | {"id": str(uuid7())}))
            redis.hang_up()

    assert redis.ends != []
    assert [answer.status_code for answer in answers] == [201] * 10 + [207]
    assert (await entries(stage), await stage.live_alerts()) == (11, 1)


async def test_e40_an_entry_nobody_was_told_of_waits_to_be_assessed(
    stage: Stage, settings: Settings
) -> None:
    unix = SecretStr("unix:///nonexistent/redis.sock")
    async with staged(stage, settings.model_copy(update={"redis_url": unix})) as ours:
        await ours.stores(ours.put())

    waiting = "SELECT assessed_at IS NULL FROM entry WHERE patient_id = $1"
    assert await stage.db.fetchval(waiting, stage.ana.id) is True


CANCELLED = [
    pytest.param(b"gate.enter", False, SAID, id="E41-entering"),
    pytest.param(b"INSERT INTO entry", False, SAID, id="E41-writing"),
    pytest.param(b"INSERT INTO alert", False, SAID, id="E41-alerting"),
    pytest.param(b"COMMIT", False, SAID, id="E41-dark-before-the-commit"),
    pytest.param(b"COMMIT", True, SAID, id="E41-dark-after-the-commit"),
    pytest.param(b"COMMIT", False, CALM, id="E41-calm-before-the-commit"),
    pytest.param(b"COMMIT", True, CALM, id="E41-calm-after-the-commit"),
]


@pytest.mark.parametrize(("moment", "after", "note"), CANCELLED)
async def test_e41_a_client_that_has_gone_leaves_a_whole_entry_or_none(
    stage: Stage, settings: Settings, line: Line, moment: bytes, *, after: bool, note: str
) -> None:
    name, body = uuid7(), wire(entry(note=note))
    async with staged(stage, over(settings, line)) as ours:
        asking = asyncio.create_task(ours.send(body, name=name))
        line.cut_at, line.after, line.only_tell, line.on_cut = moment, after, True, asking.cancel

        with contextlib.suppress(asyncio.CancelledError):
            await asking
        assert asking.cancelled()
        stored = await entries(stage)
        again = await ours.send(body, name=name)

        assert again.status_code in ({200} if stored else {200, 201})
        await ours.stores(ours.put())
    assert (await entries(stage), await stage.live_alerts()) == (2, int(note == SAID))


async def test_e41_a_client_that_leaves_within_its_body_has_said_nothing(
    stage: Stage, app: Litestar
) -> None:
    half = b'{"note": "' + SAID.encode()
    said = iter(
        [{"type": "http.request", "body": half, "more_body": True}, {"type": "http.disconnect"}]
    )
    request = stage.api.build_request("PUT", f"/v1/entries/{uuid7()}", headers=stage.ana.headers)
    scope = {
        "type": "http",
        "method": "PUT",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *request.headers.raw],
        "client": ("127.0.0.1", 1),
    }
    heard: list[Any] = []

    async def receive() -> Any:
        return next(said)

    async def send(message: Any) -> None:
        heard.append(message)

    before = await stage.rows()
    await app(cast("Any", scope), receive, send)

    assert await stage.rows() == before
    assert heard[0]["status"] == 400


SCREEN = "clinical.ideation.answers.screen"
"""The port: where an entry's words are handed to the screen."""
BROKEN = [RuntimeError, RecursionError, MemoryError, ValueError]


@pytest.mark.parametrize("error", BROKEN)
async def test_e29_a_screen_that_fails_costs_no_entry_and_rings(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tape: Tape, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error(CANARY)

    monkeypatch.setattr("clinical.ideation.answers.screen", fail)

    told = await stage.stores(stage.put(note=CALM), speaks=True)

    assert await stage.note_of(told["id"]) == CALM
    assert await reasons(stage) == ["screening_unavailable"]
    assert "screening.unavailable" in tape()
    assert f'"error":"{error.__name__}","at":"test_outages:' in tape().replace(" ", "")


async def test_e29_a_screen_that_fails_costs_no_refused_body_and_rings(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("clinical.ideation.answers.screen", fail)

    await stage.refuses(
        stage.put(note=CALM, form="none@1"), "422 invalid-entry", kept=1, speaks=True
    )

    assert await reasons(stage) == ["screening_unavailable"]


async def reasons(stage: Stage) -> list[str]:
    """Say why somebody was rung."""
    rows = await stage.db.fetch(
        "SELECT reason FROM alert_source WHERE patient_id = $1", stage.ana.id
    )
    return [row["reason"] for row in rows]


async def test_e39_a_failure_of_ours_keeps_and_reads_what_was_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("api.entries.prepare", fail)

    answer = await stage.put(note=SAID)

    told = answer.json()
    assert (answer.status_code, told["type"]) == (500, "/problems/internal")
    assert (told["retry"], told["quarantined"]) == ("later", True)
    assert CANARY not in answer.text
    assert await stage.live_alerts() == 1
