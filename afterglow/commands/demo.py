"""`afterglow demo`: how to sign in to the demo clinic, one-time codes included."""

from collections.abc import Iterator

import click
from pyotp.totp import TOTP

from afterglow.demo import CLINIC_CODE, LOGINS


@click.command()
def demo() -> None:
    """Print the logins of the demo clinic, with the one-time codes of this half minute.

    They are published and exist only where AFTERGLOW_DEMO is set: `afterglow up` sets it.
    """
    for line in logins():
        click.echo(line)
    for login in LOGINS:
        click.echo(f"one-time code now: {TOTP(login.totp_seed).now()}  {login.mail}")


def logins() -> Iterator[str]:
    """List who can sign in at the demo clinic, and how."""
    yield f"demo clinic: code {CLINIC_CODE}; one-time codes: `afterglow demo`, or these seeds"
    for each in LOGINS:
        yield f"  {each.mail:18} {each.password:23} {each.totp_seed}  {each.profession}"
