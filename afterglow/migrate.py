"""Bring a database to the schema of this code."""

from pathlib import Path

from alembic.config import Config

from alembic import command

ROOT = Path(__file__).parent.parent


def migrate(owner_url: str, revision: str = "head") -> None:
    """Run the migrations that are due, as the owner."""
    configuration = Config(str(ROOT / "alembic.ini"))
    configuration.set_main_option("script_location", str(ROOT / "alembic"))
    configuration.set_main_option("prepend_sys_path", str(ROOT))
    configuration.attributes["url"] = owner_url
    command.upgrade(configuration, revision)
