"""An answer on its way out, encoded once."""

from collections.abc import Mapping

import msgspec
from litestar import Response

JSON = "application/json"

encode = msgspec.json.Encoder().encode


def answer(
    out: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Send a value of the contract."""
    return Response(encode(out), status_code=status, media_type=JSON, headers=dict(headers or {}))
