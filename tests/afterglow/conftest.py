"""Engines in short, open folders, so that `nobody` reaches them when the tests run as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


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
