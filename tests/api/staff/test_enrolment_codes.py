"""Codes that link a phone: drawn by those who may, shown once, the older ones ended."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.enrolment import read_code
from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.staff_side import at_console, audit_of


async def draw(api: httpx.AsyncClient, who: Person, path: str, **body: Any) -> httpx.Response:
    """Ask for a code."""
    return await api.post(f"/v1/{path}/enrolment-codes", headers=who.headers, json=body)


async def test_a_code_is_shown_once_and_never_stored(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    answer = await draw(api, bo_at_desk, f"patients/{ana.id}")

    assert answer.status_code == 201
    code = read_code(answer.json()["code"])
    assert code is not None
    row = await superuser.fetchrow("SELECT * FROM enrolment_code")
    assert row is not None
    assert (row["patient_id"], row["created_by"]) == (ana.id, bo_at_desk.id)
    assert code.verifier not in str(dict(row))
    assert row["verifier_hash"].startswith("$argon2id$")
    assert ("enrolment_code.issue", "done", bo_at_desk.id) in await audit_of(superuser, ana.id)


@pytest.mark.parametrize(
    ("in_room", "life"), [(True, timedelta(minutes=15)), (False, timedelta(hours=72))]
)
async def test_a_code_shown_in_the_room_is_soon_gone(
    api: httpx.AsyncClient,
    ana: Person,
    bo_at_desk: Person,
    superuser: Connection,
    in_room: bool,  # noqa: FBT001 # pytest passes it by name
    life: timedelta,
) -> None:
    await draw(api, bo_at_desk, f"patients/{ana.id}", in_room=in_room)

    assert await superuser.fetchval("SELECT expires_at - created_at FROM enrolment_code") == life


async def test_a_new_code_ends_the_one_before(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    for _ in range(2):
        await draw(api, bo_at_desk, f"patients/{ana.id}")

    burned = await superuser.fetch("SELECT burned_at FROM enrolment_code ORDER BY id")
    assert [row["burned_at"] is not None for row in burned] == [True, False]


async def test_a_code_for_a_patient_of_others_is_refused(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    stranger = await at_console(ward.pool, await ward.practitioner("di"))

    answer = await draw(api, stranger, f"patients/{ana.id}")

    assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")
    assert await superuser.fetchval("SELECT count(*) FROM enrolment_code") == 0


async def test_an_admin_draws_a_colleagues_code_and_a_clinician_does_not(
    api: httpx.AsyncClient, ward: Ward, dr_bo: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    admin = await at_console(ward.pool, await ward.practitioner("al", role="admin"))

    by_admin = await draw(api, admin, f"practitioners/{dr_bo.id}")
    by_clinician = await draw(api, bo_at_desk, f"practitioners/{dr_bo.id}")

    assert by_admin.status_code == 201
    assert (by_clinician.status_code, problem_in(by_clinician)) == (403, "forbidden")
    assert await superuser.fetchval("SELECT practitioner_id FROM enrolment_code") == dr_bo.id


async def test_an_old_proof_of_identity_draws_no_colleagues_code(
    api: httpx.AsyncClient, ward: Ward, dr_bo: Person, clock: Clock
) -> None:
    admin = await at_console(ward.pool, await ward.practitioner("al", role="admin"))
    await clock.advance(minutes=5, seconds=1)

    answer = await draw(api, admin, f"practitioners/{dr_bo.id}")

    assert (answer.status_code, problem_in(answer)) == (403, "step-up-required")


async def test_researchers_draw_nothing(api: httpx.AsyncClient, ward: Ward, ana: Person) -> None:
    researcher = await at_console(ward.pool, await ward.practitioner("ro", role="researcher"))

    answer = await draw(api, researcher, f"patients/{ana.id}")

    assert (answer.status_code, problem_in(answer)) == (403, "forbidden")
