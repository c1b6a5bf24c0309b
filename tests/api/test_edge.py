"""What holds for every answer, and what no route ever sees."""

from collections.abc import Mapping, MutableMapping
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Request, Response, get, put
from litestar.params import FromPath

from api.edge import (
    LARGEST_HEAD,
    LONGEST_CREDENTIALS,
    LONGEST_TARGET,
    Edge,
    client_address,
)
from api.log import current_request_id
from tests.api.kit import HOST, application, captured_log, client_of, problem_in

CANARY = "ZZCANARY-edge"
Message = MutableMapping[str, Any]


@get("/things/{name:str}")
async def get_thing(name: FromPath[str]) -> dict[str, str]:
    return {"name": name, "request": str(current_request_id())}


@get("/cached")
async def get_cached() -> Response[bytes]:
    return Response(b"x", headers={"Cache-Control": "public, max-age=60"})


@put("/v1/entries/{name:str}")
async def put_entry(name: FromPath[str], request: Request[Any, Any, Any]) -> dict[str, int]:
    return {"length": len(name), "bytes": len(await request.body())}


@get("/late")
async def get_late() -> None:
    raise RuntimeError(CANARY)


async def ask(
    method: str = "GET",
    path: str = "/things/a",
    headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
    *,
    in_prod: bool = True,
) -> httpx.Response:
    app = application(get_thing, get_cached, put_entry, get_late, in_prod=in_prod)
    async with client_of(app) as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things/a", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/things/a", 405),
        ("OPTIONS", "/things/a", 204),
        ("GET", "/late", 500),
        ("GET", "/things/%00", 404),
    ],
)
async def test_every_answer_has_the_security_headers(method: str, path: str, status: int) -> None:
    with captured_log():
        answer = await ask(method, path)

    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert UUID(answer.headers["x-request-id"]).version == 7


async def test_plain_http_is_not_forbidden_on_a_developers_machine() -> None:
    answer = await ask(in_prod=False)

    assert "strict-transport-security" not in answer.headers


async def test_a_handler_may_let_its_answer_be_kept() -> None:
    answer = await ask(path="/cached")

    assert answer.headers.get_list("cache-control") == ["public, max-age=60"]


async def test_the_request_id_is_made_here_and_known_to_the_handler() -> None:
    answer = await ask(headers={"x-request-id": CANARY})

    assert answer.headers["x-request-id"] == answer.json()["request"]
    assert CANARY not in str(answer.headers)


def test_outside_a_request_there_is_no_request_id() -> None:
    assert current_request_id() is None


@pytest.mark.parametrize(
    "host",
    [HOST, HOST.upper(), f"{HOST}:443", f"{HOST}:80", f"{HOST}:8443"],
)
async def test_the_host_is_ours_in_each_of_its_forms(host: str) -> None:
    answer = await ask(headers={"host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "evil.example")],
        [("host", f"{HOST}.evil.example")],
        [("host", f"evil.{HOST}")],
        [("host", f"{HOST}:8444")],
        [("host", f"{HOST}:")],
        [("host", f"{HOST}@evil.example")],
        [("host", f" {HOST} evil.example")],
        [("host", "")],
        [("host", "evil.example"), ("x-forwarded-host", HOST)],
        [("host", HOST), ("host", "evil.example")],
        [("host", HOST), ("host", HOST)],
        [("host", "localhost")],
        [("host", CANARY)],
    ],
    ids=str,
)
async def test_another_host_is_refused(headers: list[tuple[str, str]]) -> None:
    answer = await ask(headers=headers)

    assert (answer.status_code, problem_in(answer)) == (400, "invalid-host")
    assert CANARY not in answer.text


async def test_a_forwarded_host_is_ignored() -> None:
    answer = await ask(headers={"x-forwarded-host": "evil.example"})

    assert answer.status_code == 200


async def test_a_request_without_host_is_refused() -> None:
    sent = await through_edge({"headers": []})

    assert sent[0]["status"] == 400


async def test_a_probe_on_this_machine_may_use_any_port() -> None:
    sent = await through_edge({"headers": [(b"host", b"localhost:39999")]}, hosts=["localhost"])
    other = await through_edge({"headers": [(b"host", b"localhost:3x")]}, hosts=["localhost"])

    assert (sent[0]["status"], other[0]["status"]) == (204, 400)


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/things/%00", 404, "not-found"),
        ("/things/a%0ab", 404, "not-found"),
        ("/things/%ff", 404, "not-found"),
        ("/things/%c3%28", 404, "not-found"),
        ("/things/%2e%2e/secret", 404, "not-found"),
        ("/things/%E2%80%AE", 404, "not-found"),
        ("/things/" + "a" * LONGEST_TARGET, 414, "uri-too-long"),
        ("/things/a?b=" + "a" * LONGEST_TARGET, 414, "uri-too-long"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_an_impossible_path_reaches_no_route(path: str, status: int, slug: str) -> None:
    answer = await ask(path=path)

    assert (answer.status_code, problem_in(answer)) == (status, slug)


async def test_a_long_path_within_the_limit_is_served() -> None:
    answer = await ask(path="/things/" + "a" * 4000)

    assert answer.status_code == 200


async def test_a_well_known_path_is_not_taken_for_a_way_up() -> None:
    answer = await ask(path="/things/.well-known")

    assert answer.json()["name"] == ".well-known"


@pytest.mark.parametrize("path", ["/v1/entries/%00", "/v1/entries/%ff"])
async def test_an_entry_under_an_impossible_id_reaches_its_handler(path: str) -> None:
    written = await ask("PUT", path)
    read = await ask("GET", path)

    assert written.json() == {"length": 1, "bytes": 0}
    assert problem_in(read) == "not-found"


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer " + b"a" * LONGEST_CREDENTIALS,
        b"Bearer " + b"a" * 20_000,
        "Bearer é".encode(),
        "Bearer é".encode("latin-1"),
    ],
    ids=["just too long", "20 KB", "UTF-8", "Latin-1"],
)
async def test_impossible_credentials_are_none(value: bytes) -> None:
    headers = [(b"host", HOST.encode()), (b"authorization", value)]
    sent = await through_edge({"headers": headers})

    assert sent[0]["status"] == 401
    assert (b"www-authenticate", b"Bearer") in sent[0]["headers"]
    assert b"/problems/unauthenticated" in sent[1]["body"]


@pytest.mark.parametrize(
    "name", ["authorization", "content-length", "content-type", "if-match", "origin"]
)
async def test_a_header_that_counts_may_come_once(name: str) -> None:
    headers = [(b"host", HOST.encode()), (name.encode(), b"1"), (name.encode(), b"2")]
    sent = await through_edge({"headers": headers})

    assert sent[0]["status"] == 400
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_other_headers_may_come_twice() -> None:
    headers = [(b"host", HOST.encode()), (b"accept", b"a"), (b"accept", b"b")]

    assert (await through_edge({"headers": headers}))[0]["status"] == 204


async def test_a_length_and_chunks_together_are_refused() -> None:
    headers = [
        (b"host", HOST.encode()),
        (b"content-length", b"5"),
        (b"transfer-encoding", b"chunked"),
    ]
    sent = await through_edge({"headers": headers, "method": "PUT"})

    assert sent[0]["status"] == 400
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_huge_head_is_refused() -> None:
    answer = await ask(headers={"x-filler": "a" * LARGEST_HEAD})

    assert (answer.status_code, problem_in(answer)) == (431, "headers-too-large")


@pytest.mark.parametrize("value", ["websocket", "WebSocket"])
async def test_an_upgrade_to_a_websocket_finds_nothing(value: str) -> None:
    answer = await ask(headers={"upgrade": value, "connection": "upgrade"})

    assert (answer.status_code, problem_in(answer)) == (404, "not-found")


async def test_an_opened_websocket_is_closed() -> None:
    sent = await through_edge({"type": "websocket", "headers": []})

    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_method_in_a_header_changes_nothing() -> None:
    answer = await ask(headers={"x-http-method-override": "DELETE"})

    assert answer.status_code == 200


async def test_an_application_that_fails_outright_is_answered_for() -> None:
    async def failing(*_: object) -> None:
        raise RuntimeError(CANARY)

    with captured_log() as lines:
        sent = await through_edge({"headers": [(b"host", HOST.encode())]}, app=failing)

    assert sent[0]["status"] == 500
    assert CANARY not in str(sent) + str(lines())


async def test_an_answer_that_breaks_off_is_not_answered_twice() -> None:
    async def breaking(_: object, __: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(CANARY)

    with captured_log() as lines, pytest.raises(RuntimeError):
        await through_edge({"headers": [(b"host", HOST.encode())]}, app=breaking)

    assert [line["event"] for line in lines()] == ["http.broken_off", "http.request"]


async def test_the_line_of_a_request_has_the_template_and_not_the_path() -> None:
    with captured_log() as lines:
        answer = await ask(path=f"/things/{CANARY}?token={CANARY}")

    [line] = lines()
    assert line["event"] == "http.request"
    assert line["path"] == "/things/{name}"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert CANARY not in str(line)


async def test_an_invented_method_is_not_repeated_in_the_log() -> None:
    with captured_log() as lines:
        await ask("ZZCANARY")

    assert [(line["method"], line["path"]) for line in lines()] == [("other", "")]


PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["192.0.2.6, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["192.0.2.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["198.51.100.1, 10.0.0.3"], "198.51.100.1"),
        ("10.0.0.2", ["10.0.0.4, 10.0.0.3"], "10.0.0.4"),
        ("10.0.0.2", ["198.51.100.1, nonsense"], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("::ffff:10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::2", ["2001:db8::1"], "2001:db8::1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_a_forwarded_address_counts_from_our_own_proxies_only(
    peer: str, forwarded: list[str], address: str
) -> None:
    scope = {
        "client": (peer, 1) if peer else None,
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }

    assert client_address(scope, PROXIES) == address


def test_without_a_proxy_no_header_counts() -> None:
    scope = {"client": ("10.0.0.2", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}

    assert client_address(scope, []) == "10.0.0.2"


async def through_edge(
    scope: dict[str, Any], *, app: Any = None, hosts: list[str] | None = None
) -> list[Message]:
    """Send one request straight to the edge; return what it sent back."""
    sent: list[Message] = []

    async def empty(_: object, __: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    usual = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    edge = Edge(app or empty, hosts=hosts or [HOST], secure=True)
    await edge(usual | scope, receive, send)
    return sent
