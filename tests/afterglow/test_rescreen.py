"""`afterglow rescreen`: what would be higher today becomes a task, and no word leaks."""

import asyncio
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from afterglow.cli import main
from afterglow.commands import rescreen as module
from models.cipher import Keyring, Subject, Unreadable
from models.ingest import Decision
from models.rescreen import Written
from models.second_reading import REVIEW_RULE
from models.session import Connection, Pool
from tests.cast import Clock, Person
from tests.worker.diary_rows import NOTHING_FOUND, Diary
from tests.worker.notes import MARCH, TIRED, WALK, Scripted, alerts, write

DARK = "I want to die."
BY_ITEM = replace(NOTHING_FOUND, label="escalate", reason="item")
BY_RULE = replace(NOTHING_FOUND, label="review", reason="rule")


@pytest.fixture
async def diary(pool: Pool, ana: Person, clock: Clock) -> Diary:
    return Diary(pool=pool, who=ana, today=(await clock.now()).date())


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_reader", Scripted)


async def run(environment: dict[str, str], *options: str) -> Result:
    told = await asyncio.to_thread(
        CliRunner().invoke, main, ("rescreen", *options), env=environment
    )
    assert told.exit_code == 0, told.output
    return told


@pytest.mark.parametrize(
    ("note", "decision", "change"),
    [
        (MARCH, NOTHING_FOUND, "none -> escalate"),
        (DARK, NOTHING_FOUND, "none -> escalate"),
        (TIRED, NOTHING_FOUND, "none -> review"),
        (WALK, BY_RULE, "review -> none"),
    ],
)
async def test_what_differs_is_listed_by_its_id(
    environment: dict[str, str],
    diary: Diary,
    keyring: Keyring,
    note: str,
    decision: Decision,
    change: str,
) -> None:
    written = await write(diary, keyring, note, decision)

    told = await run(environment)

    assert f"{written.entry_id}  revision 1  {change}\n" in told.output
    assert f"1 from {change.replace(' -> ', ' to ')}" in told.output
    assert note[:9] not in told.output


@pytest.mark.parametrize(("note", "decision"), [(WALK, NOTHING_FOUND), (WALK, BY_ITEM)])
async def test_what_is_the_same_and_what_an_answer_raised_is_not(
    environment: dict[str, str],
    diary: Diary,
    keyring: Keyring,
    note: str,
    decision: Decision,
) -> None:
    await write(diary, keyring, note, decision)

    assert (await run(environment)).output == "no label differs\n"


async def test_what_would_page_today_becomes_one_task_and_no_page(
    environment: dict[str, str], diary: Diary, keyring: Keyring, superuser: Connection
) -> None:
    await write(diary, keyring, MARCH)
    await write(diary, keyring, WALK, BY_RULE)

    for _ in range(2):
        await run(environment)

    assert await alerts(superuser) == [(REVIEW_RULE, "routine", 1, "rescreened")]


async def test_a_dry_run_asks_nobody(
    environment: dict[str, str], diary: Diary, keyring: Keyring, superuser: Connection
) -> None:
    await write(diary, keyring, MARCH)

    told = await run(environment, "--dry-run")

    assert "none -> escalate" in told.output
    assert await alerts(superuser) == []


async def test_only_the_last_days_are_read(
    environment: dict[str, str], diary: Diary, keyring: Keyring, clock: Clock
) -> None:
    await write(diary, keyring, MARCH)
    await clock.advance(days=8)

    assert (await run(environment, "--days", "7")).output == "no label differs\n"
    assert "none -> escalate" in (await run(environment, "--days", "9")).output


async def test_many_texts_are_all_read(
    environment: dict[str, str], diary: Diary, keyring: Keyring
) -> None:
    for _ in range(70):
        await write(diary, keyring, TIRED)

    assert "70 from none to review" in (await run(environment)).output


async def test_a_note_that_does_not_open_keeps_no_other_from_being_read(
    environment: dict[str, str], diary: Diary, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = await write(diary, keyring, MARCH)
    other = await write(diary, keyring, MARCH)
    opens = Written.note

    def note(self: Written, subject: Subject) -> str:
        if self.entry_id == damaged.entry_id:
            raise Unreadable
        return opens(self, subject)

    monkeypatch.setattr(Written, "note", note)

    told = await run(environment)

    assert f"{other.entry_id}  revision 1  none -> escalate" in told.output
    assert "screening.note_unreadable" in told.stderr
