"""`afterglow misses`: what readers found in the notes that were drawn by lot."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table

from clinical.share import Share
from models.gate import clinics
from models.sample import verdicts
from models.session import clinic_transaction, open_pool
from settings import Settings, load
from worker.log import configure_log


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True)
def misses(days: int) -> None:
    """Say how many quiet notes did speak of suicide after all.

    Counts the tasks `ideation.sample` that were read, by the language of the form. Where nobody has
    read any there is no figure, and that is a finding too.
    """
    configure_log("ERROR", sys.stderr.buffer)
    found = asyncio.run(count_all(load(Settings), timedelta(days=days)))
    table = Table(title=f"Drawn notes read in {days} days [95 % interval]")
    for column in ("language", "read", "missed", "unsure", "share missed"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for language in (*sorted({each for each, _ in found}), "all"):
        own = dict.fromkeys((True, False, None), 0)
        for (spoken, answer), notes in found.items():
            own[answer] += notes if language in {spoken, "all"} else 0
        read = sum(own.values())
        table.add_row(
            language, str(read), str(own[True]), str(own[None]), str(Share(own[True], read))
        )
    Console().print(table)


async def count_all(settings: Settings, age: timedelta) -> Counter[tuple[str, bool | None]]:
    """Add every clinic up."""
    found = Counter[tuple[str, bool | None]]()
    pool = await open_pool(settings.database_url.get_secret_value(), largest=2)
    try:
        async with pool.acquire() as connection:
            all_clinics = await clinics(connection)
        for clinic_id in all_clinics:
            async with clinic_transaction(pool, clinic_id) as connection:
                found.update(await verdicts(connection, clinic_id, age))
    finally:
        await pool.close()
    return found
