"""Readings around an infusion: stored once, with a unit, graded."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.hints import Hints
from models.session import Connection
from tests.api.kit import problem_in
from tests.cast import Person

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.fixture
async def infusion(api: httpx.AsyncClient, ana: Person, bo_at_desk: Person) -> str:
    """Give ana an infusion."""
    body = {"id": str(uuid4()), "started_at": AT.isoformat()}
    answer = await api.post(
        f"/v1/patients/{ana.id}/infusions", headers=bo_at_desk.headers, json=body
    )
    assert answer.status_code == 201
    return body["id"]


def reading(kind: str, value: float, *, minutes: int = 0, **more: Any) -> dict[str, Any]:
    """Describe one reading."""
    at = (AT + timedelta(minutes=minutes)).isoformat()
    return {
        "id": str(uuid4()),
        "kind": kind,
        "value": value,
        "moment": "during",
        "measured_at": at,
        **more,
    }


async def send(
    api: httpx.AsyncClient, who: Person, patient: Person, infusion: str, *readings: Any
) -> httpx.Response:
    """Store readings."""
    return await api.post(
        f"/v1/patients/{patient.id}/infusions/{infusion}/vitals",
        headers=who.headers,
        json={"readings": list(readings)},
    )


async def test_a_pressure_is_graded_and_has_its_unit(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str
) -> None:
    answer = await send(
        api, bo_at_desk, ana, infusion, reading("systolic", 150), reading("diastolic", 85)
    )

    [moment] = answer.json()["moments"]
    assert (moment["hypertension_grade"], moment["alarms"]) == (2, [])
    assert {each["unit"] for each in moment["readings"]} == {"mm[Hg]"}
    assert {each["measured_by"] for each in moment["readings"]} == {str(bo_at_desk.id)}


async def test_what_is_beyond_the_limits_is_told_and_stored(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str, superuser: Connection
) -> None:
    answer = await send(
        api,
        bo_at_desk,
        ana,
        infusion,
        reading("systolic", 178),
        reading("heart_rate", 141),
        reading("spo2", 90),
    )

    [moment] = answer.json()["moments"]
    assert answer.status_code == 200
    assert moment["hypertension_grade"] == 3
    assert set(moment["alarms"]) == {"hypertension_grade_3", "spo2_low", "heart_rate_high"}
    assert await superuser.fetchval("SELECT count(*) FROM vital") == 3


async def test_moments_come_by_time_with_all_that_was_read_before(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str
) -> None:
    await send(api, bo_at_desk, ana, infusion, reading("spo2", 98, minutes=15))

    answer = await send(
        api, bo_at_desk, ana, infusion, reading("spo2", 99, minutes=-10, moment="before")
    )

    moments = answer.json()["moments"]
    assert [each["moment"] for each in moments] == ["before", "during"]


async def test_the_same_readings_again_are_stored_once(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str, superuser: Connection
) -> None:
    one = reading("spo2", 98)
    first = await send(api, bo_at_desk, ana, infusion, one)

    again = await send(api, bo_at_desk, ana, infusion, one)
    other = await send(api, bo_at_desk, ana, infusion, {**one, "value": 97})

    assert again.content == first.content
    assert (other.status_code, problem_in(other)) == (409, "id-conflict")
    assert await superuser.fetchval("SELECT value FROM vital") == 98


async def test_readings_are_stored_all_or_none(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str, superuser: Connection
) -> None:
    one = reading("spo2", 98)
    await send(api, bo_at_desk, ana, infusion, one)

    await send(api, bo_at_desk, ana, infusion, reading("spo2", 95), {**one, "value": 97})

    assert await superuser.fetchval("SELECT count(*) FROM vital") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        reading("spo2", 101),
        reading("systolic", 0),
        reading("systolic", 400),
        reading("mood", 5),
        reading("spo2", 98, moment="after"),
        reading("spo2", 98, unit="%"),
        reading("spo2", 98, measured_at="2026-01-05T10:00:00"),
    ],
)
async def test_what_cannot_be_a_reading_is_refused(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str, wrong: Any
) -> None:
    answer = await send(api, bo_at_desk, ana, infusion, wrong)

    assert answer.status_code == 422


async def test_no_readings_are_no_request(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person, infusion: str
) -> None:
    answer = await send(api, bo_at_desk, ana, infusion)

    assert (answer.status_code, problem_in(answer)) == (422, "invalid-query")


async def test_an_infusion_of_nobody_has_no_readings(
    api: httpx.AsyncClient, ana: Person, bo_at_desk: Person
) -> None:
    answer = await send(api, bo_at_desk, ana, str(uuid4()), reading("spo2", 98))

    assert (answer.status_code, problem_in(answer)) == (404, "not-found")


async def test_a_reading_has_the_chart_assessed_whether_the_hint_arrives_or_not(
    api: httpx.AsyncClient,
    ana: Person,
    bo_at_desk: Person,
    infusion: str,
    superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[UUID, UUID]] = []
    monkeypatch.setattr(Hints, "add", lambda _, *whom: told.append(whom))
    await superuser.execute("UPDATE patient SET assessed_at = app_now() WHERE id = $1", ana.id)

    answer = await send(api, bo_at_desk, ana, infusion, reading("spo2", 98))

    assert answer.status_code == 200
    assert told == [(ana.clinic_id, ana.id)]
    waiting = "SELECT assessed_at IS NULL FROM patient WHERE id = $1"
    assert await superuser.fetchval(waiting, ana.id)


async def test_readings_that_were_refused_have_nothing_assessed(
    api: httpx.AsyncClient,
    ana: Person,
    bo_at_desk: Person,
    infusion: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[UUID, UUID]] = []
    monkeypatch.setattr(Hints, "add", lambda _, *whom: told.append(whom))

    answer = await send(api, bo_at_desk, ana, infusion, reading("spo2", 101))

    assert answer.status_code == 422
    assert told == []
