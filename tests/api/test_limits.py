"""Buckets: what flows in, what they hold, for whom they are; the way in fails closed."""

import asyncio
from ipaddress import ip_network
from typing import Any, cast

import pytest
from litestar import Request

from api.backend import AnyRequest, Backend
from api.errors import RateLimited, Unavailable
from api.limits import (
    ENROLMENT,
    LOGIN,
    LOGIN_FAILURES,
    REFRESH,
    Limit,
    address_of,
    put_back,
    require_place,
    seconds_to_wait,
)
from models.enrolment import Code
from models.session import Connection
from tests.api.kit import problem_in
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person


@pytest.fixture
def backend(door: Door) -> Backend:
    """Hold what the handlers hold."""
    return door.backend


async def take_all(backend: Backend, limit: Limit, *parts: str) -> int:
    """Count what a bucket gives before it is empty."""
    taken = 0
    while await seconds_to_wait(backend, limit, *parts) == 0:
        taken += 1
    return taken


@pytest.mark.parametrize(
    ("limit", "burst", "seconds"),
    [(ENROLMENT, 5, 360), (LOGIN, 10, 60), (LOGIN_FAILURES, 5, 900), (REFRESH, 60, 120)],
    ids=["enrolment", "login", "failures", "refresh"],
)
async def test_a_bucket_holds_its_burst_and_fills_at_its_rate(
    backend: Backend, clock: Clock, *, limit: Limit, burst: int, seconds: int
) -> None:
    assert await take_all(backend, limit, "somebody") == burst
    assert seconds - 2 <= await seconds_to_wait(backend, limit, "somebody") <= seconds
    await clock.advance(seconds=seconds)
    assert await take_all(backend, limit, "somebody") == 1
    await clock.advance(days=30)
    assert await take_all(backend, limit, "somebody") == burst


async def test_a_refusal_says_when_to_come_back(backend: Backend) -> None:
    await take_all(backend, LOGIN, "somebody")

    with pytest.raises(RateLimited) as refused:
        await require_place(backend, LOGIN, "somebody")

    assert 55 < int(refused.value.headers["Retry-After"]) <= 60


async def test_buckets_are_apart_by_name_and_by_whom_they_are_for(backend: Backend) -> None:
    await take_all(backend, LOGIN, "bo", "192.0.2.1")

    for limit, parts in ((LOGIN, ("bo", "192.0.2.2")), (LOGIN_FAILURES, ("bo", "192.0.2.1"))):
        assert await seconds_to_wait(backend, limit, *parts) == 0


async def test_what_is_put_back_never_exceeds_the_burst(backend: Backend) -> None:
    await take_all(backend, LOGIN_FAILURES, "bo")
    await put_back(backend, LOGIN_FAILURES, "bo")
    assert await take_all(backend, LOGIN_FAILURES, "bo") == 1

    await put_back(backend, LOGIN_FAILURES, "bo", tokens=500)

    assert await take_all(backend, LOGIN_FAILURES, "bo") == 5


async def test_taken_at_once_a_bucket_gives_no_more_than_it_holds(backend: Backend) -> None:
    waits = await asyncio.gather(*(seconds_to_wait(backend, ENROLMENT, "x") for _ in range(30)))

    assert waits.count(0) == 5


async def test_a_clock_that_goes_back_empties_no_bucket(backend: Backend, clock: Clock) -> None:
    await seconds_to_wait(backend, ENROLMENT, "somebody")
    await clock.advance(hours=-1)

    assert await take_all(backend, ENROLMENT, "somebody") == 4


async def test_no_table_says_who_came_from_where(backend: Backend, superuser: Connection) -> None:
    await seconds_to_wait(backend, LOGIN, "bo@north.example", "192.0.2.1")

    row = await superuser.fetchrow("SELECT name, key FROM gate.bucket")
    assert row is not None
    assert row["name"] == "login"
    assert len(row["key"]) == 32
    assert b"192" not in row["key"]


async def test_without_the_database_nobody_comes_in(
    door: Door, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.PATIENCE_SECONDS", 0.05)
    holding = [await backend.pool.acquire() for _ in range(backend.pool.get_max_size())]

    with pytest.raises(Unavailable):
        await require_place(backend, LOGIN, "somebody")

    for connection in holding:
        await backend.pool.release(connection)
    await require_place(backend, LOGIN, "somebody")


async def test_a_sixth_enrolment_from_one_address_waits(
    door: Door, phone: Phone, ana: Person
) -> None:
    answers = [await phone.enrol(Code.draw().text) for _ in range(6)]

    assert [a.status_code for a in answers] == [401] * 5 + [429]
    assert problem_in(answers[5]) == "rate-limited"
    async with door.client("192.0.2.200") as client:
        assert (await Phone(client=client).enrol(await door.code_for(ana))).status_code == 201


def request_from(address: str, **headers: str) -> AnyRequest:
    """Make a request of an address."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "client": (address, 1), "headers": raw, "method": "GET", "path": "/"}
    return Request(cast("Any", scope))


class Proxies:
    """What is asked of a backend here."""

    def __init__(self, *networks: str) -> None:
        self.trusted_proxies = tuple(ip_network(network) for network in networks)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "expected"),
    [
        ("203.0.113.9", "192.0.2.1", (), "203.0.113.9"),
        ("203.0.113.9", "192.0.2.1", ("10.0.0.0/8",), "203.0.113.9"),
        ("10.1.1.1", "192.0.2.1", ("10.0.0.0/8",), "192.0.2.1"),
        ("10.1.1.1", "198.51.100.7, 192.0.2.1", ("10.0.0.0/8",), "192.0.2.1"),
        ("10.1.1.1", "nonsense", ("10.0.0.0/8",), "10.1.1.1"),
    ],
    ids=[
        "A25-no-proxy",
        "A25-not-our-proxy",
        "A25-our-proxy",
        "A25-made-up-first-hop",
        "A25-nonsense",
    ],
)
def test_a25_a_forwarded_address_counts_only_from_a_proxy_of_ours(
    peer: str, forwarded: str, proxies: tuple[str, ...], expected: str
) -> None:
    backend = cast("Backend", Proxies(*proxies))

    assert address_of(request_from(peer, x_forwarded_for=forwarded), backend) == expected


def test_a_household_has_one_bucket_whichever_of_its_addresses_it_uses() -> None:
    backend = cast("Backend", Proxies())
    first = address_of(request_from("2001:db8:1:2:aaaa::1"), backend)

    assert first == address_of(request_from("2001:db8:1:2:bbbb::2"), backend)
    assert first != address_of(request_from("2001:db8:1:3::1"), backend)
    assert address_of(request_from("::ffff:192.0.2.1"), backend) == "192.0.2.1"
