"""Rows about what stands around the routes: the key at start, hosts, hidden paths, raw HTTP."""

import asyncio
import base64
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator

import pytest
from litestar import Litestar
from pydantic import SecretStr

from api import body as reading
from models.cipher import Unreadable
from models.ids import uuid7
from settings import Environment, Settings
from tests.acceptance.entry import entry
from tests.acceptance.server import Heard, say, served
from tests.acceptance.stage import JSON, SAID, Stage, check_refusal, client_of, running, wire
from tests.cast import REPOSITORY

OTHER_KEY = base64.b64encode(bytes(range(2, 34))).decode()
HOST = b"Host: localhost\r\n"


@pytest.fixture
async def port(app: Litestar) -> AsyncGenerator[int]:
    """Serve the application as it is served outside."""
    async with served(app) as port:
        yield port


async def test_m10_under_another_root_key_nothing_starts_and_nothing_is_written(
    stage: Stage, settings: Settings
) -> None:
    await stage.stores(stage.put())
    before = await stage.rows()
    other = settings.model_copy(update={"root_key": SecretStr(OTHER_KEY)})

    with pytest.raises(BaseException) as raised:  # noqa: PT011 # a group of one
        async with running(other):
            pass

    assert raised.group_contains(Unreadable) or raised.errisinstance(Unreadable)
    assert await stage.rows() == before


@pytest.mark.parametrize(
    ("key", "starts"), [(OTHER_KEY, False), (None, True)], ids=["wrong", "right"]
)
async def test_m10_a_process_with_the_wrong_root_key_ends_with_an_error(
    stage: Stage, settings: Settings, key: str | None, *, starts: bool
) -> None:
    await stage.stores(stage.put())
    before = await stage.rows()
    listening = socket.create_server(("127.0.0.1", 0))
    environment = {
        **os.environ,
        "AFTERGLOW_ENV": "test",
        "AFTERGLOW_DATABASE_URL": settings.database_url.get_secret_value(),
        "AFTERGLOW_REDIS_URL": settings.redis_url.get_secret_value(),
        "AFTERGLOW_ROOT_KEY": key or settings.root_key.get_secret_value(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "afterglow.api_server", str(listening.fileno()),
        cwd=REPOSITORY, env=environment, pass_fds=[listening.fileno()],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        if starts:
            heard = await say(
                listening.getsockname()[1], b"GET /health/ready HTTP/1.1\r\n", HOST, b"\r\n"
            )
            assert heard.status == 200
            process.terminate()
        printed, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        listening.close()

    assert process.returncode is not None
    assert (process.returncode <= 0) is starts  # told to stop, it ends by that signal
    assert OTHER_KEY not in printed.decode()
    assert await stage.rows() == before


HIDDEN = [
    "/schema", "/schema/openapi.json", "/schema/swagger", "/openapi.json", "/docs", "/metrics",
    "/debug", "/debug/vars", "/console", "/.env", "/.git/config", "/admin", "/server-status", "/",
]  # fmt: skip


@pytest.fixture(scope="module")
def in_prod(settings: Settings) -> Settings:
    """Describe the same system as it runs for patients."""
    return settings.model_copy(update={"env": Environment.PROD})


@pytest.mark.parametrize("path", HIDDEN)
async def test_m12_nothing_is_there_that_is_not_for_clients(
    stage: Stage, in_prod: Settings, path: str
) -> None:
    async with running(in_prod) as app, client_of(app) as api:
        for headers in ({}, stage.ana.headers):
            answer = await api.get(path, headers=headers)

            check_refusal(answer, "404 not-found")
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_m12_metrics_are_not_served_here_in_any_environment(stage: Stage) -> None:
    await stage.refuses(stage.get("/metrics"), "404 not-found")


async def test_m12_every_answer_in_prod_asks_for_https(stage: Stage, in_prod: Settings) -> None:
    async with running(in_prod) as app, client_of(app) as api:
        answers = [
            await api.put("/v1/entries/" + "0" * 31 + "1", json=entry(), headers=stage.ana.headers),
            await api.put(f"/v1/entries/{stage.ana.id}", json=entry(), headers=stage.ana.headers),
            await api.get("/v1/entries", headers=stage.ana.headers),
            await api.get("/health/live"),
            await api.get("/v1/app-config?language=en"),
        ]

    assert [answer.status_code // 100 for answer in answers[:4]] == [4, 2, 2, 2]
    hsts = {answer.headers.get("strict-transport-security") for answer in answers}
    assert hsts == {"max-age=31536000"}


HOSTS: dict[str, dict[str, str]] = {
    "M13-evil": {"host": "evil.example"},
    "M13-behind": {"host": "localhost.evil.example"},
    "M13-before": {"host": "evil.example:80@localhost"},
    "M13-empty": {"host": ""},
    "M13-list": {"host": "localhost, evil.example"},
    "M13-port": {"host": "localhost:80x"},
    "M13-forwarded": {"host": "evil.example", "x-forwarded-host": "localhost"},
    "M13-forwarded-standard": {"host": "evil.example", "forwarded": "host=localhost"},
}


@pytest.mark.parametrize("headers", HOSTS.values(), ids=HOSTS.keys())
async def test_m13_another_host_is_refused(stage: Stage, headers: dict[str, str]) -> None:
    sending = stage.send(wire(entry(note=SAID)), headers={**JSON, **headers})

    await stage.refuses(sending, "400 invalid-host")


async def test_m13_a_forwarded_host_is_not_looked_at(stage: Stage) -> None:
    headers = {**JSON, "x-forwarded-host": "evil.example"}

    await stage.stores(stage.send(wire(entry()), headers=headers))


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_m13_without_a_host_nobody_is_served(port: int, version: bytes) -> None:
    heard = await say(port, b"GET /v1/entries HTTP/" + version + b"\r\n\r\n")

    assert heard.status == 400
    assert b"invalid-host" in heard.body or b"bad-request" in heard.body


def put(stage: Stage, *headers: bytes) -> bytes:
    """Write the head of a request that sends an entry."""
    lines = [
        b"PUT /v1/entries/%s HTTP/1.1" % str(stage.ana.id).encode(),
        b"Host: localhost",
        b"Authorization: Bearer " + stage.ana.token.encode(),
        b"Content-Type: application/json",
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


SMUGGLED = b"0\r\n\r\nDELETE /v1/entries/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
RAW: dict[str, tuple[list[bytes], str]] = {
    "M14-length-and-chunks": (
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        "400 bad-request",
    ),
    "M14-chunks-and-length": (
        [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
        "400 bad-request",
    ),
    "M14-two-lengths": ([b"Content-Length: 5", b"Content-Length: 6"], "400 bad-request"),
    "M14-obs-fold": ([b"X-Folded: a\r\n b", b"Content-Length: 5"], "400 bad-request"),
    "M14-space-before-colon": ([b"Content-Length : 5"], "400 bad-request"),
    "M14-bare-lf": ([b"X: 1\nTransfer-Encoding: chunked"], "400 bad-request"),
    "M14-control": ([b"X: a\x00b"], "400 bad-request"),
    "M14-100-KB": ([b"X: " + b"a" * 100_000], "431 headers-too-large"),
    "M14-2000-headers": (
        [b"X-%d: %s" % (n, b"a" * 50) for n in range(2_000)],
        "431 headers-too-large",
    ),
}


@pytest.mark.parametrize(("headers", "problem"), RAW.values(), ids=RAW.keys())
async def test_m14_what_two_readers_would_read_differently_is_refused_and_hung_up_on(
    stage: Stage, port: int, headers: list[bytes], problem: str
) -> None:
    before = await stage.rows()

    rest = SMUGGLED if problem.startswith("400") else b""
    heard = await say(port, put(stage, *headers), rest, waits=True)

    heard.expect(problem)
    assert heard.closed
    assert await stage.rows() == before
    sent = wire(entry())
    assert (await say(port, put(stage, b"Content-Length: %d" % len(sent)), sent)).status == 201


async def test_m15_slow_bodies_are_given_up_read_and_hold_nobody_up(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_DEADLINE", 1.0)
    half = b'{"note": "%s' % SAID.encode()
    request = put(stage, b"Content-Length: 5000") + half
    slow = [asyncio.create_task(say(port, request, waits=True)) for _ in range(200)]
    good, name, took = wire(entry()), uuid7(), list[float]()
    while not all(task.done() for task in slow):
        started = time.perf_counter()
        answer = await stage.send(good, name=name)
        took.append(time.perf_counter() - started)
        assert answer.status_code == (201 if len(took) == 1 else 200)
    print(f"slowest good request, ms: {round(1000 * max(took), 1)}")  # noqa: T201 # the figure of this row

    heard: list[Heard] = await asyncio.gather(*slow)

    for one in heard:
        one.expect("408 request-timeout")
        assert one.closed
    assert await stage.kept_bodies() == [half]
    assert await stage.live_alerts() == 1


async def test_m15_a_head_that_never_comes_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.protocol.HEAD_DEADLINE", 0.3)

    heard = await asyncio.gather(
        *(say(port, b"PUT /v1/entries/x HTTP/1.1\r\n" + HOST, waits=True) for _ in range(200))
    )

    for one in heard:
        one.expect("408 request-timeout")
        assert one.closed
