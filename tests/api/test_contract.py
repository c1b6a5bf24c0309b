"""The contract of the real routes: clients are generated from it, so its names are frozen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.app import HANDLERS
from api.app_config import app_config_route
from api.assembly import assemble
from api.health import get_liveness, readiness_route
from api.openapi import CONTRACT, document
from api.problem import Code, Problem, Retry
from clinical.instruments import registry

OPERATIONS = {
    "getLiveness": "GET /health/live",
    "getReadiness": "GET /health/ready",
    "listAlerts": "GET /v1/alerts",
    "getAlert": "GET /v1/alerts/{alert_id}",
    "acknowledgeAlert": "POST /v1/alerts/{alert_id}/acknowledge",
    "recordAlertAction": "POST /v1/alerts/{alert_id}/actions",
    "resolveAlert": "POST /v1/alerts/{alert_id}/resolve",
    "unacknowledgeAlert": "POST /v1/alerts/{alert_id}/unacknowledge",
    "getAppConfig": "GET /v1/app-config",
    "getDeviceNonce": "GET /v1/device-nonce",
    "deleteDevice": "DELETE /v1/devices/{installation_id}",
    "putDevice": "PUT /v1/devices/{installation_id}",
    "confirmDevice": "POST /v1/devices/{installation_id}/confirm",
    "createEnrolment": "POST /v1/enrolments",
    "listEntries": "GET /v1/entries",
    "deleteEntry": "DELETE /v1/entries/{entry_id}",
    "getEntry": "GET /v1/entries/{entry_id}",
    "patchEntry": "PATCH /v1/entries/{entry_id}",
    "putEntry": "PUT /v1/entries/{entry_id}",
    "listPatients": "GET /v1/patients",
    "createPatient": "POST /v1/patients",
    "getPatient": "GET /v1/patients/{patient_id}",
    "listAppointments": "GET /v1/patients/{patient_id}/appointments",
    "createAppointment": "POST /v1/patients/{patient_id}/appointments",
    "patchAppointment": "PATCH /v1/patients/{patient_id}/appointments/{appointment_id}",
    "getChart": "GET /v1/patients/{patient_id}/chart",
    "putCourse": "PUT /v1/patients/{patient_id}/course",
    "createPatientCode": "POST /v1/patients/{patient_id}/enrolment-codes",
    "createInfusion": "POST /v1/patients/{patient_id}/infusions",
    "patchInfusion": "PATCH /v1/patients/{patient_id}/infusions/{infusion_id}",
    "createVitals": "POST /v1/patients/{patient_id}/infusions/{infusion_id}/vitals",
    "deleteTeamMember": "DELETE /v1/patients/{patient_id}/team/{practitioner_id}",
    "putTeamMember": "PUT /v1/patients/{patient_id}/team/{practitioner_id}",
    "listPractitioners": "GET /v1/practitioners",
    "createPractitioner": "POST /v1/practitioners",
    "patchPractitioner": "PATCH /v1/practitioners/{practitioner_id}",
    "createPractitionerCode": "POST /v1/practitioners/{practitioner_id}/enrolment-codes",
    "handInEntry": "POST /v1/sealed-entries",
    "deleteSession": "DELETE /v1/sessions/current",
    "refreshSession": "POST /v1/sessions/refresh",
    "createActivation": "POST /v1/staff/activations",
    "confirmActivation": "POST /v1/staff/activations/confirm",
    "requestPasswordReset": "POST /v1/staff/password-resets",
    "createStaffSession": "POST /v1/staff/sessions",
    "deleteStaffSession": "DELETE /v1/staff/sessions/current",
    "getStaffSession": "GET /v1/staff/sessions/current",
    "stepUp": "POST /v1/staff/step-up",
    "listChanges": "GET /v1/sync",
    "syncEntries": "POST /v1/sync",
}
"""Every operation, frozen: a changed id renames a function in every client."""
PUBLIC = {
    "getLiveness",
    "getReadiness",
    "getAppConfig",
    "getDeviceNonce",
    "createEnrolment",
    "handInEntry",
    "refreshSession",
    "createActivation",
    "confirmActivation",
    "requestPasswordReset",
    "createStaffSession",
}
"""What may be asked without signing in; one more is a decision of its own."""
VERBS = {
    "get": {"GET"},
    "list": {"GET"},
    "put": {"PUT"},
    "patch": {"PATCH"},
    "delete": {"DELETE"},
    "create": {"POST"},
}


async def is_ready() -> Mapping[str, bool]:
    return {}


def application_of(handlers: Sequence[HTTPRouteHandler]) -> Litestar:
    """Assemble routes as in production; nothing behind them is opened."""
    routes = [get_liveness, readiness_route(is_ready), app_config_route(registry()), *handlers]
    nothing = Provide(lambda: None, sync_to_thread=False)
    return assemble(routes, hosts=["diary.example"], dependencies={"backend": nothing})


def handlers_in(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Yield method, path and handler of every operation."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                yield method, route.path_format, handler


@pytest.fixture(scope="module")
def served() -> dict[str, str]:
    """Say where each operation of the whole application is."""
    return {
        str(handler.operation_id): f"{method} {path}"
        for method, path, handler in handlers_in(application_of(HANDLERS))
    }


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    """Describe every operation that can be described."""
    told = HANDLERS
    return document(application_of(told).routes)


@pytest.fixture(scope="module")
def operations(contract: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Find an operation of the document by its id."""
    return {
        operation["operationId"]: operation
        for path in contract["paths"].values()
        for operation in path.values()
    }


def nodes_of(value: object) -> Iterator[dict[str, Any]]:
    """Yield every object in the document."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from nodes_of(member)
    elif isinstance(value, list):
        for member in value:
            yield from nodes_of(member)


def test_the_operations_are_those_of_the_table_and_where_it_says(served: dict[str, str]) -> None:
    assert served == OPERATIONS


def test_every_route_has_an_id_and_no_two_share_one() -> None:
    ids = [handler.operation_id for _, _, handler in handlers_in(application_of(HANDLERS))]

    assert None not in ids
    assert len(set(ids)) == len(ids) == len(OPERATIONS)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_id_begins_with_what_its_method_does(operation_id: str) -> None:
    verb = re.match("[a-z]+", operation_id)
    method = OPERATIONS[operation_id].partition(" ")[0]

    assert verb is not None
    assert method in VERBS.get(verb[0], {"POST"})


@pytest.mark.parametrize("place", sorted(set(OPERATIONS.values())))
def test_a_path_is_lower_case_and_names_its_parameters(place: str) -> None:
    path = place.partition(" ")[2]

    assert re.fullmatch(r"(/[a-z0-9-]+|/\{[a-z_]+_id\})+", path)
    assert path.startswith(("/v1/", "/health/"))


def test_the_whole_application_can_be_described() -> None:
    document(application_of(HANDLERS).routes)


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_an_operation_is_described_with_its_refusals(
    contract: dict[str, Any], operations: dict[str, dict[str, Any]], operation_id: str
) -> None:
    operation = operations[operation_id]
    method, _, path = OPERATIONS[operation_id].partition(" ")

    assert contract["paths"][path][method.lower()] is operation
    assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Problem"}
    assert operation["responses"]["5XX"] == {"$ref": "#/components/responses/Problem"}
    assert 0 < len(operation["summary"]) <= 100


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_an_operation_names_the_parameters_of_its_path(
    operations: dict[str, dict[str, Any]], operation_id: str
) -> None:
    given = operations[operation_id].get("parameters", [])
    in_path = [parameter for parameter in given if parameter["in"] == "path"]

    assert all(parameter["required"] for parameter in in_path)
    assert [p["name"] for p in in_path] == re.findall(r"\{(\w+)\}", OPERATIONS[operation_id])


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_only_what_is_meant_to_be_open_needs_no_sign_in(
    operations: dict[str, dict[str, Any]], operation_id: str
) -> None:
    assert operations[operation_id].get("security") == ([] if operation_id in PUBLIC else None)


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_an_operation_has_one_good_answer_at_least_and_only_good_ones_by_number(
    operations: dict[str, dict[str, Any]], operation_id: str
) -> None:
    statuses = set(operations[operation_id]["responses"]) - {"4XX", "5XX"}

    unchanged = {"304"} if operation_id == "getAppConfig" else set[str]()

    assert statuses - unchanged
    assert all(re.fullmatch("2[0-9]{2}", status) for status in statuses - unchanged)


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_what_reads_or_deletes_takes_no_body(
    operations: dict[str, dict[str, Any]], operation_id: str
) -> None:
    method = OPERATIONS[operation_id].partition(" ")[0]

    assert method not in {"GET", "DELETE"} or "requestBody" not in operations[operation_id]


def test_every_body_is_required_json_of_a_named_struct(
    operations: dict[str, dict[str, Any]],
) -> None:
    bodies = [o["requestBody"] for o in operations.values() if "requestBody" in o]

    assert bodies
    for body in bodies:
        assert body["required"] is True
        assert list(body["content"]) == ["application/json"]
        assert list(body["content"]["application/json"]["schema"]) == ["$ref"]


def test_no_body_takes_a_member_it_does_not_know(
    contract: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    for operation in operations.values():
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            name = schema["$ref"].rpartition("/")[2]
            assert contract["components"]["schemas"][name]["additionalProperties"] is False, name


def test_nothing_may_be_null(contract: dict[str, Any]) -> None:
    for node in nodes_of(contract):
        assert node.get("type") != "null"
        assert "null" not in (node["type"] if isinstance(node.get("type"), list) else [])
        assert None not in node.get("enum", [])
        assert {"type": "null"} not in node.get("anyOf", []) + node.get("oneOf", [])


def test_every_reference_leads_somewhere_and_every_schema_is_referred_to(
    contract: dict[str, Any],
) -> None:
    refs = {node["$ref"] for node in nodes_of(contract) if "$ref" in node}
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in contract["components"][kind]
    }

    assert refs == there


def test_a_problem_is_described_with_every_slug_once(contract: dict[str, Any]) -> None:
    response = contract["components"]["responses"]["Problem"]
    slugs = response["description"].partition("one of: ")[2].split(", ")

    assert list(response["content"]) == ["application/problem+json"]
    assert slugs == sorted(Problem.known)


def test_the_words_a_client_switches_on_are_closed_lists(contract: dict[str, Any]) -> None:
    schemas = contract["components"]["schemas"]

    assert sorted(schemas["Retry"]["enum"]) == sorted(Retry)
    assert sorted(schemas["Code"]["enum"]) == sorted(Code)


def test_paths_come_in_one_order_whatever_the_order_of_routes(contract: dict[str, Any]) -> None:
    told = HANDLERS
    again = document(application_of(told[::-1]).routes)

    assert list(contract["paths"]) == sorted(contract["paths"]) == list(again["paths"])


def test_the_version_is_the_contracts_own(contract: dict[str, Any]) -> None:
    assert contract["info"] == {"title": "Afterglow", "version": CONTRACT}
    assert re.fullmatch(r"\d+\.\d+\.\d+", CONTRACT)
