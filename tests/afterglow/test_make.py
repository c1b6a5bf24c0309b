"""What the README calls, CI calls; what is installed is what the lock files name."""

import re
import subprocess
from pathlib import Path

import pytest

from afterglow.parts import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def make(*arguments: str) -> str:
    return subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory", *arguments],
        capture_output=True,
        check=True,
        text=True,
    ).stdout


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def test_make_alone_lists_the_targets() -> None:
    listed = make()

    for target in ("up", "test", "smoke", "check", "nightly", "bench"):
        assert f"make {target} " in listed


def test_ci_runs_what_a_developer_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make check")


@pytest.mark.parametrize(
    "tool", ["ruff check", "ruff format --check", "mypy", "pyright", "lint-imports", "deptry"]
)
def test_check_runs_every_tool(tool: str) -> None:
    planned = make("--dry-run", "--assume-old=.venv/.dev", "check", "VENV=.venv")

    assert tool in planned
    assert "pytest" in planned


@pytest.mark.parametrize("name", ["run", "venv", "nightly"])
def test_scripts_can_be_executed(name: str) -> None:
    script = ROOT / ".ci" / name

    assert script.stat().st_mode & 0o111 == 0o111
    subprocess.run(["/bin/sh", "-n", str(script)], check=True)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", ".ci/virtualenv.txt"])
def test_every_package_is_pinned_by_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]

    assert len(blocks) == len(pins(name)) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_tools_come_on_top_of_what_runs() -> None:
    run, dev = pins("requirements.txt"), pins("requirements-dev.txt")

    assert run.items() <= dev.items()


def test_the_command_is_a_shim_that_ignores_the_folder_it_is_called_in() -> None:
    assert "-P -m afterglow" in (ROOT / ".ci" / "venv").read_text()


def test_the_data_folder_and_the_environment_are_not_committed() -> None:
    ignored = Path(ROOT / ".gitignore").read_text().split()

    assert {".venv/", ".afterglow/"} <= set(ignored)
