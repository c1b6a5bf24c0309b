"""The parts of a local stack: emulator, API, worker; what each is told, and how it starts."""

import base64
import http.client
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from afterglow.child import start_child
from afterglow.environment import PREFIX
from afterglow.folder import Folder, write_private
from afterglow.supervise import Service

ROOT = Path(__file__).parent.parent
KEY_BYTES = 32
SECRET = re.compile("(DATABASE_URL|REDIS_URL|ROOT_KEY|SMTP_URL)(_FILE)?$")
WORKER = ("pager", "jobs")
READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the parts listen on localhost; 0 takes a free one."""

    api: int = 8000
    emulator: int = 8085
    smtp: int = 8025


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """How the parts reach the engines."""

    database: str
    pager: str
    owner: str
    redis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the parts of one stack are told."""

    folder: Folder
    urls: Urls
    ports: Ports

    @property
    def api_url(self) -> str:
        """Never an IP address: cookies, passkeys and the offline page need a name."""
        return f"http://localhost:{self.ports.api}"

    @property
    def emulator_url(self) -> str:
        """Where pushes go, and the page that shows them."""
        return f"http://localhost:{self.ports.emulator}"

    @property
    def credentials(self) -> Path:
        """The service account that the emulator makes."""
        return self.folder.path / "fcm.json"

    def environment(self) -> dict[str, str]:
        """Return what the API runs with; a setting not mentioned here stays as it was."""
        ours = {
            "ENV": "dev",
            "DATABASE_URL": self.urls.database,
            "REDIS_URL": self.urls.redis,
            "ROOT_KEY_FILE": str(root_key_file(self.folder)),
            "PUBLIC_URL": self.api_url,
            "FCM_CREDENTIALS_FILE": str(self.credentials),
            "FCM_URL": self.emulator_url,
            "SMTP_URL": f"smtp://localhost:{self.ports.smtp}",
            "DEMO": "true",
        }
        return plain_environment() | {f"{PREFIX}{name}": value for name, value in ours.items()}

    def worker_environment(self) -> dict[str, str]:
        """Return what the worker runs with: the dispatcher's role as well."""
        return self.environment() | {f"{PREFIX}PAGER_DATABASE_URL": self.urls.pager}

    def emulator(self) -> Service:
        """Describe the loopback FCM and its mailbox."""
        return self.service(
            "emulator",
            *("worker.fcm_emulator", "--port", str(self.ports.emulator)),
            *("--smtp-port", str(self.ports.smtp), "--mail-log", str(self.folder.path / "mail")),
            *("--credentials", str(self.credentials), "--app-url", self.api_url),
            environment=plain_environment(),
        )

    def api(self, sockets: Sequence[socket.socket]) -> Service:
        """Describe one server process on the sockets; a small machine has no use for more."""
        descriptors = [listening.fileno() for listening in sockets]
        return self.service(
            "api",
            *("afterglow.api_server", *map(str, descriptors)),
            environment=self.environment(),
            keep_open=descriptors,
        )

    def worker(self) -> list[Service]:
        """Describe the dispatcher and the jobs."""
        environment = self.worker_environment()
        return [self.service(name, f"worker.{name}", environment=environment) for name in WORKER]

    def service(
        self,
        name: str,
        *command: str,
        environment: Mapping[str, str],
        keep_open: Sequence[int] = (),
    ) -> Service:
        """Describe one part; Ctrl-C's own signal tells it that nobody wants to wait."""
        start = partial(
            start_child,
            name,
            [sys.executable, "-m", *command],
            log=self.folder.log(name),
            environment=environment,
            folder=ROOT,
            stop_signal=signal.SIGINT,
            keep_open=keep_open,
        )
        return Service(name=name, start=start)


def plain_environment() -> dict[str, str]:
    """Return our own environment without any secret: the stack has its own."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith(PREFIX) and SECRET.search(name))
    }


def root_key_file(folder: Folder) -> Path:
    """Return the file of the stack's own root key, made at random the first time."""
    path = folder.path / "root_key"
    if not path.exists():
        write_private(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    return path


def answers(port: int, path: str) -> bool:
    """Say whether an HTTP server on localhost answers 200."""
    connection = http.client.HTTPConnection("localhost", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
