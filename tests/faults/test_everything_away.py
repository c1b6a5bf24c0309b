"""Firebase, mail and Redis are all down, and a hundred people write that they want to die."""

import asyncio

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from models.ids import uuid7
from settings import Settings
from tests.acceptance.entry import DARK, entry
from tests.cast import Person, Ward
from tests.scenarios.ward import Stage
from tests.stage_app import running
from worker.fcm_emulator import Fault, Step
from worker.mailbox import Stage as MailStage
from worker.mailbox import Step as MailStep

PATIENTS = 100
SHORTEST_BACKOFFS = 12
EVERYONE = "*"


@pytest.mark.ci
async def test_every_entry_is_stored_and_every_page_arrives_when_they_are_back(
    settings: Settings, stage: Stage, ward: Ward, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    patients = [await ward.patient(f"p{n}", dr_bo) for n in range(PATIENTS)]
    stage.emulator.script(EVERYONE, Step(do=Fault.UNAVAILABLE, times=None))
    stage.mailbox.put_script(EVERYONE, [MailStep(at=MailStage.CONNECT, drops=True, times=None)])
    without_redis = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1")})

    async with running(create_app(without_redis)) as api:
        answers = await asyncio.gather(
            *(
                api.put(f"/v1/entries/{uuid7()}", json=entry(note=DARK), headers=one.headers)
                for one in patients
            )
        )
    for _ in range(3):
        await stage.later(seconds=70)
    assert {answer.status_code for answer in answers} == {httpx.codes.CREATED}
    assert await stage.superuser.fetchval("SELECT count(*) FROM entry") == PATIENTS
    assert phone.calls
    phone.expect(0)

    stage.emulator.script(EVERYONE)
    stage.mailbox.put_script(EVERYONE, [])
    for _ in range(SHORTEST_BACKOFFS):
        await stage.later(seconds=70)

    rung = await stage.superuser.fetchval(
        "SELECT count(DISTINCT alert_id) FROM delivery"
        " WHERE channel = 'push' AND state = 'accepted'"
    )
    assert rung == PATIENTS
    await stage.check()
