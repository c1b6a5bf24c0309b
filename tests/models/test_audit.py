"""An audit row says who did what to which record, in the transaction in which they did it."""

from uuid import uuid4

import asyncpg
import pytest

from models.audit import Act, Actor, record_audit
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Person

DONE = Act(action="a.b", object_type="a")


async def test_every_column_is_what_was_said(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    request, entry = uuid4(), uuid4()
    actor = Actor(
        clinic_id=ana.clinic_id,
        id=dr_bo.id,
        role="clinician",
        session_id=dr_bo.session_id,
        request_id=request,
    )
    act = Act(
        action="entry.read",
        object_type="entry",
        object_id=entry,
        patient_id=ana.id,
        outcome="denied",
        purpose="research",
        fields=("note", "answers"),
    )

    async with clinic_transaction(pool, ana.clinic_id) as db:
        await record_audit(db, actor, act)

    row = await superuser.fetchrow("SELECT *, app_now() - at AS age FROM audit_event")
    assert row is not None
    assert (row["clinic_id"], row["actor_id"], row["actor_role"]) == (
        ana.clinic_id,
        dr_bo.id,
        "clinician",
    )
    assert (row["session_id"], row["request_id"]) == (dr_bo.session_id, request)
    assert (row["action"], row["object_type"], row["object_id"], row["patient_id"]) == (
        "entry.read",
        "entry",
        entry,
        ana.id,
    )
    assert (row["outcome"], row["purpose"], row["fields"]) == (
        "denied",
        "research",
        ["note", "answers"],
    )
    assert abs(row["age"].total_seconds()) < 60


async def test_several_acts_are_as_many_rows_in_their_order(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    acts = [Act(action=f"a.{n}", object_type="a") for n in range(5)]

    async with clinic_transaction(pool, ana.clinic_id) as db:
        await record_audit(db, Actor(clinic_id=ana.clinic_id), *acts)

    rows = await superuser.fetch("SELECT action FROM audit_event ORDER BY id")
    assert [row["action"] for row in rows] == [act.action for act in acts]


async def test_an_act_that_is_taken_back_leaves_no_row(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    async def act_and_fail() -> None:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            await record_audit(db, Actor(clinic_id=ana.clinic_id), DONE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await act_and_fail()
    assert await superuser.fetchval("SELECT count(*) FROM audit_event") == 0


async def test_nobody_writes_into_another_clinics_audit(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await record_audit(db, Actor(clinic_id=ana.clinic_id), DONE)


async def test_a_patient_sees_the_rows_about_themselves_only(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    async with clinic_transaction(pool, ana.clinic_id) as db:
        for patient in (ana.id, uuid4(), None):
            act = Act(action="chart.read", object_type="chart", patient_id=patient)
            await record_audit(db, Actor(clinic_id=ana.clinic_id), act)

    async with pool.acquire() as db, db.transaction():
        await db.execute(
            "SELECT set_config('app.clinic_id', $1, true), set_config('app.role', 'patient', true),"
            " set_config('app.subject_id', $2, true)",
            str(ana.clinic_id),
            str(ana.id),
        )
        seen = await db.fetch("SELECT patient_id FROM audit_event")

    assert [row["patient_id"] for row in seen] == [ana.id]
