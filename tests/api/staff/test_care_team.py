"""Whose patient somebody is: joined, changed, left; and what a course is meant to be."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person, Ward
from tests.staff_side import at_console, audit_of, raised


async def put_member(
    api: httpx.AsyncClient, who: Person, patient: Person, member: Person, duty: str = "member"
) -> httpx.Response:
    """Put somebody on a care team."""
    return await api.put(
        f"/v1/patients/{patient.id}/team/{member.id}", headers=who.headers, json={"duty": duty}
    )


async def test_a_new_member_sees_the_patient_at_once(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    path = f"/v1/patients/{ana.id}"
    before = await api.get(path, headers=nurse.headers)

    answer = await put_member(api, bo_at_desk, ana, nurse)

    after = await api.get(path, headers=nurse.headers)
    assert (before.status_code, answer.status_code, after.status_code) == (403, 200, 200)
    assert {each["duty"] for each in after.json()["team"]} == {"responsible", "member"}
    assert ("care_team.join", "done", bo_at_desk.id) in await audit_of(superuser, nurse.id)


async def test_a_duty_is_changed_by_putting_it_again(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    for duty in ("covering", "covering", "responsible"):
        answer = await put_member(api, bo_at_desk, ana, bo_at_desk, duty)
        assert answer.status_code == 200

    assert [row["duty"] for row in await superuser.fetch("SELECT duty FROM membership")] == [
        "responsible"
    ]


async def test_whoever_leaves_sees_nothing_and_what_they_had_rings_again(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    await put_member(api, bo_at_desk, ana, nurse)
    alert_id = await raised(ward.pool, ana)
    await api.post(f"/v1/alerts/{alert_id}/acknowledge", headers=nurse.headers)

    answer = await api.delete(f"/v1/patients/{ana.id}/team/{nurse.id}", headers=bo_at_desk.headers)

    assert answer.status_code == 204
    alert = await superuser.fetchrow("SELECT state, round, next_step_at, app_now() FROM alert")
    assert alert is not None
    assert (alert["state"], alert["round"]) == ("open", 2)
    assert alert["next_step_at"] <= alert["app_now"]
    refused = await api.get(f"/v1/patients/{ana.id}", headers=nurse.headers)
    assert problem_in(refused) == "care-relationship-required"


async def test_leaving_twice_is_not_found_and_coming_back_is_possible(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    path = f"/v1/patients/{ana.id}/team/{nurse.id}"
    await put_member(api, bo_at_desk, ana, nurse)

    first = await api.delete(path, headers=bo_at_desk.headers)
    second = await api.delete(path, headers=bo_at_desk.headers)
    back = await put_member(api, bo_at_desk, ana, nurse)
    seen = await api.get(f"/v1/patients/{ana.id}", headers=nurse.headers)

    assert (first.status_code, second.status_code) == (204, 404)
    assert (back.status_code, seen.status_code) == (200, 200)


async def test_nobody_joins_who_treats_nobody_here(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person, dr_cy: Person
) -> None:
    researcher = await ward.practitioner("ro", role="researcher")

    for stranger in (researcher, dr_cy):
        answer = await put_member(api, bo_at_desk, ana, stranger)
        assert (answer.status_code, problem_in(answer)) == (404, "not-found")


async def test_nobody_puts_themselves_on_a_team_they_are_not_on(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    stranger = await at_console(ward.pool, await ward.practitioner("di"))

    answer = await put_member(api, stranger, ana, stranger)

    assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")
    assert await superuser.fetchval("SELECT count(*) FROM membership") == 1


async def test_an_admin_puts_a_team_together_without_being_on_it(
    api: httpx.AsyncClient, ward: Ward, ana: Person
) -> None:
    admin = await at_console(ward.pool, await ward.practitioner("al", role="admin"))
    nurse = await ward.practitioner("nia", profession="nurse")

    answer = await put_member(api, admin, ana, nurse, "covering")

    assert answer.status_code == 200


async def put_course(
    api: httpx.AsyncClient, who: Person, patient: Person, **body: Any
) -> httpx.Response:
    """Plan a course."""
    return await api.put(f"/v1/patients/{patient.id}/course", headers=who.headers, json=body)


async def test_a_course_is_planned_before_the_first_infusion(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    answer = await put_course(
        api, bo_at_desk, ana, planned_infusions=6, planned_window_days=21, off_label=False
    )

    found = answer.json()
    assert (found["phase"], found["planned_infusions"], found["off_label"]) == (
        "baseline",
        6,
        False,
    )
    assert "interval_days_target" not in found
    assert await superuser.fetchval("SELECT planned_window_days FROM course") == 21


async def test_planning_again_replaces_the_plan_and_keeps_the_course(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    first = await put_course(api, bo_at_desk, ana, planned_infusions=6)

    second = await put_course(api, bo_at_desk, ana, interval_days_target=30)

    assert second.json()["id"] == first.json()["id"]
    assert "planned_infusions" not in second.json()


async def test_staff_move_a_course_with_a_reason_that_is_kept(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    unexplained = await put_course(api, bo_at_desk, ana, phase="stopped")

    moved = await put_course(api, bo_at_desk, ana, phase="stopped", reason="patient_wish")

    assert (unexplained.status_code, problem_in(unexplained)) == (422, "invalid-query")
    assert moved.json()["phase"] == "stopped"
    row = await superuser.fetchrow("SELECT * FROM course_phase WHERE phase = 'stopped'")
    assert row is not None
    assert (row["actor_id"], row["reason"]) == (bo_at_desk.id, "patient_wish")


@pytest.mark.parametrize(
    "body",
    [
        {"planned_infusions": 0},
        {"planned_infusions": "6"},
        {"phase": "induction", "reason": "now"},
        {"phase": "stopped", "reason": "She had enough of it."},
        {"patient_id": str(uuid4())},
    ],
)
async def test_what_cannot_be_a_plan_is_refused(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, body: dict[str, Any]
) -> None:
    answer = await put_course(api, bo_at_desk, ana, **body)

    assert answer.status_code == 422
