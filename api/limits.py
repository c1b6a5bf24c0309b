"""How often somebody may ask for what is costly or worth guessing.

Buckets stand in the database, under a hash of whom they are for. The way in fails closed: without
the database nobody signs in anyway.
"""

import asyncio
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Any, cast

from api.backend import AnyRequest, Backend
from api.edge import client_address
from api.errors import RateLimited, Unavailable
from models.cipher import Keyring
from models.gate import give_back, take
from models.session import Connection

PATIENCE_SECONDS = 2.0
"""How long the way in waits for its bucket; a statement takes a millisecond."""
RETRY_SECONDS = 2
IPV6_HOME = 64
"""Bits of an IPv6 address that a household shares: it has every address below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A token bucket: what flows in, and how much it holds."""

    name: str
    per_second: float
    burst: float


ENROLMENT = Limit(name="enrolment", per_second=10 / 3600, burst=5)
ACTIVATION = Limit(name="activation", per_second=20 / 3600, burst=10)
"""Two steps a person, and a clinic's first day from one address."""
LOGIN = Limit(name="login", per_second=1 / 60, burst=10)
LOGIN_ADDRESS = Limit(name="login.address", per_second=1, burst=120)
"""All accounts from one address together: a flood that goes from one account to the next."""
LOGIN_FAILURES = Limit(name="login.failures", per_second=1 / 900, burst=5)
"""Five failures hold an account from one address for 15 minutes; others' sign-in is untouched."""
REFRESH = Limit(name="refresh", per_second=30 / 3600, burst=60)
RESET = Limit(name="reset", per_second=10 / 3600, burst=5)
NONCE = Limit(name="nonce", per_second=1, burst=60)
GUESSES = Limit(name="enrolment.guesses", per_second=1 / 60, burst=100)
"""Wrong codes from everywhere: beyond it an alarm is raised, and nobody is refused for it."""


def address_of(request: AnyRequest, backend: Backend) -> str:
    """Name where a request comes from: an IPv4 address, or the household of an IPv6 one."""
    address = client_address(cast("Any", request.scope), backend.trusted_proxies)
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed.packed, IPV6_HOME), strict=False))
    return address


def key_of(keyring: Keyring, limit: Limit, parts: tuple[str, ...]) -> bytes:
    """Hash whom a bucket is for: no table lists who asked from where."""
    return keyring.mac("limit", "|".join((limit.name, *parts)).encode())


async def take_one(connection: Connection, keyring: Keyring, limit: Limit, *parts: str) -> int:
    """Take one from a bucket in a transaction that commits whatever follows."""
    key = key_of(keyring, limit, parts)
    return ceil(
        await take(connection, limit.name, key, per_second=limit.per_second, burst=limit.burst)
    )


async def seconds_to_wait(backend: Backend, limit: Limit, *parts: str) -> int:
    """Take one from a bucket: 0 when there was one, else the seconds until there is.

    Raises:
        Unavailable: the database does not answer in time.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), backend.pool.acquire() as connection:
            return await take_one(connection, backend.keyring, limit, *parts)
    except TimeoutError:
        raise Unavailable(retry_after=RETRY_SECONDS) from None


async def require_place(backend: Backend, limit: Limit, *parts: str) -> None:
    """Take one from a bucket, or refuse.

    Raises:
        RateLimited: there was none; it says when there will be.
        Unavailable: the database does not answer in time.
    """
    wait = await seconds_to_wait(backend, limit, *parts)
    if wait > 0:
        raise RateLimited(retry_after=wait)


async def put_back(backend: Backend, limit: Limit, *parts: str, tokens: float = 1) -> None:
    """Put back what turned out not to count."""
    key = key_of(backend.keyring, limit, parts)
    async with backend.pool.acquire() as connection:
        await give_back(connection, limit.name, key, tokens)
