"""Engines in short, open folders, so that `nobody` reaches them as root; what commands read."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Database


def open_folder() -> Path:
    """Return a new folder whose path is short and open to everybody."""
    folder = Path(tempfile.mkdtemp(prefix="ag-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = open_folder()
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def environment(database: Database, root_key: str) -> dict[str, str]:
    """Describe this test's system as a command reads it."""
    return {
        "AFTERGLOW_ENV": "test",
        "AFTERGLOW_DATABASE_URL": database.app,
        "AFTERGLOW_REDIS_URL": "redis://localhost",
        "AFTERGLOW_ROOT_KEY": root_key,
    }
