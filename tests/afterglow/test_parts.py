"""Each part of a local stack is told what it needs, and no more."""

import base64
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from afterglow.child import Account
from afterglow.folder import Folder
from afterglow.parts import Parts, Ports, Urls, answers, plain_environment, root_key_file
from settings import Settings, WorkerSettings, load

URLS = Urls(
    database="postgresql://app:one@/afterglow",
    pager="postgresql://pager:two@/afterglow",
    owner="postgresql://owner:three@/afterglow",
    redis="redis://:four@127.0.0.1:1/0",
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AFTERGLOW_"):
            monkeypatch.delenv(name)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    account = Account(user=os.geteuid(), group=os.getegid())
    folder = Folder(path=tmp_path, account=account, lock=-1)
    return Parts(folder=folder, urls=URLS, ports=Ports(api=1, emulator=2, smtp=3))


def become(environment: dict[str, str], patch: pytest.MonkeyPatch) -> None:
    """Read the settings as the part does."""
    for name, value in environment.items():
        patch.setenv(name, value)


def test_the_api_accepts_what_it_is_told(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    become(parts.environment(), monkeypatch)
    settings = load(Settings)

    assert settings.database_url.get_secret_value() == URLS.database
    assert settings.public_url == "http://localhost:1"
    assert settings.demo


def test_the_worker_accepts_what_it_is_told(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    parts.credentials.write_text("{}")
    parts.credentials.chmod(0o600)
    become(parts.worker_environment(), monkeypatch)
    settings = load(WorkerSettings)

    assert settings.pager_database_url.get_secret_value() == URLS.pager
    assert settings.fcm_url == "http://localhost:2"
    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == "smtp://localhost:3"


def test_the_api_does_not_learn_the_pagers_or_the_owners_password(parts: Parts) -> None:
    told = "\n".join(parts.environment().values())

    assert URLS.pager not in told
    assert URLS.owner not in told


def test_nobody_but_a_migration_learns_the_owners_password(parts: Parts) -> None:
    assert URLS.owner not in parts.worker_environment().values()


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "PAGER_DATABASE_URL",
        "OWNER_DATABASE_URL_FILE",
        "REDIS_URL",
        "ROOT_KEY",
        "SMTP_URL_FILE",
    ],
)
def test_secrets_that_we_were_given_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"AFTERGLOW_{name}", "ours")

    assert f"AFTERGLOW_{name}" not in plain_environment()


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "debug"), ("SEND_TIMEOUT_SECONDS", "4")])
def test_other_settings_are_passed_on(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"AFTERGLOW_{name}", value)

    assert parts.environment()[f"AFTERGLOW_{name}"] == value


def test_the_root_key_is_random_private_and_stays(parts: Parts, tmp_path: Path) -> None:
    path = root_key_file(parts.folder)
    key = path.read_text()

    assert len(base64.b64decode(key)) == 32
    assert path.stat().st_mode & 0o077 == 0
    assert root_key_file(parts.folder).read_text() == key
    other = tmp_path / "other"
    other.mkdir()
    elsewhere = Folder(path=other, account=parts.folder.account, lock=-1)
    assert root_key_file(elsewhere).read_text() != key


def test_addresses_are_names(parts: Parts) -> None:
    assert parts.api_url == "http://localhost:1"
    assert parts.emulator_url == "http://localhost:2"


class Page(BaseHTTPRequestHandler):
    """Answers 200 at /well and 503 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # inherited
        """Keep quiet."""


@pytest.mark.parametrize(("path", "well"), [("/well", True), ("/ill", False)])
def test_only_200_is_an_answer(path: str, *, well: bool) -> None:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()

        assert answers(server.server_port, path) is well
        thread.join()


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))

        assert not answers(closed.getsockname()[1], "/well")
