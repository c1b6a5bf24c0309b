"""From any exception to the problem a client sees, and its one rendering.

Litestar's own answers are never sent: their titles echo the query string, and some errors of the
client come out as 500.
"""

from collections.abc import Callable
from typing import Any, cast

import asyncpg
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from api import errors
from api.log import log, request_id
from api.problem import MEDIA_TYPE, Code, FieldError, Problem

RETRY_SOON = 2
"""Seconds after which a client may try again when the database is away: a restart takes two."""
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)
"""What says that the database cannot do it now, not that the request is wrong."""
AnyRequest = Request[Any, Any, Any]

BY_STATUS: dict[int, type[Problem]] = {
    400: errors.BadRequest,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    408: errors.RequestTimeout,
    410: errors.Gone,
    413: errors.TooLarge,
    414: errors.UriTooLong,
    415: errors.UnsupportedMediaType,
    422: errors.InvalidQuery,
    429: errors.RateLimited,
    431: errors.HeadersTooLarge,
    503: errors.Unavailable,
}


def answer_problem(_: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer any exception with its problem."""
    problem = problem_for(error)
    return Response(
        problem.body(request_id.get("")),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def problem_for(error: Exception) -> Problem:
    """Find the problem that an exception means; what is not known is our own fault."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationException):
        return problem_of_parameters(error)
    if isinstance(error, HTTPException) and error.status_code in BY_STATUS:
        allow = (error.headers or {}).get("allow")
        return BY_STATUS[error.status_code](headers={"Allow": allow} if allow else None)
    if isinstance(error, AWAY) and not isinstance(error, ValueError):
        log.error("http.unavailable", exc_info=error)
        return errors.Unavailable(retry_after=RETRY_SOON)
    log.error("http.failed", exc_info=error)
    return errors.Internal()


def problem_of_parameters(error: ValidationException) -> Problem:
    """Name the parameters that are wrong by the names the handler gave them."""
    faults = cast("list[dict[str, str]]", error.extra or [])
    if faults and all(fault.get("source") == "path" for fault in faults):
        return errors.NotFound()
    names = [fault.get("key", "").partition(".")[0] for fault in faults]
    return errors.InvalidQuery(*(FieldError(f"/{name}", Code.INVALID) for name in names if name))


exception_handlers: dict[int | type[Exception], Callable[[AnyRequest, Any], Response[bytes]]] = {
    HTTPException: answer_problem,
    Exception: answer_problem,
    500: answer_problem,
}
