"""The treatment's side of the time line: recorded once, corrected with its past kept."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.staff_side import audit_of

START = datetime(2026, 1, 5, 10, tzinfo=UTC)


def record(at: datetime = START, **more: Any) -> dict[str, Any]:
    """Describe an infusion."""
    return {
        "started_at": at.isoformat(),
        "ended_at": (at + timedelta(minutes=40)).isoformat(),
        "dose_mg_per_kg": 0.5,
        "dose_mg": 38.5,
        "outcome": "completed",
        **more,
    }


def new(at: datetime = START, **more: Any) -> dict[str, Any]:
    """Describe an infusion with an id of its own."""
    return {"id": str(uuid4()), **record(at, **more)}


async def add(api: httpx.AsyncClient, who: Person, patient: Person, body: Any) -> httpx.Response:
    """Record an infusion."""
    return await api.post(f"/v1/patients/{patient.id}/infusions", headers=who.headers, json=body)


async def correct(
    api: httpx.AsyncClient, who: Person, patient: Person, infusion: str, body: Any, **headers: str
) -> httpx.Response:
    """Correct an infusion."""
    return await api.patch(
        f"/v1/patients/{patient.id}/infusions/{infusion}",
        headers={**who.headers, **headers},
        json=body,
    )


async def plan(api: httpx.AsyncClient, who: Person, patient: Person, **body: Any) -> None:
    """Plan the course."""
    answer = await api.put(f"/v1/patients/{patient.id}/course", headers=who.headers, json=body)
    assert answer.status_code == 200, answer.text


async def phases(db: Connection) -> list[tuple[str, str]]:
    """List the changes of phase with their reasons."""
    rows = await db.fetch("SELECT phase, reason FROM course_phase ORDER BY course_id, id")
    return [(row["phase"], row["reason"]) for row in rows]


async def test_the_first_infusion_begins_the_induction(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    body = new()

    answer = await add(api, bo_at_desk, ana, body)

    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["revision"], found["route"], found["warnings"]) == (1, "iv", [])
    assert (found["local_date"], answer.headers["etag"]) == ("2026-01-05", '"1"')
    assert await phases(superuser) == [("baseline", "opened"), ("induction", "first_infusion")]
    assert ("infusion.record", "done", bo_at_desk.id) in await audit_of(superuser, UUID(body["id"]))


async def test_the_day_is_the_patients_own(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # half past midnight in Madrid

    answer = await add(api, bo_at_desk, ana, new(late))

    assert answer.json()["local_date"] == "2026-01-06"


async def test_the_same_request_again_is_the_same_infusion(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    body = new()
    first = await add(api, bo_at_desk, ana, body)

    again = await add(api, bo_at_desk, ana, body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert len(await phases(superuser)) == 2


async def test_the_same_request_after_a_correction_is_still_the_same_infusion(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    body = new()
    await add(api, bo_at_desk, ana, body)
    changed = record(dose_mg=40)
    await correct(api, bo_at_desk, ana, body["id"], changed, **{"If-Match": '"1"'})

    again = await add(api, bo_at_desk, ana, body)
    other = await add(api, bo_at_desk, ana, {**body, "dose_mg": 41})

    assert (again.status_code, again.json()["revision"]) == (200, 2)
    assert (other.status_code, problem_in(other)) == (409, "id-conflict")


async def test_an_id_of_another_patient_is_a_conflict(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, bo_at_desk: Person
) -> None:
    ida, body = await ward.patient("ida", dr_bo), new()
    await add(api, bo_at_desk, ida, body)

    answer = await add(api, bo_at_desk, ana, body)

    assert (answer.status_code, problem_in(answer)) == (409, "id-conflict")


async def test_the_planned_count_ends_the_induction(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    await plan(api, bo_at_desk, ana, planned_infusions=2)

    for n in range(2):
        await add(api, bo_at_desk, ana, new(START + timedelta(days=3 * n)))

    assert (await phases(superuser))[-1] == ("follow_up", "planned_count_reached")
    ended = await superuser.fetchval(
        "SELECT max(started_at) FROM course_phase WHERE phase LIKE 'f%'"
    )
    assert ended == START + timedelta(days=3)


async def test_the_induction_leads_to_maintenance_where_more_is_meant_to_come(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    await plan(api, bo_at_desk, ana, planned_infusions=1, interval_days_target=21)

    await add(api, bo_at_desk, ana, new())

    assert (await phases(superuser))[-1] == ("maintenance", "planned_count_reached")


async def test_more_than_planned_is_a_warning_and_a_new_course_after_follow_up(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    await plan(api, bo_at_desk, ana, planned_infusions=1, interval_days_target=21)
    await add(api, bo_at_desk, ana, new())
    over = await add(api, bo_at_desk, ana, new(START + timedelta(days=21)))
    await plan(
        api, bo_at_desk, ana, planned_infusions=1, phase="follow_up", reason="patient_is_well"
    )

    again = await add(api, bo_at_desk, ana, new(START + timedelta(days=90)))

    assert over.json()["warnings"] == ["over_planned_count"]
    assert again.json()["warnings"] == []
    assert again.json()["course_id"] != over.json()["course_id"]
    assert await superuser.fetchval("SELECT count(*) FROM course WHERE closed_at IS NULL") == 1


async def test_a_second_infusion_within_a_day_is_stored_with_a_warning(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    await add(api, bo_at_desk, ana, new())

    answer = await add(api, bo_at_desk, ana, new(START + timedelta(hours=23)))

    assert (answer.status_code, answer.json()["warnings"]) == (201, ["within_24_hours"])


async def test_an_infusion_without_an_end_is_told_after_three_hours(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, clock: Clock
) -> None:
    start = await clock.now() - timedelta(hours=2, minutes=55)
    body = {"id": str(uuid4()), "started_at": start.isoformat()}
    at_once = await add(api, bo_at_desk, ana, body)
    await clock.advance(minutes=5, seconds=1)

    later = await add(api, bo_at_desk, ana, body)

    assert (at_once.json()["warnings"], later.json()["warnings"]) == ([], ["end_missing"])


@pytest.mark.parametrize(
    ("change", "slug"),
    [
        ({"ended_at": (START - timedelta(seconds=1)).isoformat()}, "invalid-time"),
        ({"visit_started_at": (START + timedelta(hours=1)).isoformat()}, "invalid-time"),
        ({"visit_ended_at": (START + timedelta(minutes=39)).isoformat()}, "invalid-time"),
        ({"started_at": "2026-01-05T10:00:00"}, "invalid-time"),
        ({"dose_mg": 0}, "invalid-query"),
        ({"dose_mg": -1}, "invalid-query"),
        ({"dose_mg": "38"}, "invalid-query"),
        ({"route": "smoke"}, "invalid-query"),
        ({"outcome": "stopped_early"}, "invalid-query"),
        ({"outcome": "slowed", "outcome_reason": "She was afraid."}, "invalid-query"),
        ({"course_id": str(uuid4())}, "unknown-field"),
    ],
)
async def test_what_cannot_have_been_is_refused(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, change: dict[str, Any], slug: str
) -> None:
    answer = await add(api, bo_at_desk, ana, new(**change))

    assert (answer.status_code, problem_in(answer)) == (422, slug)


async def test_a_refused_infusion_leaves_no_trace(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    await add(api, bo_at_desk, ana, new(dose_mg=0))

    for table in ("infusion", "course", "course_phase"):
        assert await superuser.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_correction_keeps_what_was_said_before(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    body = new()
    await add(api, bo_at_desk, ana, body)

    answer = await correct(
        api, bo_at_desk, ana, body["id"], record(dose_mg=40), **{"If-Match": '"1"'}
    )

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["dose_mg"] == 40
    [kept] = await superuser.fetch("SELECT revision, record, recorded_by FROM infusion_revision")
    assert (kept["revision"], kept["recorded_by"]) == (1, bo_at_desk.id)
    assert kept["record"]["dose_mg"] == 38.5
    assert kept["record"]["started_at"] == START.isoformat()


@pytest.mark.parametrize(
    ("match", "status", "slug"),
    [(None, 428, "precondition-required"), ('"7"', 412, "version-conflict")],
)
async def test_a_correction_names_the_revision_it_was_made_from(
    api: httpx.AsyncClient,
    ana: Person,
    bo_at_desk: Person,
    match: str | None,
    status: int,
    slug: str,
) -> None:
    body = new()
    await add(api, bo_at_desk, ana, body)
    headers = {} if match is None else {"If-Match": match}

    answer = await correct(api, bo_at_desk, ana, body["id"], record(dose_mg=40), **headers)

    assert (answer.status_code, problem_in(answer)) == (status, slug)


async def test_a_correction_whose_answer_got_lost_can_be_sent_again(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    body = new()
    await add(api, bo_at_desk, ana, body)
    changed = record(dose_mg=40)

    answers = [
        await correct(api, bo_at_desk, ana, body["id"], changed, **{"If-Match": '"1"'})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert await superuser.fetchval("SELECT count(*) FROM infusion_revision") == 1


@pytest.mark.parametrize("what", ["record", "correct"])
async def test_what_changes_the_treatment_has_the_chart_assessed_again(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, superuser: Connection, what: str
) -> None:
    body = new()
    if what == "correct":
        await add(api, bo_at_desk, ana, body)
    for _ in range(2):
        await superuser.execute(
            "INSERT INTO entry (clinic_id, patient_id, id, assessed_at)"
            " VALUES ($1, $2, gen_random_uuid(), app_now())",
            ana.clinic_id,
            ana.id,
        )

    if what == "correct":
        await correct(api, bo_at_desk, ana, body["id"], record(dose_mg=9), **{"If-Match": '"1"'})
    else:
        await add(api, bo_at_desk, ana, body)

    waiting = await superuser.fetch("SELECT id FROM entry WHERE assessed_at IS NULL")
    newest = await superuser.fetchval("SELECT id FROM entry ORDER BY received_at DESC LIMIT 1")
    assert [row["id"] for row in waiting] == [newest]


async def test_on_call_is_not_enough_to_treat(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    by_phone = await add(api, dr_bo, ana, new())

    assert (by_phone.status_code, problem_in(by_phone)) == (403, "forbidden")
    assert await superuser.fetchval("SELECT count(*) FROM infusion") == 0
