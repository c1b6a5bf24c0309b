"""What is said about a patient stays where it is sealed: in no row, log line, audit or history."""

import json
from typing import Any

import httpx
import pytest

from models.session import Connection
from tests.api.kit import captured_log
from tests.api.staff.requests import CHANGES, Stage, set_stage
from tests.cast import Person, Ward

CANARY = "ZZCANARY"
SAID: dict[str, dict[str, Any]] = {
    "createPatient": {"name": f"{CANARY}-1", "mrn": f"{CANARY}-2", "birth_date": "1977-07-07"},
    "createAppointment": {"escort_name": f"{CANARY}-3"},
    "patchAppointment": {"escort_name": f"{CANARY}-4"},
    "createPractitioner": {"name": f"{CANARY}-5", "mail": f"{CANARY.lower()}-6@north.example"},
    "resolveAlert": {"note": f"{CANARY}-7 took too many pills"},
}


@pytest.fixture
async def stage(api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person) -> Stage:
    """Put one of everything on stage."""
    return await set_stage(api, ward, ana, dr_bo)


async def say_it_all(api: httpx.AsyncClient, stage: Stage) -> None:
    """Make every request that carries something said, as it is meant and broken."""
    for operation, said in SAID.items():
        change = CHANGES[operation]
        body = {**change.body(stage), **said}
        broken = json.dumps({**body, CANARY: said}).encode()
        refused = await change.send(api, stage, content=broken)
        done = await change.send(api, stage, content=json.dumps(body).encode())
        cut = await change.send(api, stage, content=json.dumps(body).encode()[:-1])

        assert (refused.status_code, done.status_code // 100, cut.status_code) == (422, 2, 400)
        for answer in (refused, cut):
            assert CANARY not in answer.text


async def everything_stored(db: Connection) -> str:
    """Write out every row of every table; ciphertext comes as hex, and so would clear bytes."""
    tables = await db.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'gate', 'keys')"
    )
    return "".join(
        [
            await db.fetchval(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {row['name']} t")
            for row in tables
        ]
    )


async def test_nothing_that_was_said_is_stored_in_the_clear(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection
) -> None:
    await say_it_all(api, stage)

    stored = await everything_stored(superuser)

    assert len(stored) > 10_000
    for form in (CANARY, CANARY.lower(), "1977-07-07", "pills"):
        assert form not in stored
        assert form.encode().hex() not in stored


async def test_nothing_that_was_said_is_logged(api: httpx.AsyncClient, stage: Stage) -> None:
    with captured_log("debug") as lines:
        await say_it_all(api, stage)
        written = json.dumps(lines())

    assert "http.request" in written
    for form in (CANARY, CANARY.lower(), "1977-07-07", "pills"):
        assert form not in written


async def test_those_who_may_read_all_of_it_again(api: httpx.AsyncClient, stage: Stage) -> None:
    await say_it_all(api, stage)
    clinician = stage.clinician.headers

    patients = await api.get("/v1/patients", headers=clinician)
    visits = await api.get(f"/v1/patients/{stage.ana.id}/appointments", headers=clinician)
    alert = await api.get(f"/v1/alerts/{stage.alert_id}?notes=true", headers=clinician)
    people = await api.get("/v1/practitioners", headers=stage.admin.headers)

    for answer, number in ((patients, 1), (patients, 2), (visits, 3), (visits, 4), (people, 5)):
        assert f"{CANARY}-{number}" in answer.text
    assert f"{CANARY.lower()}-6@" in people.text
    assert alert.json()["note"] == f"{CANARY}-7 took too many pills"


async def test_what_was_sealed_for_one_row_opens_in_no_other(
    api: httpx.AsyncClient, stage: Stage, superuser: Connection
) -> None:
    await say_it_all(api, stage)
    await superuser.execute(
        "UPDATE appointment SET escort_name_ct ="
        " (SELECT escort_name_ct FROM appointment WHERE id <> $1 AND escort_name_ct NOTNULL)"
        " WHERE id = $1",
        stage.appointment_id,
    )

    answer = await api.get(
        f"/v1/patients/{stage.ana.id}/appointments", headers=stage.clinician.headers
    )

    assert answer.status_code == 500
    assert CANARY not in answer.text
