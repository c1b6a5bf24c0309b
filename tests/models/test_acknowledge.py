"""A human answers an alert, against real rows: the ladder stops, starts again, ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.acknowledge import (
    ACTION_TIMER,
    FOLLOW_UP,
    AckedByOther,
    Answered,
    IsResolved,
    acknowledge,
    act,
    lock_alert,
    reopen_owned,
    resolve,
    unacknowledge,
)
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.staff_side import paged, raised

Answer = Callable[[Connection, UUID, Answered, UUID], Awaitable[Any]]


async def answer(pool: Pool, who: Person, alert_id: UUID, how: Answer) -> Any:
    """Lock an alert and answer it, in one transaction."""
    async with clinic_transaction(pool, who.clinic_id, role="clinician") as db:
        alert = await lock_alert(db, who.clinic_id, alert_id)
        assert alert is not None
        return await how(db, who.clinic_id, alert, who.id)


async def act_by_calling(db: Connection, clinic: UUID, alert: Answered, who: UUID) -> Any:
    return await act(db, clinic, alert, who, "called_spoke")


async def end_well(db: Connection, clinic: UUID, alert: Answered, who: UUID) -> Any:
    return await resolve(db, clinic, alert, who, outcome="safety_plan", note_ct=b"sealed")


async def row_of(db: Connection, alert_id: UUID) -> dict[str, Any]:
    """Read an alert."""
    return dict(await db.fetchrow("SELECT * FROM alert WHERE id = $1", alert_id) or {})


async def history_of(db: Connection, alert_id: UUID) -> list[str]:
    """List what happened to an alert."""
    rows = await db.fetch(
        "SELECT kind FROM alert_history WHERE alert_id = $1 ORDER BY at, id", alert_id
    )
    return [row["kind"] for row in rows]


async def states_of(db: Connection, alert_id: UUID) -> list[str]:
    """List the states of an alert's pages, the first step first."""
    rows = await db.fetch("SELECT state FROM delivery WHERE alert_id = $1 ORDER BY step", alert_id)
    return [row["state"] for row in rows]


async def test_an_acknowledgement_stops_the_ladder_and_starts_the_action_timer(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    alert_id = await raised(pool, ana)

    after = await answer(pool, dr_bo, alert_id, acknowledge)

    row = await row_of(superuser, alert_id)
    assert after.state == row["state"] == "acked"
    assert row["acked_by"] == dr_bo.id
    assert row["next_step_at"] == row["action_due_at"] == row["acked_at"] + ACTION_TIMER
    assert row["resume_step_at"] is None
    assert await history_of(superuser, alert_id) == ["created", "acked"]


@pytest.mark.parametrize("state", ["pending", "leased"])
async def test_an_acknowledgement_cancels_what_is_still_on_its_way(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, state: str
) -> None:
    alert_id = await raised(pool, ana)
    await paged(pool, dr_bo, alert_id)
    await superuser.execute("UPDATE delivery SET state = $1", state)

    await answer(pool, dr_bo, alert_id, acknowledge)

    assert await states_of(superuser, alert_id) == ["cancelled"]


@pytest.mark.parametrize("state", ["accepted", "failed", "superseded"])
async def test_an_acknowledgement_leaves_what_has_ended_as_it_ended(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, state: str
) -> None:
    alert_id = await raised(pool, ana)
    await paged(pool, dr_bo, alert_id)
    await superuser.execute("UPDATE delivery SET state = $1", state)

    await answer(pool, dr_bo, alert_id, acknowledge)

    assert await states_of(superuser, alert_id) == [state]


async def test_the_same_person_again_changes_nothing(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    alert_id = await raised(pool, ana)
    first = await answer(pool, dr_bo, alert_id, acknowledge)
    await clock.advance(minutes=5)

    again = await answer(pool, dr_bo, alert_id, acknowledge)

    assert again == first
    assert await history_of(superuser, alert_id) == ["created", "acked"]


async def test_somebody_else_learns_who_has_it(
    pool: Pool, ana: Person, dr_bo: Person, ward: Ward
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(pool, ana)
    await answer(pool, dr_bo, alert_id, acknowledge)

    with pytest.raises(AckedByOther) as refused:
        await answer(pool, nurse, alert_id, acknowledge)

    assert refused.value.alert.acked_by == dr_bo.id
    assert refused.value.alert.acked_at is not None


async def test_of_twenty_at_once_one_has_it(
    pool: Pool, ana: Person, ward: Ward, superuser: Connection
) -> None:
    team = [await ward.practitioner(f"p{n}") for n in range(20)]
    alert_id = await raised(pool, ana)

    results = await asyncio.gather(
        *(answer(pool, one, alert_id, acknowledge) for one in team), return_exceptions=True
    )

    won = [r for r in results if isinstance(r, Answered)]
    lost = [r for r in results if isinstance(r, AckedByOther)]
    assert (len(won), len(lost)) == (1, 19)
    assert {error.alert.acked_by for error in lost} == {won[0].acked_by}
    assert await history_of(superuser, alert_id) == ["created", "acked"]


async def test_two_must_answer_where_two_are_needed(
    pool: Pool, ana: Person, dr_bo: Person, ward: Ward, superuser: Connection
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(pool, ana)
    await paged(pool, dr_bo, alert_id, step=0)
    await paged(pool, nurse, alert_id, step=1)
    await superuser.execute("UPDATE alert SET acks_needed = 2")

    first = await answer(pool, dr_bo, alert_id, acknowledge)
    states_between = await states_of(superuser, alert_id)
    again = await answer(pool, dr_bo, alert_id, acknowledge)
    second = await answer(pool, nurse, alert_id, acknowledge)

    assert (first.state, again.state, second.state) == ("open", "open", "acked")
    assert states_between == ["cancelled", "pending"]
    assert await states_of(superuser, alert_id) == ["cancelled", "cancelled"]
    assert set(second.ackers) == {dr_bo.id, nurse.id}


async def test_giving_back_rings_again_from_the_first_step(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    alert_id = await raised(pool, ana)
    await superuser.execute("UPDATE alert SET step = 3, round = 2")
    await answer(pool, dr_bo, alert_id, acknowledge)
    await clock.advance(minutes=1)

    await answer(pool, dr_bo, alert_id, unacknowledge)

    row = await row_of(superuser, alert_id)
    assert (row["state"], row["round"], row["step"]) == ("open", 3, 0)
    assert row["acked_by"] is None
    assert row["next_step_at"] is not None
    assert row["next_step_at"] <= await clock.now()
    assert await history_of(superuser, alert_id) == ["created", "acked", "unacked", "reopened"]


async def test_after_giving_back_the_same_person_can_take_it_on_again(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    alert_id = await raised(pool, ana)
    for how in (acknowledge, unacknowledge, acknowledge):
        await clock.advance(seconds=1)
        after = await answer(pool, dr_bo, alert_id, how)

    assert after.state == "acked"
    assert after.ackers == [dr_bo.id]


async def test_giving_back_what_is_open_changes_nothing(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)

    await answer(pool, dr_bo, alert_id, unacknowledge)

    assert (await row_of(superuser, alert_id))["round"] == 1
    assert await history_of(superuser, alert_id) == ["created"]


async def test_an_action_meets_the_timer_and_sets_a_reminder(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    alert_id = await raised(pool, ana)
    await answer(pool, dr_bo, alert_id, acknowledge)

    await answer(pool, dr_bo, alert_id, act_by_calling)

    row = await row_of(superuser, alert_id)
    assert row["state"] == "acked"
    assert row["action_due_at"] is None
    assert timedelta() <= await clock.now() + FOLLOW_UP - row["next_step_at"] < timedelta(minutes=1)
    assert await history_of(superuser, alert_id) == ["created", "acked", "action"]


async def test_whoever_acts_on_an_open_alert_takes_it_on(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)

    await answer(pool, dr_bo, alert_id, act_by_calling)

    row = await row_of(superuser, alert_id)
    assert (row["state"], row["acked_by"]) == ("acked", dr_bo.id)


async def test_one_action_sent_twice_is_one_action(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id, action_id = await raised(pool, ana), uuid7()

    async def call(db: Connection, clinic: UUID, alert: Answered, who: UUID) -> Any:
        return await act(db, clinic, alert, who, "called_spoke", action_id=action_id)

    async def other(db: Connection, clinic: UUID, alert: Answered, who: UUID) -> Any:
        return await act(db, clinic, alert, who, "safety_plan", action_id=action_id)

    for _ in range(2):
        await answer(pool, dr_bo, alert_id, call)
    conflicting = await answer(pool, dr_bo, alert_id, other)

    assert conflicting is None
    assert await history_of(superuser, alert_id) == ["created", "acked", "action"]


async def test_resolving_ends_it_and_nothing_rings_any_more(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)
    await paged(pool, dr_bo, alert_id)
    await answer(pool, dr_bo, alert_id, acknowledge)

    await answer(pool, dr_bo, alert_id, end_well)

    row = await row_of(superuser, alert_id)
    assert (row["state"], row["outcome"], row["resolved_by"]) == (
        "resolved",
        "safety_plan",
        dr_bo.id,
    )
    assert (row["next_step_at"], row["action_due_at"]) == (None, None)
    assert await states_of(superuser, alert_id) == ["cancelled"]
    assert await history_of(superuser, alert_id) == ["created", "acked", "resolved"]


async def test_whoever_resolves_an_open_alert_has_acknowledged_it_in_the_same_breath(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    alert_id = await raised(pool, ana)

    await answer(pool, dr_bo, alert_id, end_well)

    row = await row_of(superuser, alert_id)
    assert row["acked_by"] == row["resolved_by"] == dr_bo.id
    assert await history_of(superuser, alert_id) == ["created", "acked", "resolved"]


async def test_resolving_again_is_the_same_answer_and_by_another_is_refused(
    pool: Pool, ana: Person, dr_bo: Person, ward: Ward
) -> None:
    nurse = await ward.practitioner("nia", profession="nurse")
    alert_id = await raised(pool, ana)
    first = await answer(pool, dr_bo, alert_id, end_well)

    assert await answer(pool, dr_bo, alert_id, end_well) == first
    with pytest.raises(IsResolved):
        await answer(pool, nurse, alert_id, end_well)
    with pytest.raises(IsResolved):
        await answer(pool, dr_bo, alert_id, unacknowledge)
    with pytest.raises(IsResolved):
        await answer(pool, dr_bo, alert_id, act_by_calling)


async def test_what_somebody_has_taken_on_rings_again_when_they_are_gone(
    pool: Pool, ana: Person, dr_bo: Person, ward: Ward, superuser: Connection
) -> None:
    other = await ward.patient("ida", dr_bo)
    hers, his = await raised(pool, ana), await raised(pool, other)
    for alert_id in (hers, his):
        await answer(pool, dr_bo, alert_id, acknowledge)

    async with clinic_transaction(pool, ana.clinic_id) as db:
        one = await reopen_owned(db, ana.clinic_id, dr_bo.id, reason="left_team", patient_id=ana.id)
    states = [(await row_of(superuser, each))["state"] for each in (hers, his)]
    async with clinic_transaction(pool, ana.clinic_id) as db:
        rest = await reopen_owned(db, ana.clinic_id, dr_bo.id, reason="disabled")

    assert (one, rest) == (1, 1)
    assert states == ["open", "acked"]
    assert (await row_of(superuser, his))["state"] == "open"


async def test_an_alert_of_another_clinic_is_not_there(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    alert_id = await raised(pool, ana)

    async with clinic_transaction(pool, dr_cy.clinic_id, role="clinician") as db:
        assert await lock_alert(db, dr_cy.clinic_id, alert_id) is None
