"""The API as several processes on one socket."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from afterglow.child import Child, EngineFailed, start_child
from afterglow.supervise import Service, begin, keep_running, stop_all

BACKLOG = 2048
GRACE_SECONDS = 10
HASTY_GRACE_SECONDS = 0.8
"""After Ctrl-C: nobody at a terminal waits for a slow request."""
ROOT = Path(__file__).parent.parent
LOOPBACK = ("127.0.0.1", "::1")


def serve(host: str, port: int, *, processes: int, say: Callable[[str], None]) -> int:
    """Serve until told to stop; return the exit code."""
    try:
        sockets = listen(host, port)
    except OSError as error:
        raise EngineFailed(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None
    lives = begin(
        Service(name=f"API process {n}", start=lambda: start_process(sockets))
        for n in range(1, processes + 1)
    )
    stopped_by = keep_running(lives, say=say, give_up=True)
    grace = HASTY_GRACE_SECONDS if stopped_by is signal.SIGINT else GRACE_SECONDS
    stop_all([life.child for life in lives], grace_seconds=grace)
    return 0 if stopped_by else 1


def listen(host: str, port: int) -> list[socket.socket]:
    """Bind once, before any process starts; `localhost` means both of its addresses."""
    if host != "localhost":
        return [bind(host, port)]
    first = bind(LOOPBACK[0], port)
    try:
        return [first, bind(LOOPBACK[1], first.getsockname()[1])]
    except OSError:  # no IPv6 here
        return [first]


def bind(host: str, port: int) -> socket.socket:
    """Listen on one address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def start_process(sockets: Sequence[socket.socket]) -> Child:
    """Start one server process that inherits the sockets."""
    descriptors = [listening.fileno() for listening in sockets]
    return start_child(
        "API",
        [sys.executable, "-m", "afterglow.api_server", *map(str, descriptors)],
        environment=os.environ,
        folder=ROOT,
        keep_open=descriptors,
    )


def run_process(descriptors: Sequence[int]) -> None:
    """Be one server process, on sockets that somebody else has bound."""
    import uvicorn  # noqa: PLC0415 # the parent, which only watches, has no use for it

    configuration = uvicorn.Config(
        "api.app:create_app",
        factory=True,
        http="api.protocol:Protocol",
        access_log=False,  # addresses and paths are the application's to log, or not
        log_config=None,
        proxy_headers=False,  # the application knows which proxies to believe
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS - 1,
        ws="none",
        lifespan="on",
    )
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    server = uvicorn.Server(configuration)
    server.run(sockets=sockets)
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    run_process([int(descriptor) for descriptor in sys.argv[1:]])
