"""Processes that end with the one that started them."""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

WRAPPER = Path(__file__).with_name("die_with_parent.py")
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 5.0


class EngineFailed(Exception):
    """A process ended or never became ready; says which one and where its log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a process runs as."""

    user: int
    group: int


def engine_account() -> Account:
    """Return who the engines run as: ourselves, or `nobody` for root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return Account(user=os.geteuid(), group=os.getegid())
    nobody = pwd.getpwnam("nobody")
    return Account(user=nobody.pw_uid, group=nobody.pw_gid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running process, how it is asked to stop, how it is made to, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals
    log: Path | None
    hard_signal: signal.Signals = signal.SIGKILL

    @property
    def pid(self) -> int:
        """The process's id, the same before and after it became the program."""
        return self.process.pid

    def ended(self) -> bool:
        """Say whether the process is gone."""
        return self.process.poll() is not None

    def hint(self) -> str:
        """Say where to read why."""
        return f": see {self.log}." if self.log else "."

    def ask_to_stop(self) -> None:
        """Send the signal that makes it stop cleanly; no harm when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)

    def wait(self, *, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Wait until it is gone, and make it go when it does not."""
        for harder in (self.hard_signal, signal.SIGKILL):
            try:
                return self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                self.process.send_signal(harder)
                patience_seconds = PATIENCE_SECONDS
        return self.process.wait()

    def stop(self, *, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Ask, then wait."""
        self.ask_to_stop()
        return self.wait(patience_seconds=patience_seconds)

    def wait_until(
        self,
        ready: Callable[[], bool],
        *,
        patience_seconds: float,
        every_seconds: float = POLL_SECONDS,
    ) -> None:
        """Return once it is ready.

        Raises: EngineFailed when it ended instead or took too long.
        """
        deadline = time.monotonic() + patience_seconds
        while not ready():
            if self.ended():
                raise EngineFailed(f"{self.name} ended while starting{self.hint()}")
            if time.monotonic() > deadline:
                self.stop()
                raise EngineFailed(f"{self.name} was not ready in time{self.hint()}")
            time.sleep(every_seconds)


def start_child(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    environment: Mapping[str, str],
    account: Account | None = None,
    folder: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    hard_signal: signal.Signals = signal.SIGKILL,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    keep_open: Sequence[int] = (),
) -> Child:
    """Start a process in a session of its own, so that Ctrl-C reaches only us.

    It writes where we do unless a log is named. The hard signal comes when there is no time left,
    and when the calling thread ends (Linux), however it ends: call this from a thread that lives
    as long as the child shall.
    """
    account = account or Account(user=os.geteuid(), group=os.getegid())
    fate = (os.getpid(), int(hard_signal), account.user, account.group)
    with log.open("ab") if log else contextlib.nullcontext() as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(WRAPPER), *map(str, fate), *map(str, command)],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env=dict(environment),
            cwd=folder,
            pass_fds=keep_open,
            start_new_session=True,
        )
    return Child(
        name=name, process=process, stop_signal=stop_signal, log=log, hard_signal=hard_signal
    )
