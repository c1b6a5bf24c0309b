"""The emulator as a process of its own, used through the real SDK."""

import asyncio
import json
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.channels.fcm import FcmChannel
from worker.channels.mail import MailChannel
from worker.channels.port import MailAddress, OutcomeKind, Page, PushAddress, link_to, new_handle
from worker.channels.relay import parse_relay
from worker.channels.words import PageKind

BO = PushAddress(fid="phone-of-dr-bo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A started emulator and where it can be found."""

    process: asyncio.subprocess.Process
    url: str
    smtp: str
    credentials: Path
    mail_log: Path


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    credentials, mail_log = tmp_path / "account.json", tmp_path / "mail"
    command = [sys.executable, "-W", "error", "-m", "worker.fcm_emulator"]
    options = ["--port", "0", "--smtp-port", "0", "--mail-log", str(mail_log)]
    process = await asyncio.create_subprocess_exec(
        *command,
        *options,
        "--credentials",
        str(credentials),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    yield Running(process=process, credentials=credentials, mail_log=mail_log, **ready)
    if process.returncode is None:
        process.kill()
    await process.communicate()


def urgent_page() -> Page:
    handle = new_handle()
    return Page(
        kind=PageKind.URGENT,
        handle=handle,
        collapse_tag=new_handle(),
        link=link_to("http://localhost:8000", handle),
        sent_at=int(time.time()),
    )


async def test_a_push_and_a_mail_reach_it_from_another_process(running: Running) -> None:
    push = FcmChannel(running.credentials, base_url=running.url)
    mail = MailChannel(parse_relay(running.smtp), sender="alerts@localhost", secret=b"s")

    pushed = await push.send(BO, urgent_page(), key="d1")
    mailed = await mail.send(MailAddress(mail="bo@clinic.example"), urgent_page(), key="d2")
    await push.close()

    (file,) = running.mail_log.iterdir()
    assert pushed.kind is OutcomeKind.ACCEPTED
    assert mailed.kind is OutcomeKind.ACCEPTED
    assert json.loads(file.read_bytes())["recipient"] == "bo@clinic.example"


async def test_the_key_is_readable_by_its_owner_only(running: Running) -> None:
    mode = stat.S_IMODE(running.credentials.stat().st_mode)

    assert mode == 0o600


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_at_once_and_quietly_even_with_a_phone_waiting(
    running: Running, name: signal.Signals
) -> None:
    port = int(running.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /wait?fid=nobody&timeout=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await writer.drain()
    began = time.monotonic()

    running.process.send_signal(name)
    _, errors = await running.process.communicate()

    assert running.process.returncode == 0
    assert errors == b""
    assert time.monotonic() - began < 5
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
