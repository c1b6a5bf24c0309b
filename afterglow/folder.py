"""The data folder: databases, passwords, keys and logs of engines that we run ourselves."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from afterglow.child import Account, EngineFailed, engine_account

FALLBACK = Path("/var/tmp")  # noqa: S108 # the folder made in it is ours alone, checked below
SHORT = Path("/tmp")  # noqa: S108 # likewise
LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's own limit is 107 on Linux and 103 on macOS."""
MARKS = "marks"
SOCKET_NAME = ".s.PGSQL.5432.lock"


def tell(sentence: str) -> None:
    """Say something to the person at the terminal."""
    sys.stderr.write(f"{sentence}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A data folder that this process has locked, and whom its engines run as."""

    path: Path
    account: Account
    lock: int

    def private(self, name: str) -> Path:
        """Return a folder inside that only the engines' user (and root) can enter."""
        return own_folder(self.path / name, self.account)

    def mark(self, name: str) -> Path:
        """Return the file that says what was done to this cluster; a new one has none."""
        marks = self.path / MARKS
        marks.mkdir(mode=0o700, exist_ok=True)
        return marks / name

    def log(self, name: str) -> Path:
        """Return where a process writes its log."""
        logs = self.path / "log"
        logs.mkdir(mode=0o700, exist_ok=True)
        return logs / f"{name}.log"

    def sockets(self) -> Path:
        """Return a private folder whose path is short enough for a socket."""
        inside = self.path / "run"
        if len(os.fsencode(inside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return own_folder(inside, self.account)
        return own_folder(SHORT / f"afterglow-{digest(self.path)}", self.account)

    def password(self, name: str) -> str:
        """Return the password of an account, made at random the first time."""
        kept = self.path / "passwords.json"
        passwords: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
        if name not in passwords:
            passwords[name] = secrets.token_urlsafe(24)
            write_private(kept, json.dumps(passwords))
        return passwords[name]

    def reachable(self, source: Path, name: str, *, parts: Sequence[Path]) -> Path:
        """Return the programs' folder, or a copy of its parts when the engines cannot enter it."""
        parts = [part for part in parts if (source / part).exists()]
        if self.account.user == os.geteuid() or all(is_open((source / p).parent) for p in parts):
            return source
        copy = self.path / "programs" / name
        if not copy.exists():
            unfinished = copy.with_name(f"{name}.new")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in parts:
                copy_part(source / part, unfinished / part)
            open_up(copy.parent)
            unfinished.rename(copy)
        return copy

    def release(self) -> None:
        """Let another supervisor have the folder."""
        os.close(self.lock)


def open_folder(path: Path, *, say: Callable[[str], None] = tell) -> Folder:
    """Lock a data folder, making it if need be; elsewhere if the engines' user cannot reach it.

    Raises: EngineFailed when another supervisor runs in it.
    """
    account = engine_account()
    path = path.resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account.user != os.geteuid():
        path.chmod(0o711)
        if not is_open(path.parent):
            wanted, path = path, FALLBACK / f"afterglow-{digest(path)}"
            say(f"{wanted} is closed to the user nobody, so the data is kept in {path}.")
            make_ours(path, mode=0o711)
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise EngineFailed(f"Afterglow already runs with its data in {path}.") from None
    return Folder(path=path, account=account, lock=lock)


def is_open(path: Path) -> bool:
    """Say whether everybody can enter a folder, through all the folders above it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def make_ours(path: Path, *, mode: int) -> None:
    """Make a folder where everybody may make folders, refusing one that somebody else made."""
    path.mkdir(mode=mode, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EngineFailed(f"{path} exists and is not ours: remove it.")
    path.chmod(mode)


def own_folder(path: Path, account: Account) -> Path:
    """Make a folder of mode 0700 that belongs to the account."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.user}:
        raise EngineFailed(f"{path} exists and is not ours: remove it.")
    if found.st_uid != account.user:
        os.chown(path, account.user, account.group)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file that only we may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def copy_part(source: Path, target: Path) -> None:
    """Copy a program, or a folder of what programs need."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.a", "pgxs"))
    else:
        shutil.copy(source, target)


def open_up(folder: Path) -> None:
    """Let everybody read what is in a folder, whatever the umask was."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))


def digest(path: Path) -> str:
    """Return a short name for a folder, one for each user and place."""
    return hashlib.sha256(f"{os.geteuid()}:{path}".encode()).hexdigest()[:12]
