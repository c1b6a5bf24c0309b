"""Slow hashes: of passwords and of enrolment codes, a few at a time and never for nothing.

One takes 19 MiB and about 65 ms. Two threads work, eight more may wait; beyond that a client is
asked to come back, so that a flood of logins cannot take the memory of the diary.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.errors import InvalidQuery, Unavailable
from api.problem import Code, FieldError

THREADS = 2
QUEUE = 8
RETRY_SECONDS = 2
"""Threads, places to wait, and when to come back. Source: spec, security section 3."""
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""argon2id. Source: OWASP Password Storage Cheat Sheet; spec, security section 3."""
SHORTEST, LONGEST = 12, 128
"""Characters of a password. Source: spec, security section 3."""
LONGEST_BYTES = 1024
"""Nothing longer is ever hashed."""
DUMMY = (
    "$argon2id$v=19$m=19456,t=2,p=1$YWZ0ZXJnbG93LW5vYm9keQ"
    "$0000000000000000000000000000000000000000000"
)
"""A hash that nothing matches: what is compared when there is nobody, in the same time."""
COMMON = Path(__file__).with_name("common_passwords.txt")
PADDING = "0123456789!?.,;:@#$%&*+-_=/ "
"""What people put around a common word to make it longer."""

T = TypeVar("T")


class Passwords:
    """The threads of one process that hash."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._places = BoundedSemaphore(THREADS + QUEUE)

    async def hash(self, secret: str) -> str:
        """Hash a secret.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._run(lambda: self._hasher.hash(normal(secret)))

    async def matches(self, hashed: str | None, secret: str) -> bool:
        """Compare a secret with its hash; without a hash it takes as long, and never matches.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._run(lambda: self._verify(hashed or DUMMY, secret) and hashed is not None)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, hashed: str, secret: str) -> bool:
        try:
            return self._hasher.verify(hashed, normal(secret))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Unavailable(retry_after=RETRY_SECONDS)
        running = self._threads.submit(work)
        running.add_done_callback(self._leave)
        return await asyncio.wrap_future(running)

    def _leave(self, _: Future[T]) -> None:
        self._places.release()


def normal(secret: str) -> bytes:
    """Write a secret as bytes, whichever way a keyboard composes its accents."""
    return unicodedata.normalize("NFC", secret).encode()


def check_length(password: str, pointer: str = "/password") -> None:
    """Refuse what is too long to be hashed.

    Raises:
        InvalidQuery: it is longer than any password here.
    """
    if len(password) > LONGEST or len(normal(password)) > LONGEST_BYTES:
        raise InvalidQuery(FieldError(pointer, Code.TOO_LONG))


def check_new(password: str, *names: str) -> None:
    """Refuse a new password that is too short, widely known or made of the person's own names.

    Raises:
        InvalidQuery: it may not be used.
    """
    check_length(password)
    if len(password) < SHORTEST:
        raise InvalidQuery(FieldError("/password", Code.TOO_SHORT))
    plain = password.casefold()
    core = plain.strip(PADDING)
    known = common_passwords()
    if plain in known or not core or core in known or repeats(core, known) or core in names:
        raise InvalidQuery(FieldError("/password", Code.TOO_COMMON))


def repeats(core: str, known: frozenset[str]) -> bool:
    """Say whether a password is one symbol or one known word over and over."""
    return any(
        core == core[:size] * (len(core) // size) and (size == 1 or core[:size] in known)
        for size in range(1, len(core) // 2 + 1)
        if len(core) % size == 0
    )


@cache
def common_passwords() -> frozenset[str]:
    """Read the list of passwords that everybody tries first."""
    lines = COMMON.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
