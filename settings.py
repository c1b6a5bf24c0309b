"""Every setting of Afterglow, a class for each process that may know them."""

import base64
import binascii
import os
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    model_validator,
)
from pydantic_settings import NoDecode

from afterglow.environment import (
    PREFIX,
    FromEnvironment,
    SettingsInvalid,
    load,
    refuse_readable,
)

__all__ = [
    "EngineSettings",
    "Environment",
    "MigrationSettings",
    "Settings",
    "SettingsInvalid",
    "WorkerSettings",
    "load",
]

KEY_BYTES = 32
FEWEST_DISTINCT_BYTES = 17
"""A key of 32 random bytes has fewer once in 10^9; two copies of a 16 byte pattern always have."""


class Environment(StrEnum):
    """Where this runs; everything that weakens the system is refused in prod."""

    DEV = "dev"
    TEST = "test"
    PROD = "prod"


def split_commas(value: object) -> object:
    """Read a list from one line of text, the way it stands in a compose file."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def check_scheme(*schemes: str) -> AfterValidator:
    """Make a validator that accepts URLs of these schemes only."""

    def check(value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    return AfterValidator(check)


def decode_key(value: SecretStr) -> bytes:
    """Return the 32 bytes of a root key, refusing one that was not drawn at random."""
    try:
        key = base64.b64decode(value.get_secret_value().strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must hold {KEY_BYTES} bytes")
    if len(set(key)) < FEWEST_DISTINCT_BYTES or all(32 <= byte < 127 for byte in key):  # noqa: PLR2004 # printable ASCII
        raise ValueError("is not random: make one with `openssl rand -base64 32`")
    return key


DatabaseUrl = Annotated[SecretStr, check_scheme("postgresql", "postgres")]
RedisUrl = Annotated[SecretStr, check_scheme("redis", "rediss", "unix")]
SmtpUrl = Annotated[SecretStr, check_scheme("smtp", "smtps")]
WebUrl = Annotated[SecretStr, check_scheme("https", "http")]
RootKey = Annotated[SecretStr, AfterValidator(lambda key: decode_key(key) and key)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_commas)]
Networks = Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(split_commas)]


class Settings(FromEnvironment):
    """Every setting of the API, one line each. Anything secret has no default."""

    env: Environment = Environment.PROD
    """Where this runs: dev, test or prod; emulator and failpoints: not in prod."""
    database_url: DatabaseUrl
    """PostgreSQL 15 or newer as the role `app`: what the API and the jobs may see."""
    redis_url: RedisUrl
    """Valkey or Redis 7 and newer: hints for the jobs, never a record."""
    root_key: RootKey
    """Base64 of 32 random bytes that wrap every other key; the text is lost with it."""
    allowed_hosts: Names = ("localhost", "127.0.0.1", "[::1]")
    """Host names the API answers to, separated by commas."""
    trusted_proxies: Networks = ()
    """Networks (CIDR) whose forwarded headers are believed, separated by commas."""
    public_url: str = "http://localhost:8000"
    """What links in pages and mails begin with; https outside this machine."""
    api_processes: int = Field(default=2, ge=1, le=64)
    """Server processes of the API on one socket."""
    fcm_enabled: bool = True
    """Whether pages go out by Firebase push as well as by the other channels."""
    fcm_credentials_file: Path | None = None
    """Service account of the Firebase project; the worker needs it while push is enabled."""
    fcm_url: str | None = None
    """Base URL of the FCM emulator; refused in prod."""
    smtp_url: SmtpUrl | None = None
    """smtp://user:password@host:587 or smtps://; the channel that does not pass through FCM."""
    mail_from: str = "afterglow@localhost"
    """Sender of the mails."""
    heartbeat_url: WebUrl | None = None
    """Dead man's switch: called every 10 s while all checks pass."""
    audit_heads_file: Path | None = None
    """File outside the database to which the last audit link of each day is appended."""
    instrument_dir: Path | None = None
    """Folder with a clinic's own item sets, read after the built-in ones."""
    send_timeout_seconds: int = Field(default=10, ge=1, le=20)
    """Limit of one attempt to reach a person; less than the lease of 20 s."""
    fail_at: str | None = None
    """Name of the point where the process kills itself, for fault tests; refused in prod."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important line that is still written."""
    demo: bool = False
    """Whether the demo clinic with its published passwords may exist; refused in prod."""

    @property
    def root_key_bytes(self) -> bytes:
        """The root key itself."""
        return decode_key(self.root_key)

    @model_validator(mode="after")
    def refuse_in_prod(self) -> Self:
        """Refuse what would weaken a system that real patients use."""
        if self.env is Environment.PROD and (wrong := [*prod_faults(self)]):
            raise ValueError("\n".join(wrong))
        return self


class WorkerSettings(Settings):
    """The settings of the process that pages people."""

    pager_database_url: DatabaseUrl
    """The same database as the role `pager`, which cannot read a diary."""

    @model_validator(mode="after")
    def need_push_credentials(self) -> Self:
        """Refuse to start a pager whose every push would fail."""
        path = self.fcm_credentials_file
        if self.fcm_enabled and path is None and self.env is Environment.PROD:
            raise ValueError(
                "AFTERGLOW_FCM_CREDENTIALS_FILE is missing; without push set "
                "AFTERGLOW_FCM_ENABLED=false."
            )
        if path is not None and not path.is_file():
            raise ValueError("AFTERGLOW_FCM_CREDENTIALS_FILE names a file that does not exist.")
        if path is not None:
            refuse_readable(path, "AFTERGLOW_FCM_CREDENTIALS_FILE")
        return self


class MigrationSettings(FromEnvironment):
    """All that a migration may know."""

    owner_database_url: DatabaseUrl
    """The database as the role `owner`."""


class EngineSettings(FromEnvironment):
    """What `afterglow up` looks at before it starts engines of its own."""

    database_url: DatabaseUrl | None = None
    """When set, PostgreSQL is not started."""
    pager_database_url: DatabaseUrl | None = None
    """Goes with database_url."""
    owner_database_url: DatabaseUrl | None = None
    """Goes with database_url."""
    redis_url: RedisUrl | None = None
    """When set, Valkey is not started."""
    data_dir: Path = Path(".afterglow")
    """Where the engines of `afterglow up` keep databases, keys and logs."""
    postgres_bin: Path | None = None
    """Folder of another PostgreSQL's `initdb` and `postgres`, 15 or newer."""


def prod_faults(settings: Settings) -> Iterator[str]:
    """Yield one sentence for each thing that may not be so where real patients are."""
    for name, value in {
        "FCM_URL": settings.fcm_url,
        "FAIL_AT": settings.fail_at,
        "DEMO": settings.demo,
    }.items():
        if value:
            yield f"{PREFIX}{name} is refused while AFTERGLOW_ENV is prod."
    for name in sorted(os.environ):
        if name.endswith("_EMULATOR_HOST"):
            yield f"{name} is set: emulators are refused while AFTERGLOW_ENV is prod."
    redis = urlsplit(settings.redis_url.get_secret_value())
    if redis.scheme != "unix" and not redis.password and not is_loopback(redis.hostname):
        yield "AFTERGLOW_REDIS_URL has no password and does not stay on this machine."
    public = urlsplit(settings.public_url)
    if public.scheme != "https" and not is_loopback(public.hostname):
        yield "AFTERGLOW_PUBLIC_URL must begin with https://."


def is_loopback(host: str | None) -> bool:
    """Say whether a host name can only mean this machine."""
    if host is None or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
