"""What one refusal does to the same person's other pages, to the endpoint and to the ladder."""

from datetime import timedelta

import pytest

from tests.cast import Person, Ward
from tests.scenarios.road import Road, open_road, refusal
from tests.scenarios.ward import Stage
from worker.fcm_emulator import Fault, Step

SECOND = timedelta(seconds=1)


@pytest.fixture
def mail_road() -> Road:
    return open_road("mail")


async def endpoint(stage: Stage, row: object) -> tuple[bool, str | None]:
    found = await stage.superuser.fetchrow(
        "SELECT disabled_at IS NOT NULL AS off, disabled_reason FROM endpoint WHERE id = $1", row
    )
    assert found is not None
    return found["off"], found["disabled_reason"]


@pytest.mark.parametrize("kind", ["throttled", "permanent", "invalid_endpoint", "config"])
async def test_the_mail_goes_out_at_once_when_the_push_is_refused(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road, kind: str
) -> None:
    await stage.phone(dr_bo)
    await stage.speak_of_suicide(ana)

    await stage.with_channels(open_road("push", *[refusal(kind)] * 9), mail_road).page()

    assert len(mail_road.pages) == 1


@pytest.mark.parametrize("kind", ["transient", "unknown"])
async def test_the_mail_goes_out_ten_seconds_after_the_push_failed(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road, kind: str
) -> None:
    await stage.phone(dr_bo)
    pager = stage.with_channels(open_road("push", refusal(kind)), mail_road)
    await stage.speak_of_suicide(ana)
    await pager.page()
    assert mail_road.pages == []

    await pager.later(seconds=10)

    assert len(mail_road.pages) == 1


async def test_an_unknown_outcome_is_repeated_at_once_with_the_same_tag(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", refusal("unknown"))
    pager = stage.with_channels(push, mail_road)
    await stage.speak_of_suicide(ana)

    await pager.page()

    assert len({page.collapse_tag for page in push.pages}) == 1
    assert len({page.handle for page in push.pages}) == 1
    assert (len(push.pages), len(mail_road.pages)) == (2, 0)


async def test_the_second_failure_opens_the_next_channel_at_once(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    pager = stage.with_channels(
        open_road("push", refusal("transient"), refusal("transient")), mail_road
    )
    await stage.speak_of_suicide(ana)
    await pager.page()

    await pager.later(seconds=2)

    assert len(mail_road.pages) == 1


async def test_a_throttled_phone_is_not_called_before_its_time_by_a_next_step_either(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", refusal("throttled", retry_after=timedelta(minutes=10)))
    pager = stage.with_channels(push, mail_road)
    await stage.speak_of_suicide(ana)

    await pager.page()
    await pager.later(minutes=4)
    await pager.later(minutes=5, seconds=50)
    assert len(push.pages) == 1
    await pager.later(seconds=20)

    assert len(push.pages) >= 2


async def test_a_dead_registration_is_disabled_with_its_reason(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    dead, alive = await stage.phone(dr_bo), await stage.phone(dr_bo)
    dead.script(Step(do=Fault.UNREGISTERED, times=None))
    await stage.speak_of_suicide(ana)

    await stage.page()

    alive.expect()
    assert await endpoint(stage, dead.endpoint_id) == (True, "UNREGISTERED")
    assert await endpoint(stage, alive.endpoint_id) == (False, None)
    error = await stage.superuser.fetchval(
        "SELECT last_error FROM device WHERE id = $1", dead.device_id
    )
    assert error == "UNREGISTERED"


async def test_a_registration_that_changed_meanwhile_is_kept_and_tried(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    push = open_road("push", refusal("invalid_endpoint", "UNREGISTERED"))
    await stage.superuser.execute(
        "CREATE FUNCTION renew() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        f" UPDATE public.device SET push_hmac = 'new' WHERE id = '{phone.device_id}';"
        " RETURN NEW; END $$"
    )
    await stage.superuser.execute(
        "CREATE TRIGGER renew AFTER INSERT ON attempt FOR EACH ROW EXECUTE FUNCTION renew()"
    )
    alert = await stage.speak_of_suicide(ana)

    await stage.with_channels(push).page()

    assert await endpoint(stage, phone.endpoint_id) == (False, None)
    assert (await stage.pages(alert))[0]["state"] == "accepted"


async def test_the_last_road_lost_makes_the_next_step_due(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    dead, other = await stage.phone(dr_bo), await stage.phone(await ward.practitioner("eve"))
    dead.script(Step(do=Fault.UNREGISTERED, times=None))
    await stage.superuser.execute(
        "UPDATE endpoint SET disabled_at = app_now() WHERE channel = 'mail'"
        " AND practitioner_id = $1",
        dr_bo.id,
    )
    await stage.speak_of_suicide(ana)

    await stage.page()

    other.expect()


async def test_one_dead_phone_does_not_hurry_a_step_that_reaches_nobody_more(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    dead, alive = await stage.phone(dr_bo), await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    dead.script(Step(do=Fault.UNREGISTERED, times=None))

    await stage.later(minutes=4)

    alive.expect(2)
    assert (await stage.alert(alert))["next_in"] > 4 * timedelta(minutes=1)


async def test_a_refused_payload_is_tried_once_in_its_minimal_form(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", refusal("permanent"), refusal("permanent"))
    alert = await stage.speak_of_suicide(ana)

    await stage.with_channels(push, mail_road).page()

    assert [page.minimal for page in push.pages] == [False, True]
    assert (await stage.pages(alert))[0]["state"] == "failed"
    assert "failed" in await stage.history(alert)


async def test_wrong_credentials_open_the_mails_of_every_emergency_and_are_probed(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    ida = await ward.practitioner("ida")
    for person in (dr_bo, ida):
        await stage.phone(person)
    accepting = stage.with_channels(open_road("push"), mail_road)
    await stage.speak_of_suicide(await ward.patient("ben", ida))
    await accepting.page()
    push = open_road("push", refusal("config", "UNAUTHENTICATED"))
    pager = stage.with_channels(push, mail_road)

    await stage.speak_of_suicide(ana)
    await pager.page()
    assert len(mail_road.pages) == 2
    assert pager.board.config_faults == {"push": "UNAUTHENTICATED"}
    await pager.later(seconds=31)

    assert len(push.pages) == 2
    assert pager.board.config_faults == {}


async def test_an_emergency_never_fails_by_the_number_of_its_failures(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", *[refusal("transient")] * 40)
    pager = stage.with_channels(push, mail_road)
    alert = await stage.speak_of_suicide(ana)

    for _ in range(60):
        await pager.later(seconds=80)

    assert len(push.pages) > 40
    assert "failed" not in await stage.history(alert)
    await stage.check()


async def test_an_address_no_key_opens_costs_that_road_only(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await stage.superuser.execute(
        "UPDATE device SET push_ct = decode('00', 'hex') WHERE id = $1", phone.device_id
    )
    alert = await stage.speak_of_suicide(ana)

    await stage.page()

    stage.inbox("bo").expect()
    states = {page["channel"]: page["state"] for page in await stage.pages(alert)}
    assert states == {"push": "failed", "mail": "accepted"}
    assert await endpoint(stage, phone.endpoint_id) == (False, None)


async def test_a_phone_that_is_signed_out_before_its_turn_is_not_called(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await stage.superuser.execute(
        "INSERT INTO contact_rule VALUES ($1, $2, 'emergency', $3, 20)",
        dr_bo.clinic_id,
        dr_bo.id,
        phone.endpoint_id,
    )
    await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.superuser.execute(
        "UPDATE device SET disabled_at = app_now() WHERE id = $1", phone.device_id
    )

    await stage.later(seconds=21)

    assert phone.calls == []
    assert await endpoint(stage, phone.endpoint_id) == (False, None)


async def test_a_channel_that_is_not_set_up_is_a_wrong_configuration(
    stage: Stage, ana: Person, dr_bo: Person, mail_road: Road
) -> None:
    await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.lanes[0].run_pass()  # inserts the push, as a pager with push would
    await stage.superuser.execute(
        "UPDATE delivery SET state = 'pending', due_at = app_now() WHERE alert_id = $1", alert
    )
    without_push = stage.with_channels(mail_road)

    await without_push.page()

    assert without_push.board.config_faults == {"push": "channel.missing"}
    assert len(mail_road.pages) == 1
