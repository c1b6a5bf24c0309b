"""What somebody has to do with a patient, and for how long."""

from datetime import timedelta

import pytest

from models.care import TEXT_WHILE_ON_CALL, Care, Reach, care_between, reach_of
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Person, Ward
from tests.staff_side import paged, raised


async def care(pool: Pool, who: Person, patient: Person) -> Care | None:
    """Look up what somebody has to do with a patient."""
    async with clinic_transaction(pool, who.clinic_id, role="clinician") as db:
        return await care_between(db, who.clinic_id, patient.id, who.id)


async def reach(pool: Pool, who: Person, alert_id: object) -> Reach | None:
    """Look up what somebody has to do with an alert."""
    async with clinic_transaction(pool, who.clinic_id, role="clinician") as db:
        return await reach_of(db, who.clinic_id, alert_id, who.id)  # type: ignore[arg-type] # an id


async def test_a_member_of_the_team_is_assigned(pool: Pool, ana: Person, dr_bo: Person) -> None:
    found = await care(pool, dr_bo, ana)

    assert found is not None
    assert (found.assigned, found.on_call, found.exists, found.reads_text) == (
        True,
        False,
        True,
        True,
    )


async def test_a_colleague_has_nothing_to_do_with_the_patient(
    pool: Pool, ward: Ward, ana: Person
) -> None:
    found = await care(pool, await ward.practitioner("di"), ana)

    assert found is not None
    assert (found.exists, found.reads_text) == (False, False)


@pytest.mark.parametrize(
    ("until", "assigned"),
    [("NULL", True), ("app_now() + interval '1 s'", True), ("app_now()", False)],
)
async def test_a_place_on_the_team_ends_when_it_ends(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, until: str, *, assigned: bool
) -> None:
    await superuser.execute(f"UPDATE membership SET until = {until}")

    found = await care(pool, dr_bo, ana)

    assert found is not None
    assert found.assigned is assigned


@pytest.mark.parametrize(
    ("ago", "reads"),
    [(TEXT_WHILE_ON_CALL - timedelta(minutes=1), True), (TEXT_WHILE_ON_CALL, False)],
)
async def test_a_page_gives_access_while_the_alert_is_open_and_to_text_for_a_day(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection, ago: timedelta, *, reads: bool
) -> None:
    on_call = await ward.practitioner("di")
    await paged(pool, on_call, await raised(pool, ana))
    await superuser.execute("UPDATE delivery SET created_at = app_now() - $1::interval", ago)

    found = await care(pool, on_call, ana)

    assert found is not None
    assert (found.on_call, found.exists, found.reads_text) == (True, True, reads)


@pytest.mark.parametrize("state", ["pending", "failed", "cancelled", "superseded", "accepted"])
async def test_a_page_counts_however_it_went(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection, state: str
) -> None:
    on_call = await ward.practitioner("di")
    await paged(pool, on_call, await raised(pool, ana))
    await superuser.execute("UPDATE delivery SET state = $1", state)

    found = await care(pool, on_call, ana)

    assert found is not None
    assert found.on_call


async def test_a_page_gives_nothing_once_the_alert_is_over(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection
) -> None:
    on_call = await ward.practitioner("di")
    await paged(pool, on_call, await raised(pool, ana))
    await superuser.execute(
        "UPDATE alert SET state = 'resolved', outcome = 'other', resolved_by = $1", on_call.id
    )

    found = await care(pool, on_call, ana)

    assert found is not None
    assert not found.exists


async def test_a_page_about_one_patient_gives_nothing_of_another(
    pool: Pool, ward: Ward, ana: Person
) -> None:
    on_call, ida = await ward.practitioner("di"), await ward.patient("ida")
    await paged(pool, on_call, await raised(pool, ana))

    found = await care(pool, on_call, ida)

    assert found is not None
    assert not found.exists


async def test_a_page_to_a_colleague_gives_nothing_to_oneself(
    pool: Pool, ward: Ward, ana: Person
) -> None:
    on_call, other = await ward.practitioner("di"), await ward.practitioner("ed")
    await paged(pool, on_call, await raised(pool, ana))

    found = await care(pool, other, ana)

    assert found is not None
    assert not found.exists


async def test_in_another_clinic_there_is_no_such_patient(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    assert await care(pool, dr_cy, ana) is None
    assert await reach(pool, dr_cy, await raised(pool, ana)) is None


async def test_whoever_answered_an_alert_still_has_to_do_with_it(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection
) -> None:
    on_call, other = await ward.practitioner("di"), await ward.practitioner("ed")
    alert_id = await raised(pool, ana)
    before = await reach(pool, on_call, alert_id)
    await superuser.execute("UPDATE alert SET state = 'acked', acked_by = $1", on_call.id)

    mine, theirs = await reach(pool, on_call, alert_id), await reach(pool, other, alert_id)

    assert before == Reach(patient_id=ana.id, answered=None, paged=False)
    assert mine is not None
    assert mine.answered is True
    assert theirs is not None
    assert not theirs.answered
