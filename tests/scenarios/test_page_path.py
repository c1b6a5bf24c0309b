"""From a text that speaks of suicide to the phone of the one who answers."""

from datetime import timedelta

from tests.cast import Person, Ward
from tests.scenarios.ward import Stage


async def test_the_care_team_is_rung_at_once_and_nobody_else(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    hers, other = await stage.phone(dr_bo), await stage.phone(await ward.practitioner("eve"))
    alert = await stage.speak_of_suicide(ana)

    await stage.page()

    hers.expect()
    other.expect(0)
    assert await stage.history(alert) == ["created", "step", "accepted"]


async def test_another_clinic_hears_nothing(stage: Stage, ana: Person, dr_cy: Person) -> None:
    foreign = await stage.phone(dr_cy)
    await stage.speak_of_suicide(ana)

    for _ in range(3):
        await stage.later(minutes=6)

    foreign.expect(0)
    stage.inbox("cy", "south").expect(0)


async def test_a_mail_follows_after_a_minute_without_an_answer(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    letters = stage.inbox("bo")
    await stage.speak_of_suicide(ana)

    await stage.page()
    letters.expect(0)
    await stage.later(seconds=61)

    letters.expect()


async def test_an_acknowledgement_keeps_the_mail_in(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()

    await stage.acknowledge(alert, dr_bo)
    await stage.later(minutes=20)

    stage.inbox("bo").expect(0)


async def test_somebody_without_a_phone_gets_the_mail_at_once(stage: Stage, ana: Person) -> None:
    await stage.speak_of_suicide(ana)

    await stage.page()

    stage.inbox("bo").expect()


async def test_everyone_is_rung_after_three_minutes_and_every_five_for_ever(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    hers, other = await stage.phone(dr_bo), await stage.phone(await ward.practitioner("eve"))
    alert = await stage.speak_of_suicide(ana)
    await stage.page()

    await stage.later(minutes=2, seconds=58)
    other.expect(0)
    await stage.later(seconds=3)
    other.expect()
    for _ in range(4):
        await stage.later(minutes=5, seconds=1)
        other.expect()

    hers.expect(6)
    assert (await stage.alert(alert))["next_in"] <= timedelta(minutes=5)


async def test_who_may_not_acknowledge_is_not_rung(stage: Stage, ward: Ward, ana: Person) -> None:
    researcher = await stage.phone(await ward.practitioner("rae", role="researcher"))
    admin = await stage.phone(await ward.practitioner("ada", role="admin"))
    await stage.speak_of_suicide(ana)

    await stage.page()
    await stage.later(minutes=4)

    researcher.expect(0)
    admin.expect(0)


async def test_all_phones_of_a_person_ring_with_tags_that_cannot_be_joined(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    first, second = await stage.phone(dr_bo), await stage.phone(dr_bo, platform="ios")
    await stage.speak_of_suicide(ana)

    await stage.page()

    tag = first.expect()[0].message["android"]["notification"]["tag"]
    assert second.expect()[0].message["apns"]["headers"]["apns-collapse-id"] != tag


async def test_a_page_says_nothing_but_fixed_words(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    ringing = await stage.phone(dr_bo)
    await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.later(minutes=3, seconds=1)
    await stage.later(minutes=1, seconds=1)

    assert [call.violations for call in ringing.expect(2)] == [[], []]
    assert [mail.violations for mail in stage.inbox("bo").expect(2)] == [[], []]


async def test_an_urgent_finding_rings_the_care_team_and_again_the_next_day(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    await stage.find(ana, "urgent")

    await stage.page()
    hers.expect()
    await stage.later(hours=23)
    hers.expect(0)
    await stage.later(hours=2)

    hers.expect()


async def test_a_routine_finding_rings_nobody_and_is_looked_at_every_day(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.find(ana, "routine")

    for _ in range(3):
        await stage.later(hours=25)

    hers.expect(0)
    assert (await stage.alert(alert))["next_in"] > timedelta()


async def test_an_acknowledged_alert_is_silent(stage: Stage, ana: Person, dr_bo: Person) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    hers.expect()

    await stage.acknowledge(alert, dr_bo)
    for _ in range(5):
        await stage.later(minutes=5)

    hers.expect(0)


async def test_who_acknowledged_and_did_nothing_is_rung_again(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.acknowledge(alert, dr_bo)

    await stage.later(minutes=31)

    hers.expect(2)
    after = await stage.alert(alert)
    assert (after["state"], after["round"], after["step"]) == ("open", 2, 1)
    assert "reopened" in await stage.history(alert)
