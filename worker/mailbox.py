"""A mailbox on loopback: takes mail over SMTP, shows it, and can misbehave on demand."""

import asyncio
import base64
import contextlib
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec

from worker.emulator.wire import LoopbackServer, ResetError

KEPT = 2_000
LARGEST_MAIL_BYTES = 262_144
EVERYONE = "*"

Judge = Callable[[Mapping[str, str], str], list[str]]
"""Names what a mail's headers and body hold that they may not."""


class Stage(StrEnum):
    """Where in a conversation a script takes hold."""

    CONNECT = "connect"
    HELLO = "ehlo"
    LOGIN = "auth"
    SENDER = "mail"
    RECIPIENT = "rcpt"
    DATA = "data"
    STORED = "stored"


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scripted answer: a code, or with none a hang, or a dropped connection."""

    at: Stage
    code: int | None = None
    drops: bool = False
    times: int | None = 1


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail as it arrived."""

    n: int
    at: float
    sender: str
    recipient: str
    headers: Mapping[str, str]
    body: str
    was_encrypted: bool
    violations: list[str]


class Mailbox:
    """Receives every mail for every address; a context manager that listens on loopback."""

    def __init__(
        self,
        *,
        port: int = 0,
        judge: Judge | None = None,
        directory: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = LoopbackServer(self._converse, port=port, limit=LARGEST_MAIL_BYTES)
        self._judge = judge
        self._directory = directory
        self.tls = tls
        """What STARTTLS is offered with; without it, it is not offered."""
        self._mails: deque[Mail] = deque(maxlen=KEPT)
        self._last = 0
        self._steps: dict[str, list[Step]] = {}
        self._arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def last(self) -> int:
        """Number of the newest mail: what a later `since` starts from."""
        return self._last

    def put_script(self, recipient: str, steps: list[Step]) -> None:
        """Replace the script of one address; before an address is named, `*` holds."""
        self._steps[recipient] = list(steps)

    def mails(self, recipient: str | None = None, *, since: int = 0) -> list[Mail]:
        """Return the mails after a number, of one address or of all."""
        return [m for m in self._mails if m.n > since and recipient in {None, m.recipient}]

    async def wait(
        self, recipient: str, *, since: int = 0, timeout_seconds: float = 30
    ) -> list[Mail]:
        """Return an address's mails after a number, as soon as there is one."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not (found := self.mails(recipient, since=since)):
                    await self._arrived.wait()
        except TimeoutError:
            return []
        return found

    def clear(self) -> None:
        """Forget the mails; their numbers go on."""
        self._mails.clear()

    def take_step(self, stage: Stage, recipient: str) -> Step | None:
        """Return the scripted answer for one stage, if there is one."""
        for name in (recipient, EVERYONE):
            steps = self._steps.get(name, [])
            step = next((s for s in steps if s.at is stage), None)
            if step is None:
                continue
            if step.times is not None:
                left = msgspec.structs.replace(step, times=step.times - 1)
                steps[steps.index(step)] = left
                if left.times == 0:
                    steps.remove(left)
            return step
        return None

    def store(self, sender: str, recipients: list[str], raw: bytes, *, was_encrypted: bool) -> None:
        """Keep one mail per recipient and wake whoever waits."""
        message = message_from_bytes(raw, policy=policy.SMTP)
        headers = {name.lower(): str(value).strip() for name, value in message.items()}
        text = message.get_body(("plain",))
        body = "" if text is None else str(text.get_content()).replace("\r\n", "\n")
        for recipient in recipients:
            self._last += 1
            mail = Mail(
                n=self._last,
                at=time.time(),
                sender=sender,
                recipient=recipient,
                headers=headers,
                body=body,
                was_encrypted=was_encrypted,
                violations=[] if self._judge is None else self._judge(headers, body),
            )
            self._mails.append(mail)
            if self._directory is not None:
                name = f"{time.time_ns()}-{mail.n}.json"
                (self._directory / name).write_bytes(msgspec.json.encode(mail))
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A certificate the other side does not like, or a line that is no SMTP: it is hung up on.
        with contextlib.suppress(ssl.SSLError, ValueError, asyncio.LimitOverrunError):
            await Conversation(self, reader, writer).run()


class Conversation:
    """One SMTP session."""

    def __init__(
        self, box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._box = box
        self._reader = reader
        self._writer = writer
        self._sender = ""
        self._recipients: list[str] = []
        self._is_encrypted = False
        self._commands = {
            "EHLO": self._hello,
            "HELO": self._hello,
            "AUTH": self._login,
            "STARTTLS": self._start_tls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._reset,
        }

    async def run(self) -> None:
        """Talk until the other side quits or goes."""
        await self._answer(Stage.CONNECT, "220 loopback mailbox")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 bye")
                return
            command = self._commands.get(verb.upper())
            if command is None:
                await self._say("250 ok" if verb.upper() == "NOOP" else "502 not known")
            else:
                await command(rest)

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()

    async def _answer(self, stage: Stage, usual: str) -> bool:
        """Give the scripted or the usual answer; say whether it was the usual one."""
        recipient = self._recipients[-1] if self._recipients else EVERYONE
        step = self._box.take_step(stage, recipient)
        if step is None:
            await self._say(usual)
            return True
        if step.drops:
            raise ResetError
        if step.code is None:
            await asyncio.Event().wait()
        await self._say(f"{step.code} scripted")
        return False

    async def _hello(self, _rest: str) -> None:
        offers_tls = self._box.tls is not None and not self._is_encrypted
        lines = ["250-loopback", *(["250-STARTTLS"] if offers_tls else []), "250-AUTH PLAIN"]
        await self._answer(Stage.HELLO, "\r\n".join([*lines, "250 8BITMIME"]))

    async def _login(self, rest: str) -> None:
        if not base64.b64decode(rest.partition(" ")[2] or ""):
            await self._say("501 no credentials")
            return
        await self._answer(Stage.LOGIN, "235 welcome")

    async def _start_tls(self, _rest: str) -> None:
        if self._box.tls is None:
            await self._say("502 not known")
            return
        await self._say("220 go ahead")
        await self._writer.start_tls(self._box.tls)
        self._is_encrypted = True

    async def _mail(self, rest: str) -> None:
        self._sender, self._recipients = _address(rest), []
        await self._answer(Stage.SENDER, "250 ok")

    async def _rcpt(self, rest: str) -> None:
        self._recipients.append(_address(rest))
        if not await self._answer(Stage.RECIPIENT, "250 ok"):
            self._recipients.pop()

    async def _reset(self, _rest: str) -> None:
        self._recipients = []
        await self._say("250 ok")

    async def _data(self, _rest: str) -> None:
        if not self._recipients:
            await self._say("503 nobody to send to")
            return
        if not await self._answer(Stage.DATA, "354 go ahead"):
            return
        raw = await self._reader.readuntil(b"\r\n.\r\n")
        text = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        if await self._answer(Stage.STORED, "250 stored"):
            self._box.store(self._sender, self._recipients, text, was_encrypted=self._is_encrypted)


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
