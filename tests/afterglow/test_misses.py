"""`afterglow misses`: what readers found, by language, with how far that can be trusted."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from click.testing import CliRunner

from afterglow.cli import main
from models.acknowledge import lock_alert, resolve
from models.cipher import Keyring
from models.sample import NEWEST, draw_sample
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person
from tests.worker.diary_rows import Diary, revision
from tests.worker.notes import WALK, sealed


async def run(environment: dict[str, str], *options: str) -> list[list[str]]:
    """Return the cells of every row."""
    told = await asyncio.to_thread(CliRunner().invoke, main, ("misses", *options), env=environment)
    assert told.exit_code == 0, told.output
    rows = [line.split("\u2502")[1:-1] for line in told.output.splitlines() if "\u2502" in line]
    return [[cell.strip() for cell in row] for row in rows]


async def test_nobody_has_read_anything(environment: dict[str, str]) -> None:
    assert await run(environment) == [["all", "0", "0", "0", "-"]]


async def test_what_was_read_is_counted_by_language(
    environment: dict[str, str], pool: Pool, keyring: Keyring, clock: Clock, ana: Person,
    dr_bo: Person, superuser: Connection,
) -> None:  # fmt: skip
    diary = Diary(pool=pool, who=ana, today=(await clock.now()).date())
    for language in ("en", "en", "en", "es"):
        bare = replace(revision(diary.day(0), {}), language=language)
        async with clinic_transaction(pool, ana.clinic_id) as db:
            await diary.store(db, [await sealed(db, diary, keyring, bare, WALK)])
    await clock.advance(seconds=(NEWEST + timedelta(minutes=1)).total_seconds())
    await draw_sample(pool)
    tasks = await superuser.fetch(
        "SELECT o.alert_id FROM alert_source o JOIN entry_revision r USING (entry_id)"
        " ORDER BY r.language, r.entry_id"
    )
    for task, said in zip(tasks, (True, False, None, False), strict=True):
        async with clinic_transaction(pool, ana.clinic_id) as db:
            alert = await lock_alert(db, ana.clinic_id, task["alert_id"])
            assert alert is not None
            await resolve(
                db, ana.clinic_id, alert, dr_bo.id, outcome="other", note_ct=None, useful=said
            )

    assert await run(environment) == [
        ["en", "3", "1", "1", "0.333 [0.06-0.79]"],
        ["es", "1", "0", "0", "0.000 [0.00-0.79]"],
        ["all", "4", "1", "1", "0.250 [0.05-0.70]"],
    ]
    await clock.advance(days=8)
    assert await run(environment, "--days", "7") == [["all", "0", "0", "0", "-"]]
