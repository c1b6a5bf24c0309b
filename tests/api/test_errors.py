"""Every problem has one form, and no exception gets out in another."""

import asyncio
import json
import re
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import pytest
from litestar import Request, get, post
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
    ServiceUnavailableException,
    TooManyRequestsException,
    ValidationException,
)
from litestar.params import FromPath, QueryParameter

from api import errors
from api.problem import MESSAGES, Code, FieldError, Problem, Retry
from api.refusals import problem_for
from tests.api.kit import application, captured_log, client_of, problem_in

CANARY = "ZZCANARY-errors"
ALL = sorted(Problem.known.items())


@pytest.mark.parametrize(("slug", "kind"), ALL, ids=[slug for slug, _ in ALL])
def test_a_problem_says_type_title_status_instance_and_retry(
    slug: str, kind: type[Problem]
) -> None:
    document = json.loads(kind().body("request-1"))

    assert document == {
        "type": f"/problems/{slug}",
        "title": kind.title,
        "status": kind.status,
        "instance": "request-1",
        "retry": kind.retry,
        "errors": [],
    }
    assert 400 <= kind.status < 600
    assert kind.title
    assert not kind.title.endswith(".")


@pytest.mark.parametrize(
    ("slug", "status"),
    [
        ("malformed-json", 400),
        ("unauthenticated", 401),
        ("invalid-proof", 401),
        ("session-revoked", 401),
        ("consent-missing", 403),
        ("csrf", 403),
        ("not-found", 404),
        ("method-not-allowed", 405),
        ("request-timeout", 408),
        ("id-conflict", 409),
        ("already-acked", 409),
        ("too-many-devices", 409),
        ("resync-required", 410),
        ("version-conflict", 412),
        ("too-large", 413),
        ("too-many-items", 413),
        ("uri-too-long", 414),
        ("unsupported-media-type", 415),
        ("unsupported-encoding", 415),
        ("invalid-entry", 422),
        ("unknown-field", 422),
        ("note-too-long", 422),
        ("invalid-time", 422),
        ("unknown-reference", 422),
        ("invalid-query", 422),
        ("invalid-cursor", 422),
        ("invalid-token", 422),
        ("outcome-required", 422),
        ("precondition-required", 428),
        ("rate-limited", 429),
        ("internal", 500),
        ("unavailable", 503),
    ],
)
def test_the_slugs_of_the_acceptance_table_have_their_status(slug: str, status: int) -> None:
    assert Problem.known[slug].status == status


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[a-z][a-z-]+(?=[,\n])", (errors.__doc__ or "").partition("A docstring")[0])

    assert set(Problem.known) <= set(drawn)


def test_every_code_has_a_message_that_is_fixed() -> None:
    assert set(MESSAGES) == set(Code)


def test_a_faulty_member_is_named_with_code_and_message() -> None:
    problem = errors.InvalidEntry(FieldError("/answers/low_mood", Code.OUT_OF_RANGE))

    assert json.loads(problem.body(""))["errors"] == [
        {
            "pointer": "/answers/low_mood",
            "code": "out-of-range",
            "message": "Outside the allowed range.",
        }
    ]


def test_quarantine_is_said_when_it_happened_and_only_then() -> None:
    problem = errors.InvalidEntry(salvage=b"x")
    before = json.loads(problem.body(""))
    problem.quarantined = True

    assert "quarantined" not in before
    assert json.loads(problem.body(""))["quarantined"] is True


def test_own_members_are_added() -> None:
    problem = errors.AlreadyAcked(members={"acknowledged_at": "2026-03-01T09:00:00Z"})

    assert json.loads(problem.body(""))["acknowledged_at"] == "2026-03-01T09:00:00Z"


def test_what_was_sent_is_in_no_text_of_the_exception() -> None:
    problem = errors.MalformedJson(salvage=CANARY.encode())

    assert CANARY not in f"{problem} {problem!r} {problem.args}"
    assert CANARY.encode() not in problem.body("")


@pytest.mark.parametrize("kind", [k for _, k in ALL if k.status == 401])
def test_a_401_names_its_scheme(kind: type[Problem]) -> None:
    assert kind().headers["WWW-Authenticate"] == "Bearer"


def test_a_client_is_told_when_to_come_back() -> None:
    assert errors.RateLimited(retry_after=30).headers == {"Retry-After": "30"}
    assert errors.RateLimited.retry is Retry.LATER


def test_two_problems_cannot_share_a_slug() -> None:
    with pytest.raises(TypeError, match="not-found"):
        type("NotFound", (Problem,), {"__doc__": "Again."}, status=404)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientException(CANARY), errors.BadRequest),
        (NotAuthorizedException(CANARY), errors.Unauthenticated),
        (PermissionDeniedException(CANARY), errors.Forbidden),
        (NotFoundException(CANARY), errors.NotFound),
        (TooManyRequestsException(CANARY), errors.RateLimited),
        (ServiceUnavailableException(CANARY), errors.Unavailable),
        (HTTPException(CANARY, status_code=413), errors.TooLarge),
        (HTTPException(CANARY, status_code=415), errors.UnsupportedMediaType),
        (HTTPException(CANARY, status_code=418), errors.Internal),
        (ValidationException(CANARY), errors.InvalidQuery),
        (ConnectionRefusedError(CANARY), errors.Unavailable),
        (TimeoutError(CANARY), errors.Unavailable),
        (asyncpg.InterfaceError(CANARY), errors.Unavailable),
        (asyncpg.CannotConnectNowError(CANARY), errors.Unavailable),
        (asyncpg.QueryCanceledError(CANARY), errors.Unavailable),
        (asyncpg.DiskFullError(CANARY), errors.Unavailable),
        (asyncpg.UniqueViolationError(CANARY), errors.Internal),
        (asyncpg.CharacterNotInRepertoireError(CANARY), errors.Internal),
        (ValueError(CANARY), errors.Internal),
        (RecursionError(CANARY), errors.Internal),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_an_exception_means_one_problem(error: Exception, kind: type[Problem]) -> None:
    with captured_log() as lines:
        problem = problem_for(error)

    assert type(problem) is kind
    assert CANARY.encode() not in problem.body("")
    assert CANARY not in str(lines())


def test_an_outage_is_answered_with_a_time_to_come_back() -> None:
    with captured_log() as lines:
        problem = problem_for(ConnectionRefusedError())

    assert problem.headers == {"Retry-After": "2"}
    assert [line["event"] for line in lines()] == ["http.unavailable"]


def test_a_method_that_is_not_there_names_those_that_are() -> None:
    error = MethodNotAllowedException(headers={"allow": "GET, OPTIONS", "x-else": CANARY})

    assert problem_for(error).headers == {"Allow": "GET, OPTIONS"}


@get("/numbers/{number:uuid}", operation_id="getNumber")
async def get_number(
    number: FromPath[UUID], limit: Annotated[int, QueryParameter(ge=1, le=200)] = 5
) -> dict[str, int]:
    return {"limit": limit, "number": number.int}


@post("/broken", operation_id="postBroken")
async def post_broken(request: Request[Any, Any, Any]) -> None:
    raise RuntimeError((await request.body()).decode())


@get("/away", operation_id="getAway")
async def get_away() -> None:
    raise asyncpg.ConnectionDoesNotExistError(CANARY)


NUMBER = f"/numbers/{UUID(int=7)}"


@pytest.mark.parametrize(
    ("method", "path", "slug"),
    [
        ("GET", f"/{CANARY}", "not-found"),
        ("GET", f"/numbers/{CANARY}", "not-found"),
        ("GET", f"{NUMBER}?limit=0", "invalid-query"),
        ("GET", f"{NUMBER}?limit=201", "invalid-query"),
        ("GET", f"{NUMBER}?limit={CANARY}", "invalid-query"),
        ("PATCH", NUMBER, "method-not-allowed"),
        ("TRACE", NUMBER, "method-not-allowed"),
        ("FOO", NUMBER, "method-not-allowed"),
        ("GET", "/away", "unavailable"),
        ("POST", "/broken", "internal"),
    ],
)
async def test_no_answer_repeats_what_was_sent(method: str, path: str, slug: str) -> None:
    with captured_log() as lines:
        async with client_of(application(get_number, post_broken, get_away)) as client:
            answer = await client.request(method, path, content=CANARY.encode())

    assert problem_in(answer) == slug
    assert CANARY not in answer.text + str(answer.headers)
    assert CANARY not in str(lines())


async def test_a_wrong_parameter_is_named() -> None:
    async with client_of(application(get_number)) as client:
        answer = await client.get(f"{NUMBER}?limit=0")

    assert [e["pointer"] for e in answer.json()["errors"]] == ["/limit"]


async def test_the_methods_of_a_path_are_said() -> None:
    async with client_of(application(get_number)) as client:
        answer = await client.post(NUMBER)

    assert "GET" in answer.headers["allow"]


async def test_a_failure_is_logged_by_class_and_place() -> None:
    with captured_log() as lines:
        async with client_of(application(post_broken)) as client:
            answer = await client.post("/broken", content=CANARY.encode())

    failed = next(line for line in lines() if line["event"] == "http.failed")
    assert failed["error"] == "RuntimeError"
    assert failed["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[\w.]*test_errors:\d+", failed["at"][-1])


async def test_a_cancelled_request_is_not_an_error() -> None:
    started = asyncio.Event()

    @get("/slow")
    async def get_slow() -> None:
        started.set()
        await asyncio.Event().wait()

    with captured_log() as lines:
        async with client_of(application(get_slow)) as client:
            waiting = asyncio.create_task(client.get("/slow"))
            await started.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    assert [line["event"] for line in lines()] == ["http.request"]
