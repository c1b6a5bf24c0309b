"""The command line tells what it has and what is wrong, with no traceback and no secret."""

import base64
import json
import os
import secrets
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from afterglow import cli
from afterglow.cli import BAD_SETTINGS, COMMANDS, main
from afterglow.parts import ROOT

KEY = base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AFTERGLOW_"):
            monkeypatch.delenv(name)


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def test_lists_its_commands_when_asked_for_nothing() -> None:
    told = run()

    assert all(f"  {name} " in told.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    told = run(name, "--help")

    assert told.exit_code == 0
    assert "Usage:" in told.output


def test_an_unknown_command_is_named() -> None:
    told = run("fly")

    assert told.exit_code == 2
    assert "No such command 'fly'" in told.output


def test_knows_its_version_without_being_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(cli, "version", not_installed)

    assert f'version = "{cli.this_version()}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", ["api", "migrate"])
def test_missing_settings_end_with_a_sentence_each(name: str) -> None:
    told = run(name)

    assert told.exit_code == BAD_SETTINGS
    assert all(line.endswith(" is missing.") for line in told.output.splitlines())


def check(**environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    told = run("config", "check", "--process", "api", "--json", **environment)
    return told.exit_code, {row["name"]: row for row in json.loads(told.output)}


def test_config_check_tells_source_and_state_and_masks_secrets(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    code, rows = check(
        AFTERGLOW_ENV="dev",
        AFTERGLOW_DATABASE_URL="postgresql://app:hunter2@db/afterglow",
        AFTERGLOW_ROOT_KEY_FILE=str(key),
        AFTERGLOW_LOG_LEVEL="loud",
    )

    assert code == BAD_SETTINGS
    assert rows["AFTERGLOW_ENV"]["value"] == "dev"
    assert rows["AFTERGLOW_DATABASE_URL"]["source"] == "environment"
    assert rows["AFTERGLOW_DATABASE_URL"]["state"] == "ok"
    assert rows["AFTERGLOW_ROOT_KEY"]["source"] == "file"
    assert rows["AFTERGLOW_REDIS_URL"]["source"] == "missing"
    assert rows["AFTERGLOW_LOG_LEVEL"]["state"].startswith("input should be")
    assert rows["AFTERGLOW_PUBLIC_URL"]["source"] == "default"
    for secret in ("hunter2", KEY):
        assert secret not in json.dumps(rows)


def test_config_check_is_content_when_all_is_well() -> None:
    code, rows = check(
        AFTERGLOW_DATABASE_URL="postgresql://app@db/afterglow",
        AFTERGLOW_REDIS_URL="redis://localhost",
        AFTERGLOW_ROOT_KEY=KEY,
    )

    assert code == 0
    assert {row["state"] for row in rows.values()} == {"ok"}


def test_config_check_finds_what_is_no_setting() -> None:
    _, rows = check(AFTERGLOW_DATABSE_URL="postgresql://app@db/x", AFTERGLOW_DATA_DIR="/x")

    assert rows["AFTERGLOW_DATABSE_URL"]["source"] == "unknown"
    assert "AFTERGLOW_DATA_DIR" not in rows


def test_config_check_draws_a_table() -> None:
    told = run("config", "check", AFTERGLOW_ROOT_KEY=KEY)

    assert "AFTERGLOW_ROOT_KEY" in told.output
    assert KEY not in told.output


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert run("config", "docs").output == (ROOT / "docs" / "settings.md").read_text()


def test_every_command_says_in_a_line_what_it_does() -> None:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str().endswith(".")
