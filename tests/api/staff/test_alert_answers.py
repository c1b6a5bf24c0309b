"""Acknowledge, give back, act, resolve, over the wire."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.staff_side import audit_of, paged, raised, sign_in

ENDING = {"outcome": "called_spoke", "note": "spoke with her"}
CALLED = {"code": "called_spoke"}


async def post(
    api: httpx.AsyncClient, who: Person, alert_id: UUID, what: str, body: Any = None
) -> httpx.Response:
    """Answer an alert."""
    return await api.post(f"/v1/alerts/{alert_id}/{what}", headers=who.headers, json=body)


async def test_an_acknowledgement_says_by_when_something_must_be_done(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "acknowledge")

    found = answer.json()
    assert answer.status_code == 200
    assert (found["state"], found["acked_by"], found["acks"]) == ("acked", str(dr_bo.id), 1)
    assert found["next_step_at"] == found["action_due_at"] > found["acked_at"]
    assert await audit_of(superuser, alert_id) == [("alert.acknowledge", "done", dr_bo.id)]


async def test_the_same_person_again_gets_the_same_answer(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, clock: Clock
) -> None:
    alert_id = await raised(ward.pool, ana)
    first = await post(api, dr_bo, alert_id, "acknowledge")
    await clock.advance(minutes=3)

    again = await post(api, dr_bo, alert_id, "acknowledge")

    assert (again.status_code, again.content) == (200, first.content)


async def test_somebody_else_is_told_who_has_it_and_since_when(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(ward.pool, ana)
    await paged(ward.pool, nurse, alert_id)
    first = await post(api, dr_bo, alert_id, "acknowledge")

    second = await post(api, nurse, alert_id, "acknowledge")

    assert (second.status_code, problem_in(second)) == (409, "already-acked")
    refusal = second.json()
    assert (refusal["acked_by"], refusal["acked_by_name"]) == (str(dr_bo.id), "bo")
    assert refusal["acked_at"] == first.json()["acked_at"]


async def test_f02_of_two_at_once_one_has_it_and_one_learns_who(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(ward.pool, ana)
    await paged(ward.pool, nurse, alert_id)

    answers = await asyncio.gather(
        post(api, dr_bo, alert_id, "acknowledge"), post(api, nurse, alert_id, "acknowledge")
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    acks = await superuser.fetchval("SELECT count(*) FROM alert_history WHERE kind = 'acked'")
    assert acks == 1


async def test_f03_a_patient_cannot_acknowledge_and_nobody_can_without_a_session(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    alert_id = await raised(ward.pool, ana)

    by_patient = await post(api, ana, alert_id, "acknowledge")
    by_nobody = await api.post(f"/v1/alerts/{alert_id}/acknowledge")

    assert (by_patient.status_code, problem_in(by_patient)) == (403, "forbidden")
    assert (by_nobody.status_code, problem_in(by_nobody)) == (401, "unauthenticated")
    assert await superuser.fetchval("SELECT state FROM alert") == "open"


async def test_giving_back_opens_it_again(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(ward.pool, ana)
    await post(api, dr_bo, alert_id, "acknowledge")

    answer = await post(api, dr_bo, alert_id, "unacknowledge")

    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert "acked_by" not in answer.json()
    assert await superuser.fetchval("SELECT round FROM alert") == 2


async def test_an_action_is_recorded_once_however_often_it_is_sent(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id, action = await raised(ward.pool, ana), {**CALLED, "id": str(uuid4())}

    answers = [await post(api, dr_bo, alert_id, "actions", action) for _ in range(3)]
    other = await post(api, dr_bo, alert_id, "actions", {**action, "code": "safety_plan"})

    assert {answer.status_code for answer in answers} == {200}
    assert (other.status_code, problem_in(other)) == (409, "id-conflict")
    detail = await superuser.fetch("SELECT detail FROM alert_history WHERE kind = 'action'")
    assert len(detail) == 1
    assert detail[0]["detail"]["code"] == "called_spoke"


@pytest.mark.parametrize(
    "body",
    [{"code": "prayed"}, {}, {"code": "other", "clinic_id": str(uuid4())}, [], {"code": 1}],
)
async def test_an_action_nobody_knows_is_refused(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, body: Any
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "actions", body)

    assert answer.status_code == 422
    assert problem_in(answer) in {"invalid-query", "unknown-field"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"outcome": "called_spoke"},
        {"note": "spoke with her"},
        {"outcome": "called_spoke", "note": ""},
        {"outcome": "called_spoke", "note": " \n\t"},
    ],
)
async def test_f04_an_alert_does_not_end_without_outcome_and_note(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, body: Any
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "resolve", body)

    assert (answer.status_code, problem_in(answer)) == (422, "outcome-required")
    after = await api.get(f"/v1/alerts/{alert_id}", headers=dr_bo.headers)
    assert after.json()["state"] == "open"


async def test_a_note_is_never_stored_in_the_clear(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "resolve", ENDING)

    assert (answer.status_code, answer.json()["state"]) == (200, "resolved")
    row = await superuser.fetchrow("SELECT * FROM alert")
    assert row is not None
    assert b"spoke with her" not in row["note_ct"]
    assert "spoke" not in str([value for key, value in row.items() if key != "outcome"])


async def test_a_note_longer_than_a_note_may_be_is_refused(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "resolve", {**ENDING, "note": "é" * 10_001})

    assert (answer.status_code, problem_in(answer)) == (422, "note-too-long")


@pytest.mark.parametrize(
    ("judged", "kept"),
    [({}, {}), ({"useful": True}, {"useful": True}), ({"useful": False}, {"useful": False})],
    ids=["nothing said", "useful", "not useful"],
)
async def test_whether_an_alert_was_useful_is_kept_with_its_history(
    api: httpx.AsyncClient,
    ward: Ward,
    ana: Person,
    dr_bo: Person,
    superuser: Connection,
    judged: dict[str, bool],
    kept: dict[str, bool],
) -> None:
    alert_id = await raised(ward.pool, ana)

    answer = await post(api, dr_bo, alert_id, "resolve", {**ENDING, **judged})

    assert answer.status_code == 200
    detail = await superuser.fetchval("SELECT detail FROM alert_history WHERE kind = 'resolved'")
    assert detail == {"outcome": ENDING["outcome"], **kept}


async def test_resolving_twice_is_one_answer_and_otherwise_a_conflict(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    alert_id = await raised(ward.pool, ana)

    first = await post(api, dr_bo, alert_id, "resolve", ENDING)
    again = await post(api, dr_bo, alert_id, "resolve", ENDING)
    other = await post(api, dr_bo, alert_id, "resolve", {**ENDING, "outcome": "safety_plan"})
    late = await post(api, dr_bo, alert_id, "actions", CALLED)
    back = await post(api, dr_bo, alert_id, "unacknowledge")

    assert (again.status_code, again.content) == (200, first.content)
    for refused in (other, late, back):
        assert (refused.status_code, problem_in(refused)) == (409, "already-resolved")
        assert refused.json()["resolved_by"] == str(dr_bo.id)


async def test_who_was_only_paged_can_repeat_the_answer_that_got_lost(
    api: httpx.AsyncClient, ward: Ward, ana: Person
) -> None:
    on_call = await ward.practitioner("di")
    alert_id = await raised(ward.pool, ana)
    await paged(ward.pool, on_call, alert_id)

    first = await post(api, on_call, alert_id, "resolve", ENDING)
    again = await post(api, on_call, alert_id, "resolve", ENDING)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content


async def test_the_staff_app_resolves_after_a_step_up_only(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    phone = await sign_in(ward.pool, dr_bo, "staff", stepped_up=False)
    alert_id = await raised(ward.pool, ana)

    refused = await post(api, phone, alert_id, "resolve", ENDING)
    taken = await post(api, phone, alert_id, "acknowledge")
    acted = await post(api, phone, alert_id, "actions", CALLED)

    assert (refused.status_code, problem_in(refused)) == (403, "step-up-required")
    assert (taken.status_code, acted.status_code) == (200, 200)


async def test_without_a_care_relationship_nothing_can_be_answered(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    stranger = await ward.practitioner("di")
    alert_id = await raised(ward.pool, ana)

    for what, body in (
        ("acknowledge", None),
        ("unacknowledge", None),
        ("actions", CALLED),
        ("resolve", ENDING),
    ):
        answer = await post(api, stranger, alert_id, what, body)
        assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")

    assert await superuser.fetchval("SELECT state FROM alert") == "open"
    assert await superuser.fetchval("SELECT count(*) FROM audit_event WHERE outcome='denied'") == 4


@pytest.mark.parametrize("role", ["researcher", "admin"])
async def test_researchers_and_admins_have_no_alerts(
    api: httpx.AsyncClient, ward: Ward, ana: Person, role: str
) -> None:
    person = await ward.practitioner("ro", role=role)
    alert_id = await raised(ward.pool, ana)

    listed = await api.get("/v1/alerts", headers=person.headers)
    taken = await post(api, person, alert_id, "acknowledge")

    assert (listed.status_code, problem_in(listed)) == (403, "forbidden")
    assert (taken.status_code, problem_in(taken)) == (403, "forbidden")


async def test_a_test_page_about_nobody_needs_no_note(
    api: httpx.AsyncClient, ward: Ward, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = uuid4()
    await superuser.execute(
        "INSERT INTO alert (clinic_id, id, rule, severity, severity_rank)"
        " VALUES ($1, $2, 'test.page', 'test', 8)",
        ward.clinic_id,
        alert_id,
    )
    unseen = await post(api, dr_bo, alert_id, "acknowledge")
    await paged(ward.pool, dr_bo, alert_id)

    answer = await post(api, dr_bo, alert_id, "resolve", {"outcome": "other"})

    assert (unseen.status_code, problem_in(unseen)) == (404, "not-found")
    assert (answer.status_code, answer.json()["state"]) == (200, "resolved")
