"""The smoke test itself: true when all is well, and never green when it is not."""

import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from pyotp.hotp import HOTP

from afterglow.cli import main
from afterglow.commands import smoke as command
from afterglow.parts import ROOT, Parts
from afterglow.ports import free_port
from afterglow.smoke import (
    NOTE,
    Report,
    acknowledge,
    kill_valkey,
    report,
    send_entry,
    sign_in,
    wait_for_page,
)
from afterglow.smoke_clients import Authenticator, Device, SmokeFailed, ask
from afterglow.stack import Stack

PATIENCE_SECONDS = 120
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PAGE: Mapping[str, Any] = {"at": 1.0, "violations": [], "message": {"data": {"i": "handle"}}}
CLINICIAN: Mapping[str, Any] = {"access_token": "at_x", "practitioner_id": "bo"}


@pytest.mark.parametrize("redis", ["up", "killed"])
def test_a_page_arrives_and_is_acknowledged_for_real(redis: str) -> None:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("AFTERGLOW_")}
    options = ["--without-redis"] if redis == "killed" else []
    done = subprocess.run(
        [sys.executable, "-m", "afterglow", "smoke", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    told = json.loads(line)
    assert told.keys() == {
        "commit_to_push_ms", "post_to_push_ms", "alert_id", "acknowledged", "redis",
    }  # fmt: skip
    assert (told["acknowledged"], told["redis"]) == (True, redis)
    assert 0 < told["commit_to_push_ms"] < told["post_to_push_ms"]
    assert NOTE not in done.stdout + done.stderr
    assert "wait for the page" in done.stderr


@contextlib.contextmanager
def server(answers: Mapping[str, tuple[int, object]]) -> Iterator[Parts]:
    """Stand in for API and emulator: fixed answers by method and path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            name = f"{self.command} {self.path.partition('?')[0]}"
            known = next((answers[key] for key in answers if name.startswith(key)), (404, {}))
            body = json.dumps(known[1]).encode()
            self.send_response(known[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name
            """Stay quiet."""

    for method in ("GET", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.answer)
    running = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    ports = SimpleNamespace(api=running.server_port, emulator=running.server_port)
    try:
        yield cast("Parts", SimpleNamespace(ports=ports))
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def alert(state: str = "acked", by: str = "bo", handle: str = "handle") -> dict[str, Any]:
    """Make an alert as the API shows it."""
    return {"id": "a1", "state": state, "acked_by": by, "pages": [{"handle": handle}]}


@pytest.mark.parametrize(
    ("feed", "after", "sentence"),
    [
        ([], alert(), "not in the clinician's feed"),
        ([alert(handle="another")], alert(), "not in the clinician's feed"),
        ([alert()], alert(state="open"), "did not stick"),
        ([alert()], alert(by="eve"), "did not stick"),
    ],
    ids=["empty feed", "another page's", "still open", "by somebody else"],
)
def test_an_acknowledgement_that_does_not_stick_is_a_failure(
    feed: list[object], after: dict[str, Any], sentence: str
) -> None:
    answers = {
        "GET /v1/alerts/a1": (200, after),
        "GET /v1/alerts": (200, {"items": feed}),
        "POST /v1/alerts/a1/acknowledge": (200, {}),
    }
    with server(answers) as parts, pytest.raises(SmokeFailed, match=sentence):
        acknowledge(parts, CLINICIAN, PAGE)


def test_an_acknowledgement_that_sticks_is_read_back() -> None:
    answers = {
        "GET /v1/alerts/a1": (200, alert()),
        "GET /v1/alerts": (200, {"items": [alert()]}),
        "POST /v1/alerts/a1/acknowledge": (200, {}),
    }
    with server(answers) as parts:
        assert acknowledge(parts, CLINICIAN, PAGE)["state"] == "acked"


@pytest.mark.parametrize(
    ("pushes", "sentence"),
    [([], "No page within"), ([{**PAGE, "violations": ["data.note"]}], "may not leave")],
)
def test_no_page_or_one_that_says_too_much_is_a_failure(
    pushes: list[object], sentence: str
) -> None:
    answers = {"GET /wait": (200, {"pushes": pushes})}
    with server(answers) as parts, pytest.raises(SmokeFailed, match=sentence):
        wait_for_page(parts)


def test_an_answer_without_crisis_lines_is_a_failure() -> None:
    stored = {"PUT /v1/entries": (201, {"id": "e1"})}
    with server(stored) as parts, pytest.raises(SmokeFailed, match="crisis"):
        send_entry(parts, {"access_token": "at_x"})


def test_a_phone_that_is_not_registered_is_a_failure() -> None:
    answers = {
        "GET /v1/device-nonce": (200, {"nonce": "n"}),
        "POST /v1/staff/sessions": (201, CLINICIAN),
        "PUT /v1/devices": (200, {"push": "pending"}),
    }
    with server(answers) as parts, pytest.raises(SmokeFailed, match="not registered"):
        sign_in(parts, Authenticator(SEED))


def test_a_refusal_is_told_by_its_kind_and_never_by_what_was_sent() -> None:
    refused = (422, {"type": "/problems/invalid-entry", "detail": NOTE})
    with server({"PUT /v1/entries": refused}) as parts, pytest.raises(SmokeFailed) as told:
        send_entry(parts, {"access_token": "at_x"})

    assert "422 /problems/invalid-entry" in str(told.value)
    assert NOTE not in str(told.value)


def test_nobody_at_the_port_is_a_failure() -> None:
    with pytest.raises(SmokeFailed, match="GET /health was not answered"):
        ask(free_port(), "GET", "/health?secret=1")


def test_a_failure_ends_with_1_and_prints_no_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> Report:
        raise SmokeFailed("No page within 20 s.")

    monkeypatch.setattr(command, "running_stack", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(command, "run_smoke", fail)
    monkeypatch.setattr(command, "STOP_SIGNALS", ())
    told = CliRunner().invoke(main, ["smoke"])

    assert told.exit_code == 1
    assert told.stdout == ""
    assert "No page within 20 s." in told.stderr


def test_its_folder_is_gone_afterwards() -> None:
    with command.temporary_folder() as folder:
        folder.mkdir()
        kept = folder.parent
        assert kept.stat().st_mode & 0o777 == 0o755  # the engines' user has to get in

    assert not kept.exists()


def test_an_outside_redis_is_not_killed() -> None:
    with pytest.raises(SmokeFailed, match="outside"):
        kill_valkey(cast("Stack", SimpleNamespace(valkey=None)))


def test_the_authenticator_shows_no_code_twice_and_none_that_servers_refuse() -> None:
    step = int(time.time()) // 30
    authenticator = Authenticator(SEED)

    shown = [authenticator.next() for _ in range(3)]
    assert authenticator.last in (step + 1, step + 2)
    assert shown == [HOTP(SEED).at(authenticator.last - back) for back in (2, 1, 0)]


def test_each_device_has_a_key_of_its_own() -> None:
    one, other = Device(port=1).described, Device(port=1).described

    assert one["public_key"] != other["public_key"]
    assert one["installation"] != other["installation"]


def test_the_times_are_those_to_the_push_from_the_transaction_and_from_the_phone() -> None:
    seen = {**alert(), "opened_at": "1970-01-01T01:00:00.900000+01:00"}

    assert report(PAGE, seen, 0.85, redis="up") == Report(
        commit_to_push_ms=100.0,
        post_to_push_ms=150.0,
        alert_id="a1",
        acknowledged=True,
        redis="up",
    )
