"""The second reading: what the rules let pass and the model does not becomes a page, once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from clinical.ideation.meaning import Meaning
from models.cipher import Keyring
from models.ingest import SI_RULE, store_correction, store_past
from models.second_reading import REVIEW_RULE
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person
from tests.worker.diary_rows import NOTHING_FOUND, Diary, revision
from tests.worker.notes import MARCH, TIRED, WALK, Scripted, alerts, read, sealed, write
from worker.second_reading import NOTES_AT_ONCE, Desk, NobodyReads


@pytest.fixture
def model() -> Scripted:
    return Scripted()


@pytest.fixture
def desk(pool: Pool, keyring: Keyring, model: Scripted) -> Desk:
    return Desk(pool=pool, keyring=keyring, reader=model)


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


async def test_what_the_rules_let_pass_pages(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, superuser: Connection
) -> None:
    await write(diary, keyring, MARCH)

    assert await read(desk, ana) == 1

    assert await alerts(superuser) == [(SI_RULE, "emergency", 1, "model_high")]
    [row] = await superuser.fetch("SELECT * FROM screening WHERE stage = 2")
    assert (row["label"], row["reason"], row["model_version"]) == (
        "escalate",
        "model_high",
        "scripted-1",
    )
    assert row["spans"] == [{"start": 0, "end": 44}]


async def test_a_page_of_the_rules_is_not_rung_twice(
    diary: Diary,
    keyring: Keyring,
    desk: Desk,
    ana: Person,
    clock: Clock,
    superuser: Connection,
) -> None:
    said = replace(NOTHING_FOUND, label="escalate", reason="rule")
    await write(diary, keyring, MARCH, said)
    await clock.advance(minutes=5)

    assert await read(desk, ana) == 0

    assert await alerts(superuser) == [(SI_RULE, "emergency", 1, "rule")]


@pytest.mark.parametrize(
    ("note", "label", "reason"),
    [(TIRED, "none", "model_low"), (WALK, "review", "none")],
    ids=["the model wants it read", "the rules want it read"],
)
async def test_what_a_human_should_read_becomes_one_task(
    diary: Diary,
    keyring: Keyring,
    desk: Desk,
    ana: Person,
    superuser: Connection,
    note: str,
    label: str,
    reason: str,
) -> None:
    for _ in range(2):
        await write(diary, keyring, note, replace(NOTHING_FOUND, label=label))

    assert await read(desk, ana) == 0

    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, reason)] * 2
    assert await superuser.fetchval("SELECT count(*) FROM alert") == 1


async def test_an_everyday_note_is_read_and_tells_nobody(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, superuser: Connection
) -> None:
    await write(diary, keyring, WALK)
    await write(diary, keyring, None)

    assert await read(desk, ana) == 0

    assert await alerts(superuser) == []
    labels = await superuser.fetch("SELECT label FROM screening WHERE stage = 2")
    assert [row["label"] for row in labels] == ["none"]


async def test_nothing_is_read_twice(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, ana: Person
) -> None:
    await write(diary, keyring, MARCH)

    assert [await read(desk, ana), await read(desk, ana)] == [1, 0]
    assert model.seen == [MARCH]


async def test_two_workers_at_once_page_once(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, superuser: Connection
) -> None:
    await write(diary, keyring, MARCH)

    pages = await asyncio.gather(*(read(desk, ana) for _ in range(3)))

    assert sum(pages) == 1
    assert await alerts(superuser) == [(SI_RULE, "emergency", 1, "model_high")]


async def test_what_was_changed_a_second_later_was_written(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, ana: Person
) -> None:
    first = await write(diary, keyring, MARCH)
    async with clinic_transaction(diary.pool, ana.clinic_id) as db:
        changed = await sealed(db, diary, keyring, replace(first, revision=2), WALK)
        await store_correction(db, diary.writer, changed)

    assert await read(desk, ana) == 1
    assert sorted(model.seen) == sorted([MARCH, WALK])


async def test_a_model_that_fails_leaves_it_to_a_human(
    diary: Diary,
    keyring: Keyring,
    pool: Pool,
    ana: Person,
    superuser: Connection,
    worker_log: Any,
) -> None:
    class Broken(Scripted):
        def read(self, notes: Sequence[str]) -> list[Meaning]:
            raise ValueError(notes)

    await write(diary, keyring, MARCH)
    worker_log.seek(0)
    worker_log.truncate()

    await read(Desk(pool=pool, keyring=keyring, reader=Broken()), ana)

    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, "model_missing")]
    line = worker_log.getvalue().decode()
    assert "screening.model_failed" in line
    assert "March" not in line


async def test_without_a_model_whatever_was_written_is_for_a_human(
    diary: Diary, keyring: Keyring, pool: Pool, ana: Person, superuser: Connection
) -> None:
    await write(diary, keyring, WALK)
    await write(diary, keyring, None)

    await read(Desk(pool=pool, keyring=keyring), ana)

    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, "model_missing")]
    assert [m.label for m in NobodyReads().read(["", "  ", "x"])] == ["none", "none", "review"]


async def test_what_was_read_stays_read_when_the_rest_cannot_be(
    diary: Diary, keyring: Keyring, pool: Pool, ana: Person, superuser: Connection
) -> None:
    class Interrupted(Scripted):
        def read(self, notes: Sequence[str]) -> list[Meaning]:
            if len(self.seen) >= NOTES_AT_ONCE:
                raise asyncio.CancelledError
            return Scripted.read(self, notes)

    for _ in range(NOTES_AT_ONCE + 1):
        await write(diary, keyring, WALK)

    with pytest.raises(asyncio.CancelledError):
        await read(Desk(pool=pool, keyring=keyring, reader=Interrupted()), ana)

    kept = await superuser.fetchval("SELECT count(*) FROM screening WHERE stage = 2")
    assert kept == NOTES_AT_ONCE


async def test_a_diary_of_before_is_not_read_again(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, ana: Person
) -> None:
    await write(diary, keyring, MARCH)
    bare = replace(revision(diary.day(30), {"low_mood": 5}), decision=NOTHING_FOUND)
    async with clinic_transaction(diary.pool, ana.clinic_id) as db:
        await store_past(db, diary.writer, [await sealed(db, diary, keyring, bare, TIRED)])

    await read(desk, ana)

    assert model.seen == [MARCH]


async def test_another_clinic_reads_nothing_of_it(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, ana: Person, dr_cy: Person
) -> None:
    await write(diary, keyring, MARCH)

    assert await desk.read_again(dr_cy.clinic_id, ana.id) == 0
    assert model.seen == []
