"""Make every secret of the compose file once, each where only its own service can read it.

Runs as root, without network, before anything else; what exists stays:
`python -m afterglow.container_secrets FOLDER`
"""

import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

AFTERGLOW = 10001
ENGINES = 999
"""The user of the images postgres:18 and valkey/valkey:9."""
LOGINS = ("app", "pager", "owner")


def make_all(root: Path) -> None:
    """Write one folder for each service."""
    passwords = {login: keep(root / "db" / login, new_password, ENGINES) for login in LOGINS}
    keep(root / "db" / "postgres", new_password, ENGINES)
    valkey = keep(root / "valkey" / "valkey.conf", lambda: f"requirepass {new_password()}", ENGINES)
    urls = {name: f"postgresql://{name}:{word}@db/afterglow" for name, word in passwords.items()}
    redis = f"redis://:{valkey.split()[-1]}@valkey:6379/0"
    key = keep(root / "root" / "root_key", new_key, 0)
    for service in ("api", "worker"):
        give(root / service, root_key=key, database_url=urls["app"], redis_url=redis)
    give(root / "worker", pager_database_url=urls["pager"])
    give(root / "migrate", owner_database_url=urls["owner"])


def new_password() -> str:
    """Draw a password that may stand in a URL."""
    return secrets.token_urlsafe(24)


def new_key() -> str:
    """Draw a root key."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def keep(path: Path, make: Callable[[], str], owner: int) -> str:
    """Return what stands in the file, making it the first time."""
    if not path.exists():
        write(path, make(), owner)
    return path.read_text(encoding="ascii")


def give(folder: Path, **values: str) -> None:
    """Write settings as files of the service's own user."""
    for name, value in values.items():
        write(folder / name, value, AFTERGLOW)


def write(path: Path, text: str, owner: int) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(exist_ok=True)
    os.chown(path.parent, owner, owner)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o400)
    draft.write_text(text, encoding="ascii")
    os.chown(draft, owner, owner)
    draft.replace(path)


if __name__ == "__main__":
    make_all(Path(sys.argv[1]))
