"""`afterglow audit`: prove that nobody has changed who did what."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from uuid import UUID

import click
import msgspec

from afterglow.people import transaction
from models.audit_seal import Head, Verified, verify
from models.cipher import Keyring, Unreadable
from models.gate import clinics
from models.session import enter_clinic
from settings import Settings, load
from worker.audit_seal import read_heads


@click.group()
def audit() -> None:
    """Look at the record of who did what."""


@audit.command("verify")
@click.option("--clinic", type=click.UUID, help="One clinic only, by its id.")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the days' heads; AFTERGLOW_AUDIT_HEADS_FILE otherwise.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each clinic.")
def verify_audit(*, clinic: UUID | None, heads: Path | None, as_json: bool) -> None:
    """Follow every clinic's chain and name the first row that is not as it was written."""
    settings = load(Settings)
    path = heads or settings.audit_heads_file
    known = read_heads(path) if path is not None and path.exists() else ()
    sys.exit(asyncio.run(verify_all(settings, known, only=clinic, as_json=as_json)))


async def verify_all(
    settings: Settings, heads: Sequence[Head], *, only: UUID | None, as_json: bool
) -> int:
    """Tell of each clinic; return the exit code."""
    faults = 0
    async for clinic_id, found in verified(settings, heads, only):
        faults += found.fault is not None
        if as_json:
            line = msgspec.json.encode({"clinic_id": clinic_id, **msgspec.to_builtins(found)})
            click.echo(line)
        else:
            click.echo(f"{clinic_id}  {found.links} rows  {sentence(found)}")
    return 1 if faults else 0


async def verified(
    settings: Settings, heads: Sequence[Head], only: UUID | None
) -> AsyncGenerator[tuple[UUID, Verified]]:
    """Yield each clinic and how its chain is."""
    keyring = Keyring(settings.root_key_bytes)
    async with transaction(settings, keyring) as connection:
        for clinic_id in [only] if only else await clinics(connection):
            await enter_clinic(connection, clinic_id)
            try:
                found = await verify(connection, keyring, clinic_id, heads)
            except Unreadable:
                raise click.ClickException(f"There is no clinic {clinic_id}.") from None
            yield clinic_id, found


def sentence(found: Verified) -> str:
    """Say how a chain is."""
    fault = found.fault
    if fault is None:
        return "as they were written"
    where = f" on {fault.day}, number {fault.seq}" if fault.day else ""
    event = f", event {fault.audit_id}" if fault.audit_id else ""
    return f"FAULT: {fault.kind}{where}{event}"
