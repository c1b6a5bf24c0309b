"""Bring a database to the schema of this code."""

import hashlib
from pathlib import Path

from afterglow.folder import write_private

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "alembic"


def migrate(owner_url: str, revision: str = "head") -> None:
    """Run the migrations that are due, as the owner."""
    from alembic.config import Config  # noqa: PLC0415 # half a second that a warm start saves

    from alembic import command  # noqa: PLC0415 # likewise

    configuration = Config(str(ROOT / "alembic.ini"))
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.set_main_option("prepend_sys_path", str(ROOT))
    configuration.attributes["url"] = owner_url
    command.upgrade(configuration, revision)


def migrate_own(owner_url: str, mark: Path) -> None:
    """Migrate a database that only we change, unless the mark says that nothing is due."""
    version = fingerprint()
    if mark.exists() and mark.read_text() == version:
        return
    migrate(owner_url)
    write_private(mark, version)


def fingerprint() -> str:
    """Return a hash of every migration there is."""
    files = sorted(path for path in MIGRATIONS.rglob("*") if path.suffix in {".py", ".sql"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
