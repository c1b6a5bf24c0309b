"""Engines in short, open folders, so that `nobody` reaches them when the tests run as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterglow.engines import Engines


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


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    folder = open_folder()
    with Engines.start(folder / "data", durable=False) as running:
        yield running
    shutil.rmtree(folder)
