"""The feed as a list, and one alert: who sees which, why it was raised, who was told."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.session import Connection, Pool
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.staff_side import audit_of, paged, raised


async def ids_of(api: httpx.AsyncClient, who: Person, query: str = "") -> list[UUID]:
    """List what somebody sees."""
    answer = await api.get(f"/v1/alerts{query}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return [UUID(item["id"]) for item in answer.json()["items"]]


async def one(api: httpx.AsyncClient, who: Person, alert_id: UUID) -> dict[str, Any]:
    """Open one alert."""
    answer = await api.get(f"/v1/alerts/{alert_id}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_says_why_it_was_raised_and_what_happens_next(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person
) -> None:
    alert_id = await raised(pool, ana, severity="urgent")

    found = await one(api, dr_bo, alert_id)

    assert found["patient_id"] == str(ana.id)
    assert (found["severity"], found["state"], found["round"]) == ("urgent", "open", 1)
    assert found["next_step_at"] == found["opened_at"]
    [source] = found["sources"]
    assert source["because"] == "lost 3.1 of 5.2 points"
    assert source["numbers"] == {"lost": 3.1, "gained": 5.2}
    assert [line["kind"] for line in found["history"]] == ["created"]


async def test_says_who_was_paged_and_how_it_went(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)
    delivery = await paged(pool, dr_bo, alert_id)
    await superuser.execute("UPDATE delivery SET state = 'accepted', attempt = 1")
    await superuser.execute(
        "INSERT INTO attempt (clinic_id, delivery_id, n, worker, outcome)"
        " VALUES ($1, $2, 1, 'w', 'accepted')",
        ana.clinic_id,
        delivery,
    )

    [page] = (await one(api, dr_bo, alert_id))["pages"]

    assert page["practitioner_id"] == str(dr_bo.id)
    assert (page["channel"], page["state"], page["outcome"]) == ("mail", "accepted", "accepted")
    assert page["handle"] == str(delivery)


async def test_shows_nobody_the_handle_of_a_colleagues_page(
    api: httpx.AsyncClient, pool: Pool, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(pool, ana)
    await paged(pool, dr_bo, alert_id)
    await paged(pool, nurse, alert_id)

    pages = (await one(api, nurse, alert_id))["pages"]

    assert {page["practitioner_id"]: "handle" in page for page in pages} == {
        str(dr_bo.id): False,
        str(nurse.id): True,
    }


async def test_lists_the_newest_first_and_live_ones_by_severity(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, clock: Clock
) -> None:
    emergency = await raised(pool, ana)
    await clock.advance(minutes=1)
    urgent = await raised(pool, ana, severity="urgent", rule="a.b")
    await clock.advance(minutes=1)
    routine = await raised(pool, ana, severity="routine", rule="c.d")

    assert await ids_of(api, dr_bo) == [routine, urgent, emergency]
    assert await ids_of(api, dr_bo, "?state=live") == [emergency, urgent, routine]


async def test_filters_by_state(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person
) -> None:
    waiting = await raised(pool, ana)
    taken = await raised(pool, ana, severity="urgent", rule="a.b")
    await api.post(f"/v1/alerts/{taken}/acknowledge", headers=dr_bo.headers)

    assert await ids_of(api, dr_bo, "?state=open") == [waiting]
    assert await ids_of(api, dr_bo, "?state=acked") == [taken]
    assert await ids_of(api, dr_bo, "?state=resolved") == []


@pytest.mark.parametrize("state", ["", "&state=live", "&state=open"])
async def test_f09_pages_through_every_alert_once(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, state: str
) -> None:
    made = {
        await raised(pool, ana, severity=severity, period=n)
        for severity in ("urgent", "routine")
        for n in range({"urgent": 0, "routine": 4}[severity], {"urgent": 4, "routine": 7}[severity])
    }
    seen: list[UUID] = []
    cursor = ""

    for _ in range(5):
        answer = await api.get(f"/v1/alerts?limit=2{state}{cursor}", headers=dr_bo.headers)
        page = answer.json()
        seen += [UUID(item["id"]) for item in page["items"]]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert len(seen) == len(made) == 7
    assert set(seen) == made


async def test_shows_the_alerts_of_ones_own_patients_only(
    api: httpx.AsyncClient, pool: Pool, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    colleague = await ward.practitioner("di")
    hers = await ward.patient("ida", colleague)
    mine, theirs = await raised(pool, ana), await raised(pool, hers)

    assert await ids_of(api, dr_bo) == [mine]
    assert await ids_of(api, colleague) == [theirs]
    answer = await api.get(f"/v1/alerts/{theirs}", headers=dr_bo.headers)
    assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")


@pytest.mark.parametrize("query", ["", "?state=live", "?state=open"])
async def test_a_page_brings_the_alert_into_ones_list_until_it_is_over(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection, query: str
) -> None:
    colleague = await ward.practitioner("di")
    alert_id = await raised(ward.pool, ana)
    before = await ids_of(api, colleague, query)
    await paged(ward.pool, colleague, alert_id)
    meanwhile = await ids_of(api, colleague, query)
    await superuser.execute(
        "UPDATE alert SET state = 'resolved', outcome = 'other', resolved_by = $1", uuid4()
    )

    assert (before, meanwhile) == ([], [alert_id])
    assert await ids_of(api, colleague) == []
    refused = await api.get(f"/v1/alerts/{alert_id}", headers=colleague.headers)
    assert problem_in(refused) == "care-relationship-required"


async def test_leaving_the_care_team_ends_the_view(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await raised(pool, ana)
    await superuser.execute("UPDATE membership SET until = app_now()")

    assert await ids_of(api, dr_bo) == []


async def test_shows_when_it_was_written_and_when_it_came(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id, entry = await raised(pool, ana), uuid4()
    who = (ana.clinic_id, ana.id, entry)
    await superuser.execute("INSERT INTO entry (clinic_id, patient_id, id) VALUES ($1,$2,$3)", *who)
    await superuser.execute(
        "INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,"
        " utc_offset_minutes, zone, local_date, form, language, answers, side_effects,"
        " content_hmac, speaks_of_suicide, warnings) VALUES ($1, $2, $3, 1,"
        " app_now() - interval '3 days', 60, 'Europe/Madrid', '2026-03-01', 'f@1', 'en', '{}',"
        " '[]', '', true, '{}')",
        *who,
    )
    await superuser.execute(
        "INSERT INTO alert_source (clinic_id, id, alert_id, patient_id, entry_id, revision, rule,"
        " reason) VALUES ($1, gen_random_uuid(), $4, $2, $3, 1, 'ideation.escalate', 'si_daily')",
        *who,
        alert_id,
    )

    found = await one(api, dr_bo, alert_id)

    [source] = [each for each in found["sources"] if "entry_id" in each]
    assert (source["entry_id"], source["reason"]) == (str(entry), "si_daily")
    assert source["written_at"] < source["received_at"]
    assert found["source_count"] == 2


async def test_a_colleagues_note_is_read_on_request_and_every_reading_is_recorded(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)
    await api.post(
        f"/v1/alerts/{alert_id}/resolve",
        headers=dr_bo.headers,
        json={"outcome": "called_spoke", "note": "spoke at length; sister is with her"},
    )

    without = await one(api, dr_bo, alert_id)
    answer = await api.get(f"/v1/alerts/{alert_id}?notes=true", headers=dr_bo.headers)

    assert without["has_note"] is True
    assert "note" not in without
    assert answer.json()["note"] == "spoke at length; sister is with her"
    reads = [row for row in await audit_of(superuser, alert_id) if row[0] == "alert.read_note"]
    assert reads == [("alert.read_note", "done", dr_bo.id)]


async def test_the_staff_app_reads_a_note_only_after_a_fresh_step_up(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)
    await superuser.execute(
        "UPDATE session SET step_up_at = app_now() - interval '12 hours 1 second'"
    )

    listed = await api.get(f"/v1/alerts/{alert_id}", headers=dr_bo.headers)
    answer = await api.get(f"/v1/alerts/{alert_id}?notes=true", headers=dr_bo.headers)

    assert listed.status_code == 200
    assert (answer.status_code, problem_in(answer)) == (403, "step-up-required")
    assert ("alert.read", "denied", dr_bo.id) in await audit_of(superuser, alert_id)


@pytest.mark.parametrize(
    "query",
    [
        "sort=note;--",
        "offset=50000",
        "severity=emergency",
        "state=closed",
        "state=",
        "state=open&state=acked",
        "limit=0",
        "limit=-1",
        "limit=201",
        "limit=1e9",
        "limit=abc",
        "limit=1&limit=1",
    ],
)
async def test_f08_refuses_a_query_nobody_knows(
    api: httpx.AsyncClient, dr_bo: Person, query: str
) -> None:
    answer = await api.get(f"/v1/alerts?{query}", headers=dr_bo.headers)

    assert (answer.status_code, problem_in(answer)) == (422, "invalid-query")


async def test_refuses_a_cursor_of_another_person_list_or_making(
    api: httpx.AsyncClient, pool: Pool, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    colleague = await ward.practitioner("di")
    for n in range(2):
        await raised(pool, ana, severity="routine", period=n)
    page = await api.get("/v1/alerts?limit=1", headers=dr_bo.headers)
    cursor = page.json()["next_cursor"]

    for who, query in (
        (colleague, f"cursor={cursor}"),
        (dr_bo, f"state=open&cursor={cursor}"),
        (dr_bo, f"cursor={cursor[:-2]}"),
        (dr_bo, "cursor=50000"),
    ):
        answer = await api.get(f"/v1/alerts?{query}", headers=who.headers)
        assert (answer.status_code, problem_in(answer)) == (422, "invalid-cursor")


async def test_asks_to_start_again_after_a_restore(
    api: httpx.AsyncClient, pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    for n in range(2):
        await raised(pool, ana, severity="routine", period=n)
    page = await api.get("/v1/alerts?limit=1", headers=dr_bo.headers)
    await superuser.execute("UPDATE gate.epoch SET epoch = gen_random_uuid()")

    answer = await api.get(f"/v1/alerts?cursor={page.json()['next_cursor']}", headers=dr_bo.headers)

    assert (answer.status_code, problem_in(answer)) == (410, "resync-required")
