"""What every handler works with: the pool, the keys, the rules' data; and the way in."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import asyncpg
from litestar import Request

from api.auth import COOKIE, cookie_token, require_own_page
from api.errors import Forbidden, SessionExpired, SessionRevoked, Unauthenticated
from api.hints import Hints
from api.passwords import Passwords
from clinical.ideation.lexicon import load_lexicon
from clinical.instruments import Registry
from models.cipher import Keyring, token_hash
from models.gate import Entered, enter, verify_root_key
from models.session import Connection, Pool, open_pool, schema_is_there
from models.sign_in import prolong

AnyRequest = Request[Any, Any, Any]
Network = IPv4Network | IPv6Network

BEARER = "Bearer "
TOKEN_LENGTH = len("at_") + 43
"""`at_` and 256 bits in base64url."""
READY_SECONDS = 2.0
CONNECTIONS = 32
"""Largest pool of one API process. With ten, sixty-four phones at once waited twice as long for the
slowest of their answers: commits that wait in PostgreSQL together are flushed together."""


class Backend:
    """One process's connections, keys and rules' data: made at start, shared by all handlers.

    A plain class: Litestar would convert a dataclass anew for every request.
    """

    __slots__ = (
        "hints", "item_ids", "keyring", "lexicon", "passwords", "pool", "public_url", "registry",
        "trusted_proxies",
    )  # fmt: skip

    def __init__(
        self,
        *,
        pool: Pool,
        keyring: Keyring,
        registry: Registry,
        hints: Hints,
        passwords: Passwords,
        public_url: str,
        trusted_proxies: Sequence[Network],
    ) -> None:
        self.pool = pool
        self.keyring = keyring
        self.registry = registry
        self.lexicon = load_lexicon()
        self.hints = hints
        self.passwords = passwords
        self.item_ids = frozenset(name for form in registry.forms.values() for name in form.allowed)
        self.public_url = public_url
        self.trusted_proxies = tuple(trusted_proxies)


@asynccontextmanager
async def open_backend(
    *,
    database_url: str,
    redis_url: str,
    root_key: bytes,
    known: Registry,
    public_url: str = "http://localhost:8000",
    trusted_proxies: Sequence[Network] = (),
) -> AsyncGenerator[Backend]:
    """Connect and load; nothing is written under a root key that opens nothing.

    Raises:
        Unreadable: the root key is not the one this database was written with.
    """
    keyring = Keyring(root_key)
    pool = await open_pool(database_url, largest=CONNECTIONS, application_name="afterglow-api")
    hints = Hints(redis_url)
    passwords = Passwords()
    try:
        async with pool.acquire() as connection:
            await verify_root_key(connection, keyring)
        yield Backend(
            pool=pool,
            keyring=keyring,
            registry=known,
            hints=hints,
            public_url=public_url,
            trusted_proxies=trusted_proxies,
            passwords=passwords,
        )
    finally:
        passwords.close()
        await hints.close()
        await pool.close()


async def can_serve(backend: Backend) -> dict[str, bool]:
    """Say whether entries can be stored: the database answers, and its schema is ours."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            return {"database": await schema_is_there(backend.pool)}
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {"database": False}


def bearer_token(request: AnyRequest) -> str:
    """Read the access token of a request.

    Raises:
        Unauthenticated: there is none, or it has another kind or form than an access token.
    """
    header = request.headers.get("authorization", "")
    token = header.removeprefix(BEARER)
    if len(token) != TOKEN_LENGTH or token == header or not token.startswith("at_"):
        raise Unauthenticated
    return token


async def enter_with(
    connection: Connection, token: str, *kinds: str, credential: str = "access"
) -> Entered:
    """Enter the clinic of a token's session inside the running transaction.

    Raises:
        Unauthenticated: nobody holds this token, or it has run out.
        SessionRevoked: the session was ended, the person disabled or the clinic closed.
        SessionExpired: the session was idle for too long.
        Forbidden: this kind of session has no business here.
    """
    entered = await enter(connection, credential, token_hash(token))
    if entered is None:
        raise Unauthenticated
    if entered.verdict != "live":
        raise SessionRevoked if entered.verdict == "revoked" else SessionExpired
    if entered.kind not in kinds:
        raise Forbidden
    return entered


def credential_of(request: AnyRequest, backend: Backend) -> tuple[str, str]:
    """Read what a request signs in with: an access token, or the console's cookie.

    Raises:
        Unauthenticated: there is neither.
        Csrf: there is the cookie, and the request was not made by the console's own page.
    """
    if "authorization" in request.headers or COOKIE not in request.cookies:
        return "access", bearer_token(request)
    cookie = cookie_token(request)
    require_own_page(request, backend.keyring, backend.public_url, cookie)
    return "cookie", cookie


@asynccontextmanager
async def entered(
    request: AnyRequest, backend: Backend, *kinds: str
) -> AsyncGenerator[tuple[Connection, Entered]]:
    """Open the transaction of one request inside the caller's clinic.

    What the handler writes is committed when the block ends, before any answer goes out;
    an exception takes all of it back.
    """
    credential, token = credential_of(request, backend)
    async with backend.pool.acquire() as connection, connection.transaction():
        who = await enter_with(connection, token, *kinds, credential=credential)
        if credential == "cookie":
            await prolong(connection, who.clinic_id, who.session_id)
        yield connection, who
