"""Many at once: each page is sent once, and an acknowledgement is never lost to a step."""

import asyncio

import pytest

from models.alert import Source, raise_alert
from models.session import clinic_transaction
from tests.cast import Person, Ward
from tests.scenarios.road import Road, open_road
from tests.scenarios.ward import Stage
from worker.dispatch import run_until_idle

pytestmark = pytest.mark.ci


async def test_the_same_source_raised_twenty_times_at_once_rings_once(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    known = await stage.superuser.fetchval("SELECT quarantine_id FROM alert_source")
    source = Source(rule="ideation.escalate", reason="rule", quarantine_id=known)

    async def again() -> object:
        async with clinic_transaction(stage.pool, ana.clinic_id) as db:
            return await raise_alert(
                db, clinic_id=ana.clinic_id, patient_id=ana.id, severity="emergency",
                rule=source.rule, sources=[source],
            )  # fmt: skip

    raised = await asyncio.gather(*(again() for _ in range(20)))
    await stage.page()

    assert set(raised) == {alert}
    phone.expect()
    await stage.check()


@pytest.mark.parametrize("pagers", [2, 4])
async def test_many_pagers_send_every_page_once(
    stage: Stage, ward: Ward, dr_bo: Person, pagers: int
) -> None:
    await stage.phone(dr_bo)
    for n in range(25):
        await stage.speak_of_suicide(await ward.patient(f"patient-{n}", dr_bo))
    push = open_road("push")
    stages = [stage.with_channels(push, worker=f"pager-{n}") for n in range(pagers)]

    await asyncio.gather(*(run_until_idle(one.lanes) for one in stages))

    assert len(push.keys) == len(set(push.keys)) == 25
    assert await stage.superuser.fetchval("SELECT count(*) FROM attempt") == 25
    await stage.check()


@pytest.mark.parametrize("turn", range(8))
async def test_an_acknowledgement_at_the_instant_of_the_step_is_not_lost(
    stage: Stage, ana: Person, dr_bo: Person, turn: int
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    phone.expect()
    await stage.clock.advance(minutes=3, seconds=1)
    both = [stage.acknowledge(alert, dr_bo), stage.begin()]

    await asyncio.gather(*(both if turn % 2 else reversed(both)))
    await stage.page()
    await stage.later(minutes=10)

    assert (await stage.alert(alert))["state"] == "acked"
    assert len(phone.calls) <= 2
    await stage.check()


async def test_one_person_is_rung_for_each_of_forty_patients(
    stage: Stage, ward: Ward, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    road: Road = open_road("push")
    alerts = {
        await stage.speak_of_suicide(await ward.patient(f"patient-{n}", dr_bo)) for n in range(40)
    }

    await stage.with_channels(road).page()

    rung = await stage.superuser.fetch("SELECT DISTINCT alert_id FROM delivery")
    assert {row["alert_id"] for row in rung} == alerts
    assert len({page.collapse_tag for page in road.pages}) == len(alerts)
