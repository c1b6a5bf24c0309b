"""`afterglow clinic`: open a clinic."""

import asyncio
from uuid import UUID
from zoneinfo import available_timezones

import click

from models.cipher import Keyring
from models.clinic import create_clinic
from models.gate import verify_root_key
from models.session import connect
from settings import Settings, load


@click.group()
def clinic() -> None:
    """Look after clinics."""


@clinic.command()
@click.argument("code")
@click.argument("name")
@click.option("--zone", required=True, help="IANA time zone, for example Europe/Madrid.")
@click.option("--country", required=True, help="Two letters; decides the crisis lines.")
def create(code: str, name: str, zone: str, country: str) -> None:
    """Open a clinic with keys of its own; CODE is what its people sign in with."""
    if zone not in available_timezones():
        raise click.BadParameter("not an IANA time zone", param_hint="--zone")
    clinic_id = asyncio.run(open_clinic(load(Settings), code, name, zone, country))
    click.echo(clinic_id)


async def open_clinic(settings: Settings, code: str, name: str, zone: str, country: str) -> UUID:
    """Store the clinic; a root key that is not this database's stops before any write."""
    connection = await connect(settings.database_url.get_secret_value())
    keyring = Keyring(settings.root_key_bytes)
    try:
        async with connection.transaction():
            await verify_root_key(connection, keyring)
            return await create_clinic(
                connection, keyring, code=code, name=name, zone=zone, country=country.upper()
            )
    finally:
        await connection.close()
