"""Another clinic's ids are not found, in the bytes of an id that nobody ever made. Every route."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.actions import OPERATIONS, PUBLIC, RULES
from api.app import HANDLERS
from models.ids import uuid7
from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person, Ward, open_ward
from tests.staff_side import raised, sign_in

ROUTES = {str(handler.operation_id): handler for handler in HANDLERS}
WITH_IDS = sorted(name for name, handler in ROUTES.items() if "{" in min(handler.paths))
LISTS = {"listAlerts", "listPatients", "listPractitioners", "listEntries", "listChanges"}
OWN_NAMESPACE = {
    "putEntry": "the id is the patient's own, whoever else has it",
    "putDevice": "the installation's id is the owner's own",
}
"""Operations that make something under an id which may live elsewhere as well."""
ABOUT_ONESELF = {
    "syncEntries",
    "deleteSession",
    "getStaffSession",
    "stepUp",
    "deleteStaffSession",
    "createPatient",
    "createPractitioner",
}
"""Operations whose path names nothing."""

BODIES = {"confirmDevice": {"nonce": "0" * 32}}

COURSE = "INSERT INTO course (clinic_id, patient_id, id) VALUES ($1, $2, $3)"
INFUSION = """
INSERT INTO infusion (clinic_id, patient_id, id, course_id, local_date, started_at, recorded_by)
VALUES ($1, $2, $3, $4, '2026-01-05', app_now(), $2)
"""
APPOINTMENT = """
INSERT INTO appointment (clinic_id, patient_id, id, planned_at, created_by)
VALUES ($1, $2, $3, app_now(), $2)
"""
ENTRY = "INSERT INTO entry (clinic_id, patient_id, id) VALUES ($1, $2, $3)"
DEVICE = """
INSERT INTO device (clinic_id, patient_id, id, installation, platform)
VALUES ($1, $2, $3, $3, 'android')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class North:
    """What there is in ana's clinic to be found."""

    ids: dict[str, UUID]

    @property
    def all(self) -> set[str]:
        """Name it all."""
        return {str(each) for each in self.ids.values()}


@pytest.fixture
async def north(ward: Ward, ana: Person, dr_bo: Person, superuser: Connection) -> North:
    """Fill ana's clinic."""
    infusion, appointment, entry, device = (uuid7() for _ in range(4))
    who, course = (ana.clinic_id, ana.id), uuid7()
    for statement, values in (
        (COURSE, (course,)),
        (INFUSION, (infusion, course)),
        (APPOINTMENT, (appointment,)),
        (ENTRY, (entry,)),
        (DEVICE, (device,)),
    ):
        await superuser.execute(statement, *who, *values)
    ids = {
        "patient_id": ana.id,
        "practitioner_id": dr_bo.id,
        "alert_id": await raised(ward.pool, ana),
        "infusion_id": infusion,
        "appointment_id": appointment,
        "entry_id": entry,
        "installation_id": device,
    }
    return North(ids=ids)


@pytest.fixture
async def south(ward: Ward) -> Ward:
    """Open another clinic."""
    return await open_ward(ward.pool, ward.keyring, "south")


async def somebody_who_may(south: Ward, operation: str) -> Person:
    """Bring somebody of the other clinic whom the rule of an operation allows."""
    rule = RULES[OPERATIONS[operation]]
    if "patient" in rule.kinds:
        return await south.patient("cal")
    role = "clinician" if "clinician" in rule.roles else min(rule.roles)
    person = await south.practitioner("cy", role=role)
    return await sign_in(south.pool, person, "console" if "console" in rule.kinds else "staff")


async def ask(
    api: httpx.AsyncClient, operation: str, ids: dict[str, UUID], who: Person
) -> httpx.Response:
    """Make a request of an operation about some ids."""
    handler = ROUTES[operation]
    path = min(handler.paths)
    for name, value in ids.items():
        path = path.replace(f"{{{name}:uuid}}", str(value)).replace(f"{{{name}:str}}", str(value))
    assert "{" not in path, "this route names something that north has none of"
    method = min(handler.http_methods - {"OPTIONS", "HEAD"})
    body = BODIES.get(operation, {}) if method in {"POST", "PUT", "PATCH"} else None
    headers = {**who.headers, "If-Match": '"1"'}
    return await api.request(method, path, headers=headers, json=body)


def bytes_of(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """Take from an answer all that may not differ: everything but the request's own id."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    body: dict[str, Any] = json.loads(answer.content or b"{}")
    body.pop("instance", None)
    return answer.status_code, headers, body


def test_every_route_is_looked_at_from_another_clinic() -> None:
    public = {name for name in ROUTES if RULES[OPERATIONS[name]] is PUBLIC}
    looked_at = set(WITH_IDS) | LISTS | ABOUT_ONESELF | public

    assert set(ROUTES) == looked_at


@pytest.mark.parametrize("operation", [name for name in WITH_IDS if name not in OWN_NAMESPACE])
async def test_f01_another_clinics_id_is_not_found_like_one_nobody_made(
    api: httpx.AsyncClient, north: North, south: Ward, operation: str
) -> None:
    cy = await somebody_who_may(south, operation)

    real = await ask(api, operation, north.ids, cy)
    random = await ask(api, operation, {name: uuid4() for name in north.ids}, cy)

    assert bytes_of(real) == bytes_of(random)
    assert (real.status_code, problem_in(real)) == (404, "not-found")


@pytest.mark.parametrize(
    "operation",
    [n for n in WITH_IDS if min(ROUTES[n].paths).count("{") > 1],
)
async def test_another_clinics_id_under_ones_own_patient_is_not_found(
    api: httpx.AsyncClient, north: North, south: Ward, operation: str
) -> None:
    cy = await somebody_who_may(south, operation)
    own = await south.patient("sol", cy)

    real = await ask(api, operation, {**north.ids, "patient_id": own.id}, cy)
    random = await ask(
        api, operation, {name: uuid4() for name in north.ids} | {"patient_id": own.id}, cy
    )

    assert bytes_of(real) == bytes_of(random)
    assert (real.status_code, problem_in(real)) == (404, "not-found")


@pytest.mark.parametrize("operation", sorted(LISTS))
async def test_a_list_holds_nothing_of_another_clinic(
    api: httpx.AsyncClient, north: North, south: Ward, operation: str
) -> None:
    cy = await somebody_who_may(south, operation)

    answer = await ask(api, operation, {}, cy)

    assert answer.status_code == 200
    assert [each for each in north.all if each in answer.text] == []


@pytest.mark.parametrize("operation", ["getAlert", "acknowledgeAlert", "getChart", "getPatient"])
async def test_trying_another_clinics_id_is_in_ones_own_audit_and_changes_nothing(
    api: httpx.AsyncClient, north: North, south: Ward, superuser: Connection, operation: str
) -> None:
    cy = await somebody_who_may(south, operation)
    before = await superuser.fetchval("SELECT md5(string_agg(a::text, '')) FROM alert a")

    await ask(api, operation, north.ids, cy)

    [row] = await superuser.fetch("SELECT * FROM audit_event")
    assert (row["clinic_id"], row["actor_id"], row["outcome"]) == (
        south.clinic_id,
        cy.id,
        "denied",
    )
    after = await superuser.fetchval("SELECT md5(string_agg(a::text, '')) FROM alert a")
    assert after == before
