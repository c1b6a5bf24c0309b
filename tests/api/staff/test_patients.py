"""The cohort: added once, listed to those whose patients they are, kept apart by clinic."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person, Ward
from tests.staff_side import at_console, audit_of, paged, raised

IDA = {
    "name": "Ida Ferrer",
    "zone": "Europe/Madrid",
    "language": "es",
    "conditions": ["trd", "anxiety"],
    "primary_condition": "trd",
    "mrn": "H-4711",
    "birth_date": "1980-02-29",
    "failed_trials": 3,
    "plan": {"planned_infusions": 6, "interval_days_target": 21},
}


def ida(**changes: Any) -> dict[str, Any]:
    """Describe a new patient."""
    return {"id": str(uuid4()), **IDA, **changes}


async def add(api: httpx.AsyncClient, who: Person, body: Any) -> httpx.Response:
    """Add a patient."""
    return await api.post("/v1/patients", headers=who.headers, json=body)


async def names_of(api: httpx.AsyncClient, who: Person) -> list[str]:
    """List whom somebody sees."""
    answer = await api.get("/v1/patients", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_a_new_patient_has_a_course_a_team_and_consent(
    api: httpx.AsyncClient, bo_at_desk: Person, superuser: Connection
) -> None:
    body = ida()

    answer = await add(api, bo_at_desk, body)

    assert answer.status_code == 201, answer.text
    assert answer.json()["warnings"] == []
    found = await api.get(f"/v1/patients/{body['id']}", headers=bo_at_desk.headers)
    shown = found.json()
    assert (shown["name"], shown["mrn"], shown["birth_date"]) == (
        "Ida Ferrer",
        "H-4711",
        "1980-02-29",
    )
    assert shown["phase"] == "baseline"
    [member] = shown["team"]
    assert (member["practitioner_id"], member["duty"]) == (str(bo_at_desk.id), "responsible")
    assert await superuser.fetchval("SELECT purpose FROM consent") == "care"
    assert await superuser.fetchval("SELECT planned_infusions FROM course") == 6
    assert ("patient.create", "done", bo_at_desk.id) in await audit_of(superuser, UUID(body["id"]))


async def test_nothing_that_names_the_patient_is_stored_in_the_clear(
    api: httpx.AsyncClient, bo_at_desk: Person, superuser: Connection
) -> None:
    await add(api, bo_at_desk, ida())

    row = await superuser.fetchrow("SELECT * FROM patient")
    assert row is not None
    for secret in (b"Ida", b"Ferrer", b"H-4711", b"1980"):
        assert secret not in b"".join(v for v in row.values() if isinstance(v, bytes))
        assert secret.decode() not in str([v for v in row.values() if isinstance(v, str)])


async def test_the_same_request_again_is_the_same_patient(
    api: httpx.AsyncClient, bo_at_desk: Person, superuser: Connection
) -> None:
    body = ida()
    first = await add(api, bo_at_desk, body)

    again = await add(api, bo_at_desk, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert await superuser.fetchval("SELECT count(*) FROM course_phase") == 1


@pytest.mark.parametrize(
    "change",
    [{"name": "Eva"}, {"mrn": "x"}, {"birth_date": "1981-02-28"}, {"primary_condition": "anxiety"}],
)
async def test_another_patient_under_a_known_id_is_a_conflict(
    api: httpx.AsyncClient, bo_at_desk: Person, change: dict[str, Any]
) -> None:
    body = ida()
    await add(api, bo_at_desk, body)

    answer = await add(api, bo_at_desk, {**body, **change})

    assert (answer.status_code, problem_in(answer)) == (409, "id-conflict")


async def test_an_id_that_lives_in_another_clinic_is_free_here(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_cy: Person, superuser: Connection
) -> None:
    cy = await at_console(ward.pool, dr_cy)

    answer = await add(api, cy, ida(id=str(ana.id)))

    assert answer.status_code == 201
    assert await superuser.fetchval("SELECT count(*) FROM patient WHERE id = $1", ana.id) == 2


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"zone": "Europe/Atlantis"}, "invalid-time"),
        ({"conditions": []}, "invalid-query"),
        ({"conditions": ["trd", "trd"]}, "invalid-query"),
        ({"conditions": ["sadness"]}, "invalid-query"),
        ({"primary_condition": "ocd"}, "invalid-query"),
        ({"language": "español"}, "invalid-query"),
        ({"name": ""}, "invalid-query"),
        ({"name": 5}, "invalid-query"),
        ({"failed_trials": -1}, "invalid-query"),
        ({"birth_date": "1980-02-30"}, "invalid-time"),
        ({"clinic_id": str(uuid4())}, "unknown-field"),
        ({"id": "00000000"}, "invalid-query"),
    ],
)
async def test_what_cannot_be_a_patient_is_refused(
    api: httpx.AsyncClient,
    bo_at_desk: Person,
    superuser: Connection,
    change: dict[str, Any],
    slug: str,
) -> None:
    answer = await add(api, bo_at_desk, ida(**change))

    assert (answer.status_code, problem_in(answer)) == (422, slug)
    assert await superuser.fetchval("SELECT count(*) FROM patient") == 0


async def test_few_failed_trials_are_a_warning_and_no_refusal(
    api: httpx.AsyncClient, bo_at_desk: Person
) -> None:
    answer = await add(api, bo_at_desk, ida(failed_trials=1))

    assert (answer.status_code, answer.json()["warnings"]) == (201, ["few_failed_trials"])


async def test_a_team_is_made_of_clinicians_who_work_here(
    api: httpx.AsyncClient, ward: Ward, bo_at_desk: Person, dr_cy: Person, superuser: Connection
) -> None:
    researcher = await ward.practitioner("ro", role="researcher")

    for stranger in (dr_cy, researcher):
        team = [{"practitioner_id": str(stranger.id), "duty": "member"}]
        answer = await add(api, bo_at_desk, ida(team=team))
        assert (answer.status_code, problem_in(answer)) == (422, "unknown-reference")

    assert await superuser.fetchval("SELECT count(*) FROM patient") == 0


async def test_each_sees_their_own_patients_and_an_admin_all_names(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    colleague = await ward.practitioner("di")
    await ward.patient("ida", colleague)
    admin = await ward.practitioner("al", role="admin")

    assert await names_of(api, dr_bo) == ["ana"]
    assert await names_of(api, colleague) == ["ida"]
    assert await names_of(api, admin) == ["ana", "ida"]


async def test_an_admin_sees_who_they_are_and_nothing_of_how_they_are(
    api: httpx.AsyncClient, ward: Ward, ana: Person
) -> None:
    admin = await ward.practitioner("al", role="admin")

    answer = await api.get(f"/v1/patients/{ana.id}", headers=admin.headers)

    assert set(answer.json()) == {"id", "name", "created_at", "team"}


async def test_whoever_was_paged_sees_the_patient_while_the_alert_is_open(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    on_call = await ward.practitioner("di")
    alert_id = await raised(ward.pool, ana)
    before = await names_of(api, on_call)
    await paged(ward.pool, on_call, alert_id)
    meanwhile = await names_of(api, on_call)
    await superuser.execute(
        "UPDATE alert SET state = 'resolved', outcome = 'other', resolved_by = $1", on_call.id
    )

    assert (before, meanwhile, await names_of(api, on_call)) == ([], ["ana"], [])


async def test_the_list_shows_how_things_stand(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await raised(ward.pool, ana)
    await raised(ward.pool, ana, severity="routine", rule="a.b")
    for days in (0, 0, 3, 13, 14):
        entry = uuid4()
        await superuser.execute(
            "INSERT INTO entry (clinic_id, patient_id, id) VALUES ($1, $2, $3)",
            *(ana.clinic_id, ana.id, entry),
        )
        await superuser.execute(
            "INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,"
            " utc_offset_minutes, zone, local_date, form, language, answers, side_effects,"
            " content_hmac, speaks_of_suicide, warnings) VALUES ($1, $2, $3, 1, app_now(), 0,"
            " 'UTC', (app_now() AT TIME ZONE 'UTC')::date - $4::int, 'f@1', 'en', '{}', '[]',"
            " '', false, '{}')",
            *(ana.clinic_id, ana.id, entry, days),
        )

    [row] = (await api.get("/v1/patients", headers=dr_bo.headers)).json()["items"]

    assert (row["open_emergencies"], row["open_alerts"]) == (1, 2)
    assert row["answered_days_of_14"] == 3
    assert row["last_entry_at"]


async def test_pages_through_every_patient_once(
    api: httpx.AsyncClient, ward: Ward, dr_bo: Person
) -> None:
    made = {(await ward.patient(f"p{n}", dr_bo)).id for n in range(5)}
    seen: list[UUID] = []
    query = "?limit=2"

    for _ in range(3):
        page = (await api.get(f"/v1/patients{query}", headers=dr_bo.headers)).json()
        seen += [UUID(item["id"]) for item in page["items"]]
        query = f"?limit=2&cursor={page.get('next_cursor')}"

    assert len(seen) == len(made)
    assert set(seen) == made


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "sort=name", "offset=2", "cursor=x"])
async def test_a_query_nobody_knows_is_refused(
    api: httpx.AsyncClient, dr_bo: Person, query: str
) -> None:
    answer = await api.get(f"/v1/patients?{query}", headers=dr_bo.headers)

    assert answer.status_code == 422
    assert problem_in(answer) in {"invalid-query", "invalid-cursor"}


async def test_the_staff_app_adds_nobody(
    api: httpx.AsyncClient, dr_bo: Person, superuser: Connection
) -> None:
    answer = await add(api, dr_bo, ida())

    assert (answer.status_code, problem_in(answer)) == (403, "forbidden")
    assert await superuser.fetchval("SELECT count(*) FROM patient") == 0


async def test_an_admin_adds_a_patient_with_a_fresh_proof_of_identity_only(
    api: httpx.AsyncClient, ward: Ward, dr_bo: Person, superuser: Connection
) -> None:
    admin = await at_console(ward.pool, await ward.practitioner("al", role="admin"))
    team = [{"practitioner_id": str(dr_bo.id), "duty": "responsible"}]

    fresh = await add(api, admin, ida(team=team))
    alone = await add(api, admin, ida())
    await superuser.execute("UPDATE session SET step_up_at = app_now() - interval '5 min 1 s'")
    stale = await add(api, admin, ida(team=team))

    assert fresh.status_code == 201
    assert (alone.status_code, alone.json()["warnings"]) == (201, ["no_care_team"])
    assert (stale.status_code, problem_in(stale)) == (403, "step-up-required")
