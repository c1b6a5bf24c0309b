"""Ports on localhost."""

import contextlib
import errno
import socket
from collections.abc import Callable


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_or_other(wanted: int, *, say: Callable[[str], None]) -> int:
    """Return the port asked for, or, when somebody has it, another one, and say so."""
    if wanted and is_free(wanted):
        return wanted
    other = free_port()
    if wanted:
        say(f"Port {wanted} is taken, so {other} it is.")
    return other


def is_free(port: int) -> bool:
    """Say whether both addresses of localhost have this port to give."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with contextlib.closing(socket.socket(family)) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
    return True
