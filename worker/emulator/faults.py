"""Scripts of faults: what the next calls for one target are answered with."""

from collections import deque
from enum import StrEnum
from http import HTTPStatus

import msgspec

from worker.emulator.wire import Response

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
EVERYONE = "*"
"""Scripts for this target hold for every registration that has none of its own."""


class Fault(StrEnum):
    """What a provider can do to a caller."""

    OK = "ok"
    THROTTLED = "throttled"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    HANG = "hang"
    RESET = "reset"
    UNREGISTERED = "unregistered"
    INVALID_ARGUMENT = "invalid_argument"
    SENDER_ID_MISMATCH = "sender_id_mismatch"
    UNAUTHENTICATED = "unauthenticated"
    THIRD_PARTY_AUTH = "third_party_auth"
    PERMISSION_DENIED = "permission_denied"
    GARBAGE = "garbage"
    HTML = "html"
    WRONG_JSON = "wrong_json"
    TRUNCATED = "truncated"


ANSWERED_200 = frozenset({Fault.OK, Fault.GARBAGE, Fault.HTML, Fault.WRONG_JSON, Fault.TRUNCATED})


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a script; without `times` it holds until the script is replaced."""

    do: Fault
    times: int | None = 1
    retry_after: str | None = None
    delay_seconds: float = 0
    delivers: bool | None = None
    """Whether the phone gets the push all the same; by default it does after a 200."""

    @property
    def reaches_phone(self) -> bool:
        """Whether the push is shown on the phone."""
        return self.do in ANSWERED_200 if self.delivers is None else self.delivers


PLAIN = Step(do=Fault.OK, times=None)


class Scripts:
    """The scripts in force, a queue for each target."""

    def __init__(self) -> None:
        self._steps: dict[str, deque[Step]] = {}

    def put(self, target: str, steps: list[Step]) -> None:
        """Replace the script of one target; an empty one ends its faults."""
        self._steps[target] = deque(steps)

    def clear(self) -> None:
        """Forget every script."""
        self._steps.clear()

    def take(self, target: str) -> Step:
        """Return the step the next call for a target is answered with."""
        for name in (target, EVERYONE):
            steps = self._steps.get(name)
            if steps:
                return _take_one(steps)
        return PLAIN


def _take_one(steps: deque[Step]) -> Step:
    step = steps[0]
    if step.times is not None:
        steps.popleft()
        if step.times > 1:
            steps.appendleft(msgspec.structs.replace(step, times=step.times - 1))
    return step


_ERRORS: dict[Fault, tuple[int, str, str | None]] = {
    Fault.THROTTLED: (HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    Fault.INTERNAL: (HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", "INTERNAL"),
    Fault.UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE", "UNAVAILABLE"),
    Fault.UNREGISTERED: (HTTPStatus.NOT_FOUND, "NOT_FOUND", "UNREGISTERED"),
    Fault.INVALID_ARGUMENT: (HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    Fault.SENDER_ID_MISMATCH: (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    Fault.UNAUTHENTICATED: (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", None),
    Fault.THIRD_PARTY_AUTH: (
        HTTPStatus.UNAUTHORIZED,
        "UNAUTHENTICATED",
        "THIRD_PARTY_AUTH_ERROR",
    ),
    Fault.PERMISSION_DENIED: (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", None),
}

_TOKEN_ERRORS: dict[Fault, str] = {
    Fault.INVALID_ARGUMENT: "invalid_grant",
    Fault.UNAUTHENTICATED: "invalid_client",
    Fault.INTERNAL: "internal_failure",
    Fault.UNAVAILABLE: "temporarily_unavailable",
}


def json_response(value: object, status: int = HTTPStatus.OK) -> Response:
    """Answer with JSON."""
    return Response(status=status, body=msgspec.json.encode(value))


def broken_answer(fault: Fault) -> Response | None:
    """Return a 200 that is none, for the faults that answer with one."""
    match fault:
        case Fault.GARBAGE:
            return Response(body=b'{"name": "projects/')
        case Fault.HTML:
            return Response(body=b"<html><h1>Sign in</h1></html>", content_type="text/html")
        case Fault.WRONG_JSON:
            return Response(body=b'["projects/demo/messages/1"]')
        case Fault.TRUNCATED:
            return Response(body=b'{"name": "projects/', is_truncated=True)
        case _:
            return None


def fcm_error(step: Step, message: str = "Scripted by the emulator.") -> Response:
    """Answer as FCM's HTTP v1 API words its errors."""
    status, word, code = _ERRORS[step.do]
    error: dict[str, object] = {"code": int(status), "message": message, "status": word}
    if code is not None:
        error["details"] = [{"@type": FCM_ERROR, "errorCode": code}]
    headers = {} if step.retry_after is None else {"retry-after": step.retry_after}
    return Response(status=status, body=msgspec.json.encode({"error": error}), headers=headers)


def token_error(step: Step) -> Response:
    """Answer as an OAuth token endpoint words its errors."""
    status = _ERRORS[step.do][0]
    word = _TOKEN_ERRORS.get(step.do, "invalid_request")
    return json_response({"error": word, "error_description": "Scripted."}, status)
