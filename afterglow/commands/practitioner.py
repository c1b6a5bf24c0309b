"""`afterglow practitioner`: invite people who treat."""

import asyncio

import click

from afterglow.people import ClinicNotFound, Invited, invite
from models.practitioner import MailTaken, NewPractitioner
from settings import Settings, load

ROLES = ("clinician", "researcher", "admin")
PROFESSIONS = ("physician", "anaesthesia", "nurse", "therapist", "coordinator")


@click.group()
def practitioner() -> None:
    """Look after the people who treat."""


@practitioner.command("invite")
@click.argument("clinic_code")
@click.argument("name")
@click.argument("mail")
@click.option("--by", required=True, help="Mail of somebody who already signs in there.")
@click.option("--role", type=click.Choice(ROLES), default="clinician", show_default=True)
@click.option("--profession", type=click.Choice(PROFESSIONS), required=True)
@click.option("--language", default="en", show_default=True, help="Of the pages they get.")
def invite_practitioner(
    *, clinic_code: str, name: str, mail: str, by: str, role: str, profession: str, language: str
) -> None:
    """Add somebody to a clinic and print their enrolment code, once."""
    person = NewPractitioner(
        name=name, mail=mail, role=role, profession=profession, language=language
    )
    try:
        show_invitation(asyncio.run(invite(load(Settings), clinic_code, by, person)))
    except ClinicNotFound:
        raise click.ClickException(
            "At a clinic of that code nobody signs in with the address after --by."
        ) from None
    except MailTaken:
        raise click.ClickException(
            "Somebody at this clinic already signs in with that address."
        ) from None


def show_invitation(invited: Invited) -> None:
    """Print what the operator hands on; the code is stored as a hash only."""
    click.echo(f"clinic        {invited.clinic_id}")
    click.echo(f"practitioner  {invited.practitioner_id}")
    click.echo(f"code          {invited.code.text}")
    click.echo(f"valid until   {invited.code.expires_at:%Y-%m-%d %H:%M %Z}")
