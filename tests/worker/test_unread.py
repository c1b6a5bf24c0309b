"""Whatever happens to the second reading, no note is taken for read that was not."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import Meaning
from models.cipher import Keyring, Subject, Unreadable
from models.ingest import SI_RULE
from models.second_reading import REVIEW_RULE, Unread
from models.session import Connection, Pool
from tests.cast import Clock, Person
from tests.worker.diary_rows import NOTHING_FOUND, Diary
from tests.worker.notes import MARCH, TIRED, WALK, Scripted, alerts, read, write
from worker import second_reading
from worker.assess import OVERDUE, assess_one, assess_patient, read_and_assess, sweep_unassessed
from worker.second_reading import MOST_A_TURN, NOTES_AT_ONCE, Desk, read_or_ask

UNASSESSED = "SELECT count(*) FROM entry WHERE assessed_at IS NULL"
VERSIONS = "SELECT model_version FROM screening WHERE stage = 2 ORDER BY label"
RESOLVE = """
UPDATE alert SET state = 'resolved', resolved_by = $1, resolved_at = app_now(), outcome = 'other',
    next_step_at = NULL
WHERE rule = 'ideation.review'
"""


@pytest.fixture
def model() -> Scripted:
    return Scripted()


@pytest.fixture
def desk(pool: Pool, keyring: Keyring, model: Scripted) -> Desk:
    return Desk(pool=pool, keyring=keyring, reader=model)


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


async def test_a_note_that_comes_between_reading_and_rules_is_read_later(
    diary: Diary, keyring: Keyring, desk: Desk, clock: Clock, ana: Person, superuser: Connection
) -> None:
    await desk.read_again(ana.clinic_id, ana.id)
    await write(diary, keyring, MARCH)

    await assess_one(desk.pool, ana.clinic_id, ana.id)

    assert await superuser.fetchval(UNASSESSED) == 1
    await clock.advance(seconds=OVERDUE.total_seconds() + 1)
    assert await sweep_unassessed(desk) == 1
    assert await alerts(superuser) == [(SI_RULE, "emergency", 1, "model_high")]
    assert await superuser.fetchval(UNASSESSED) == 0


async def test_a_long_backlog_is_read_in_turns_and_to_its_end(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, clock: Clock, ana: Person,
    superuser: Connection,
) -> None:  # fmt: skip
    await write(diary, keyring, MARCH)
    for _ in range(MOST_A_TURN):
        await write(diary, keyring, WALK)

    await read_and_assess(desk, ana.clinic_id, ana.id)

    assert len(model.seen) == MOST_A_TURN
    assert await superuser.fetchval(UNASSESSED) == 1
    await clock.advance(seconds=OVERDUE.total_seconds() + 1)
    await sweep_unassessed(desk)
    assert model.seen.count(MARCH) == 1
    assert await superuser.fetchval(UNASSESSED) == 0


async def test_a_note_that_does_not_open_is_for_a_human_and_the_others_are_read(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, superuser: Connection,
    monkeypatch: pytest.MonkeyPatch, worker_log: Any,
) -> None:  # fmt: skip
    damaged = await write(diary, keyring, WALK)
    await write(diary, keyring, MARCH)
    opens = Unread.note

    def note(self: Unread, subject: Subject) -> str:
        if self.entry_id == damaged.entry_id:
            raise Unreadable
        return opens(self, subject)

    monkeypatch.setattr(Unread, "note", note)

    await read_and_assess(desk, ana.clinic_id, ana.id)

    assert await alerts(superuser) == [
        (SI_RULE, "emergency", 1, "model_high"),
        (REVIEW_RULE, "routine", 1, "model_missing"),
    ]
    assert "screening.note_unreadable" in worker_log.getvalue().decode()
    assert [r["model_version"] for r in await superuser.fetch(VERSIONS)] == ["scripted-1", "none"]
    assert await superuser.fetchval(UNASSESSED) == 0


async def test_without_the_patients_key_whatever_was_written_is_for_a_human(
    diary: Diary, keyring: Keyring, desk: Desk, model: Scripted, ana: Person,
    superuser: Connection, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await write(diary, keyring, MARCH)
    await write(diary, keyring, None)

    async def no_key(*_: object) -> Subject:
        raise Unreadable

    monkeypatch.setattr(second_reading, "subject_for", no_key)

    await read(desk, ana)

    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, "model_missing")]
    assert model.seen == []


async def test_the_rules_run_also_when_nothing_can_be_read(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, dr_bo: Person,
    superuser: Connection, monkeypatch: pytest.MonkeyPatch, worker_log: Any,
) -> None:  # fmt: skip
    await diary.relapse(dr_bo)
    await write(diary, keyring, MARCH)

    async def fail(*_: object, **__: object) -> list[Unread]:
        raise LookupError("a note")

    monkeypatch.setattr(second_reading, "unread", fail)
    await assess_patient({"desk": desk}, str(ana.clinic_id), str(ana.id))

    assert await superuser.fetchval("SELECT count(*) FROM finding") > 0
    assert await superuser.fetchval(UNASSESSED) == 1
    line = worker_log.getvalue().decode()
    assert "assess.reading_failed" in line
    assert "a note" not in line


def test_the_note_a_model_fails_on_is_for_a_human_and_the_others_are_read(worker_log: Any) -> None:
    class Choosy(Scripted):
        def read(self, notes: Sequence[str]) -> list[Meaning]:
            if WALK in notes:
                raise ValueError(notes)
            return Scripted.read(self, notes)

    read = read_or_ask(Choosy(), [MARCH, WALK, TIRED])

    assert [(m.label, m.reason) for m in read] == [
        (Label.ESCALATE, Reason.MODEL_HIGH),
        (Label.REVIEW, Reason.MODEL_MISSING),
        (Label.REVIEW, Reason.MODEL_LOW),
    ]
    assert worker_log.getvalue().decode().count("screening.model_failed") == 1


async def test_a_text_after_the_task_was_closed_opens_a_new_one(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await write(diary, keyring, TIRED)
    await read(desk, ana)
    await superuser.execute(RESOLVE, dr_bo.id)

    await write(diary, keyring, TIRED)
    await read(desk, ana)
    await write(diary, keyring, TIRED)
    await read(desk, ana)

    tasks = await superuser.fetch(
        "SELECT a.state, count(*) AS n FROM alert a JOIN alert_source s ON s.alert_id = a.id"
        " GROUP BY a.id, a.state ORDER BY n"
    )
    assert [(t["state"], t["n"]) for t in tasks] == [("resolved", 1), ("open", 2)]


async def test_what_a_human_was_asked_to_read_is_not_asked_about_again(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    await write(diary, keyring, TIRED, replace(NOTHING_FOUND, label="review"))
    await read(desk, ana)
    await superuser.execute(RESOLVE, dr_bo.id)
    await superuser.execute("ALTER TABLE screening DISABLE TRIGGER append_only")
    await superuser.execute("DELETE FROM screening WHERE stage = 2")
    await superuser.execute("ALTER TABLE screening ENABLE TRIGGER append_only")

    await read(desk, ana)

    assert await superuser.fetchval("SELECT count(*) FROM alert") == 1


async def test_two_first_tasks_at_once_are_one(
    diary: Diary, keyring: Keyring, desk: Desk, ana: Person, superuser: Connection
) -> None:
    for _ in range(2 * NOTES_AT_ONCE):
        await write(diary, keyring, TIRED)

    await asyncio.gather(*(read(desk, ana) for _ in range(3)))

    assert await superuser.fetchval("SELECT count(*) FROM alert") == 1
    assert await superuser.fetchval("SELECT count(*) FROM alert_source") == 2 * NOTES_AT_ONCE
