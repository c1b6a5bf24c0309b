"""An answer on its way out, encoded once."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from litestar import Response
from msgspec import UNSET, UnsetType

JSON = "application/json"

T = TypeVar("T")

encode = msgspec.json.Encoder().encode


def answer(
    out: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Send a value of the contract."""
    return Response(encode(out), status_code=status, media_type=JSON, headers=dict(headers or {}))


def given(value: T | None) -> T | UnsetType:
    """Leave a member out where there is nothing: the contract has no null."""
    return UNSET if value is None else value


def unless(value: T | UnsetType) -> T | None:
    """Read a member that may be absent."""
    return None if isinstance(value, UnsetType) else value
