"""The people of a clinic: added once, changed, signed out everywhere the moment they are gone."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person, Ward
from tests.staff_side import at_console, audit_of, raised, sign_in


@pytest.fixture
async def al(ward: Ward) -> Person:
    """Sit the administrator down at the console."""
    return await at_console(ward.pool, await ward.practitioner("al", role="admin"))


def eve(**changes: Any) -> dict[str, Any]:
    """Describe somebody new."""
    return {
        "id": str(uuid4()),
        "name": "Eve Brandt",
        "mail": "eve@north.example",
        "role": "clinician",
        "profession": "nurse",
        **changes,
    }


async def add(api: httpx.AsyncClient, who: Person, body: Any) -> httpx.Response:
    """Add a colleague."""
    return await api.post("/v1/practitioners", headers=who.headers, json=body)


async def change(
    api: httpx.AsyncClient, who: Person, person: Person, **body: Any
) -> httpx.Response:
    """Change a colleague."""
    return await api.patch(f"/v1/practitioners/{person.id}", headers=who.headers, json=body)


async def test_somebody_new_can_be_reached_by_mail(
    api: httpx.AsyncClient, al: Person, superuser: Connection
) -> None:
    body = eve()

    answer = await add(api, al, body)

    assert answer.status_code == 201, answer.text
    assert (answer.json()["name"], answer.json()["mail"]) == ("Eve Brandt", "eve@north.example")
    row = await superuser.fetchrow(
        "SELECT e.channel, e.address_ct, p.name_ct FROM endpoint e JOIN practitioner p"
        " ON p.id = e.practitioner_id WHERE p.id = $1",
        body["id"],
    )
    assert row is not None
    assert row["channel"] == "mail"
    assert b"eve@" not in row["address_ct"] + row["name_ct"]


async def test_the_same_request_again_is_the_same_person(
    api: httpx.AsyncClient, al: Person, superuser: Connection
) -> None:
    body = eve()
    first = await add(api, al, body)

    again = await add(api, al, body)
    other = await add(api, al, {**body, "name": "Eva"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert (other.status_code, problem_in(other)) == (409, "id-conflict")


async def test_two_people_cannot_sign_in_with_one_address(
    api: httpx.AsyncClient, al: Person
) -> None:
    await add(api, al, eve())

    answer = await add(api, al, eve(mail="EVE@north.example"))

    assert (answer.status_code, problem_in(answer)) == (409, "id-conflict")
    assert answer.json()["errors"][0]["pointer"] == "/mail"


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail": "nobody"},
        {"mail": "a b@c.example"},
        {"role": "root"},
        {"profession": "wizard"},
        {"name": ""},
        {"password": "hunter2hunter2"},
    ],
)
async def test_what_cannot_be_a_person_is_refused(
    api: httpx.AsyncClient, al: Person, wrong: dict[str, Any]
) -> None:
    answer = await add(api, al, eve(**wrong))

    assert answer.status_code == 422


async def test_clinicians_see_their_colleagues_without_their_addresses(
    api: httpx.AsyncClient, al: Person, dr_bo: Person, dr_cy: Person
) -> None:
    answer = await api.get("/v1/practitioners", headers=dr_bo.headers)

    people = answer.json()["items"]
    assert {person["name"] for person in people} == {"al", "bo"}
    assert all("mail" not in person for person in people)


async def test_people_come_page_by_page(api: httpx.AsyncClient, ward: Ward, dr_bo: Person) -> None:
    for n in range(4):
        await ward.practitioner(f"p{n}")
    names: list[str] = []
    query = "?limit=2"

    for _ in range(3):
        page = (await api.get(f"/v1/practitioners{query}", headers=dr_bo.headers)).json()
        names += [item["name"] for item in page["items"]]
        query = f"?limit=2&cursor={page.get('next_cursor')}"

    assert sorted(names) == ["bo", "p0", "p1", "p2", "p3"]


async def test_whoever_is_disabled_is_signed_out_everywhere_at_once(
    api: httpx.AsyncClient, ward: Ward, al: Person, dr_bo: Person, bo_at_desk: Person
) -> None:
    second_phone = await sign_in(ward.pool, dr_bo, "staff")

    answer = await change(api, al, dr_bo, disabled=True)

    assert answer.status_code == 200
    assert "disabled_at" in answer.json()
    for session in (dr_bo, bo_at_desk, second_phone):
        refused = await api.get("/v1/alerts", headers=session.headers)
        assert (refused.status_code, problem_in(refused)) == (401, "session-revoked")


async def test_what_somebody_had_taken_on_rings_again_when_they_are_disabled(
    api: httpx.AsyncClient, ward: Ward, ana: Person, al: Person, dr_bo: Person
) -> None:
    alert_id = await raised(ward.pool, ana)
    await api.post(f"/v1/alerts/{alert_id}/acknowledge", headers=dr_bo.headers)

    await change(api, al, dr_bo, disabled=True)

    async with ward.pool.acquire() as db, db.transaction():
        await db.execute("SELECT set_config('app.clinic_id', $1, true)", str(ward.clinic_id))
        await db.execute("SELECT set_config('app.role', 'job', true)")
        assert await db.fetchval("SELECT state FROM alert WHERE id = $1", alert_id) == "open"


async def test_whoever_treats_nobody_any_more_keeps_no_alert(
    api: httpx.AsyncClient, ward: Ward, ana: Person, al: Person, dr_bo: Person
) -> None:
    alert_id = await raised(ward.pool, ana)
    await api.post(f"/v1/alerts/{alert_id}/acknowledge", headers=dr_bo.headers)

    await change(api, al, dr_bo, role="researcher")

    refused = await api.get(f"/v1/alerts/{alert_id}", headers=dr_bo.headers)
    assert (refused.status_code, problem_in(refused)) == (403, "forbidden")


async def test_somebody_can_be_let_back_in_and_has_to_sign_in_anew(
    api: httpx.AsyncClient, ward: Ward, al: Person, dr_bo: Person
) -> None:
    await change(api, al, dr_bo, disabled=True)

    back = await change(api, al, dr_bo, disabled=False)

    assert "disabled_at" not in back.json()
    old = await api.get("/v1/alerts", headers=dr_bo.headers)
    new = await sign_in(ward.pool, dr_bo, "staff")
    assert old.status_code == 401
    assert (await api.get("/v1/alerts", headers=new.headers)).status_code == 200


async def test_disabling_changes_nothing_else_and_is_in_the_audit(
    api: httpx.AsyncClient, al: Person, dr_bo: Person, superuser: Connection
) -> None:
    answer = await change(api, al, dr_bo, disabled=True)

    assert (answer.json()["role"], answer.json()["profession"]) == ("clinician", "physician")
    assert ("practitioner.change", "done", al.id) in await audit_of(superuser, dr_bo.id)


async def test_the_last_administrator_cannot_go_and_none_can_disable_themselves(
    api: httpx.AsyncClient, ward: Ward, al: Person
) -> None:
    alone = await change(api, al, al, role="clinician")
    second = await ward.practitioner("em", role="admin")
    self_ = await change(api, al, al, disabled=True)
    other = await change(api, al, second, disabled=True)

    assert (alone.status_code, problem_in(alone)) == (409, "last-admin")
    assert (self_.status_code, problem_in(self_)) == (409, "last-admin")
    assert other.status_code == 200


async def test_two_administrators_cannot_remove_each_other_at_once(
    api: httpx.AsyncClient, ward: Ward, al: Person, superuser: Connection
) -> None:
    em = await at_console(ward.pool, await ward.practitioner("em", role="admin"))

    answers = await asyncio.gather(
        change(api, al, em, disabled=True), change(api, em, al, disabled=True)
    )

    left = await superuser.fetchval(
        "SELECT count(*) FROM practitioner WHERE role = 'admin' AND disabled_at IS NULL"
    )
    assert left == 1
    assert {answer.status_code for answer in answers} <= {200, 401, 409}


async def test_only_administrators_change_people(
    api: httpx.AsyncClient, dr_bo: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    for who in (dr_bo, bo_at_desk):
        changed = await change(api, who, dr_bo, role="admin")
        added = await add(api, who, eve())
        assert (changed.status_code, problem_in(changed)) == (403, "forbidden")
        assert (added.status_code, problem_in(added)) == (403, "forbidden")

    assert await superuser.fetchval("SELECT role FROM practitioner") == "clinician"
