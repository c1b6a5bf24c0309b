"""The chart over the wire: everything on one time line, what was written only on request."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import subject_for
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.staff_side import audit_of, paged, raised, sign_in

NOTE = "I slept badly; the ceiling hummed."

ENTRY = "INSERT INTO entry (clinic_id, patient_id, id, revision) VALUES ($1, $2, $3, $4)"
REVISION = """
INSERT INTO entry_revision (clinic_id, patient_id, entry_id, revision, occurred_at,
    utc_offset_minutes, zone, local_date, form, language, answers, side_effects, content_hmac,
    speaks_of_suicide, warnings, note_ct)
VALUES ($1, $2, $3, $4, $5, 60, 'Europe/Madrid', $6, $7, 'en', $8, $9, '', false, '{}', $10)
"""
QUARANTINE = """
INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label, expires_at)
VALUES ($1, $2, $3, 'malformed-json', '', $4, 'review', app_now() + interval '30 days')
"""


async def write(
    pool: Pool,
    keyring: Keyring,
    who: Person,
    day: date,
    answers: dict[str, Any] | None = None,
    *,
    form: str = "daily_depression@1",
    notes: tuple[str | None, ...] = (NOTE,),
) -> UUID:
    """Store an entry as the patient's phone would have it stored; one revision for each note."""
    entry = uuid7()
    async with clinic_transaction(pool, who.clinic_id) as db:
        keys = await subject_for(db, keyring, who.clinic_id, who.id)
        await db.execute(ENTRY, who.clinic_id, who.id, entry, len(notes))
        for n, note in enumerate(notes, start=1):
            await db.execute(
                REVISION, who.clinic_id, who.id, entry, n,
                datetime(day.year, day.month, day.day, 12, tzinfo=UTC), day, form, answers or {},
                [{"id": "nausea", "severity": 1}],
                None if note is None else keys.seal_text("entry.note", entry, note, revision=n),
            )  # fmt: skip
    return entry


async def chart(
    api: httpx.AsyncClient, who: Person, patient: Person, query: str = ""
) -> dict[str, Any]:
    """Read a chart."""
    answer = await api.get(f"/v1/patients/{patient.id}/chart{query}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
async def today(clock: Clock) -> date:
    """Say which day it is where ana lives."""
    return (await clock.now() + timedelta(hours=1)).date()


async def test_an_entry_shows_what_its_answers_add_up_to(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, today: date
) -> None:
    core = {"low_mood": 6, "anhedonia": 4, "hopelessness": 8, "fatigue": 2}
    await write(ward.pool, ward.keyring, ana, today, core)

    [entry] = (await chart(api, dr_bo, ana))["entries"]

    assert (entry["composite"], entry["local_date"]) == (5, today.isoformat())
    assert entry["side_effects"] == [{"id": "nausea", "severity": 1}]
    assert entry["has_note"] is True
    assert "note" not in entry


async def test_too_few_answers_have_no_composite(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, today: date
) -> None:
    await write(ward.pool, ward.keyring, ana, today, {"low_mood": 6})

    [entry] = (await chart(api, dr_bo, ana))["entries"]

    assert "composite" not in entry


async def test_an_instrument_shows_its_total_and_band(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, today: date
) -> None:
    items = {f"phq9_{n}": 1 for n in range(1, 10)}
    await write(ward.pool, ward.keyring, ana, today, items, form="phq9@1")

    [entry] = (await chart(api, dr_bo, ana))["entries"]

    assert (entry["score"]["points"], entry["score"]["prorated"]) == (9, False)
    assert entry["score"]["band"]


async def test_infusions_come_with_dose_readings_and_phase(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, today: date
) -> None:
    start = datetime(today.year, today.month, today.day, 9, tzinfo=UTC)
    infusion = {"id": str(uuid4()), "started_at": start.isoformat(), "dose_mg_per_kg": 0.5}
    path = f"/v1/patients/{ana.id}/infusions"
    await api.post(path, headers=bo_at_desk.headers, json=infusion)
    reading = {
        "id": str(uuid4()),
        "kind": "systolic",
        "value": 165,
        "moment": "during",
        "measured_at": start.isoformat(),
    }
    await api.post(
        f"{path}/{infusion['id']}/vitals", headers=bo_at_desk.headers, json={"readings": [reading]}
    )

    found = await chart(api, bo_at_desk, ana)

    [shown] = found["infusions"]
    assert (shown["id"], shown["dose_mg_per_kg"]) == (infusion["id"], 0.5)
    assert shown["vitals"][0]["hypertension_grade"] == 3
    assert [phase["phase"] for phase in found["phases"]] == ["baseline", "induction"]
    assert found["patient"]["phase"] == "induction"


async def test_alerts_and_findings_are_on_the_line(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    alert_id = await raised(ward.pool, ana)

    found = await chart(api, dr_bo, ana)
    back_then = await chart(api, dr_bo, ana, "?since=2026-02-25&until=2026-03-05")

    assert [alert["id"] for alert in found["alerts"]] == [str(alert_id)]
    assert [each["because"] for each in back_then["findings"]] == ["lost 3.1 of 5.2 points"]


async def test_what_was_written_is_shown_on_request_and_every_reading_is_recorded(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person, superuser: Connection
) -> None:
    today = (await superuser.fetchval("SELECT app_now()")).date()
    await write(ward.pool, ward.keyring, ana, today, notes=("first words", NOTE))

    found = await chart(api, bo_at_desk, ana, "?notes=true")

    [entry] = found["entries"]
    assert (entry["note"], entry["revision"]) == (NOTE, 2)
    row = await superuser.fetchrow("SELECT * FROM audit_event WHERE action = 'chart.read_text'")
    assert row is not None
    assert (row["actor_id"], row["patient_id"], row["outcome"]) == (bo_at_desk.id, ana.id, "done")
    assert row["fields"] == ["note", f"since:{found['since']}", f"until:{found['until']}"]
    assert NOTE not in str(dict(row))


async def test_a_chart_without_text_is_recorded_as_such(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await chart(api, dr_bo, ana)

    assert await audit_of(superuser, ana.id) == [("chart.read", "done", dr_bo.id)]


async def test_what_the_patient_has_hidden_is_marked_and_shown(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    today = (await superuser.fetchval("SELECT app_now()")).date()
    await write(ward.pool, ward.keyring, ana, today)
    await superuser.execute("UPDATE entry SET hidden_at = app_now()")

    [entry] = (await chart(api, dr_bo, ana))["entries"]

    assert entry["hidden"] is True


async def test_a_refused_body_is_shown_as_unverified(
    api: httpx.AsyncClient, ward: Ward, ana: Person, bo_at_desk: Person
) -> None:
    row = uuid7()
    async with clinic_transaction(ward.pool, ana.clinic_id) as db:
        keys = await subject_for(db, ward.keyring, ana.clinic_id, ana.id)
        body = keys.seal("quarantine.body", row, b'{"note": "half a mess\xff')
        await db.execute(QUARANTINE, ana.clinic_id, row, ana.id, body)

    [without] = (await chart(api, bo_at_desk, ana))["unverified"]
    [with_text] = (await chart(api, bo_at_desk, ana, "?notes=true"))["unverified"]

    assert (without["refused_as"], without["label"]) == ("malformed-json", "review")
    assert "text" not in without
    assert with_text["text"] == '{"note": "half a mess�'


async def test_days_are_those_of_the_range_both_ends_included(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(5)]
    for day in reversed(days):
        await write(ward.pool, ward.keyring, ana, day)

    found = await chart(api, dr_bo, ana, "?since=2026-01-02&until=2026-01-04")

    shown = [entry["local_date"] for entry in found["entries"]]
    assert shown == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert (found["since"], found["until"], found["truncated"]) == (
        "2026-01-02",
        "2026-01-04",
        False,
    )


async def test_without_a_word_the_last_half_year_is_shown(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person, today: date
) -> None:
    found = await chart(api, dr_bo, ana)

    since, until = date.fromisoformat(found["since"]), date.fromisoformat(found["until"])
    assert until - since == timedelta(days=180)
    assert since < today < until


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=20260101",
        "since=2026-02-30",
        "since=2026-01-02&until=2026-01-01",
        "since=2025-01-01&until=2026-06-01",
        "notes=yes",
        "notes=true&notes=true",
        "sort=note;--",
        "until=0001-01-01&since=9999-12-31",
    ],
)
async def test_a_range_that_cannot_be_is_refused(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person, query: str
) -> None:
    answer = await api.get(f"/v1/patients/{ana.id}/chart?{query}", headers=dr_bo.headers)

    assert (answer.status_code, problem_in(answer)) == (422, "invalid-query")


async def test_a_range_at_the_edge_of_time_is_answered(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person
) -> None:
    for query in ("?until=0001-01-01", "?since=9999-12-01&until=9999-12-31"):
        answer = await api.get(f"/v1/patients/{ana.id}/chart{query}", headers=dr_bo.headers)
        assert answer.status_code in {200, 422}


async def test_the_staff_app_reads_text_for_twelve_hours_after_a_step_up(
    api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    phone = await sign_in(ward.pool, dr_bo, "staff")
    path = f"/v1/patients/{ana.id}/chart"
    statuses: list[int] = []

    for age in ("11 hours 59 minutes", "12 hours 1 minute"):
        await superuser.execute(
            "UPDATE session SET step_up_at = app_now() - $1::text::interval", age
        )
        answer = await api.get(f"{path}?notes=true", headers=phone.headers)
        statuses.append(answer.status_code)

    assert statuses == [200, 403]
    assert problem_in(answer) == "step-up-required"
    assert (await api.get(path, headers=phone.headers)).status_code == 200


async def test_whoever_was_paged_reads_text_for_a_day(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    on_call = await ward.practitioner("di")
    await paged(ward.pool, on_call, await raised(ward.pool, ana))
    path = f"/v1/patients/{ana.id}/chart"
    fresh = await api.get(f"{path}?notes=true", headers=on_call.headers)
    await superuser.execute("UPDATE delivery SET created_at = app_now() - interval '24 h 1 s'")

    late = await api.get(f"{path}?notes=true", headers=on_call.headers)
    scores = await api.get(path, headers=on_call.headers)

    assert (fresh.status_code, scores.status_code) == (200, 200)
    assert (late.status_code, problem_in(late)) == (403, "care-relationship-required")


async def test_a_refused_reading_is_recorded_and_nothing_is_read(
    api: httpx.AsyncClient, ward: Ward, ana: Person, superuser: Connection
) -> None:
    stranger = await ward.practitioner("di")

    answer = await api.get(f"/v1/patients/{ana.id}/chart?notes=true", headers=stranger.headers)

    assert (answer.status_code, problem_in(answer)) == (403, "care-relationship-required")
    assert await audit_of(superuser, ana.id) == [("chart.read", "denied", stranger.id)]
