"""The command `afterglow`; one module in `commands` for each noun."""

import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from afterglow.child import EngineFailed
from afterglow.environment import SettingsInvalid

BAD_SETTINGS = 78
"""Exit code EX_CONFIG of sysexits.h: starting again will not help."""

COMMANDS = {
    "api": "afterglow.commands.serve:api",
    "audit": "afterglow.commands.audit:audit",
    "clinic": "afterglow.commands.clinic:clinic",
    "config": "afterglow.commands.config:config",
    "demo": "afterglow.commands.demo:demo",
    "detect": "afterglow.commands.detect:detect",
    "emulator": "worker.fcm_emulator:main",
    "forecast": "afterglow.commands.forecast:forecast",
    "misses": "afterglow.commands.misses:misses",
    "migrate": "afterglow.commands.serve:migrate",
    "practitioner": "afterglow.commands.practitioner:practitioner",
    "replay": "afterglow.commands.replay:replay",
    "rescreen": "afterglow.commands.rescreen:rescreen",
    "screen": "afterglow.commands.screen:screen",
    "smoke": "afterglow.commands.smoke:smoke",
    "up": "afterglow.commands.up:up",
    "worker": "afterglow.commands.serve:worker",
}


class Commands(click.Group):
    """Imports a command when it is asked for, and turns expected failures into sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what an operator can mend ends without a traceback."""
        try:
            return super().invoke(ctx)
        except SettingsInvalid as refused:
            click.echo(str(refused), err=True)
            ctx.exit(BAD_SETTINGS)
        except EngineFailed as failed:
            raise click.ClickException(str(failed)) from failed


def this_version() -> str:
    """Read the version, from a working copy that was never installed as well."""
    try:
        return version("afterglow")
    except PackageNotFoundError:
        with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])


@click.group(cls=Commands)
@click.version_option(this_version())
def main() -> None:
    """Symptom diary after ketamine infusions: an entry that speaks of suicide reaches a human."""
