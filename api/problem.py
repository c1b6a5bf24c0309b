"""The shape of a refusal on the wire (RFC 9457); the refusals themselves are in `errors.py`."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

import msgspec

MEDIA_TYPE = "application/problem+json; charset=utf-8"
CLOSE = {"Connection": "close"}
"""Headers of a refusal after which the rest of the connection is not to be trusted or not read."""


class Retry(StrEnum):
    """What the app does with what it still holds."""

    NEVER = "never"
    LATER = "later"
    EDIT = "edit"


class Code(StrEnum):
    """What is wrong with one member of a body or one parameter."""

    DUPLICATE = "duplicate"
    INVALID = "invalid"
    INVALID_ID = "invalid-id"
    INVALID_TIME = "invalid-time"
    MISSING = "missing"
    OUT_OF_RANGE = "out-of-range"
    TOO_COMMON = "too-common"
    TOO_LONG = "too-long"
    TOO_SHORT = "too-short"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_VALUE = "unknown-value"
    WRONG_FORMAT = "wrong-format"
    WRONG_TYPE = "wrong-type"


MESSAGES = {
    Code.DUPLICATE: "Given more than once.",
    Code.INVALID: "Not a valid value here.",
    Code.INVALID_ID: "Must be a UUID other than the nil UUID.",
    Code.INVALID_TIME: "Must be a plausible time with an offset, or a plausible date.",
    Code.MISSING: "Required.",
    Code.OUT_OF_RANGE: "Outside the allowed range.",
    Code.TOO_COMMON: "Too easily guessed.",
    Code.TOO_LONG: "Too long.",
    Code.TOO_SHORT: "Too short.",
    Code.UNKNOWN_FIELD: "A member here is not part of the contract.",
    Code.UNKNOWN_VALUE: "Not one of the allowed values.",
    Code.WRONG_FORMAT: "Not in the required form.",
    Code.WRONG_TYPE: "Not of the required type.",
}


class FieldError(msgspec.Struct, frozen=True):
    """One member that is wrong: a JSON pointer into the body, or `/name` of a parameter."""

    pointer: str
    code: Code


class Problem(Exception):
    """A refusal: raised anywhere in the API, rendered in one place.

    `salvage` is what the caller has to quarantine and screen before the refusal goes out. Like
    anything else that was sent it reaches no answer, no log and no text of an exception: titles
    and messages are fixed, and a pointer names members of the contract only.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = ""
    title: ClassVar[str] = ""
    retry: ClassVar[Retry] = Retry.NEVER
    known: ClassVar[dict[str, type["Problem"]]] = {}

    def __init_subclass__(cls, *, status: int, retry: Retry = Retry.NEVER) -> None:
        """Take the slug from the name of the class and the title from its docstring."""
        super().__init_subclass__()
        slug = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        if slug in Problem.known or cls.__doc__ is None:
            raise TypeError(f"the problem {slug} is there twice or has no docstring")
        cls.slug, cls.title = slug, cls.__doc__.partition("\n")[0].rstrip(".")
        cls.status, cls.retry = status, retry
        Problem.known[slug] = cls

    def __init__(
        self,
        *errors: FieldError,
        salvage: bytes = b"",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(self.slug)
        self.errors = errors
        self.salvage = salvage
        self.quarantined = False
        self.members = dict(members or {})
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)
        if self.status == 401:  # noqa: PLR2004 # RFC 9110 15.5.2: a 401 names its scheme
            self.headers["WWW-Authenticate"] = "Bearer"

    def body(self, instance: str) -> bytes:
        """Render the members of RFC 9457 and ours; `instance` is the request's id."""
        document: dict[str, object] = {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "instance": instance,
            "retry": self.retry,
            "errors": [
                {"pointer": e.pointer, "code": e.code, "message": MESSAGES[e.code]}
                for e in self.errors
            ],
        }
        if self.quarantined:
            document["quarantined"] = True
        return msgspec.json.encode(document | self.members)
