"""The log holds ids and codes; an exception is its class and place, never its message."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from worker.log import configure_log, log

SECRET = "words-of-a-patient"


class Lines:
    """What was written, line by line."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (json.loads(line) for line in self.stream.getvalue().splitlines())


@pytest.fixture
def lines(worker_log: io.BytesIO) -> Iterator[Lines]:
    written = Lines()
    configure_log("info", written.stream)
    yield written
    configure_log("info", worker_log)
    logging.captureWarnings(capture=False)


def fail() -> None:
    raise ValueError(SECRET)


def test_a_line_is_an_event_with_its_facts(lines: Lines) -> None:
    log.info("pager.started", alert_id=UUID(int=7), count=2)

    (line,) = lines
    assert (line["event"], line["level"], line["count"]) == ("pager.started", "info", 2)
    assert line["alert_id"] == str(UUID(int=7))
    assert line["time"].endswith("+00:00")


def test_an_exception_is_its_class_and_never_its_message(lines: Lines) -> None:
    try:
        fail()
    except ValueError as error:
        log.error("pager.failed", exc_info=error)

    (line,) = lines
    assert line["error"] == "builtins.ValueError"
    assert SECRET not in lines.stream.getvalue().decode()


def test_what_a_library_says_is_reduced_to_its_place(lines: Lines) -> None:
    logging.getLogger("some.library").warning("about %s", SECRET)

    (line,) = lines
    assert (line["event"], line["library"]) == ("library.line", "some.library")
    assert SECRET not in lines.stream.getvalue().decode()


def test_a_value_that_is_no_fact_is_reduced_to_its_type(lines: Lines) -> None:
    log.info("pager.started", thing=Lines())

    assert next(iter(lines))["thing"] == "Lines"


def test_a_line_below_the_level_is_not_written(lines: Lines) -> None:
    log.debug("pager.detail")

    assert list(lines) == []


def test_a_warning_is_a_line(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn(SECRET, stacklevel=1)

    assert SECRET not in lines.stream.getvalue().decode()
