"""The whole system on one machine: engines, migrations, demo clinic, emulator, API, worker."""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from afterglow.api_server import listen
from afterglow.child import EngineFailed
from afterglow.folder import Folder, open_folder, tell
from afterglow.migrate import migrate, migrate_own
from afterglow.parts import READY_SECONDS, Parts, Ports, Urls, answers
from afterglow.ports import free_or_other
from afterglow.postgres import start_postgres
from afterglow.readiness import pager_is_well
from afterglow.supervise import Life, begin, stop_all
from afterglow.valkey import Valkey, start_valkey
from settings import EngineSettings

GRACE = 1.2
"""Seconds for the parts that are ours."""
ENGINE_GRACE = 0.6
"""Seconds for the database, so that all is gone within two of Ctrl-C. One that has no time for its
checkpoint loses nothing: it replays its log at the next start."""

LOOK_AT_PAGER_SECONDS = 0.1
"""Each look is a new connection, on the cores that the pager needs to load what it needs."""

Step = Callable[[str], AbstractContextManager[object]]
FillDemo = Callable[[Mapping[str, str]], None]


def no_step(_name: str) -> AbstractContextManager[None]:
    """Announce nothing."""
    return contextlib.nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Everything, running. `lives` are emulator, API, pager and jobs."""

    parts: Parts
    lives: list[Life]
    valkey: Valkey | None


@contextmanager
def running_stack(
    settings: EngineSettings,
    *,
    ports: Ports | None = None,
    step: Step = no_step,
    say: Callable[[str], None] = tell,
    fill_demo: FillDemo | None = None,
) -> Generator[Stack]:
    """Start everything and stop it however the block ends.

    Args:
        settings: outside engines, if any, and the data folder.
        ports: wanted ones; a port that is taken is replaced.
        step: entered with the name of each step.
        say: told what deserves a sentence.
        fill_demo: puts the demo clinic into the migrated database; gets the API's environment.

    Raises: EngineFailed.
    """
    with ExitStack() as open_now:
        folder = open_folder(settings.data_dir, say=say)
        open_now.callback(folder.release)
        with step("engines"):
            urls, valkey = start_engines(settings, folder, open_now)
        parts = Parts(folder=folder, urls=urls, ports=free_ports(ports or Ports(), say))
        lives: list[Life] = []
        open_now.callback(lambda: stop_all([life.child for life in lives], grace_seconds=GRACE))
        lives += begin([parts.emulator()])
        with step("migrations"):
            if settings.database_url is None:
                migrate_own(urls.owner, folder.mark("migrated"))
            else:
                migrate(urls.owner)
        sockets = [open_now.enter_context(one) for one in listen("localhost", parts.ports.api)]
        lives += begin([parts.api(sockets)])
        if fill_demo:  # while the API loads what it needs
            with step("demo clinic"):
                fill_demo(parts.environment())
        with step("push and mail emulator"):  # it writes the credentials that the worker needs
            wait_for_page(lives[0], parts.ports.emulator, "/")
        lives += begin(parts.worker())
        with step("API and worker"):
            wait_for_page(lives[1], parts.ports.api, "/health/ready")
            lives[2].child.wait_until(
                lambda: asyncio.run(pager_is_well(urls.pager)),
                patience_seconds=READY_SECONDS,
                every_seconds=LOOK_AT_PAGER_SECONDS,
            )
        yield Stack(parts=parts, lives=lives, valkey=valkey)


def start_engines(
    settings: EngineSettings, folder: Folder, open_now: ExitStack
) -> tuple[Urls, Valkey | None]:
    """Start the engines that are not given from outside, and say where both are."""
    valkey = None
    if settings.redis_url is None:
        valkey = start_valkey(folder)
        open_now.callback(valkey.child.stop)
    redis = (
        valkey.url if valkey else str(settings.redis_url and settings.redis_url.get_secret_value())
    )
    outside = (settings.database_url, settings.pager_database_url, settings.owner_database_url)
    given = [url.get_secret_value() for url in outside if url is not None]
    if given and len(given) < len(outside):
        raise EngineFailed(
            "An outside PostgreSQL needs all of AFTERGLOW_DATABASE_URL, "
            "AFTERGLOW_PAGER_DATABASE_URL and AFTERGLOW_OWNER_DATABASE_URL."
        )
    if not given:
        server = start_postgres(folder, binaries=settings.postgres_bin)
        open_now.callback(lambda: server.child.stop(patience_seconds=ENGINE_GRACE))
        given = [server.url("app"), server.url("pager"), server.url("owner")]
    return Urls(database=given[0], pager=given[1], owner=given[2], redis=redis), valkey


def free_ports(wanted: Ports, say: Callable[[str], None]) -> Ports:
    """Replace the ports that are taken."""
    return Ports(
        api=free_or_other(wanted.api, say=say),
        emulator=free_or_other(wanted.emulator, say=say),
        smtp=free_or_other(wanted.smtp, say=say),
    )


def wait_for_page(life: Life, port: int, path: str) -> None:
    """Return once a part answers.

    Raises: EngineFailed when it ends or takes too long.
    """
    life.child.wait_until(lambda: answers(port, path), patience_seconds=READY_SECONDS)
