"""Keys of people and clinics: made once, found again, gone when their row is."""

import asyncio
from datetime import timedelta

import pytest

from models.care import TEXT_WHILE_ON_CALL, Care, care_between
from models.cipher import Keyring, Unreadable, random_key
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import create_subject_key, subject_for
from tests.cast import ROOT_KEY, Clock, Person, Ward
from tests.staff_side import paged, raised


async def care_of(pool: Pool, patient: Person, who: Person) -> Care | None:
    """Look up what somebody has to do with a patient."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await care_between(db, who.clinic_id, patient.id, who.id)


async def test_a_key_is_made_once_however_often_it_is_asked_for(
    pool: Pool, ward: Ward, superuser: Connection
) -> None:
    person, row = uuid7(), uuid7()

    async def make() -> bytes:
        async with clinic_transaction(pool, ward.clinic_id) as db:
            keys = await create_subject_key(
                db, Keyring(ROOT_KEY), ward.clinic_id, person, kind="patient"
            )
            return keys.index("x", b"v") + keys.open("x", row, keys.seal("x", row, b""))

    made = await asyncio.gather(*(make() for _ in range(5)))

    assert len(set(made)) == 1
    assert (
        await superuser.fetchval(
            "SELECT count(*) FROM keys.subject_key WHERE subject_id = $1", person
        )
        == 1
    )


async def test_a_destroyed_key_leaves_nothing_to_open(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await superuser.execute("DELETE FROM keys.subject_key WHERE subject_id = $1", ana.id)

    async with clinic_transaction(pool, ana.clinic_id) as db:
        with pytest.raises(Unreadable):
            await subject_for(db, Keyring(ROOT_KEY), ana.clinic_id, ana.id)


@pytest.mark.parametrize("root_key", [ROOT_KEY, random_key()], ids=["ours", "another"])
async def test_a_key_is_found_in_its_clinic_under_its_root_only(
    pool: Pool, ana: Person, dr_cy: Person, root_key: bytes
) -> None:
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        for clinic in (ana.clinic_id, dr_cy.clinic_id):
            with pytest.raises(Unreadable):
                await subject_for(db, Keyring(root_key), clinic, ana.id)


async def test_a_person_of_a_clinic_without_a_key_gets_none(pool: Pool, ward: Ward) -> None:
    async with clinic_transaction(pool, ward.clinic_id) as db:
        with pytest.raises(Unreadable):
            await create_subject_key(db, Keyring(ROOT_KEY), uuid7(), uuid7(), kind="patient")


async def test_who_is_on_the_team_reads_and_who_is_not_does_not(
    pool: Pool, ana: Person, dr_bo: Person, ward: Ward
) -> None:
    nia = await ward.practitioner("nia")
    hers, none = await care_of(pool, ana, dr_bo), await care_of(pool, ana, nia)

    assert hers is not None
    assert none is not None
    assert (hers.assigned, hers.exists, hers.reads_text) == (True, True, True)
    assert (none.assigned, none.exists, none.reads_text) == (False, False, False)


async def test_nobody_has_to_do_with_a_patient_of_another_clinic(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    assert await care_of(pool, ana, dr_cy) is None


@pytest.mark.parametrize(
    ("after", "reads"),
    [(timedelta(0), True), (TEXT_WHILE_ON_CALL - timedelta(minutes=1), True),
     (TEXT_WHILE_ON_CALL + timedelta(minutes=1), False)],
    ids=["at once", "just within a day", "after a day"],
)  # fmt: skip
async def test_who_was_paged_reads_for_a_day_while_the_alert_lives(
    pool: Pool, ana: Person, ward: Ward, clock: Clock, superuser: Connection,
    after: timedelta, *, reads: bool,
) -> None:  # fmt: skip
    nia = await ward.practitioner("nia")
    alert = await raised(pool, ana)
    await paged(pool, nia, alert)
    await clock.advance(seconds=after.total_seconds())
    live = await care_of(pool, ana, nia)
    await superuser.execute(
        "UPDATE alert SET state = 'resolved', resolved_by = $1, outcome = 'other' WHERE id = $2",
        nia.id,
        alert,
    )
    over = await care_of(pool, ana, nia)

    assert live is not None
    assert over is not None
    assert (live.on_call, live.reads_text) == (True, reads)
    assert (over.exists, over.reads_text) == (False, False)
