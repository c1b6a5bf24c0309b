"""The log has ids and codes, and no way in for what a person wrote."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.log import (
    KEYS,
    configure_log,
    current_request_id,
    hook_crashes,
    log,
    log_request,
    request_id,
)
from tests.api.kit import captured_log

CANARY = "ZZCANARY-log I want to end my life"
ENTRY = UUID(int=7)


def test_an_event_is_one_line_of_json_with_level_and_time() -> None:
    with captured_log() as lines:
        log.warning("entry.stored", entry_id=ENTRY, revision=1, ms=2.5, outcome="stored")

    [line] = lines()
    assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    assert line == {
        "event": "entry.stored",
        "level": "warning",
        "entry_id": str(ENTRY),
        "revision": 1,
        "ms": 2.5,
        "outcome": "stored",
    }


def test_a_key_that_is_not_on_the_list_is_dropped_and_counted() -> None:
    with captured_log() as lines:
        log.info("entry.stored", note=CANARY, name="Ana", entry_id=ENTRY)

    [line] = lines()
    assert line["dropped"] == 2
    assert not {"note", "name"} & set(line)
    assert CANARY not in str(line)


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "two words",
        "line\nbreak",
        "x" * 129,
        "é",
        "<b>",
        "a=b&c",
        b"bytes",
        {"note": "x"},
        object(),
        "tab\t",
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_is_no_id_code_or_number_is_refused(value: object) -> None:
    with captured_log() as lines:
        log.info("entry.stored", outcome=value, reason=[value])

    [line] = lines()
    assert (line["outcome"], line["reason"]) == ("(refused)", ["(refused)"])


@pytest.mark.parametrize(
    "value", ["stored", "/v1/entries/{entry_id}", "api.entries:88", "a-b_c.d@1", "", "+1.5"]
)
def test_ids_codes_and_paths_by_template_are_kept(value: str) -> None:
    with captured_log() as lines:
        log.info("entry.stored", outcome=value)

    assert lines()[0]["outcome"] == value


@pytest.mark.parametrize("name", [CANARY, "Stored", "stored", "entry.stored now", "", "entry."])
def test_an_event_without_a_constant_dotted_name_is_refused(name: str) -> None:
    with captured_log() as lines:
        log.info(name)

    assert lines()[0]["event"] == "log.event_refused"


@given(st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(), st.text() | st.integers()))
def test_no_text_with_a_space_gets_into_any_line(fields: dict[str, str | int]) -> None:
    given_name = {key: value for key, value in fields.items() if key != "event"}
    with captured_log() as lines:
        log.info("entry.stored", **given_name)

    values = [v for v in lines()[0].values() if isinstance(v, str)]
    assert not any(" " in value or "\n" in value for value in values)


def test_below_its_level_nothing_is_written() -> None:
    with captured_log("warning") as lines:
        log.info("entry.stored")
        log_request("id", "GET", "/", 200, 0.001)

    assert lines() == []


def test_an_exception_is_its_class_its_causes_and_its_place() -> None:
    empty: dict[str, str] = {}

    def fail() -> None:
        try:
            empty[CANARY]
        except KeyError as cause:
            raise ValueError(CANARY) from cause

    with captured_log() as lines:
        try:
            fail()
        except ValueError:
            log.exception("http.failed")

    [line] = lines()
    assert (line["error"], line["cause"]) == ("ValueError", ["KeyError"])
    assert line["at"][-1].partition(":")[0].endswith("test_log")
    assert CANARY not in str(line)


def test_an_error_of_the_database_is_its_state_and_not_its_row() -> None:
    error = asyncpg.CheckViolationError(CANARY)
    error.detail = f"Failing row contains ({CANARY})"
    with captured_log() as lines:
        log.error("http.failed", exc_info=error)

    [line] = lines()
    assert line["sqlstate"] == "23514"
    assert line["error"] == "asyncpg.exceptions.CheckViolationError"
    assert CANARY not in str(line)


def test_an_endless_chain_of_causes_is_cut() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    with captured_log() as lines:
        log.error("http.failed", exc_info=first)

    assert lines()[0]["cause"] == ["KeyError", "ValueError", "KeyError"]


def test_the_line_of_a_library_is_where_it_was_written() -> None:
    with captured_log() as lines:
        logging.getLogger("asyncpg.pool").warning("lost %s", CANARY, extra={"note": CANARY})
        logging.getLogger("uvicorn.error").error(CANARY)

    first, second = lines()
    assert (first["event"], first["library"]) == ("library.line", "asyncpg.pool")
    assert first["target"].startswith("test_log:")
    assert second["level"] == "error"
    assert CANARY not in f"{first}{second}"


def test_a_librarys_exception_is_reduced_as_ours_are() -> None:
    with captured_log() as lines:
        try:
            int(CANARY)
        except ValueError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved")

    assert lines()[0]["error"] == "ValueError"
    assert CANARY not in str(lines())


def test_the_servers_own_access_log_is_off() -> None:
    with captured_log() as lines:
        logging.getLogger("uvicorn.access").critical("GET /%s", CANARY)

    assert lines() == []


def test_a_warning_is_a_line_as_well() -> None:
    with warnings.catch_warnings(), captured_log() as lines:
        warnings.simplefilter("always")
        warnings.warn(CANARY, stacklevel=1)

    assert [line["library"] for line in lines()] == ["py.warnings"]
    assert CANARY not in str(lines())


def test_lines_within_a_request_carry_its_id() -> None:
    with captured_log() as lines:
        mark = request_id.set(str(ENTRY))
        log.info("entry.stored")
        found = current_request_id()
        request_id.reset(mark)
        log.info("entry.stored")

    assert [line.get("request_id") for line in lines()] == [str(ENTRY), None]
    assert found == ENTRY


async def test_each_task_has_its_own_request_id() -> None:
    async def one(number: int) -> UUID | None:
        request_id.set(str(UUID(int=number)))
        await asyncio.sleep(0)
        return current_request_id()

    found = await asyncio.gather(*(asyncio.create_task(one(n)) for n in range(5)))

    assert found == [UUID(int=n) for n in range(5)]


def test_the_short_way_writes_the_same_kind_of_line() -> None:
    with captured_log() as lines:
        log_request("id-1", "PUT", "/v1/entries/{entry_id}", 201, 0.00125)

    [line] = lines()
    assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    assert line == {
        "event": "http.request",
        "level": "info",
        "request_id": "id-1",
        "method": "PUT",
        "path": "/v1/entries/{entry_id}",
        "status": 201,
        "ms": 1.25,
    }


CRASH = f"""
import sys, threading
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from api.log import configure_log, hook_crashes
configure_log("info")
hook_crashes()
class Bad:
    def __del__(self): raise RuntimeError({CANARY!r})
def fail(): raise KeyError({CANARY!r})
thread = threading.Thread(target=fail); thread.start(); thread.join()
bad = Bad(); del bad
raise ValueError({CANARY!r})
"""


def test_a_crash_prints_no_message_wherever_it_happens() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASH], capture_output=True, text=True, check=False
    )

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert done.stderr == ""
    assert {line["event"] for line in lines} == {"process.crashed"}
    assert [line["error"] for line in lines] == ["KeyError", "RuntimeError", "ValueError"]
    assert CANARY not in done.stdout


def test_a_stop_by_hand_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    with captured_log() as lines:
        hook_crashes()
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
        sys.excepthook(SystemExit, SystemExit(), None)

    assert lines() == []


def test_a_stream_gets_every_line_at_once() -> None:
    class Counting(io.BytesIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    stream = Counting()
    with captured_log():
        configure_log("info", stream)
        log.info("entry.stored")
        log_request("id", "GET", "/", 200, 0.001)

    assert stream.flushed >= 2
    assert stream.getvalue().count(b"\n") == 2
