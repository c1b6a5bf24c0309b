"""From the entry that completes a return to the phone: API, queue, rules and pager as they run."""

from dataclasses import replace

import httpx

from afterglow.engines import Engines
from tests.acceptance.entry import entry, put
from tests.cast import Person, Ward
from tests.scenarios.process import Surroundings, running, running_pager
from tests.scenarios.ward import Stage
from tests.worker.diary_rows import CORE, Diary
from worker.assess import assess_one

RULE = "symptom_return.half_lost_twice"
WITHIN_SECONDS = 2.0
"""From the answer to the entry, which is sent after its commit, to the push at the provider."""


async def rules_of(stage: Stage) -> set[str]:
    """List the rules that have an alert."""
    return {row["rule"] for row in await stage.superuser.fetch("SELECT rule FROM alert")}


async def test_the_entry_that_completes_a_return_rings_a_phone_within_two_seconds(
    stage: Stage, around: Surroundings, engines: Engines, api: httpx.AsyncClient, ward: Ward,
    ana: Person, dr_bo: Person,
) -> None:  # fmt: skip
    diary = Diary(pool=stage.pool, who=ana, today=(await stage.clock.now()).date())
    await diary.respond(dr_bo)
    await diary.write(range(6, 30), 2)
    await diary.write(range(1, 6), 8)  # the first of two looks that lie five days apart
    await assess_one(stage.pool, ana.clinic_id, ana.id)
    phone = await stage.phone(dr_bo)
    await stage.page()  # what the earlier watch has said of it
    phone.seen = stage.emulator.phones.last
    assert RULE not in await rules_of(stage)
    await ward.patient("eva", dr_bo)  # the first daily round assesses her: the jobs are there

    with_queue = replace(around, redis_url=engines.redis_url)
    async with running("worker.jobs", with_queue) as jobs, running_pager(around):
        await jobs.wait_for("assess.daily")
        answer = await put(api, ana, entry(answers=dict.fromkeys(CORE, 8), note=None))
        pushes = await phone.wait(timeout_seconds=WITHIN_SECONDS)

    assert answer.status_code == 201
    assert [push.message["data"]["k"] for push in pushes] == ["u"]
    assert RULE in await rules_of(stage)
