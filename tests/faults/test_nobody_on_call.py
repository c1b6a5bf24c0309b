"""Nobody on the team, somebody deleted, a policy broken or changed: everyone hears of it."""

import pytest

from tests.cast import Person, Ward
from tests.scenarios.ward import Stage

pytestmark = pytest.mark.ci

FAULTS = {
    "nobody on the team": "UPDATE membership SET until = app_now()",
    "the team's only member disabled": "UPDATE practitioner SET disabled_at = app_now()"
    " WHERE id = (SELECT practitioner_id FROM membership LIMIT 1)",
    "the team's only member made a researcher": "UPDATE practitioner SET role = 'researcher'"
    " WHERE id = (SELECT practitioner_id FROM membership LIMIT 1)",
    "all roads of the team's only member disabled": "UPDATE endpoint SET disabled_at = app_now()"
    " WHERE practitioner_id = (SELECT practitioner_id FROM membership LIMIT 1)",
    "the team cannot be read": "REVOKE SELECT ON membership FROM pager",
    "the policies cannot be read": "REVOKE SELECT ON policy FROM pager",
    "the rules of contact cannot be read": "REVOKE SELECT ON contact_rule FROM pager",
    "a policy without steps": "INSERT INTO policy (clinic_id, id, name, severity,"
    " repeat_every_seconds) SELECT id, gen_random_uuid(), 'x', 'emergency', 60 FROM clinic",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_everyone_is_rung_at_once(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person, fault: str
) -> None:
    await stage.phone(dr_bo)
    other = await stage.phone(await ward.practitioner("eve"))
    await stage.superuser.execute(FAULTS[fault])
    alert = await stage.speak_of_suicide(ana)

    await stage.page()

    other.expect()
    assert "fallback" in await stage.history(alert)
    await stage.check()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_comes_after_the_first_step_stops_no_ladder(
    stage: Stage, ward: Ward, ana: Person, dr_bo: Person, fault: str
) -> None:
    await stage.phone(dr_bo)
    other = await stage.phone(await ward.practitioner("eve"))
    await stage.speak_of_suicide(ana)
    await stage.page()

    await stage.superuser.execute(FAULTS[fault])
    await stage.later(minutes=3, seconds=1)
    await stage.later(minutes=5, seconds=1)

    other.expect(2)
    await stage.check()


async def test_a_clinic_where_nobody_can_be_reached_tells_the_first_who_can(
    stage: Stage, ward: Ward, ana: Person
) -> None:
    await stage.superuser.execute("UPDATE endpoint SET disabled_at = app_now()")
    alert = await stage.speak_of_suicide(ana)
    await stage.page()
    assert "unreachable" in await stage.history(alert)

    first = await stage.phone(await ward.practitioner("eve"))
    await stage.later(minutes=1, seconds=1)

    first.expect()
    await stage.check()
