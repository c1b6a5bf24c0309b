"""The worker's log: one line of JSON per event, with a constant name, ids, codes and numbers.

An exception is its class and the place in our code, never its message, which may quote a row; the
lines of libraries are reduced to where they were written.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import BinaryIO, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, WrappedLogger

OURS = ("worker", "models", "clinical", "afterglow", "settings")
DEEPEST_FRAMES = 6

log = cast("FilteringBoundLogger", structlog.get_logger())
_encode = msgspec.json.Encoder(enc_hook=lambda value: type(value).__name__).encode


def configure_log(level: str, stream: BinaryIO | None = None) -> None:
    """Send every line of this process, libraries included, to one stream."""
    minimum = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[describe, render],
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stdout.buffer),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[LibraryLines()], level=max(minimum, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)


def describe(
    _: WrappedLogger, level: str, event: MutableMapping[str, object]
) -> Mapping[str, object]:
    """Add level and time, and put the class and place of an exception for the exception."""
    event["level"] = level
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        event["at"] = places_of(error)
        event["sqlstate"] = getattr(error, "sqlstate", None)
    return event


def places_of(error: BaseException) -> list[str]:
    """Name module and line of the frames of our code that an exception came through."""
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return [place for place in frames if place.partition(".")[0] in OURS][-DEEPEST_FRAMES:]


def render(_: WrappedLogger, __: str, event: Mapping[str, object]) -> bytes:
    """Write one line."""
    return _encode(event)


class LibraryLines(logging.Handler):
    """Reduces the line of a library to where it was written: its words may be anybody's."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log that the library had something to say."""
        error = record.exc_info[1] if record.exc_info else None
        place = f"{record.module}:{record.lineno}"
        log.log(record.levelno, "library.line", library=record.name, target=place, exc_info=error)
