"""`afterglow up`: the whole system on this machine, until Ctrl-C."""

import contextlib
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from afterglow.commands.demo import logins
from afterglow.demo import fill_demo
from afterglow.parts import Ports
from afterglow.stack import Stack, running_stack
from afterglow.supervise import STOP_SIGNALS, keep_running
from settings import EngineSettings, load

DEFAULT = Ports()
SHELL_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a process."""


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where databases, keys and logs are kept; AFTERGLOW_DATA_DIR otherwise.",
)
@click.option("--port", default=DEFAULT.api, show_default=True, help="Of the API.")
@click.option("--emulator-port", default=DEFAULT.emulator, show_default=True, help="Of the phones.")
@click.option("--smtp-port", default=DEFAULT.smtp, show_default=True, help="Of the mailbox.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Fill the demo clinic.")
def up(*, data_dir: Path | None, port: int, emulator_port: int, smtp_port: int, demo: bool) -> None:
    """Run it all on this machine, with a demo clinic.

    Ctrl-C stops all of it. Engines that AFTERGLOW_DATABASE_URL and AFTERGLOW_REDIS_URL name are
    used as they are; without them PostgreSQL and Valkey run in the data folder.
    """
    console = Console(stderr=True)
    begun = time.monotonic()
    settings = load(EngineSettings)
    if data_dir is not None:
        settings = settings.model_copy(update={"data_dir": data_dir})
    for number in STOP_SIGNALS:
        signal.signal(number, leave)
    with running_stack(
        settings,
        ports=Ports(api=port, emulator=emulator_port, smtp=smtp_port),
        step=lambda name: timed(console, name),
        say=lambda sentence: console.print(sentence, soft_wrap=True, highlight=False),
        fill_demo=fill_demo if demo else None,
    ) as stack:
        if demo:
            console.print("\n".join(logins()), soft_wrap=True, highlight=False)
        console.print(f"Ready after {time.monotonic() - begun:.1f} s.")
        console.print(addresses(stack))
        keep_running(stack.lives, say=console.print, give_up=False)


def leave(number: int, _frame: object) -> NoReturn:
    """End through every `finally`, so that what has started so far is stopped."""
    sys.exit(SHELL_SIGNAL + number)


@contextlib.contextmanager
def timed(console: Console, name: str) -> Generator[None]:
    """Show that a step runs, and how long it took."""
    begun = time.monotonic()
    with console.status(name):
        yield
    console.print(f"{time.monotonic() - begun:6.1f} s  {name}", highlight=False)


def addresses(stack: Stack) -> Table:
    """List where everything is."""
    table = Table(box=None, show_header=False, pad_edge=False)
    parts = stack.parts
    table.add_row("API", parts.api_url)
    table.add_row("phones and mailbox", parts.emulator_url)
    table.add_row("data, keys, logs", str(parts.folder.path))
    return table
