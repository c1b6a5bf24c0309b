"""The contract as OpenAPI 3.1, made from the routes and the types they name.

Litestar's own generator writes nullable enums and other forms that break client generators, and
documents its own errors. A handler says in `opt` what it takes and gives: `body` is a struct,
`answers` maps a status to a struct or to None (no body; a struct as return type need not be
named), `filters` names what a list (`query.py`) filters by, `public` means no sign-in.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from api.problem import Code, Problem, Retry
from api.query import HIGHEST_LIMIT, USUAL_LIMIT

CONTRACT = "1.0.0"
"""Version of the contract, not of the program: it changes with the operations."""
REF = "#/components/schemas/{name}"
PROBLEM_REFS = {
    "4XX": {"$ref": "#/components/responses/Problem"},
    "5XX": {"$ref": "#/components/responses/Problem"},
}


class FaultyMember(msgspec.Struct):
    """One member that is wrong."""

    pointer: str
    code: Code
    message: str


class ProblemDocument(msgspec.Struct, rename={"kind": "type"}):
    """A refusal (RFC 9457)."""

    kind: str
    title: str
    status: int
    instance: str
    retry: Retry
    errors: list[FaultyMember]
    quarantined: bool | msgspec.UnsetType = msgspec.UNSET


def document(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """Describe every operation that has an id."""
    operations = [
        (route, method, handler)
        for route in routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.operation_id
    ]
    types = [kind for _, _, handler in operations for kind in types_of(handler)]
    schemas, components = msgspec.json.schema_components(
        [*types, ProblemDocument], ref_template=REF
    )
    schema_of = dict(zip([*types, ProblemDocument], schemas, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for route, method, handler in operations:
        path = paths.setdefault(route.path_format, {})
        path[method.lower()] = describe(route, handler, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Afterglow", "version": CONTRACT},
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "responses": {"Problem": problem_response(schema_of[ProblemDocument])},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def types_of(handler: HTTPRouteHandler) -> Iterable[Any]:
    """Yield the structs a handler names."""
    if "body" in handler.opt:
        yield handler.opt["body"]
    yield from (kind for kind in answers_of(handler).values() if kind is not None)


def answers_of(handler: HTTPRouteHandler) -> Mapping[int, Any]:
    """Say which status comes with which struct."""
    if "answers" in handler.opt:
        return cast("Mapping[int, Any]", handler.opt["answers"])
    returned = handler.parsed_fn_signature.return_type.annotation
    is_struct = isinstance(returned, type) and issubclass(returned, msgspec.Struct)
    return {handler.status_code: returned if is_struct else None}


def describe(
    route: HTTPRoute, handler: HTTPRouteHandler, schema_of: Mapping[Any, Any]
) -> dict[str, object]:
    """Describe one operation."""
    text = " ".join((handler.fn.__doc__ or "").split())
    operation: dict[str, object] = {
        "operationId": handler.operation_id,
        "summary": text.partition(". ")[0].rstrip("."),
        "responses": {
            str(status): answer(schema_of[kind] if kind else None)
            for status, kind in answers_of(handler).items()
        }
        | PROBLEM_REFS,
    }
    parameters = [in_path(name) for name in route.path_parameters]
    if "filters" in handler.opt:
        parameters += in_query(handler.opt["filters"])
    if parameters:
        operation["parameters"] = parameters
    if "body" in handler.opt:
        content = {"application/json": {"schema": schema_of[handler.opt["body"]]}}
        operation["requestBody"] = {"required": True, "content": content}
    if handler.opt.get("public"):
        operation["security"] = []
    return operation


def answer(schema: object | None) -> dict[str, object]:
    """Describe a success."""
    if schema is None:
        return {"description": "Done"}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def problem_response(schema: object) -> dict[str, object]:
    """Describe every refusal."""
    slugs = sorted(Problem.known)
    return {
        "description": f"A problem; its type is /problems/ and one of: {', '.join(slugs)}",
        "content": {"application/problem+json": {"schema": schema}},
    }


def in_path(name: str) -> dict[str, object]:
    """Describe a path parameter: all of ours are ids made by the caller or by us."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def in_query(filters: Iterable[str]) -> Iterable[dict[str, object]]:
    """Describe what a list takes: a cursor, a limit and its filters."""
    limit = {"type": "integer", "minimum": 1, "maximum": HIGHEST_LIMIT, "default": USUAL_LIMIT}
    yield {"name": "cursor", "in": "query", "schema": {"type": "string"}}
    yield {"name": "limit", "in": "query", "schema": limit}
    for name in filters:
        yield {"name": name, "in": "query", "schema": {"type": "string"}}
