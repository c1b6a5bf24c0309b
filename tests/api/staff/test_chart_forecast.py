"""When to look again, on the chart of whoever treats the patient; the patient never sees it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import UNSET, UnsetType

from api.app import HANDLERS
from api.forecast_view import NOTE, ForecastOut, forecast_out
from clinical.forecast import PRIOR, Hazard, Now, Stretch, forecast
from clinical.stretch import Why
from tests.api.kit import problem_in
from tests.cast import Clock, Person, Ward
from tests.clinical.charts import END, after
from tests.worker.diary_rows import Diary


@pytest.fixture
async def diary(ward: Ward, ana: Person, clock: Clock) -> Diary:
    """Open ana's diary."""
    return Diary(pool=ward.pool, who=ana, today=(await clock.now()).date())


async def chart(api: httpx.AsyncClient, who: Person, of: Person, query: str = "") -> dict[str, Any]:
    """Read a chart."""
    answer = await api.get(f"/v1/patients/{of.id}/chart{query}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_course_that_worked_has_a_suggested_review(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.respond(dr_bo)
    await diary.write(range(1, 30), 2)

    found = (await chart(api, dr_bo, ana))["forecast"]

    assert (found["basis"], found["note"]) == ("prior", NOTE)
    assert 0 < found["low_days"] < found["median_days"]
    assert diary.today < date.fromisoformat(found["review_on"]) < diary.today + timedelta(days=90)
    assert "high_days" not in found


async def test_it_is_of_today_whichever_days_are_asked_for(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.respond(dr_bo)

    now = await chart(api, dr_bo, ana)
    earlier = await chart(api, dr_bo, ana, "?since=2024-01-01&until=2024-02-01")

    assert earlier["entries"] == []
    assert earlier["forecast"] == now["forecast"]


async def test_without_a_course_nothing_is_forecast(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.write(range(30), 8)

    assert "forecast" not in await chart(api, dr_bo, ana)


async def test_while_the_course_is_running_nothing_is_forecast(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.write(range(8, 20), 8)
    await diary.infuse(dr_bo, 5, 2)
    await diary.write(range(5), 2)

    assert "forecast" not in await chart(api, dr_bo, ana)


async def test_once_a_return_was_found_nothing_is_forecast(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.relapse(dr_bo)

    assert "forecast" not in await chart(api, dr_bo, ana)


async def test_the_next_infusion_ends_the_open_return(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.respond(dr_bo)
    await diary.write(range(11, 30), 8)
    await diary.infuse(dr_bo, 10)
    await diary.write(range(1, 10), 2)

    assert (await chart(api, dr_bo, ana))["forecast"]["basis"] == "prior"


async def test_who_was_not_helped_has_no_forecast(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.infuse(dr_bo, 60, 57, 54, 51, 48, 45)
    await diary.write([*range(61, 75), *range(45)], 8)

    assert "forecast" not in await chart(api, dr_bo, ana)


async def test_the_patient_is_refused_the_chart_with_the_forecast(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person
) -> None:
    await diary.respond(dr_bo)

    answer = await api.get(f"/v1/patients/{ana.id}/chart", headers=ana.headers)

    assert (answer.status_code, problem_in(answer)) == (403, "forbidden")
    assert NOTE not in answer.text


async def test_another_clinic_is_not_told(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person, dr_cy: Person
) -> None:
    await diary.respond(dr_bo)

    answer = await api.get(f"/v1/patients/{ana.id}/chart", headers=dr_cy.headers)

    assert (answer.status_code, problem_in(answer)) == (404, "not-found")


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/sync", "/v1/app-config"])
async def test_nothing_a_phone_reads_holds_it(
    api: httpx.AsyncClient, diary: Diary, ana: Person, dr_bo: Person, path: str
) -> None:
    await diary.respond(dr_bo)

    answer = await api.get(path, headers=ana.headers)

    assert answer.status_code == 200
    assert "forecast" not in answer.text
    assert "median_days" not in answer.text


def test_no_other_answer_of_the_contract_has_it() -> None:
    told = {
        handler.operation_id
        for handler in HANDLERS
        for shape in handler.opt.get("answers", {}).values()
        if shape is not None and ForecastOut.__name__ in str(msgspec.json.schema(shape))
    }

    assert told == {"getChart"}


def made(hazard: Hazard = PRIOR) -> ForecastOut | UnsetType:
    stretch = Stretch(patient="ana", start=END, days=20, returned=False)
    return forecast_out(forecast(hazard, stretch, Now(on=after(20))))


def test_a_clinic_that_learnt_from_its_own_courses_says_from_how_many() -> None:
    shown = made(replace(PRIOR, stretches=34))

    assert isinstance(shown, ForecastOut)
    assert shown.basis == "clinic, 34 courses"


def test_an_end_that_lies_within_half_a_year_is_shown() -> None:
    shown = made(replace(PRIOR, durable=0.0, spread=0.5))

    assert isinstance(shown, ForecastOut)
    assert isinstance(shown.high_days, int)


def test_without_a_forecast_there_is_none_to_show() -> None:
    assert [forecast_out(why) for why in Why] == [UNSET] * len(Why)
