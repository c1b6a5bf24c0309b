"""Time alone raises a silence: every patient is assessed once a day, entry or no entry."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from clinical.assess import assess
from clinical.finding import Finding
from models.cipher import Keyring
from models.session import Connection, Pool
from tests.cast import Clock, Person, Ward
from tests.worker.diary_rows import Diary
from worker import assess as assess_module
from worker import daily
from worker.assess import assess_one, assess_patient
from worker.daily import assess_daily
from worker.second_reading import Desk

SILENCE = "silence.broken_habit"
LONG_ENOUGH = 12
"""Days of silence that are longer than any habit here."""


@pytest.fixture
async def diary(pool: Pool, ana: Person, dr_bo: Person, clock: Clock) -> Diary:
    """Open the diary of somebody who is well, writes every day, and was assessed today."""
    await until(clock, hour=13)
    diary = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    await diary.respond(dr_bo)
    await diary.write(range(30), 2)
    assert await assess_one(pool, ana.clinic_id, ana.id) == 0
    return diary


async def until(clock: Clock, *, hour: int, minute: int = 0) -> None:
    """Move the clock to the next time that it is so late."""
    now = await clock.now()
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    await clock.advance(seconds=((then - now) % timedelta(days=1)).total_seconds())


async def findings(superuser: Connection) -> Sequence[tuple[str, str]]:
    """Read all findings: rule and severity of each."""
    rows = await superuser.fetch("SELECT rule, severity FROM finding ORDER BY found_at, rule")
    return [(row["rule"], row["severity"]) for row in rows]


async def assessed_at(superuser: Connection, patient: Person) -> datetime:
    """Read when a patient was last assessed."""
    at: datetime = await superuser.fetchval(
        "SELECT assessed_at FROM patient WHERE id = $1", patient.id
    )
    return at


async def test_a_silence_is_found_by_the_passing_of_days(
    pool: Pool, diary: Diary, clock: Clock, superuser: Connection
) -> None:
    for _ in range(2):
        await clock.advance(days=1)
        assert await assess_daily(pool) == 1
    assert await findings(superuser) == []
    for _ in range(LONG_ENOUGH):
        await clock.advance(days=1)
        assert await assess_daily(pool) == 1

    assert await findings(superuser) == [(SILENCE, "notice")]
    [alert] = await superuser.fetch("SELECT rule, severity, next_step_at FROM alert")
    assert tuple(alert) == (SILENCE, "notice", None)


async def test_a_silence_in_worry_rings(
    pool: Pool, diary: Diary, clock: Clock, superuser: Connection
) -> None:
    await superuser.execute("ALTER TABLE entry_revision DISABLE TRIGGER append_only")
    await superuser.execute(
        "UPDATE entry_revision SET answers = answers || '{\"si_daily\": 1}' WHERE local_date = $1",
        diary.today,
    )
    await clock.advance(days=LONG_ENOUGH)

    await assess_daily(pool)
    assert await findings(superuser) == [(SILENCE, "urgent")]


async def test_a_patient_is_assessed_once_between_two_days_ends(
    pool: Pool, diary: Diary, clock: Clock
) -> None:
    assert await assess_daily(pool) == 0
    await until(clock, hour=11, minute=50)
    assert await assess_daily(pool) == 0
    await clock.advance(minutes=15)
    assert [await assess_daily(pool) for _ in range(2)] == [1, 0]


async def test_an_assessment_for_an_entry_counts_for_the_day(
    pool: Pool, ana: Person, diary: Diary, clock: Clock
) -> None:
    await clock.advance(days=1)
    await assess_one(pool, ana.clinic_id, ana.id)

    assert await assess_daily(pool) == 0


async def test_two_rounds_at_once_tell_once(
    pool: Pool, diary: Diary, clock: Clock, superuser: Connection
) -> None:
    await clock.advance(days=LONG_ENOUGH)

    await asyncio.gather(*(assess_daily(pool) for _ in range(3)))
    assert await findings(superuser) == [(SILENCE, "notice")]


async def test_a_round_and_the_job_of_an_entry_at_once_tell_once(
    pool: Pool, ana: Person, diary: Diary, clock: Clock, superuser: Connection
) -> None:
    await clock.advance(days=LONG_ENOUGH)

    await asyncio.gather(assess_daily(pool), assess_one(pool, ana.clinic_id, ana.id))
    assert await findings(superuser) == [(SILENCE, "notice")]


async def test_a_chart_that_cannot_be_assessed_keeps_no_other_from_its_turn(
    pool: Pool, ward: Ward, diary: Diary, ana: Person, dr_bo: Person, clock: Clock,
    superuser: Connection, worker_log: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    others = [await ward.patient(name, dr_bo) for name in ("eva", "ida")]

    def trip(chart: Any, *, now: Any, rules: Any) -> list[Finding]:
        if chart.entries:
            raise ZeroDivisionError
        return assess(chart, now=now, rules=rules)

    monkeypatch.setattr(assess_module, "assess", trip)
    monkeypatch.setattr(daily, "BATCH", 1)
    await clock.advance(days=1)
    before = await clock.now()

    assert await assess_daily(pool) == 3
    assert await assess_daily(pool) == 1  # and is tried again
    assert await assessed_at(superuser, ana) < before
    assert all([await assessed_at(superuser, one) >= before for one in others])
    assert b"assess.failed" in worker_log.getvalue()


async def test_a_round_says_how_far_it_is(
    pool: Pool, ward: Ward, diary: Diary, dr_bo: Person, clock: Clock, worker_log: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await ward.patient("eva", dr_bo)
    monkeypatch.setattr(daily, "BATCH", 1)
    await clock.advance(days=1)

    await assess_daily(pool)
    lines = [line for line in worker_log.getvalue().splitlines() if b"assess.daily" in line]
    assert [b'"patients":1' in lines[0], b'"patients":2' in lines[1]] == [True, True]
    assert str(diary.who.id).encode() not in b"".join(lines)


@pytest.mark.parametrize(
    "gone", ["UPDATE patient SET ended_at = app_now()", "UPDATE clinic SET closed_at = app_now()"]
)
async def test_who_is_not_treated_any_more_is_left_alone(
    pool: Pool, diary: Diary, clock: Clock, superuser: Connection, gone: str
) -> None:
    await superuser.execute(gone)
    await clock.advance(days=LONG_ENOUGH)

    assert await assess_daily(pool) == 0


async def test_entries_are_assessed_while_a_round_is_under_way(
    pool: Pool, keyring: Keyring, diary: Diary, ana: Person, clock: Clock, superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    on, hold = asyncio.Event(), asyncio.Event()

    async def slowly(*arguments: Any, **named: Any) -> int:
        on.set()
        await hold.wait()
        return await assess_one(*arguments, **named)

    monkeypatch.setattr(daily, "assess_one", slowly)
    await clock.advance(days=1)
    began = await clock.now()
    round_ = asyncio.create_task(assess_daily(pool))
    await on.wait()
    desk = Desk(pool=pool, keyring=keyring)
    await assess_patient({"desk": desk}, str(ana.clinic_id), str(ana.id))

    assert await assessed_at(superuser, ana) > began
    hold.set()
    assert await round_ == 1


async def test_a_lost_database_is_left_to_the_caller(
    pool: Pool, diary: Diary, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any, **__: Any) -> int:
        raise asyncpg.PostgresConnectionError

    monkeypatch.setattr(daily, "assess_one", lost)
    await clock.advance(days=1)

    with pytest.raises(asyncpg.PostgresConnectionError):
        await assess_daily(pool)
