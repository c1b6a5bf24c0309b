"""No job reads: after a minute each note is a task for a human, and operations hear of it."""

import pytest

from models.cipher import Keyring
from models.second_reading import REVIEW_RULE
from models.session import Connection, Pool
from tests.cast import Clock, Person, Ward
from tests.scenarios.ward import Stage
from tests.worker.diary_rows import Diary
from tests.worker.notes import MARCH, WALK, Scripted, alerts, read, write
from worker import heartbeat
from worker.heartbeat import UNREAD_AFTER, Heart
from worker.listener import Listener
from worker.second_reading import Desk


@pytest.fixture
def heart(stage: Stage) -> Heart:
    listener = Listener(url="", wake=lambda: None, learn=stage.board.floor.learn, is_listening=True)
    return Heart(board=stage.board, pool=stage.lanes[1].pool, listener=listener)


@pytest.fixture
def desk(pool: Pool, keyring: Keyring) -> Desk:
    return Desk(pool=pool, keyring=keyring, reader=Scripted())


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


async def late(clock: Clock, seconds: float = 1) -> None:
    await clock.advance(seconds=UNREAD_AFTER.total_seconds() + seconds)


async def test_a_note_nobody_reads_becomes_a_task_and_silences_the_heart(
    heart: Heart, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection
) -> None:
    await write(diary, keyring, MARCH)
    await write(diary, keyring, WALK)
    await late(clock, -5)
    assert await heart.beat() == []
    assert await alerts(superuser) == []

    await late(clock)

    assert await heart.beat() == ["screening_delayed"]
    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, "screening_delayed")] * 2
    assert await superuser.fetchval("SELECT count(*) FROM alert") == 1


async def test_the_task_is_made_once_and_the_reading_still_comes(
    heart: Heart, desk: Desk, diary: Diary, keyring: Keyring, clock: Clock, ana: Person,
    dr_bo: Person, superuser: Connection,
) -> None:  # fmt: skip
    await write(diary, keyring, MARCH)
    await late(clock)
    await heart.beat()
    await superuser.execute(
        "UPDATE alert SET state = 'resolved', resolved_by = $1, outcome = 'other'", dr_bo.id
    )

    assert await heart.beat() == ["screening_delayed"]
    assert await superuser.fetchval("SELECT count(*) FROM alert") == 1

    assert await read(desk, ana) == 1
    assert await superuser.fetchval("SELECT count(*) FROM alert WHERE severity = 'emergency'") == 1
    assert "screening_delayed" not in await heart.beat()


async def test_an_entry_without_words_waits_for_nobody(
    heart: Heart, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection
) -> None:
    await write(diary, keyring, None)
    await late(clock)

    assert await heart.beat() == []
    assert await alerts(superuser) == []


async def test_everybodys_notes_are_their_own_task(
    heart: Heart, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection,
    ward: Ward, dr_bo: Person, pool: Pool,
) -> None:  # fmt: skip
    await write(diary, keyring, WALK)
    eve = await ward.patient("eve", dr_bo)
    await write(Diary(pool=pool, who=eve, today=diary.today), keyring, WALK)
    await late(clock)

    await heart.beat()

    patients = await superuser.fetch("SELECT patient_id FROM alert")
    assert {row["patient_id"] for row in patients} == {diary.who.id, eve.id}


async def test_a_backlog_longer_than_one_look_becomes_tasks_to_its_end(
    heart: Heart, diary: Diary, keyring: Keyring, clock: Clock, superuser: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(heartbeat, "MOST_UNREAD", 2)
    for _ in range(5):
        await write(diary, keyring, WALK)
    await late(clock)

    for _ in range(3):
        assert await heart.beat() == ["screening_delayed"]

    assert await superuser.fetchval("SELECT count(*) FROM alert_source") == 5
