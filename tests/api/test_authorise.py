"""One table says who may do what; every route is in it, and it is what happens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.actions import OPERATIONS, PUBLIC, RULES, Action, Rule
from api.app import STAFF
from api.authorise import check
from api.errors import Forbidden, StepUpRequired
from models.gate import Entered
from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person, Ward
from tests.staff_side import raised, sign_in

STAFF_OPERATIONS = {str(h.operation_id): h for room in STAFF for h in room.HANDLERS}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROLES = ("patient", "clinician", "researcher", "admin")


def entered(kind: str, role: str, *, stepped_up: timedelta | None = timedelta()) -> Entered:
    """Make a session that is live."""
    some = uuid4()
    return Entered(
        verdict="live", clinic_id=some, subject_id=some, session_id=some, kind=kind, role=role,
        profession=None, device_id=None, scopes=[],
        step_up_at=None if stepped_up is None else NOON - stepped_up,
        entered_at=NOON, language="en", country="US", consented=True, epoch=some,
        key_version=1, key_wrapped=b"", clinic_key_version=1, clinic_key_wrapped=b"",
    )  # fmt: skip


def operations_of(app: Litestar) -> dict[str, HTTPRouteHandler]:
    """List every operation the application has."""
    return {
        str(handler.operation_id): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, _ in route.route_handler_map.values()
        if handler.operation_id
    }


async def test_every_route_has_a_policy_and_every_policy_a_route(app: Litestar) -> None:
    assert set(operations_of(app)) == set(OPERATIONS)


async def test_every_route_has_an_operation_id(app: Litestar) -> None:
    nameless = {
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, _ in route.route_handler_map.values()
        if not handler.operation_id and "OPTIONS" not in handler.http_methods
    }

    assert nameless <= {"/schema/openapi.json"}


def test_every_action_has_a_rule() -> None:
    assert set(RULES) == set(Action)


async def test_only_what_says_so_needs_no_sign_in(app: Litestar) -> None:
    open_routes = {
        name for name, handler in operations_of(app).items() if handler.opt.get("public")
    }

    assert open_routes == {name for name, action in OPERATIONS.items() if RULES[action] is PUBLIC}


@pytest.mark.parametrize("action", [Action.READ_TEXT, Action.READ_CHART, Action.SEE_ALERTS])
@pytest.mark.parametrize("role", ["patient", "researcher", "admin"])
def test_nobody_but_clinicians_reads_what_was_written_or_answered(
    action: Action, role: str
) -> None:
    with pytest.raises(Forbidden):
        check(entered("console", role), RULES[action])


@pytest.mark.parametrize("role", ["patient", "clinician", "researcher"])
def test_nobody_but_administrators_changes_people(role: str) -> None:
    with pytest.raises(Forbidden):
        check(entered("console", role), RULES[Action.KEEP_PEOPLE])


@pytest.mark.parametrize(
    ("kind", "action", "age", "enough"),
    [
        ("staff", Action.READ_TEXT, timedelta(hours=12), True),
        ("staff", Action.READ_TEXT, timedelta(hours=12, seconds=1), False),
        ("staff", Action.READ_TEXT, None, False),
        ("console", Action.READ_TEXT, None, True),
        ("staff", Action.ANSWER_ALERTS, None, True),
        ("staff", Action.SEE_ALERTS, None, True),
        ("staff", Action.RESOLVE_ALERTS, timedelta(hours=13), False),
        ("console", Action.RESOLVE_ALERTS, None, True),
    ],
)
def test_a_clinicians_step_up_is_as_fresh_as_the_action_needs(
    kind: str, action: Action, age: timedelta | None, *, enough: bool
) -> None:
    who = entered(kind, "clinician", stepped_up=age)

    if enough:
        check(who, RULES[action])
    else:
        with pytest.raises(StepUpRequired):
            check(who, RULES[action])


@pytest.mark.parametrize(
    ("age", "enough"),
    [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False), (None, False)],
)
@pytest.mark.parametrize("action", [Action.KEEP_PEOPLE, Action.KEEP_COHORT, Action.ISSUE_CODES])
def test_an_administrators_step_up_is_five_minutes_old_at_most(
    action: Action, age: timedelta | None, *, enough: bool
) -> None:
    who = entered("console", "admin", stepped_up=age)

    if enough:
        check(who, RULES[action])
    else:
        with pytest.raises(StepUpRequired):
            check(who, RULES[action])


def test_the_staff_app_treats_nobody_and_keeps_neither_people_nor_patients() -> None:
    for action in (Action.TREAT, Action.KEEP_COHORT, Action.KEEP_PEOPLE, Action.ISSUE_CODES):
        assert "staff" not in RULES[action].kinds


def test_a_page_lets_nobody_treat() -> None:
    for action in (Action.TREAT, Action.KEEP_COHORT, Action.ISSUE_CODES):
        assert RULES[action].on_call is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who asks, and as what."""

    person: Person
    kind: str
    role: str

    def is_allowed(self, rule: Rule) -> bool:
        """Say whether role and kind of session fit; whose patient it is comes after that."""
        return self.kind in rule.kinds and self.role in rule.roles


@pytest.fixture
async def callers(ward: Ward, ana: Person) -> list[Caller]:
    """Bring one of each: every role with every kind of session, none of them on ana's team."""
    found = [Caller(person=await ward.patient("ida"), kind="patient", role="patient")]
    for role in ROLES[1:]:
        person = await ward.practitioner(f"some {role}", role=role)
        found += [
            Caller(person=await sign_in(ward.pool, person, kind), kind=kind, role=role)
            for kind in ("staff", "console")
        ]
    return found


async def ask(
    api: httpx.AsyncClient, operation: str, ids: dict[str, Any], headers: dict[str, str]
) -> httpx.Response:
    """Make a request of an operation, with an empty body where it takes one."""
    handler = STAFF_OPERATIONS[operation]
    path = min(handler.paths)
    for name, value in ids.items():
        path = path.replace(f"{{{name}:uuid}}", str(value))
    method = min(handler.http_methods - {"OPTIONS", "HEAD"})
    takes_body = method in {"POST", "PUT", "PATCH"}
    return await api.request(method, path, headers=headers, json={} if takes_body else None)


@pytest.mark.parametrize("operation", sorted(STAFF_OPERATIONS))
async def test_whoever_may_not_is_refused_before_anything_is_looked_up(
    api: httpx.AsyncClient, operation: str, callers: list[Caller], superuser: Connection
) -> None:
    rule = RULES[OPERATIONS[operation]]
    nobodys = dict.fromkeys(
        ("patient_id", "alert_id", "infusion_id", "appointment_id", "practitioner_id"), uuid4()
    )

    for caller in callers:
        answer = await ask(api, operation, nobodys, caller.person.headers)
        if caller.is_allowed(rule):
            assert answer.status_code in {200, 404, 422}, (caller, answer.text)
        else:
            assert (answer.status_code, problem_in(answer)) == (403, "forbidden"), caller
    unknown = await ask(api, operation, nobodys, {})
    assert (unknown.status_code, problem_in(unknown)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "operation",
    sorted(o for o, h in STAFF_OPERATIONS.items() if "{patient_id" in min(h.paths)),
)
async def test_a_clinician_who_does_not_treat_the_patient_is_told_so(
    api: httpx.AsyncClient,
    operation: str,
    ana: Person,
    callers: list[Caller],
    superuser: Connection,
) -> None:
    rule = RULES[OPERATIONS[operation]]
    ids = dict.fromkeys(("infusion_id", "appointment_id", "practitioner_id"), uuid4())
    [stranger] = [each for each in callers if (each.kind, each.role) == ("console", "clinician")]

    answer = await ask(api, operation, {**ids, "patient_id": ana.id}, stranger.person.headers)

    assert stranger.is_allowed(rule)
    assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")
    denied = await superuser.fetch("SELECT * FROM audit_event WHERE outcome = 'denied'")
    assert [(row["actor_id"], row["patient_id"]) for row in denied] == [
        (stranger.person.id, ana.id)
    ]


async def test_a_refusal_takes_back_everything_but_its_own_record(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    alert_id = await raised(ward.pool, ana)
    stranger = await ward.practitioner("di")
    before = await superuser.fetchval("SELECT count(*) FROM alert_history")

    await ask(api, "acknowledgeAlert", {"alert_id": alert_id}, stranger.headers)

    assert await superuser.fetchval("SELECT count(*) FROM alert_history") == before
    [row] = await superuser.fetch("SELECT * FROM audit_event")
    assert (row["action"], row["object_id"], row["outcome"]) == ("alert.answer", alert_id, "denied")
