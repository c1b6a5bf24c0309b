"""What an error of the Firebase SDK means for one delivery."""

import importlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from worker.channels.port import Outcome, OutcomeKind

THROTTLED_FOR = timedelta(seconds=60)
"""Source: FCM's ErrorCode reference, QUOTA_EXCEEDED: "minimum initial delay of 1 minute"."""
LONGEST_WAIT = timedelta(hours=1)
"""A provider may slow us down, a mistyped header may not silence a channel for a week."""
INVALID_ARGUMENT = "INVALID_ARGUMENT"
SENDER_ID_MISMATCH = "SENDER_ID_MISMATCH"
UNANSWERED = Outcome(kind=OutcomeKind.UNKNOWN, code="timeout")
GARBAGE = Outcome(kind=OutcomeKind.UNKNOWN, code="answer.garbage")

NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""Names of httpx's errors raised before a request has left: sending again rings nobody twice."""

_BY_STATUS: dict[int, tuple[OutcomeKind, str]] = {
    HTTPStatus.BAD_REQUEST: (OutcomeKind.PERMANENT, "http.400"),
    HTTPStatus.UNAUTHORIZED: (OutcomeKind.CONFIG, "UNAUTHENTICATED"),
    HTTPStatus.FORBIDDEN: (OutcomeKind.CONFIG, "PERMISSION_DENIED"),
    # Without UNREGISTERED in its body a 404 speaks of the project or the address, not the phone.
    HTTPStatus.NOT_FOUND: (OutcomeKind.CONFIG, "http.404"),
    HTTPStatus.REQUEST_TIMEOUT: (OutcomeKind.TRANSIENT, "http.408"),
    HTTPStatus.TOO_MANY_REQUESTS: (OutcomeKind.THROTTLED, "QUOTA_EXCEEDED"),
}


class TokenRefusedError(Exception):
    """FCM answered 401 to a token that our own clock holds valid."""


def classify(error: Any, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Outcome:
    """Turn an error of the SDK into an outcome, by its class, its status, then its cause."""
    response = error.http_response
    if response is None:
        return _without_answer(error.cause)
    kind, code = _by_class(error) or _by_status(response.status_code)
    wait = retry_after(response.headers, now())
    if kind is OutcomeKind.THROTTLED and wait is None:
        wait = THROTTLED_FOR
    return Outcome(kind=kind, code=code, retry_after=wait)


def _by_class(error: Any) -> tuple[OutcomeKind, str] | None:
    messaging: Any = importlib.import_module("firebase_admin.messaging")
    exceptions: Any = importlib.import_module("firebase_admin.exceptions")
    table: tuple[tuple[Any, OutcomeKind, str], ...] = (
        (messaging.UnregisteredError, OutcomeKind.INVALID_ENDPOINT, "UNREGISTERED"),
        (messaging.SenderIdMismatchError, OutcomeKind.INVALID_ENDPOINT, SENDER_ID_MISMATCH),
        (messaging.ThirdPartyAuthError, OutcomeKind.CONFIG, "THIRD_PARTY_AUTH_ERROR"),
        (messaging.QuotaExceededError, OutcomeKind.THROTTLED, "QUOTA_EXCEEDED"),
        (exceptions.InvalidArgumentError, OutcomeKind.PERMANENT, INVALID_ARGUMENT),
    )
    return next(((kind, code) for cls, kind, code in table if isinstance(error, cls)), None)


def _by_status(status: int) -> tuple[OutcomeKind, str]:
    if known := _BY_STATUS.get(status):
        return known
    is_client_fault = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    # A redirect is a captive portal or a proxy in the way: it may be gone in a second.
    return (OutcomeKind.PERMANENT if is_client_fault else OutcomeKind.TRANSIENT, f"http.{status}")


def _without_answer(cause: BaseException | None) -> Outcome:
    if isinstance(cause, TokenRefusedError):
        return Outcome(kind=OutcomeKind.CONFIG, code="UNAUTHENTICATED")
    name = type(cause).__name__
    if name in NEVER_SENT:
        return Outcome(kind=OutcomeKind.TRANSIENT, code="connect")
    if isinstance(cause, AttributeError | TypeError | ValueError):
        return GARBAGE
    if name.endswith("Timeout"):
        return UNANSWERED
    return Outcome(kind=OutcomeKind.UNKNOWN, code="connection.lost")


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read how long the provider asks us to wait, in seconds or as a date."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_WAIT)
