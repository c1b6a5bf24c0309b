"""`afterglow config`: what the settings are and where each comes from."""

import click
import msgspec
from rich.console import Console
from rich.table import Column, Table

from afterglow.environment import FromEnvironment
from afterglow.survey import settings_page, survey
from settings import EngineSettings, MigrationSettings, Settings, WorkerSettings

BAD_SETTINGS = 78
PROCESSES: dict[str, tuple[type[FromEnvironment], ...]] = {
    "api": (Settings,),
    "worker": (WorkerSettings,),
    "migrate": (MigrationSettings,),
    "all": (WorkerSettings, MigrationSettings),
}
PAGES: dict[str, type[FromEnvironment]] = {
    "API and worker": Settings,
    "Worker only": WorkerSettings,
    "Migrations only": MigrationSettings,
    "Only for engines of our own (`afterglow up`)": EngineSettings,
}


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@click.option("--process", type=click.Choice(list(PROCESSES)), default="all", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
@click.pass_context
def check(context: click.Context, process: str, *, as_json: bool) -> None:
    """Show every setting, its source and whether it holds; values of secrets are masked."""
    found = survey(PROCESSES[process], every=PAGES.values())
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        table = Table(Column("setting", no_wrap=True), "source", "state", "value", box=None)
        for setting in found:
            table.add_row(setting.name, setting.source, setting.state, setting.value)
        Console(markup=False).print(table)
    if any(setting.state != "ok" for setting in found):
        context.exit(BAD_SETTINGS)


@config.command()
def docs() -> None:
    """Print docs/settings.md."""
    click.echo("\n".join(settings_page(PAGES)))
