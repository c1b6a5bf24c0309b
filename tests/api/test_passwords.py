"""Slow hashes: two at a time, eight waiting, never of more than a kilobyte."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import perf_counter
from typing import Any

import pytest

from api.errors import InvalidQuery, Unavailable
from api.passwords import (
    COMMON,
    DUMMY,
    LONGEST,
    QUEUE,
    SHORTEST,
    THREADS,
    Passwords,
    check_length,
    check_new,
    common_passwords,
)


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("a heron stands in the reeds")

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(hashed, "a heron stands in the reeds")
    assert not await passwords.matches(hashed, "a heron stands in the reed")
    assert await passwords.hash("a heron stands in the reeds") != hashed
    passwords.close()


async def test_nobodys_password_matches_nothing_and_takes_as_long() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("a heron stands in the reeds")
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for i in range(16):
        began = perf_counter()
        assert not await passwords.matches(hashed if i % 2 else None, "something else entirely")
        seconds[bool(i % 2)].append(perf_counter() - began)

    known, unknown = sorted(seconds[True])[4], sorted(seconds[False])[4]
    assert 0.5 < known / unknown < 2
    assert not await passwords.matches(DUMMY, "")
    passwords.close()


async def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("contrase\u00f1a de prueba")

    assert await passwords.matches(hashed, "contrasen\u0303a de prueba")
    assert not await passwords.matches(hashed, "contrasena de prueba")
    passwords.close()


async def test_a_broken_hash_matches_nothing() -> None:
    passwords = Passwords()

    assert not await passwords.matches("$argon2id$broken", "a heron stands in the reeds")
    passwords.close()


class Held(ThreadPoolExecutor):
    """Threads that wait for the test before they work."""

    def __init__(self) -> None:
        super().__init__(THREADS)
        self.go = Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Work when the test says so."""

        def wait_and_work() -> Any:
            self.go.wait()
            return fn(*args, **kwargs)

        return super().submit(wait_and_work)


async def test_the_eleventh_at_once_is_asked_to_come_back() -> None:
    passwords = Passwords()
    held = passwords._threads = Held()
    waiting = [asyncio.create_task(passwords.matches(None, "x")) for _ in range(THREADS + QUEUE)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable) as refused:
        await passwords.matches(None, "x")
    held.go.set()
    answers = await asyncio.gather(*waiting)

    assert refused.value.headers["Retry-After"] == "2"
    assert answers == [False] * (THREADS + QUEUE)
    assert not await passwords.matches(None, "x")
    passwords.close()


async def test_who_goes_away_leaves_the_place_to_others() -> None:
    passwords = Passwords()
    held = passwords._threads = Held()
    waiting = [asyncio.create_task(passwords.matches(None, "x")) for _ in range(THREADS + QUEUE)]
    await asyncio.sleep(0)
    for task in waiting[THREADS:]:
        task.cancel()
    await asyncio.gather(*waiting[THREADS:], return_exceptions=True)

    newcomers = [asyncio.create_task(passwords.matches(None, "x")) for _ in range(QUEUE)]
    await asyncio.sleep(0)
    held.go.set()

    assert await asyncio.gather(*newcomers) == [False] * QUEUE
    await asyncio.gather(*waiting[:THREADS])
    passwords.close()


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        ("x" * LONGEST, True),
        ("x" * (LONGEST + 1), False),
        ("\U0001f40c" * LONGEST, True),
        ("\ufb2c" * LONGEST, True),
        ("x" * 1_000_000, False),
    ],
    ids=["A19-128", "A19-129", "A19-128-snails", "A19-128-that-decompose", "A19-1-MB"],
)
def test_a19_nothing_longer_than_a_password_is_hashed(password: str, *, accepted: bool) -> None:
    if accepted:
        check_length(password)
    else:
        with pytest.raises(InvalidQuery):
            check_length(password)


@pytest.mark.parametrize(
    "password",
    [
        "a heron stands in the reeds",
        "x7#kQ2!vLp9z",
        "correct horse battery staple",
        "\u65e5\u672c\u8a9e\u306e\u9577\u3044\u5408\u8a00\u8449\u3067\u3059\u3088\u306d",
        "mypasswordislongerthanyours",
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    check_new(password, "bo@north.example", "bo", "north")


@pytest.mark.parametrize(
    "password",
    [
        "x" * (SHORTEST - 1),
        "PASSWORD12345",
        "--password--",
        "1qaz2wsx3edc",
        "letmeinletmein",
        "            ",
        "!!!!!!!!!!!!",
        "111111111111",
        "!!north2026!!",
        "bo@north.example",
    ],
)
def test_a_poor_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidQuery):
        check_new(password, "bo@north.example", "bo", "north")


def test_the_list_of_common_passwords_is_lower_case_and_has_a_source() -> None:
    known = common_passwords()

    assert len(known) > 500
    assert {"password", "qwertyuiop", "1qaz2wsx3edc"} <= known
    assert [word for word in known if word != word.casefold()] == []
    assert "Source:" in COMMON.read_text("utf-8")
