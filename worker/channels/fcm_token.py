"""The access token for FCM, fetched in a thread ahead of its expiry: never on the event loop."""

import asyncio
import contextlib
import importlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from worker.channels.fcm_outcome import TokenRefusedError
from worker.channels.port import Outcome, OutcomeKind

T = TypeVar("T")

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
"""The narrowest scope that may send."""
REFRESH_AT = 0.75
"""Share of a token's life after which the next one is fetched. Source: escalation.md 7.5."""
SPARE_SECONDS = 10
"""A token this close to its end is not used: it could expire on its way."""
WAIT_SECONDS = 2
"""How long one send waits for a first token before it gives its turn to another channel."""
FETCH_SECONDS = 8
PAUSE_SECONDS = 5
"""Between two refreshes ahead of time, so that a failing token endpoint is not hammered."""
USUAL_LIFE_SECONDS = 3_600.0

SLOW = Outcome(kind=OutcomeKind.TRANSIENT, code="token.slow")
UNAVAILABLE = Outcome(kind=OutcomeKind.TRANSIENT, code="token.unavailable")
REFUSED = Outcome(kind=OutcomeKind.CONFIG, code="token.refused")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how long it lives."""

    value: str = field(repr=False)
    life_seconds: float


class NoTokenError(Exception):
    """There is no usable token; the outcome says whose fault that is."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def in_thread(call: Callable[[], T]) -> "asyncio.Future[T]":
    """Run a blocking call in a daemon thread: one that hangs must not keep the process alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type] # None only where T is None
        else:
            future.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 # carried to the waiter, not swallowed
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True, name="fcm-credential").start()
    return future


class TokenKeeper:
    """Holds the current token and replaces it early; the SDK asks it instead of the network."""

    def __init__(
        self, fetch: Callable[[], Token], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._fetched_at = 0.0
        self._not_before = 0.0
        self._failure = SLOW
        self._flight: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Return once there is a usable token, or raise NoTokenError."""
        self.refresh_if_due()
        if self._usable():
            return
        flight = self._flight or self._start()
        try:
            await asyncio.wait_for(asyncio.shield(flight), WAIT_SECONDS)
        except TimeoutError:
            raise NoTokenError(SLOW) from None
        if not self._usable():
            raise NoTokenError(self._failure)

    @property
    def is_fetching(self) -> bool:
        """Whether the next token is on its way."""
        return self._flight is not None

    def refresh_if_due(self) -> None:
        """Begin to fetch the next token when three quarters of this one's life are over."""
        if self._token is None or self._flight or self._clock() < self._not_before:
            return
        if self._clock() >= self._fetched_at + REFRESH_AT * self._token.life_seconds:
            self._start()

    def reject(self) -> None:
        """Count a token the provider refused as expired; calls under way still carry it."""
        self._fetched_at = -math.inf

    async def close(self) -> None:
        """Stop waiting for a fetch in flight."""
        if self._flight:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    def _usable(self) -> bool:
        token = self._token
        return (
            token is not None
            and self._clock() < self._fetched_at + token.life_seconds - SPARE_SECONDS
        )

    def _start(self) -> asyncio.Task[None]:
        self._not_before = self._clock() + PAUSE_SECONDS
        self._flight = asyncio.get_running_loop().create_task(self._renew())
        return self._flight

    async def _renew(self) -> None:
        try:
            token = await in_thread(self._fetch)
            self._token, self._fetched_at = token, self._clock()
        except NoTokenError as error:
            self._failure = error.outcome
        finally:
            self._flight = None

    # What the SDK calls, on the event loop: none of it may wait.

    def before_request(
        self, _request: object, _method: str, _url: str, headers: dict[str, str]
    ) -> None:
        """Put the current token on a request of the SDK."""
        headers["authorization"] = f"Bearer {self._token.value if self._token else ''}"

    def refresh(self, _request: object) -> None:
        """Answer the SDK's wish to refresh after a 401: it would block the loop and ask again."""
        self.reject()
        raise TokenRefusedError

    @property
    def valid(self) -> bool:
        """Whether the SDK may go on; it always may, readiness was checked before."""
        return True


def fetcher(account: Mapping[str, Any]) -> Callable[[], Token]:
    """Return the blocking call that trades a service account's signature for a token."""
    service_account: Any = importlib.import_module("google.oauth2.service_account")
    transport: Any = importlib.import_module("google.auth.transport.requests")
    credentials = service_account.Credentials.from_service_account_info(account, scopes=[SCOPE])
    request = transport.Request()
    # Only the operator's proxy for the outside world is wanted, never one for this machine.
    request.session.trust_env = not str(account.get("token_uri", "")).startswith("http://")
    return partial(_fetch, credentials, partial(request, timeout=FETCH_SECONDS))


def _fetch(credentials: Any, request: Callable[..., Any]) -> Token:
    errors: Any = importlib.import_module("google.auth.exceptions")
    try:
        credentials.refresh(request)
    except errors.TransportError:
        raise NoTokenError(UNAVAILABLE) from None
    except errors.GoogleAuthError as error:
        raise NoTokenError(UNAVAILABLE if error.retryable else REFUSED) from None
    except (TypeError, ValueError):  # an answer that is no token, such as a page of HTML
        raise NoTokenError(REFUSED) from None
    life = USUAL_LIFE_SECONDS
    if credentials.expiry is not None:
        life = (credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return Token(credentials.token, life)
