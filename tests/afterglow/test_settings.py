"""What may start, what may not, and what the refusal says."""

import base64
import os
import secrets
from pathlib import Path

import pytest

from settings import (
    EngineSettings,
    Environment,
    MigrationSettings,
    Settings,
    SettingsInvalid,
    WorkerSettings,
    load,
)

KEY = base64.b64encode(secrets.token_bytes(32)).decode()
LEAST = {
    "DATABASE_URL": "postgresql://app:hunter2@/afterglow?host=/run/pg",
    "REDIS_URL": "redis://:hunter2@127.0.0.1:6379/0",
    "ROOT_KEY": KEY,
}


class Setter:
    """Sets AFTERGLOW_* variables."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def __call__(self, **values: str | Path) -> None:
        for name, value in values.items():
            self.patch.setenv(f"AFTERGLOW_{name}", str(value))

    def without(self, name: str) -> None:
        self.patch.delenv(f"AFTERGLOW_{name}")


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Setter:
    for name in list(os.environ):
        if name.startswith("AFTERGLOW_") or name.endswith("_EMULATOR_HOST"):
            monkeypatch.delenv(name)
    setter = Setter(monkeypatch)
    setter(**LEAST)
    return setter


def refusal(kind: type[Settings | EngineSettings | MigrationSettings] = Settings) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        load(kind)
    return str(refused.value)


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_is_production_when_nothing_else_is_said(variables: Setter) -> None:
    del variables

    assert load(Settings).env is Environment.PROD


@pytest.mark.parametrize("name", sorted(LEAST))
def test_names_what_is_missing(variables: Setter, name: str) -> None:
    variables.without(name)

    assert refusal() == f"AFTERGLOW_{name} is missing."


def test_tells_all_faults_at_once(variables: Setter) -> None:
    variables.without("REDIS_URL")
    variables(DATABASE_URL="mysql://root:hunter2@db/x", API_PROCESSES="many")

    told = refusal()

    assert [line.split()[0] for line in told.splitlines()] == [
        "AFTERGLOW_DATABASE_URL",
        "AFTERGLOW_REDIS_URL",
        "AFTERGLOW_API_PROCESSES",
    ]
    assert "hunter2" not in told
    assert "many" not in told


def test_never_prints_a_secret(variables: Setter) -> None:
    variables(SMTP_URL="smtp://clinic:hunter2@mail:587", HEARTBEAT_URL="https://hc/hunter2")

    printed = f"{load(Settings)!r} {load(Settings)}"

    assert "hunter2" not in printed
    assert KEY not in printed


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is missing"),
        ("not base64!", "must be base64"),
        (base64.b64encode(secrets.token_bytes(31)).decode(), "must hold 32 bytes"),
        (base64.b64encode(secrets.token_bytes(33)).decode(), "must hold 32 bytes"),
        (base64.b64encode(bytes(32)).decode(), "is not random"),
        (base64.b64encode(b"\xa5" * 32).decode(), "is not random"),
        (base64.b64encode(secrets.token_bytes(16) * 2).decode(), "is not random"),
        (base64.b64encode(b"correct horse battery staple 123").decode(), "is not random"),
    ],
    ids=["none", "no base64", "short", "long", "zeros", "one byte", "pattern twice", "words"],
)
def test_refuses_a_weak_key(variables: Setter, key: str, reason: str) -> None:
    variables(ROOT_KEY=key)

    told = refusal()

    assert told.startswith("AFTERGLOW_ROOT_KEY")
    assert reason in told
    assert not key or key not in told


def test_decodes_the_key(variables: Setter) -> None:
    del variables

    assert load(Settings).root_key_bytes == base64.b64decode(KEY)


@pytest.mark.parametrize("name", sorted(LEAST))
def test_reads_a_secret_from_a_file(variables: Setter, name: str, tmp_path: Path) -> None:
    variables.without(name)
    variables(**{f"{name}_FILE": secret_file(tmp_path, f"{LEAST[name]}\n")})

    assert getattr(load(Settings), name.lower()).get_secret_value() == LEAST[name]


def test_refuses_a_secret_given_twice(variables: Setter, tmp_path: Path) -> None:
    variables(ROOT_KEY_FILE=secret_file(tmp_path, KEY))

    assert refusal() == "AFTERGLOW_ROOT_KEY and AFTERGLOW_ROOT_KEY_FILE are both set: keep one."


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_refuses_a_key_file_that_others_can_read(
    variables: Setter, tmp_path: Path, mode: int
) -> None:
    variables.without("ROOT_KEY")
    variables(ROOT_KEY_FILE=secret_file(tmp_path, KEY, mode))

    assert refusal() == "AFTERGLOW_ROOT_KEY_FILE names a file that others can read: chmod 600 it."


def test_refuses_a_file_that_is_not_there(variables: Setter, tmp_path: Path) -> None:
    variables.without("ROOT_KEY")
    variables(ROOT_KEY_FILE=tmp_path / "nothing")

    assert refusal() == "AFTERGLOW_ROOT_KEY_FILE names a file that cannot be read."


WEAKENING = {
    "FCM_URL": "http://127.0.0.1:1",
    "FAIL_AT": "after_commit",
    "DEMO": "true",
}


@pytest.mark.parametrize("name", WEAKENING)
def test_refuses_in_prod_what_is_for_tests(variables: Setter, name: str) -> None:
    variables(**{name: WEAKENING[name]})

    assert refusal() == f"AFTERGLOW_{name} is refused while AFTERGLOW_ENV is prod."


@pytest.mark.parametrize("env", ["dev", "test"])
def test_accepts_the_same_elsewhere(variables: Setter, env: str) -> None:
    variables(ENV=env, **WEAKENING)

    assert load(Settings).fail_at == "after_commit"


@pytest.mark.parametrize("name", ["FIREBASE_AUTH_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"])
def test_refuses_firebase_emulators_in_prod(variables: Setter, name: str) -> None:
    variables.patch.setenv(name, "127.0.0.1:9099")

    assert refusal() == f"{name} is set: emulators are refused while AFTERGLOW_ENV is prod."


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("redis://cache:6379/0", False),
        ("redis://cache:6379", False),
        ("redis://10.0.0.7", False),
        ("rediss://:secret@cache:6379/0", True),
        ("redis://localhost", True),
        ("redis://127.0.0.1:6379", True),
        ("redis://[::1]:6379", True),
        ("unix:///run/valkey.sock", True),
    ],
)
def test_wants_a_password_for_redis_elsewhere(
    variables: Setter, url: str, *, accepted: bool
) -> None:
    variables(REDIS_URL=url)

    if accepted:
        assert load(Settings).redis_url.get_secret_value() == url
    else:
        assert refusal().startswith("AFTERGLOW_REDIS_URL has no password")


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://diary.clinic.example", True),
        ("http://localhost:8000", True),
        ("http://diary.clinic.example", False),
    ],
)
def test_wants_https_outside_this_machine(variables: Setter, url: str, *, accepted: bool) -> None:
    variables(PUBLIC_URL=url)

    if accepted:
        assert load(Settings).public_url == url
    else:
        assert refusal() == "AFTERGLOW_PUBLIC_URL must begin with https://."


def test_reads_lists_between_commas(variables: Setter) -> None:
    variables(ALLOWED_HOSTS="a.example, b.example,", TRUSTED_PROXIES="10.0.0.0/8,fd00::/8")

    read = load(Settings)

    assert read.allowed_hosts == ("a.example", "b.example")
    assert [str(network) for network in read.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]


def test_the_worker_needs_its_own_database_role(variables: Setter) -> None:
    variables(FCM_ENABLED="false")

    assert refusal(WorkerSettings) == "AFTERGLOW_PAGER_DATABASE_URL is missing."


def test_the_worker_needs_credentials_while_push_is_enabled(variables: Setter) -> None:
    variables(PAGER_DATABASE_URL="postgresql://pager@db/afterglow")

    assert refusal(WorkerSettings).startswith("AFTERGLOW_FCM_CREDENTIALS_FILE is missing;")


def test_the_worker_refuses_open_credentials(variables: Setter, tmp_path: Path) -> None:
    open_file = secret_file(tmp_path, "{}", 0o644)
    variables(PAGER_DATABASE_URL="postgresql://pager@db/a", FCM_CREDENTIALS_FILE=open_file)

    assert "others can read" in refusal(WorkerSettings)


def test_the_worker_refuses_missing_credentials(variables: Setter, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    variables(PAGER_DATABASE_URL="postgresql://pager@db/a", FCM_CREDENTIALS_FILE=nothing)

    assert "does not exist" in refusal(WorkerSettings)


def test_the_worker_starts_without_push_when_told_so(variables: Setter) -> None:
    variables(PAGER_DATABASE_URL="postgresql://pager@db/a", FCM_ENABLED="false")

    assert not load(WorkerSettings).fcm_enabled


def test_the_api_knows_neither_the_pager_nor_the_owner() -> None:
    assert not {"pager_database_url", "owner_database_url"} & set(Settings.model_fields)


def test_a_migration_knows_the_owner_only(variables: Setter) -> None:
    variables.without("ROOT_KEY")
    variables(OWNER_DATABASE_URL="postgresql://owner@db/afterglow")

    assert set(load(MigrationSettings).model_dump()) == {"owner_database_url"}


def test_every_setting_is_explained() -> None:
    for kind in (Settings, WorkerSettings, MigrationSettings, EngineSettings):
        assert all(field.description for field in kind.model_fields.values())
