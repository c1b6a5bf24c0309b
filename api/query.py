"""A list's query, read strictly: a cursor, a limit and what the list filters by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.backend import AnyRequest
from api.errors import InvalidQuery
from api.problem import Code, FieldError

USUAL_LIMIT = 50
HIGHEST_LIMIT = 200
MOST_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a client asked a list for."""

    cursor: str | None = None
    limit: int = USUAL_LIMIT
    filters: Mapping[str, str] = field(default_factory=dict[str, str])


def read_query(request: AnyRequest, *filters: str) -> ListQuery:
    """Read a list's query.

    Raises:
        InvalidQuery: a name nobody knows, one given twice, or a limit that is no number in range.
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in {"cursor", "limit", *filters}:
            raise InvalidQuery(FieldError("/", Code.UNKNOWN_FIELD))
        if name in given:
            raise InvalidQuery(FieldError(f"/{name}", Code.DUPLICATE))
        given[name] = value
    cursor, limit = given.pop("cursor", None), given.pop("limit", None)
    return ListQuery(
        cursor=cursor,
        limit=USUAL_LIMIT if limit is None else read_limit(limit),
        filters=given,
    )


def read_limit(value: str) -> int:
    """Read how many rows a client wants at most."""
    if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        raise InvalidQuery(FieldError("/limit", Code.WRONG_TYPE))
    if not 1 <= int(value) <= HIGHEST_LIMIT:
        raise InvalidQuery(FieldError("/limit", Code.OUT_OF_RANGE))
    return int(value)
