"""The outermost layer: what holds for every answer, and what is refused before any route is found.

Pure ASGI around the whole application, because Litestar's own middleware does not see a request
that matches no route.
"""

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    MutableMapping,
    Sequence,
)
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from time import perf_counter
from typing import Any

from uuid_utils import uuid7

from api import errors
from api.log import log, log_request, request_id
from api.problem import CLOSE, MEDIA_TYPE, Problem

LONGEST_TARGET = 8 * 1024
"""Bytes of path and query together."""
LARGEST_HEAD = 32 * 1024
"""Bytes of all header values together."""
LONGEST_CREDENTIALS = 4 * 1024
"""Bytes of an Authorization header; our longest token has 56."""
ONLY_ONCE = frozenset(
    {b"authorization", b"content-length", b"content-type", b"host", b"if-match", b"origin"}
)
"""Headers of which two would let two readers of one request see different things."""
METHODS = frozenset({"GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({b"localhost", b"127.0.0.1", b"[::1]"})
SALVAGED_PATH = "/v1/entries/"
"""Under it a write with an impossible id goes to its handler, which keeps the text it carries."""
HSTS = (b"strict-transport-security", b"max-age=31536000")
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
NO_STORE = (b"cache-control", b"no-store")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]
Networks = Sequence[IPv4Network | IPv6Network]


class Edge:
    """Wraps the application: request id, security headers, host, size and form of the request."""

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str], secure: bool, port: int | None = None
    ) -> None:
        self.app = app
        self.hosts = frozenset(form for host in hosts for form in host_forms(host, port))
        self.always = (*ALWAYS, HSTS) if secure else ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        identity = str(uuid7())
        mark = request_id.set(identity)
        try:
            if scope["type"] == "websocket":
                await refuse_socket(send)
            else:
                await self.serve(scope, receive, send, identity)
        finally:
            request_id.reset(mark)

    async def serve(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        """Answer one HTTP request, by the application or by a refusal."""
        began = perf_counter()
        status = 0
        extra = [*self.always, (b"x-request-id", identity.encode())]

        async def send_out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], *extra]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(NO_STORE)
                message["headers"] = headers
            await send(message)

        try:
            refused = next(refusals_of(scope, self.hosts), None)
            if refused is None:
                await self.app(scope, receive, send_out)
            else:
                await send_problem(refused, identity, send_out)
        except Exception as error:
            log.error("http.broken_off", exc_info=error)
            if status:
                raise
            await send_problem(errors.Internal(), identity, send_out)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            path = scope.get("path_template", "")  # never what was sent
            log_request(identity, method, path, status, perf_counter() - began)


def refusals_of(scope: Scope, hosts: Collection[bytes]) -> Iterator[Problem]:
    """Yield what makes it impossible to serve a request at all; the first is the answer."""
    given: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(given)
    if len(headers) != len(given) and (twice := repeated(given)):
        yield errors.InvalidHost() if twice == b"host" else errors.BadRequest(headers=CLOSE)
    if len(b"".join(headers.values())) > LARGEST_HEAD:
        yield errors.HeadersTooLarge(headers=CLOSE)
    if not is_known_host(headers.get(b"host", b"").lower(), hosts):
        yield errors.InvalidHost()
    if b"transfer-encoding" in headers and b"content-length" in headers:
        yield errors.BadRequest(headers=CLOSE)
    if headers.get(b"upgrade", b"").lower() == b"websocket":
        yield errors.NotFound()
    credentials = headers.get(b"authorization", b"")
    if len(credentials) > LONGEST_CREDENTIALS or not credentials.isascii():
        yield errors.Unauthenticated()
    yield from refusals_of_target(scope)


def refusals_of_target(scope: Scope) -> Iterator[Problem]:
    """Yield what is wrong with path and query."""
    if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        yield errors.UriTooLong(headers=CLOSE)
    if is_broken(scope["path"]) and not is_salvaged(scope):
        yield errors.NotFound()


def repeated(headers: Headers) -> bytes | None:
    """Name a header that came twice and must not."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in seen and name in ONLY_ONCE:
            return name
        seen.add(name)
    return None


def is_broken(path: str) -> bool:
    """Say whether a path holds what no path of ours can: controls, undecodable bytes, `..`."""
    return not path.isprintable() or "\ufffd" in path or "/.." in path


def is_salvaged(scope: Scope) -> bool:
    """Say whether the handler must see a request whatever its path is."""
    return scope["method"] in {"PUT", "PATCH"} and scope["path"].startswith(SALVAGED_PATH)


async def send_problem(problem: Problem, identity: str, send: Send) -> None:
    """Answer with a problem."""
    body = problem.body(identity)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse_socket(send: Send) -> None:
    """Refuse a WebSocket before it is open, where a server makes them of requests: none is here."""
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


def host_forms(host: str, port: int | None) -> Iterable[bytes]:
    """Yield the ways a client may write an allowed host: bare and with the ports it may name."""
    name = host.lower().encode()
    yield name
    if b":" not in name.rpartition(b"]")[2]:
        yield from (b"%s:%d" % (name, known) for known in (80, 443, port) if known is not None)


def is_known_host(host: bytes, hosts: Collection[bytes]) -> bool:
    """Say whether a Host header names us; on this machine, where probes ask, any port will do."""
    if host in hosts:
        return True
    name, _, port = host.rpartition(b":")
    return name in LOOPBACK and name in hosts and port.isdigit()


def client_address(scope: Scope, trusted: Networks) -> str:
    """Return the address a request comes from; forwarded ones count only from our own proxies."""
    address = normal_address((scope["client"] or ("", 0))[0])
    chain = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    hops = chain.decode("latin-1").split(",") if chain else []
    while address is not None and hops and any(address in network for network in trusted):
        nearer, address = address, normal_address(hops.pop().strip())
        if address is None:
            return str(nearer)
    return str(address or "")


def normal_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, an IPv4 one also where it is written as IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
