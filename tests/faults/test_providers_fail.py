"""Providers refuse, hang, lie and forget phones: somebody is told by another road in time."""

from datetime import timedelta

import pytest

from tests.cast import Person, Ward
from tests.scenarios.road import Road, open_road, refusal
from tests.scenarios.ward import Stage
from worker.fcm_emulator import Fault, Step

pytestmark = pytest.mark.ci

NEVER_MENDS = {Fault.UNREGISTERED, Fault.SENDER_ID_MISMATCH, Fault.INVALID_ARGUMENT}
MENDS = [fault for fault in Fault if fault is not Fault.OK and fault not in NEVER_MENDS]


@pytest.mark.parametrize("fault", MENDS)
async def test_a_push_that_fails_for_a_minute_is_mailed_within_ten_seconds_and_pushed_at_last(
    stage: Stage, ana: Person, dr_bo: Person, fault: Fault
) -> None:
    phone, letters = await stage.phone(dr_bo), stage.inbox("bo")
    phone.script(Step(do=fault, times=None, delivers=False))
    alert = await stage.speak_of_suicide(ana)

    await stage.page()
    await stage.later(seconds=10)
    letters.expect()
    phone.script()
    await stage.later(seconds=61)

    phone.expect()
    assert (await stage.pages(alert))[0]["state"] == "accepted"
    assert len({call.message["android"]["notification"]["tag"] for call in phone.calls}) == 1
    await stage.check()


@pytest.mark.parametrize("fault", sorted(NEVER_MENDS))
async def test_a_push_that_can_never_arrive_is_mailed_at_once(
    stage: Stage, ana: Person, dr_bo: Person, fault: Fault
) -> None:
    phone = await stage.phone(dr_bo)
    phone.script(Step(do=fault, times=None))
    await stage.speak_of_suicide(ana)

    await stage.page()

    stage.inbox("bo").expect()
    phone.expect(0)


async def test_one_dead_phone_leaves_the_other_to_ring(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    dead, alive = await stage.phone(dr_bo), await stage.phone(dr_bo)
    dead.script(Step(do=Fault.UNREGISTERED, times=None))
    await stage.speak_of_suicide(ana)

    await stage.page()
    await stage.later(minutes=3, seconds=1)

    alive.expect(2)
    assert len(dead.calls) == 1
    await stage.check()


async def test_all_phones_of_the_team_dead_ring_everyone_at_once(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    for _ in range(3):
        (await stage.phone(dr_bo)).script(Step(do=Fault.UNREGISTERED, times=None))
    await stage.superuser.execute(
        "UPDATE endpoint SET disabled_at = app_now() WHERE channel = 'mail'"
        " AND practitioner_id = $1",
        dr_bo.id,
    )
    await stage.speak_of_suicide(ana)

    await stage.page()

    other.expect()
    await stage.check()


async def test_accepted_by_the_provider_and_seen_by_nobody_climbs_and_repeats(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    phones = [await stage.phone(dr_bo)]
    phones += [await stage.phone(await ward.practitioner(name)) for name in ("eve", "flo", "gil")]
    alert = await stage.speak_of_suicide(ana)
    await stage.page()

    await stage.later(minutes=3, seconds=1)
    for _ in range(24):
        await stage.later(minutes=5, seconds=1)

    assert [len(phone.calls) for phone in phones] == [26, 25, 25, 25]
    assert (await stage.alert(alert))["next_in"] <= timedelta(minutes=5)
    await stage.check()

    await stage.acknowledge(alert, dr_bo)
    await stage.later(minutes=6)
    assert [len(phone.calls) for phone in phones] == [26, 25, 25, 25]
    await stage.check()


def dead_relay() -> Road:
    return open_road("mail", *[refusal("transient", "connect")] * 1_000)


async def test_push_and_mail_both_down_for_an_hour_lose_nothing(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    phone.script(Step(do=Fault.UNAVAILABLE, times=None))
    down = stage.with_channels(stage.board.channels["push"], dead_relay())
    await stage.speak_of_suicide(ana)
    for _ in range(40):
        await down.later(seconds=90)
    phone.expect(0)

    phone.script()
    await stage.later(seconds=61)

    assert len(phone.expect(1)) == 1
    assert stage.inbox("bo").expect(1)
    await stage.check()
