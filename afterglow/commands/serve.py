"""The processes of a real system, one command each: `api`, `worker`, `migrate`."""

import asyncio
import sys

import click

from afterglow.api_server import serve
from afterglow.migrate import migrate as run_migrations
from settings import MigrationSettings, Settings, WorkerSettings, load


@click.command()
@click.option("--host", default="localhost", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="0 takes a free one.")
def api(host: str, port: int) -> None:
    """Serve the API: several processes, one socket."""
    settings = load(Settings)
    sys.exit(serve(host, port, processes=settings.api_processes, say=tell))


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the pager of this host is well.")
def worker(*, check: bool) -> None:
    """Page people and run the jobs."""
    if check:
        from afterglow.readiness import pager_is_well  # noqa: PLC0415 # only the check connects

        url = load(WorkerSettings).pager_database_url.get_secret_value()
        sys.exit(0 if asyncio.run(pager_is_well(url)) else 1)
    from worker.main import main  # noqa: PLC0415 # brings the whole worker

    load(WorkerSettings)
    main()


@click.command()
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the schema up to date, as the owner."""
    run_migrations(load(MigrationSettings).owner_database_url.get_secret_value(), revision)


def tell(sentence: str) -> None:
    """Say something on the error stream."""
    click.echo(sentence, err=True)
