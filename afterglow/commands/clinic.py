"""`afterglow clinic`: open a clinic."""

import asyncio
from zoneinfo import available_timezones

import click

from afterglow.commands.practitioner import PROFESSIONS, show_invitation
from afterglow.people import NewClinic, open_clinic
from models.practitioner import NewPractitioner
from settings import Settings, load


@click.group()
def clinic() -> None:
    """Look after clinics."""


@clinic.command()
@click.argument("code")
@click.argument("name")
@click.option("--zone", required=True, help="IANA time zone, for example Europe/Madrid.")
@click.option("--country", required=True, help="Two letters; decides the crisis lines.")
@click.option("--admin-name", required=True, help="Who looks after the clinic's people.")
@click.option("--admin-mail", required=True, help="What they sign in with.")
@click.option("--profession", type=click.Choice(PROFESSIONS), default="coordinator")
def create(
    *,
    code: str,
    name: str,
    zone: str,
    country: str,
    admin_name: str,
    admin_mail: str,
    profession: str,
) -> None:
    """Open a clinic with keys of its own and invite its administrator.

    CODE is what its people sign in with.
    """
    if zone not in available_timezones():
        raise click.BadParameter("not an IANA time zone.", param_hint="--zone")
    admin = NewPractitioner(name=admin_name, mail=admin_mail, role="admin", profession=profession)
    new = NewClinic(code=code, name=name, zone=zone, country=country.upper())
    show_invitation(asyncio.run(open_clinic(load(Settings), new, admin)))
