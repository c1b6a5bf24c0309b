"""Planned visits: planned once, moved, kept; the escort's name is nobody's but theirs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person
from tests.staff_side import audit_of

WHEN = datetime(2026, 4, 7, 9, tzinfo=UTC)


def visit(at: datetime = WHEN, **more: Any) -> dict[str, Any]:
    """Describe a visit."""
    return {"id": str(uuid4()), "planned_at": at.isoformat(), **more}


async def plan(api: httpx.AsyncClient, who: Person, patient: Person, body: Any) -> httpx.Response:
    """Plan a visit."""
    return await api.post(f"/v1/patients/{patient.id}/appointments", headers=who.headers, json=body)


async def change(
    api: httpx.AsyncClient, who: Person, patient: Person, body: Any, **changes: Any
) -> httpx.Response:
    """Change a visit."""
    return await api.patch(
        f"/v1/patients/{patient.id}/appointments/{body['id']}", headers=who.headers, json=changes
    )


async def test_a_visit_is_planned_with_who_takes_the_patient_home(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    body = visit(escort_name="Marta, her sister")

    answer = await plan(api, bo_at_desk, ana, body)

    assert answer.status_code == 201, answer.text
    assert answer.json()["escort_name"] == "Marta, her sister"
    assert "escort_confirmed_at" not in answer.json()
    sealed = await superuser.fetchval("SELECT escort_name_ct FROM appointment")
    assert b"Marta" not in sealed
    assert await audit_of(superuser, UUID(body["id"])) == [
        ("appointment.plan", "done", bo_at_desk.id)
    ]


async def test_the_same_request_again_is_the_same_visit(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    body = visit(escort_name="Marta")
    first = await plan(api, bo_at_desk, ana, body)

    again = await plan(api, bo_at_desk, ana, body)
    other = await plan(api, bo_at_desk, ana, {**body, "escort_name": "Jon"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert (other.status_code, problem_in(other)) == (409, "id-conflict")


async def test_a_confirmation_says_who_and_when_and_stays(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    body = visit(escort_name="Marta")
    await plan(api, bo_at_desk, ana, body)

    first = await change(api, bo_at_desk, ana, body, escort_confirmed=True)
    again = await change(api, bo_at_desk, ana, body, escort_confirmed=True)

    assert first.json()["escort_confirmed_by"] == str(bo_at_desk.id)
    assert again.json()["escort_confirmed_at"] == first.json()["escort_confirmed_at"]


@pytest.mark.parametrize(
    ("changes", "confirmed"),
    [
        ({"escort_name": "Jon"}, False),
        ({"planned_at": (WHEN + timedelta(days=1)).isoformat()}, False),
        ({"kind": "follow_up"}, True),
        ({"escort_name": "Marta"}, True),
        ({"escort_name": "Jon", "escort_confirmed": True}, True),
    ],
)
async def test_another_escort_or_time_has_to_be_confirmed_anew(
    api: httpx.AsyncClient,
    ana: Person,
    bo_at_desk: Person,
    changes: dict[str, Any],
    *,
    confirmed: bool,
) -> None:
    body = visit(escort_name="Marta", escort_confirmed=True)
    await plan(api, bo_at_desk, ana, body)

    answer = await change(api, bo_at_desk, ana, body, **changes)

    assert answer.status_code == 200
    assert ("escort_confirmed_at" in answer.json()) is confirmed


async def test_a_cancelled_visit_can_be_taken_up_again(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    body = visit()
    await plan(api, bo_at_desk, ana, body)

    off = await change(api, bo_at_desk, ana, body, cancelled=True)
    on = await change(api, bo_at_desk, ana, body, cancelled=False)

    assert "cancelled_at" in off.json()
    assert "cancelled_at" not in on.json()


async def test_an_infusion_keeps_its_appointment(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    mine, other = visit(), visit(WHEN + timedelta(days=3))
    for body in (mine, other):
        await plan(api, bo_at_desk, ana, body)
    infusion = {"id": str(uuid4()), "started_at": (WHEN + timedelta(minutes=50)).isoformat()}

    await api.post(f"/v1/patients/{ana.id}/infusions", headers=bo_at_desk.headers, json=infusion)

    answer = await api.get(f"/v1/patients/{ana.id}/appointments", headers=bo_at_desk.headers)
    kept = {item["id"]: item.get("infusion_id") for item in answer.json()["items"]}
    assert kept == {mine["id"]: infusion["id"], other["id"]: None}


async def test_visits_come_by_time_page_by_page(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    days = [5, 1, 3]
    for day in days:
        await plan(api, bo_at_desk, ana, visit(WHEN + timedelta(days=day)))
    path = f"/v1/patients/{ana.id}/appointments?limit=2"

    first = (await api.get(path, headers=bo_at_desk.headers)).json()
    second = (
        await api.get(f"{path}&cursor={first['next_cursor']}", headers=bo_at_desk.headers)
    ).json()

    times = [item["planned_at"] for item in first["items"] + second["items"]]
    assert len(times) == 3
    assert times == sorted(times)
    assert "next_cursor" not in second


async def test_a_cursor_of_another_patients_list_is_refused(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person, bo_at_desk: Person
) -> None:
    for day in range(2):
        await plan(api, bo_at_desk, ana, visit(WHEN + timedelta(days=day)))
    path = f"/v1/patients/{ana.id}/appointments?limit=1"
    cursor = (await api.get(path, headers=bo_at_desk.headers)).json()["next_cursor"]

    answer = await api.get(f"/v1/alerts?cursor={cursor}", headers=bo_at_desk.headers)

    assert (answer.status_code, problem_in(answer)) == (422, "invalid-cursor")


@pytest.mark.parametrize(
    "wrong",
    [
        {"planned_at": "2026-04-07T09:00:00"},
        {"kind": "party"},
        {"escort_name": ""},
        {"escort_name": "x" * 201},
        {"escort_confirmed": "yes"},
        {"infusion_id": str(uuid4())},
    ],
)
async def test_what_cannot_be_a_visit_is_refused(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, wrong: dict[str, Any]
) -> None:
    answer = await plan(
        api, bo_at_desk, ana, visit(**wrong) if "planned_at" not in wrong else {**visit(), **wrong}
    )

    assert answer.status_code == 422


async def test_a_visit_of_another_patient_cannot_be_changed(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    answer = await change(api, bo_at_desk, ana, visit(), cancelled=True)

    assert (answer.status_code, problem_in(answer)) == (404, "not-found")
