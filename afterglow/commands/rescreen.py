"""`afterglow rescreen`: what a new lexicon or model would have said of the last weeks."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta

import click

from clinical.ideation import Label
from models.cipher import Keyring
from models.gate import clinics
from models.session import open_pool
from settings import Settings, load
from worker.log import configure_log
from worker.meaning import load_reader
from worker.rescreen import Rescreening


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option("--dry-run", is_flag=True, help="List the differences and make no task of them.")
def rescreen(days: int, *, dry_run: bool) -> None:
    """Read the last weeks again with the rules and the model of this release.

    Lists, by id, each text whose label differs. One that would be higher today becomes a task to
    read, never a page; one that would be lower stays what it was. Nothing of a text is printed.
    """
    configure_log("ERROR", sys.stderr.buffer)
    asyncio.run(rescreen_all(load(Settings), timedelta(days=days), ask=not dry_run))


async def rescreen_all(settings: Settings, age: timedelta, *, ask: bool) -> None:
    """Go through every clinic."""
    pool = await open_pool(settings.database_url.get_secret_value(), largest=2)
    keyring, reader = Keyring(settings.root_key_bytes), load_reader()
    counts = Counter[tuple[Label, Label]]()
    try:
        async with pool.acquire() as connection:
            all_clinics = await clinics(connection)
        for clinic_id in all_clinics:
            work = Rescreening(pool=pool, keyring=keyring, reader=reader, clinic_id=clinic_id)
            async for each in work.differences(age, ask=ask):
                counts[each.before, each.after] += 1
                click.echo(
                    f"{each.entry_id}  revision {each.revision}  {each.before} -> {each.after}"
                )
    finally:
        await pool.close()
    for (before, after), count in sorted(counts.items()):
        click.echo(f"{count} from {before} to {after}")
    if not counts:
        click.echo("no label differs")
