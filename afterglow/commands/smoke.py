"""`afterglow smoke`: start it all elsewhere, page a clinician for real, print one line of JSON."""

import json
import shutil
import signal
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from afterglow.commands.up import leave, timed
from afterglow.parts import Ports
from afterglow.smoke import smoke as run_smoke
from afterglow.smoke_clients import SmokeFailed
from afterglow.stack import running_stack
from afterglow.supervise import STOP_SIGNALS
from settings import EngineSettings, load

SHARED = Path("/var/tmp")  # noqa: S108 # the folder made in it is ours alone


@click.command()
@click.option("--without-redis", is_flag=True, help="Kill Valkey before anything is asked.")
def smoke(*, without_redis: bool) -> None:
    r"""Start the system in a temporary folder and have a clinician paged about an entry.

    Prints one line of JSON on standard output and ends with 0 only if the page arrived at the
    emulator and the acknowledgement stuck:

    \b
    commit_to_push_ms  from the start of the transaction that stored the entry (the alert's
                       opened_at) to the push request at the emulator: commit to push, and the
                       few milliseconds of the transaction on top
    post_to_push_ms    from just before the phone connects to the same push request

    All clocks are this machine's one. The push is the first that this system ever sends.
    """
    console = Console(stderr=True)
    for number in STOP_SIGNALS:
        signal.signal(number, leave)
    own_engines = dict.fromkeys(
        ("database_url", "pager_database_url", "owner_database_url", "redis_url")
    )
    with temporary_folder() as folder:
        settings = load(EngineSettings).model_copy(update={**own_engines, "data_dir": folder})
        try:
            with running_stack(
                settings,
                ports=Ports(api=0, emulator=0, smtp=0),
                step=lambda name: timed(console, name),
                say=lambda sentence: console.print(sentence, soft_wrap=True, highlight=False),
            ) as stack:
                report = run_smoke(
                    stack, step=lambda name: timed(console, name), without_redis=without_redis
                )
        except SmokeFailed as failed:
            raise click.ClickException(str(failed)) from failed
    click.echo(json.dumps(asdict(report)))


@contextmanager
def temporary_folder() -> Generator[Path]:
    """Make a folder that the engines' user can reach when root starts it, and remove it after."""
    path = Path(tempfile.mkdtemp(prefix="ag-smoke-", dir=SHARED if SHARED.is_dir() else None))
    path.chmod(0o755)
    try:
        yield path / "data"
    finally:
        shutil.rmtree(path, ignore_errors=True)
