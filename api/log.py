"""The log: one line of JSON per event, with a constant name, ids, codes and numbers.

What a person wrote cannot get in: keys are allow-listed, values have the form of an id or a code,
and an exception is its class and the place in our code, never its message, which may quote a row.
The lines of libraries are reduced the same way, to where they were written.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from traceback import walk_tb
from types import TracebackType
from typing import BinaryIO, cast
from uuid import UUID

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

KEYS = frozenset(
    """
    alert_id at attempt bytes cause channel clinic_id code count delivery_id device_id
    endpoint_id entry_id environment error event export_id infusion_id job kind level library
    limit method ms outcome path patient_id pid port practitioner_id process queue reason request_id
    retry_after revision role round rule session_id severity signal slug sqlstate state status step
    subject_id table target time total version
    """.split()  # noqa: SIM905 # fifty words in five lines, not in fifty
)
"""What a line may hold; another key is left out and counted under `dropped`."""
EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
VALUE = re.compile(r"[\w.:/@{}+-]{0,128}", re.ASCII)
"""An id, a code, a path with its parameters by name: no spaces, so no sentence."""
DEEPEST_FRAMES = 6
LONGEST_CHAIN = 4
OURS = ("api", "models", "clinical", "worker", "afterglow", "settings")

request_id: ContextVar[str] = ContextVar("request_id")

encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Lines:
    """Where this process writes the lines of requests; None when it does not."""

    stream: BinaryIO | None = None


_lines = Lines()
log = cast("FilteringBoundLogger", structlog.get_logger())


def current_request_id() -> UUID | None:
    """Return the id of the request being served, for the audit."""
    current = request_id.get(None)
    return UUID(current) if current else None


def configure_log(level: str, stream: BinaryIO | None = None) -> None:
    """Send every line of this process, libraries included, to one stream."""
    minimum = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=cast("Iterable[Processor]", [describe_error, keep_allowed, render]),
        wrapper_class=structlog.make_filtering_bound_logger(minimum),
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stdout.buffer),
        cache_logger_on_first_use=False,
    )
    _lines.stream = (stream or sys.stdout.buffer) if minimum <= logging.INFO else None
    logging.basicConfig(handlers=[LibraryLines()], level=max(minimum, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"


class RequestLine(msgspec.Struct, frozen=True):
    """The line of one request: all of it ours, so it needs no checking."""

    event: str
    level: str
    time: str
    request_id: str
    method: str
    path: str
    status: int
    ms: float


def log_request(identity: str, method: str, path: str, status: int, seconds: float) -> None:
    """Write the line of one request by the short way: it is the one line every request has."""
    if _lines.stream is not None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        ms = round(seconds * 1000, 2)
        line = RequestLine("http.request", "info", at, identity, method, path, status, ms)
        _lines.stream.write(encode(line) + b"\n")
        _lines.stream.flush()


def hook_crashes() -> None:
    """Log what would otherwise print a traceback with its message."""

    def crashed(kind: type[BaseException], error: BaseException | None, *_: object) -> None:
        if not issubclass(kind, KeyboardInterrupt | SystemExit):
            log.critical("process.crashed", exc_info=error or kind())

    sys.excepthook = crashed
    threading.excepthook = lambda args: crashed(args.exc_type, args.exc_value)
    sys.unraisablehook = lambda args: crashed(args.exc_type, args.exc_value)


def describe_error(
    _: WrappedLogger, level: str, event: MutableMapping[str, object]
) -> Mapping[str, object]:
    """Put the class and place of an exception for the exception, and add level and request."""
    event["level"] = level
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    if (current := request_id.get(None)) is not None:
        event.setdefault("request_id", current)
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        chain = [*causes_of(error)]
        event["error"] = class_of(error)
        event["cause"] = [class_of(cause) for cause in chain[1:]] or None
        event["at"] = [*places_of(error.__traceback__)][-DEEPEST_FRAMES:]
        event["sqlstate"] = next((s for e in chain if (s := getattr(e, "sqlstate", None))), None)
    return event


def causes_of(error: BaseException) -> Iterable[BaseException]:
    """Yield an exception and what led to it."""
    following: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if following is None:
            return
        yield following
        following = following.__cause__ or following.__context__


def class_of(error: BaseException) -> str:
    """Name the class of an exception, with its module unless it is built in."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def places_of(traceback: TracebackType | None) -> Iterable[str]:
    """Yield module and line of each frame of our code, and of the innermost whatever it is."""
    places = [(str(f.f_globals.get("__name__", "?")), line) for f, line in walk_tb(traceback)]
    for i, (module, line) in enumerate(places):
        if module.partition(".")[0] in OURS or i == len(places) - 1:
            yield f"{module}:{line}"


def keep_allowed(
    _: WrappedLogger, __: str, event: MutableMapping[str, object]
) -> Mapping[str, object]:
    """Drop every key that is not on the list, and every value that has not the form of one."""
    name = event.get("event")
    if not isinstance(name, str) or not EVENT.fullmatch(name):
        event["event"] = "log.event_refused"
    kept = {key: check(value) for key, value in event.items() if key in KEYS and value is not None}
    if unknown := sum(key not in KEYS for key in event):
        kept["dropped"] = unknown
    return kept


def check(value: object) -> object:
    """Return what may stand in a line for this value."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str) and VALUE.fullmatch(value):
        return value
    if isinstance(value, list | tuple):
        return [check(item) for item in cast("list[object]", value)]
    return "(refused)"


def render(_: WrappedLogger, __: str, event: Mapping[str, object]) -> bytes:
    """Write one line."""
    return encode(event)


class LibraryLines(logging.Handler):
    """Reduces the line of a library to where it was written: its words may be anybody's."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log that the library had something to say."""
        error = record.exc_info[1] if record.exc_info else None
        log.log(
            record.levelno,
            "library.line",
            library=record.name,
            target=f"{record.module}:{record.lineno}",
            exc_info=error,
        )
