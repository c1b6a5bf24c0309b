"""Steps from rows: whom they find, what they insert, and what they leave due."""

from datetime import timedelta
from uuid import uuid4

import pytest

from models.ids import uuid7
from models.practitioner import join_care_team
from models.session import clinic_transaction
from tests.cast import Person, Ward
from tests.scenarios.ward import Stage
from worker.sweep import take_step

SECOND = timedelta(seconds=1)


async def step(stage: Stage) -> bool:
    lane = stage.lanes[0]
    taken = await take_step(stage.board, lane.pool, lowest_rank=0, skip=set())
    return taken is not None


async def names(stage: Stage, alert: object) -> set[object]:
    rows = await stage.superuser.fetch(
        "SELECT DISTINCT practitioner_id FROM delivery WHERE alert_id = $1", alert
    )
    return {row["practitioner_id"] for row in rows}


async def test_a_step_is_taken_once(stage: Stage, ana: Person, dr_bo: Person) -> None:
    await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)

    assert [await step(stage), await step(stage)] == [True, False]
    assert [page["channel"] for page in await stage.pages(alert)] == ["push", "mail"]


async def test_a_step_keeps_the_ladder_it_began_with(stage: Stage, ana: Person) -> None:
    alert = await stage.speak_of_suicide(ana)
    await step(stage)

    after = await stage.alert(alert)
    assert after["policy_snapshot"]["name"] == "built-in emergency"
    assert (after["step"], after["next_in"]) == (1, pytest.approx(timedelta(minutes=3), abs=SECOND))


async def test_the_most_severe_comes_first(stage: Stage, ward: Ward, ana: Person) -> None:
    other = await ward.patient("ben")
    urgent, emergency = await stage.find(ana, "urgent"), await stage.speak_of_suicide(other)
    lane = stage.lanes[0]

    order = [await take_step(stage.board, lane.pool, lowest_rank=0, skip=set()) for _ in range(2)]

    assert order == [emergency, urgent]


async def test_the_emergencies_lane_leaves_the_rest(stage: Stage, ana: Person) -> None:
    await stage.find(ana, "urgent")
    lane = stage.lanes[0]

    assert await take_step(stage.board, lane.pool, lowest_rank=9, skip=set()) is None


async def test_a_locked_alert_is_left_to_who_holds_it(stage: Stage, ana: Person) -> None:
    alert = await stage.speak_of_suicide(ana)
    async with stage.superuser.transaction():
        await stage.superuser.execute("SELECT FROM alert WHERE id = $1 FOR UPDATE", alert)
        assert not await step(stage)

    assert await step(stage)


async def test_handles_are_random_and_tags_are_the_endpoints(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await step(stage)
    await stage.clock.advance(minutes=4)
    await step(stage)

    pages = await stage.pages(alert)
    assert len({page["handle"] for page in pages}) == len(pages) == 4
    assert len({page["collapse_tag"] for page in pages}) == 2
    assert {len(page["handle"]) + len(page["collapse_tag"]) for page in pages} == {44}


async def test_who_left_the_care_team_is_not_rung(stage: Stage, ward: Ward) -> None:
    gone, stays = await ward.practitioner("gus"), await ward.practitioner("sam")
    patient = await ward.patient("ben", gone, stays)
    await stage.superuser.execute(
        "UPDATE membership SET until = app_now() WHERE practitioner_id = $1", gone.id
    )
    alert = await stage.speak_of_suicide(patient)
    await step(stage)

    assert await names(stage, alert) == {stays.id}


async def test_a_disabled_person_or_device_or_endpoint_is_not_rung(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    sold, lost = await stage.phone(dr_bo), await stage.phone(dr_bo)
    left = await ward.practitioner("gus")
    async with clinic_transaction(stage.pool, ana.clinic_id) as db:
        await join_care_team(db, ana.clinic_id, ana.id, left.id)
    for table, row in (
        ("device", sold.device_id), ("endpoint", lost.endpoint_id), ("practitioner", left.id),
    ):  # fmt: skip
        await stage.superuser.execute(
            f"UPDATE {table} SET disabled_at = app_now() WHERE id = $1", row
        )
    alert = await stage.speak_of_suicide(ana)
    await step(stage)

    pages = await stage.pages(alert)
    assert [(page["channel"], page["practitioner_id"]) for page in pages] == [("mail", dr_bo.id)]


async def test_the_clinics_line_is_rung_with_everyone(stage: Stage, ana: Person) -> None:
    line = uuid7()
    await stage.superuser.execute(
        "INSERT INTO endpoint (clinic_id, id, channel, address_ct)"
        " VALUES ($1, $2, 'mail', '\\x00')",
        ana.clinic_id,
        line,
    )
    alert = await stage.speak_of_suicide(ana)
    await step(stage)
    assert line not in {page["endpoint_id"] for page in await stage.pages(alert)}

    await stage.clock.advance(minutes=4)
    await step(stage)

    assert line in {page["endpoint_id"] for page in await stage.pages(alert)}


async def test_a_contact_rule_decides_when_a_road_opens(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    await stage.superuser.execute(
        "INSERT INTO contact_rule VALUES ($1, $2, 'emergency', $3, 20), ($1, $2, 'urgent', $3, 99)",
        dr_bo.clinic_id,
        dr_bo.id,
        phone.endpoint_id,
    )
    alert = await stage.speak_of_suicide(ana)
    await step(stage)

    page = (await stage.pages(alert))[0]
    assert page["due_in"] == pytest.approx(timedelta(seconds=20), abs=timedelta(seconds=2))


async def test_news_rings_who_was_reached_and_delays_no_step(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    hers, other = await stage.phone(dr_bo), await stage.phone(await ward.practitioner("eve"))
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.clock.advance(seconds=70)
    due = (await stage.alert(alert))["next_step_at"]

    assert await stage.speak_of_suicide(ana) == alert
    await stage.page()

    hers.expect(2)
    other.expect(0)
    after = await stage.alert(alert)
    assert (after["round"], after["step"], after["next_step_at"]) == (2, 1, due)


async def test_a_week_that_arrives_at_once_rings_once(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    for _ in range(7):
        alert = await stage.speak_of_suicide(ana)
    await stage.page()

    hers.expect(1)
    sources = await stage.superuser.fetchval(
        "SELECT count(*) FROM alert_source WHERE alert_id = $1", alert
    )
    assert sources == 7


async def test_news_after_an_acknowledgement_rings_its_owner_and_who_covers(
    stage: Stage, ward: Ward
) -> None:
    people = [await ward.practitioner(name) for name in ("ona", "cov", "mem")]
    phones = [await stage.phone(person) for person in people]
    patient = await ward.patient("ben", *people)
    alert = await stage.speak_of_suicide(patient)
    await stage.page()
    await stage.acknowledge(alert, people[2])
    for phone in phones:
        phone.expect(1)

    await stage.clock.advance(minutes=5)
    await stage.speak_of_suicide(patient)
    await stage.page()

    assert [len(phone.expect(count)) for phone, count in zip(phones, (0, 1, 1), strict=True)]
    after = await stage.alert(alert)
    assert (after["state"], after["next_step_at"]) == ("acked", after["action_due_at"])


async def test_news_that_was_pushed_needs_no_mail(stage: Stage, ana: Person, dr_bo: Person) -> None:
    await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.acknowledge(alert, dr_bo)
    await stage.clock.advance(minutes=5)
    await stage.speak_of_suicide(ana)

    await stage.page()

    states = {page["channel"]: page["state"] for page in (await stage.pages(alert))[2:]}
    assert states == {"push": "accepted", "mail": "superseded"}


async def test_news_long_after_an_acknowledgement_opens_the_alert_again(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.acknowledge(alert, dr_bo)
    await stage.clock.advance(minutes=16)

    await stage.speak_of_suicide(ana)
    await stage.page()

    hers.expect(2)
    assert (await stage.alert(alert))["state"] == "open"


async def test_who_acted_is_reminded_once_a_day_until_it_is_resolved(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.act(alert, dr_bo)
    hers.expect(1)

    await stage.later(hours=23)
    hers.expect(0)
    for _ in range(2):
        await stage.later(hours=25)
        hers.expect(1, kind="r")

    assert (await stage.alert(alert))["state"] == "acked"
    await stage.check()


async def test_a_page_that_failed_gives_way_to_the_next_steps(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(ana)
    await step(stage)
    await stage.superuser.execute(
        "UPDATE delivery SET attempt = 1, due_at = app_now() + interval '1 hour'"
        " WHERE endpoint_id = $1",
        phone.endpoint_id,
    )
    await stage.clock.advance(minutes=4)
    await step(stage)

    first, _, second, _ = await stage.pages(alert)
    assert (first["state"], second["state"]) == ("superseded", "pending")
    assert second["due_in"] <= timedelta()


async def test_a_resolved_alert_is_left_alone(stage: Stage, ana: Person, dr_bo: Person) -> None:
    alert = await stage.speak_of_suicide(ana)
    await stage.superuser.execute(
        "UPDATE alert SET state = 'resolved', resolved_by = $2, outcome = 'other' WHERE id = $1",
        alert,
        uuid4(),
    )

    assert not await step(stage)
