"""Raising an alert: a new one, or news of the one that lives; who is rung again and when."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.acknowledge import acknowledge, lock_alert, resolve
from models.alert import NEW_INFORMATION, ROUND_SPACING, SEVERITY_RANK
from models.ingest import store_new
from models.page_channel import PAGE_CHANNEL
from models.session import Connection, Pool, clinic_transaction, connect
from tests.cast import Clock, Database, Person, Ward
from tests.models.one_database.diary import LOUD, alert_of, entry, kinds_of, submit, writer_of
from tests.staff_side import raised


async def ring(pool: Pool, who: Person, count: int = 1) -> None:
    """Write entries that speak of suicide, in one request."""
    await submit(pool, who, *(entry(LOUD) for _ in range(count)))


async def answer(pool: Pool, who: Person, alert_id: UUID, *, end: bool = False) -> None:
    """Acknowledge an alert, or end it."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        alert = await lock_alert(db, who.clinic_id, alert_id)
        assert alert is not None
        if end:
            await resolve(
                db, who.clinic_id, alert, who.id, outcome="called_spoke", note_ct=b"sealed"
            )
        else:
            await acknowledge(db, who.clinic_id, alert, who.id)


async def set_alert(db: Connection, who: Person, **columns: Any) -> None:
    """Change an alert as the pager would have."""
    for name, value in columns.items():
        await db.execute(f"UPDATE alert SET {name} = $1 WHERE patient_id = $2", value, who.id)


async def test_the_first_source_makes_an_alert_that_is_due_at_once(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["severity"], alert["severity_rank"], alert["state"]) == ("emergency", 9, "open")
    assert (alert["round"], alert["step"], alert["version"]) == (1, 0, 1)
    assert alert["next_step_at"] == alert["opened_at"] == alert["last_round_at"]
    assert alert["resume_step_at"] is None
    assert alert["policy_snapshot"] is None
    assert await kinds_of(superuser, ana) == ["created"]


@pytest.mark.parametrize(("severity", "rank"), [("urgent", 5), ("routine", 1), ("emergency", 9)])
async def test_the_rank_is_the_severitys(
    pool: Pool, ana: Person, superuser: Connection, severity: str, rank: int
) -> None:
    await raised(pool, ana, severity=severity)

    assert (await alert_of(superuser, ana))["severity_rank"] == rank == SEVERITY_RANK[severity]


@pytest.mark.parametrize("count", [1, 7, 50])
async def test_everything_of_one_request_is_one_round(
    pool: Pool, ana: Person, superuser: Connection, count: int
) -> None:
    await ring(pool, ana, count)

    alert = await alert_of(superuser, ana)
    sources = await superuser.fetchval(
        "SELECT count(*) FROM alert_source WHERE alert_id = $1", alert["id"]
    )
    assert (alert["round"], sources) == (1, count)
    assert await kinds_of(superuser, ana) == ["created"]


@pytest.mark.parametrize(
    ("after", "rounds"),
    [
        (timedelta(0), 1),
        (ROUND_SPACING - timedelta(seconds=5), 1),
        (ROUND_SPACING, 2),
        (timedelta(hours=3), 2),
    ],
    ids=["at once", "just before a minute", "after a minute", "hours later"],
)
async def test_news_ring_again_at_most_once_a_minute(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock, after: timedelta, rounds: int
) -> None:
    await ring(pool, ana)
    await clock.advance(seconds=after.total_seconds())
    await ring(pool, ana)

    assert (await alert_of(superuser, ana))["round"] == rounds
    assert await kinds_of(superuser, ana) == ["created", "attached"]


async def test_news_within_a_minute_are_shown_and_move_nothing(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await ring(pool, ana)
    before = await alert_of(superuser, ana)
    await ring(pool, ana, 3)

    assert await alert_of(superuser, ana) == before
    detail = await superuser.fetchval(
        "SELECT detail FROM alert_history WHERE patient_id = $1 AND kind = 'attached'", ana.id
    )
    assert detail == {"sources": 3}


async def test_an_extra_round_keeps_the_time_of_the_next_step(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await ring(pool, ana)
    later = await clock.now() + timedelta(minutes=3)
    await set_alert(superuser, ana, step=2, next_step_at=later)
    await clock.advance(minutes=2)
    await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["round"], alert["step"], alert["state"]) == (2, 2, "open")
    assert alert["resume_step_at"] == later
    assert alert["next_step_at"] == alert["last_round_at"] < later


async def test_a_second_extra_round_before_the_pager_came_keeps_the_first_time(
    pool: Pool, ana: Person, superuser: Connection, clock: Clock
) -> None:
    await ring(pool, ana)
    later = await clock.now() + timedelta(minutes=30)
    await set_alert(superuser, ana, next_step_at=later)
    for _ in range(3):
        await clock.advance(minutes=2)
        await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["round"], alert["version"], alert["resume_step_at"]) == (4, 4, later)


@pytest.mark.parametrize(
    ("after", "state", "rounds"),
    [
        (timedelta(minutes=2), "acked", 2),
        (NEW_INFORMATION - timedelta(seconds=5), "acked", 2),
        (NEW_INFORMATION + timedelta(seconds=5), "open", 2),
        (timedelta(days=1), "open", 2),
    ],
    ids=["soon", "just before", "just after", "a day later"],
)
async def test_news_after_an_acknowledgement(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock,
    after: timedelta, state: str, rounds: int,
) -> None:  # fmt: skip
    await ring(pool, ana)
    await answer(pool, dr_bo, (await alert_of(superuser, ana))["id"])
    await clock.advance(seconds=after.total_seconds())
    await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["state"], alert["round"]) == (state, rounds)


async def test_news_soon_after_an_acknowledgement_leave_it_and_its_timer(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    await ring(pool, ana)
    await answer(pool, dr_bo, (await alert_of(superuser, ana))["id"])
    before = await alert_of(superuser, ana)
    await clock.advance(minutes=5)
    await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["acked_by"], alert["acked_at"]) == (dr_bo.id, before["acked_at"])
    assert alert["resume_step_at"] == alert["action_due_at"] == before["action_due_at"]


async def test_news_long_after_an_acknowledgement_begin_the_ladder_anew(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock
) -> None:
    await ring(pool, ana)
    await set_alert(superuser, ana, step=4)
    await answer(pool, dr_bo, (await alert_of(superuser, ana))["id"])
    await clock.advance(minutes=16)
    await ring(pool, ana)

    alert = await alert_of(superuser, ana)
    assert (alert["step"], alert["acked_by"], alert["acked_at"]) == (0, None, None)
    assert (alert["action_due_at"], alert["resume_step_at"]) == (None, None)
    assert alert["next_step_at"] == alert["last_round_at"] == await clock_of(superuser, alert["id"])
    assert (await kinds_of(superuser, ana))[-2:] == ["attached", "reopened"]


async def clock_of(db: Connection, alert_id: UUID) -> Any:
    """Read when an alert was opened again."""
    return await db.fetchval(
        "SELECT at FROM alert_history WHERE alert_id = $1 AND kind = 'reopened'", alert_id
    )


async def test_after_the_end_there_is_a_new_alert(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await ring(pool, ana)
    first = await alert_of(superuser, ana)
    await answer(pool, dr_bo, first["id"], end=True)
    await ring(pool, ana)

    rows = await superuser.fetch(
        "SELECT id, state, round FROM alert WHERE patient_id = $1 ORDER BY opened_at, id", ana.id
    )
    assert [(row["state"], row["round"]) for row in rows] == [("resolved", 1), ("open", 1)]
    assert rows[0]["id"] == first["id"]


@pytest.mark.parametrize("minutes", [0, 5, 20], ids=["at once", "soon", "after long"])
async def test_a_replay_rings_nobody(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, clock: Clock, minutes: int
) -> None:
    again = entry(LOUD)
    await submit(pool, ana, again)
    await answer(pool, dr_bo, (await alert_of(superuser, ana))["id"])
    before = await alert_of(superuser, ana)
    await clock.advance(minutes=minutes)
    await submit(pool, ana, again)

    assert await alert_of(superuser, ana) == before
    assert await kinds_of(superuser, ana) == ["created", "acked"]


async def test_two_requests_at_once_make_one_alert_with_both_sources(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await asyncio.gather(*(ring(pool, ana) for _ in range(6)))

    alert = await alert_of(superuser, ana)
    assert alert["round"] == 1
    assert (
        await superuser.fetchval(
            "SELECT count(*) FROM alert_source WHERE alert_id = $1", alert["id"]
        )
        == 6
    )
    assert sorted(await kinds_of(superuser, ana)) == ["attached"] * 5 + ["created"]


async def test_a_request_that_waited_for_the_end_of_an_alert_makes_a_new_one(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await ring(pool, ana)
    first = (await alert_of(superuser, ana))["id"]
    async with clinic_transaction(pool, ana.clinic_id) as db:
        alert = await lock_alert(db, ana.clinic_id, first)
        assert alert is not None
        waiting = asyncio.create_task(ring(pool, ana))
        await held_up(superuser)
        await resolve(db, ana.clinic_id, alert, dr_bo.id, outcome="other", note_ct=b"x")
    await waiting

    states = await superuser.fetch("SELECT state FROM alert WHERE patient_id = $1", ana.id)
    assert sorted(row["state"] for row in states) == ["open", "resolved"]


async def held_up(db: Connection) -> None:
    """Come back when some statement waits for a lock."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(5):
        while not await db.fetchval(waits):  # noqa: ASYNC110 # a lock sets no event
            await asyncio.sleep(0)


async def test_patients_have_alerts_of_their_own(
    pool: Pool, ana: Person, ward: Ward, superuser: Connection
) -> None:
    ida = await ward.patient("ida")
    await asyncio.gather(ring(pool, ana), ring(pool, ida))

    assert (await alert_of(superuser, ana))["id"] != (await alert_of(superuser, ida))["id"]


@pytest.mark.parametrize("severity", ["urgent", "routine"])
async def test_what_is_less_than_an_emergency_is_one_alert_a_rule_and_period(
    pool: Pool, ana: Person, superuser: Connection, severity: str
) -> None:
    named = [("rule.one", 1), ("rule.one", 2), ("rule.two", 1)]
    for rule, period in named:
        await raised(pool, ana, severity=severity, rule=rule, period=period)

    rows = await superuser.fetch("SELECT rule, period FROM alert WHERE patient_id = $1", ana.id)
    assert sorted((row["rule"], row["period"]) for row in rows) == named


async def test_an_emergency_lives_beside_what_is_less(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await raised(pool, ana, severity="urgent")
    await ring(pool, ana)

    rows = await superuser.fetch("SELECT severity FROM alert WHERE patient_id = $1", ana.id)
    assert sorted(row["severity"] for row in rows) == ["emergency", "urgent"]


async def heard(database: Database, act: Any) -> int:
    """Count how often the pager is woken while something happens."""
    woken: list[str] = []
    listener = await connect(database.pager)

    def note(*event: Any) -> None:
        woken.append(str(event[-1]))

    await listener.add_listener(PAGE_CHANNEL, note)
    await act()
    await listener.fetchval("SELECT 1")  # what was sent before has arrived with this answer
    await listener.close()
    assert set(woken) <= {""}, "a payload is outside of row security"
    return len(woken)


async def test_the_pager_is_woken_when_a_step_is_due_and_not_else(
    pool: Pool, ana: Person, database: Database, clock: Clock
) -> None:
    again = entry(LOUD)
    counts = [
        await heard(database, lambda: submit(pool, ana, entry())),
        await heard(database, lambda: submit(pool, ana, again)),
        await heard(database, lambda: submit(pool, ana, again)),
        await heard(database, lambda: ring(pool, ana, 5)),
    ]
    await clock.advance(minutes=2)
    counts.append(await heard(database, lambda: ring(pool, ana)))

    assert counts == [0, 1, 0, 0, 1]


async def test_a_request_that_fails_wakes_nobody_and_leaves_nothing(
    pool: Pool, ana: Person, database: Database, superuser: Connection
) -> None:
    async def store_and_fail() -> None:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            await store_new(db, writer_of(ana), [entry(LOUD)])
            raise ZeroDivisionError

    async def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            await store_and_fail()

    assert await heard(database, fail) == 0
    assert await superuser.fetch("SELECT id FROM alert WHERE patient_id = $1", ana.id) == []
