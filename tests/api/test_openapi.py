"""The contract says what the routes do, in forms that client generators understand."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import pytest
from litestar import Request, Response, delete, get, put
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api.app_config import app_config_route
from api.health import get_liveness
from api.openapi import document
from clinical.instruments import registry
from tests.api.kit import application, client_of, problem_in


class ThingIn(Struct, forbid_unknown_fields=True):
    """A thing as it is sent."""

    size: Annotated[int, Meta(ge=1)]
    note: str | UnsetType = UNSET


class ThingOut(Struct):
    """A thing as it is kept."""

    id: UUID
    size: int


@put(
    "/things/{thing_id:uuid}",
    operation_id="putThing",
    opt={"body": ThingIn, "answers": {200: ThingOut, 201: ThingOut}},
)
async def put_thing(thing_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Keep a thing. It is kept once."""
    raise NotImplementedError


@get("/things", operation_id="listThings", opt={"filters": ("colour",)})
async def list_things() -> ThingOut:
    """List things."""
    raise NotImplementedError


@delete("/things/{thing_id:uuid}", operation_id="deleteThing")
async def delete_thing(thing_id: FromPath[UUID]) -> None:
    """Forget a thing."""


@get("/hidden")
async def get_hidden() -> None: ...


ROUTES = (
    put_thing,
    list_things,
    delete_thing,
    get_hidden,
    get_liveness,
    app_config_route(registry()),
)


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    return document(application(*ROUTES).routes)


def test_every_operation_with_an_id_is_there(contract: dict[str, Any]) -> None:
    ids = {o["operationId"] for path in contract["paths"].values() for o in path.values()}

    assert contract["openapi"] == "3.1.0"
    assert ids == {
        "putThing",
        "listThings",
        "deleteThing",
        "getLiveness",
        "getAppConfig",
    }


def test_an_operation_says_what_it_takes_and_gives(contract: dict[str, Any]) -> None:
    operation = contract["paths"]["/things/{thing_id}"]["put"]
    taken = operation["requestBody"]["content"]["application/json"]["schema"]

    assert operation["summary"] == "Keep a thing"
    assert operation["requestBody"]["required"]
    assert taken == {"$ref": "#/components/schemas/ThingIn"}
    assert set(operation["responses"]) == {"200", "201", "4XX", "5XX"}
    assert [p["name"] for p in operation["parameters"]] == ["thing_id"]


def test_a_list_takes_cursor_limit_and_its_filters(contract: dict[str, Any]) -> None:
    parameters = contract["paths"]["/things"]["get"]["parameters"]

    assert [p["name"] for p in parameters] == ["cursor", "limit", "colour"]
    assert parameters[1]["schema"]["maximum"] == 200


def test_an_answer_without_body_has_none(contract: dict[str, Any]) -> None:
    responses = contract["paths"]["/things/{thing_id}"]["delete"]["responses"]

    assert responses["204"] == {"description": "Done"}


def test_every_operation_documents_its_problems(contract: dict[str, Any]) -> None:
    problem = contract["components"]["responses"]["Problem"]

    assert list(problem["content"]) == ["application/problem+json"]
    for path in contract["paths"].values():
        for operation in path.values():
            assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Problem"}
            assert operation["responses"]["5XX"] == {"$ref": "#/components/responses/Problem"}


async def test_a_problem_has_the_members_that_are_documented(contract: dict[str, Any]) -> None:
    schema = contract["components"]["schemas"]["ProblemDocument"]
    async with client_of(application(*ROUTES)) as client:
        answer = await client.get("/nowhere")

    assert problem_in(answer) == "not-found"
    assert set(answer.json()) == set(schema["required"])
    assert set(schema["properties"]) - set(schema["required"]) == {"quarantined"}


def test_sign_in_is_the_rule_and_its_absence_is_said(contract: dict[str, Any]) -> None:
    assert contract["security"] == [{"bearer": []}]
    assert contract["paths"]["/v1/app-config"]["get"]["security"] == []
    assert "security" not in contract["paths"]["/things"]["get"]


def test_nothing_is_nullable_and_every_reference_leads_somewhere(
    contract: dict[str, Any],
) -> None:
    for node in nodes_of(contract):
        assert node.get("type") != "null"
        assert None not in node.get("enum", [])
        if "$ref" in node:
            kind, name = node["$ref"].removeprefix("#/components/").split("/")
            assert name in contract["components"][kind]


def test_a_body_takes_nothing_it_does_not_know(contract: dict[str, Any]) -> None:
    assert contract["components"]["schemas"]["ThingIn"]["additionalProperties"] is False


async def test_the_contract_can_be_read_in_development() -> None:
    async with client_of(application(*ROUTES, in_prod=False)) as client:
        answer = await client.get("/schema/openapi.json")

    assert answer.json()["info"]["title"] == "Afterglow"


@pytest.mark.parametrize(
    "path", ["/schema", "/schema/openapi.json", "/schema/swagger", "/metrics", "/debug"]
)
async def test_in_prod_there_is_no_such_place(path: str) -> None:
    async with client_of(application(*ROUTES)) as client:
        answer = await client.get(path)

    assert (answer.status_code, problem_in(answer)) == (404, "not-found")


def nodes_of(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object in the document."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from nodes_of(member)
    elif isinstance(value, list):
        for member in value:
            yield from nodes_of(member)
