"""When nobody is found, or a policy or a team cannot be read: everyone, and never silence."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.ids import uuid7
from tests.cast import Person, Ward
from tests.scenarios.ward import Stage

SECOND = timedelta(seconds=1)


async def own_policy(
    stage: Stage, clinic: UUID, *steps: tuple[int, list[str]], severity: str = "emergency"
) -> UUID:
    """Give a clinic a ladder of its own."""
    policy, run = uuid7(), stage.superuser
    await run.execute(
        "INSERT INTO policy (clinic_id, id, name, severity, repeat_every_seconds)"
        " VALUES ($1, $2, 'ours', $3, 240)",
        clinic,
        policy,
        severity,
    )
    await run.executemany(
        "INSERT INTO policy_step (clinic_id, policy_id, n, after_seconds) VALUES ($1, $2, $3, $4)",
        [(clinic, policy, n, after) for n, (after, _) in enumerate(steps)],
    )
    await run.executemany(
        "INSERT INTO policy_target (clinic_id, id, policy_id, n, kind) VALUES ($1, $2, $3, $4, $5)",
        [
            (clinic, uuid7(), policy, n, kind)
            for n, (_, kinds) in enumerate(steps)
            for kind in kinds
        ],
    )
    return policy


async def test_a_patient_without_a_team_rings_everyone_at_once(
    stage: Stage, ward: Ward, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    alert = await stage.speak_of_suicide(await ward.patient("ben"))

    await stage.page()

    hers.expect()
    assert "fallback" in await stage.history(alert)
    assert (await stage.alert(alert))["next_in"] == pytest.approx(timedelta(minutes=5), abs=SECOND)


async def test_a_clinic_without_anybody_stays_due_and_is_told_when_somebody_comes(
    stage: Stage, ward: Ward
) -> None:
    alert = await stage.speak_of_suicide(await ward.patient("ben"))
    await stage.page()
    assert await stage.history(alert) == ["created", "unreachable"]
    assert (await stage.alert(alert))["next_in"] <= timedelta(minutes=1)

    late = await stage.phone(await ward.practitioner("late"))
    await stage.later(minutes=1, seconds=1)

    late.expect()


async def test_an_unreachable_emergency_is_tried_for_ever(stage: Stage, ward: Ward) -> None:
    alert = await stage.speak_of_suicide(await ward.patient("ben"))

    for _ in range(10):
        await stage.later(minutes=2)

    assert (await stage.history(alert)).count("unreachable") == 10
    await stage.check()


@pytest.mark.parametrize(
    "table", ["membership", "policy", "policy_step", "contact_rule", "alert_history"]
)
async def test_a_table_that_cannot_be_read_costs_nobody_a_page(
    stage: Stage, ward: Ward, ana: Person, table: str
) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    await stage.superuser.execute(f"REVOKE SELECT ON {table} FROM pager")
    alert = await stage.speak_of_suicide(ana)

    await stage.page()

    rung = table != "alert_history"  # the pager only writes it
    other.expect(int(rung))
    assert ("fallback" in await stage.history(alert)) is rung


async def test_a_clinics_own_ladder_is_climbed(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    hers, other = await stage.phone(dr_bo), await stage.phone(await ward.practitioner("eve"))
    await own_policy(stage, ana.clinic_id, (0, ["care_team"]), (60, ["everyone", "clinic_line"]))
    await stage.speak_of_suicide(ana)

    await stage.page()
    other.expect(0)
    await stage.later(seconds=61)

    hers.expect(2)
    other.expect()


async def test_a_ladder_that_is_changed_meanwhile_strands_no_alert(
    stage: Stage, ward: Ward, ana: Person
) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    policy = await own_policy(stage, ana.clinic_id, (0, ["care_team"]), (60, ["everyone"]))
    await stage.speak_of_suicide(ana)
    await stage.page()

    for table in ("policy_target", "policy_step"):
        await stage.superuser.execute(f"DELETE FROM {table} WHERE policy_id = $1", policy)
    await stage.later(seconds=61)

    other.expect()


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [(0, ["care_team"])],
        [(0, ["supervisor"]), (60, ["everyone"])],
        [(90, ["everyone"])],
        [(0, []), (60, ["everyone"])],
    ],
    ids=["no step", "never everyone", "a target unknown to the ladder", "late", "an empty step"],
)
async def test_a_ladder_that_may_not_be_climbed_rings_everyone_at_once(
    stage: Stage, ward: Ward, ana: Person, steps: list[tuple[int, list[str]]]
) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    await own_policy(stage, ana.clinic_id, *steps)
    alert = await stage.speak_of_suicide(ana)

    await stage.page()

    other.expect()
    assert "fallback" in await stage.history(alert)
    await stage.later(minutes=5, seconds=1)
    other.expect()


async def test_a_retired_ladder_is_not_climbed(stage: Stage, ward: Ward, ana: Person) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    policy = await own_policy(stage, ana.clinic_id, (0, ["everyone"]))
    await stage.superuser.execute("UPDATE policy SET retired_at = app_now() WHERE id = $1", policy)
    await stage.speak_of_suicide(ana)

    await stage.page()

    other.expect(0)


async def test_an_owner_who_is_gone_leaves_no_news_unheard(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    other = await stage.phone(await ward.practitioner("eve"))
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    await stage.acknowledge(alert, dr_bo)
    await stage.superuser.execute(
        "UPDATE practitioner SET disabled_at = app_now() WHERE id = $1", dr_bo.id
    )

    await stage.clock.advance(minutes=5)
    await stage.speak_of_suicide(ana)
    await stage.page()

    other.expect()


async def test_an_alert_that_cannot_be_written_does_not_stop_the_others(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person
) -> None:
    hers = await stage.phone(dr_bo)
    poisoned = await stage.speak_of_suicide(await ward.patient("ben", dr_bo))
    await stage.superuser.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await stage.superuser.execute(
        "CREATE TRIGGER poison BEFORE INSERT ON delivery FOR EACH ROW"
        f" WHEN (NEW.alert_id = '{poisoned}') EXECUTE FUNCTION refuse()"
    )
    await stage.speak_of_suicide(ana)

    await stage.page()
    hers.expect(1)
    await stage.superuser.execute("DROP TRIGGER poison ON delivery")
    await stage.page()

    hers.expect(1)
