"""Between clear and nothing: the app asks, a yes pages, silence becomes a call."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.cipher import Keyring
from models.grey_zone import (
    ASKED_FOR,
    CALL_BACK_RULE,
    SCREENER,
    SILENT_AFTER,
    call_back,
    open_question,
)
from models.session import Connection, Pool, clinic_transaction
from tests.acceptance.entry import entry, put
from tests.cast import Clock, Person
from tests.scenarios.ward import Stage
from tests.worker.notes import PAGED, TIRED, Scripted
from worker.second_reading import Desk

GONE = "The suicidal thoughts are gone since the third infusion."
NO = {f"asq_{number}": "no" for number in range(1, 6)}
TASKS = "SELECT * FROM alert WHERE rule = 'ideation.call_back'"


@pytest.fixture
def desk(pool: Pool, keyring: Keyring) -> Desk:
    return Desk(pool=pool, keyring=keyring, reader=Scripted())


async def asked(api: httpx.AsyncClient, who: Person) -> dict[str, Any] | None:
    answer = await api.get("/v1/sync", headers=who.headers)
    assert answer.status_code == 200
    found: dict[str, Any] | None = answer.json().get("ask")
    return found


async def say(api: httpx.AsyncClient, who: Person, note: str) -> None:
    assert (await put(api, who, entry(note=note))).status_code == 201


async def answer_screener(api: httpx.AsyncClient, who: Person, **answers: str) -> None:
    stored = await put(api, who, entry(note=None, form=SCREENER, answers=NO | answers))
    assert stored.status_code == 201


async def test_what_the_rules_want_read_is_asked_about(api: httpx.AsyncClient, ana: Person) -> None:
    assert await asked(api, ana) is None

    await say(api, ana, GONE)

    ask = await asked(api, ana)
    assert ask is not None
    assert ask["form"] == SCREENER
    assert await asked(api, ana) == ask


async def test_what_the_model_wants_read_is_asked_about(
    api: httpx.AsyncClient, ana: Person, desk: Desk
) -> None:
    await say(api, ana, TIRED)
    assert await asked(api, ana) is None

    await desk.read_again(ana.clinic_id, ana.id)

    assert await asked(api, ana) is not None


async def test_without_a_model_nobody_is_asked_for_that(
    api: httpx.AsyncClient, ana: Person, pool: Pool, keyring: Keyring
) -> None:
    await say(api, ana, "Walked the dog.")
    await Desk(pool=pool, keyring=keyring).read_again(ana.clinic_id, ana.id)

    assert await asked(api, ana) is None


async def test_an_answer_ends_the_asking_until_a_new_text(
    api: httpx.AsyncClient, ana: Person, clock: Clock
) -> None:
    await say(api, ana, GONE)
    await clock.advance(minutes=1)
    await answer_screener(api, ana, asq_2="prefer_not")
    assert await asked(api, ana) is None

    await clock.advance(minutes=1)
    await say(api, ana, GONE)

    assert await asked(api, ana) is not None


async def test_a_question_stands_for_half_a_day(
    api: httpx.AsyncClient, ana: Person, clock: Clock, pool: Pool
) -> None:
    async def stands() -> bool:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            return await open_question(db, ana.clinic_id, ana.id) is not None

    await say(api, ana, GONE)
    await clock.advance(seconds=(ASKED_FOR - timedelta(minutes=1)).total_seconds())
    assert await stands()

    await clock.advance(minutes=2)

    assert not await stands()


async def test_a_yes_rings_a_phone(
    api: httpx.AsyncClient, stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await say(api, ana, GONE)
    await stage.page()
    phone.expect(0)

    await answer_screener(api, ana, asq_3="yes")
    await stage.page()

    phone.expect()


async def test_silence_becomes_one_call(
    api: httpx.AsyncClient, ana: Person, pool: Pool, clock: Clock, superuser: Connection
) -> None:
    await say(api, ana, GONE)
    await clock.advance(seconds=SILENT_AFTER.total_seconds() - 1)
    assert await call_back(pool) == 0

    await clock.advance(seconds=2)
    assert [await call_back(pool), await call_back(pool)] == [1, 0]

    [task] = await superuser.fetch(TASKS)
    assert (task["rule"], task["severity"], task["patient_id"]) == (
        CALL_BACK_RULE,
        "routine",
        ana.id,
    )
    assert task["assigned_profession"] == "nurse"
    assert timedelta(minutes=119) < task["due_at"] - task["opened_at"] <= timedelta(hours=2)


@pytest.mark.parametrize("answers", [{}, {"asq_1": "prefer_not"}], ids=["no", "rather not say"])
async def test_who_has_answered_is_not_called(
    api: httpx.AsyncClient, ana: Person, pool: Pool, clock: Clock, answers: dict[str, str]
) -> None:
    await say(api, ana, GONE)
    await answer_screener(api, ana, **answers)
    await clock.advance(seconds=SILENT_AFTER.total_seconds() + 1)

    assert await call_back(pool) == 0


async def test_who_was_paged_about_is_not_called_for_the_same_text(
    api: httpx.AsyncClient, ana: Person, pool: Pool, clock: Clock, keyring: Keyring
) -> None:
    desk = Desk(pool=pool, keyring=keyring, reader=Scripted(meanings={GONE: PAGED}))
    await say(api, ana, GONE)
    assert await desk.read_again(ana.clinic_id, ana.id) == 1
    await clock.advance(seconds=SILENT_AFTER.total_seconds() + 1)

    assert await call_back(pool) == 0


async def test_another_patient_is_not_asked(
    api: httpx.AsyncClient, ana: Person, dr_bo: Person, ward: Any
) -> None:
    eve = await ward.patient("eve", dr_bo)
    await say(api, ana, GONE)

    assert await asked(api, eve) is None
