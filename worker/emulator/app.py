"""The emulator itself: FCM's send call, the token endpoint, scripts, logs and the page."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, Self

import msgspec

from worker.emulator.account import is_grant, is_live, new_token, service_account
from worker.emulator.allow import mail_violations, push_violations
from worker.emulator.faults import (
    Fault,
    Scripts,
    Step,
    broken_answer,
    fcm_error,
    json_response,
    token_error,
)
from worker.emulator.page import render
from worker.emulator.phones import Call, Phones
from worker.emulator.wire import Request, ResetError, Response, http_server
from worker.mailbox import Mailbox

TOKEN_SECONDS = 3_600
LONGEST_POLL_SECONDS = 60.0
LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1)(:\d+)?")
SEND = re.compile(r"/v1/projects/([a-z0-9-]+)/messages:send")
SCRIPT = re.compile(r"/scripts/(.+)")
NOT_FOUND = Response(status=HTTPStatus.NOT_FOUND)
TOKEN_ENDPOINT = "token endpoint"  # noqa: S105 # the name of a script, which no registration can have

Route = Callable[[Request], Awaitable[Response]]


class SendBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the HTTP v1 API takes."""

    message: dict[str, Any]
    validate_only: bool = False


class Emulator:
    """A Firebase project on loopback; a context manager that listens while it is open."""

    def __init__(
        self,
        *,
        port: int = 0,
        mailbox: Mailbox | None = None,
        app_url: str | None = None,
        token_seconds: float = TOKEN_SECONDS,
        seeded: tuple[str, ...] = (),
    ) -> None:
        self._server = http_server(self._handle, port=port)
        self._app_url = app_url
        self._scripts = Scripts()
        self.phones = Phones()
        self.mailbox = mailbox
        self.token_seconds = token_seconds
        self.seeded = seeded
        """Texts planted in a test's diary: one of them in a payload is a violation."""
        self.token_calls = 0
        self._routes: dict[tuple[str, str], Route] = {
            ("GET", "/"): self._page,
            ("GET", "/health"): self._health,
            ("POST", "/token"): self._token,
            ("GET", "/log"): self._log,
            ("DELETE", "/log"): self._forget,
            ("GET", "/wait"): self._wait,
            ("GET", "/mail"): self._mail,
        }

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    @property
    def url(self) -> str:
        """Where it listens: the base URL a channel is given instead of Google's."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def token_uri(self) -> str:
        """The OAuth token endpoint a service account is to name."""
        return f"{self.url}/token"

    @cached_property
    def account(self) -> dict[str, str]:
        """A service account whose tokens come from here; made once, as the key takes a while."""
        return service_account(self.token_uri)

    def script(self, fid: str, *steps: Step) -> None:
        """Set what the next sends to one registration are answered with."""
        self._scripts.put(fid, list(steps))

    def script_token(self, *steps: Step) -> None:
        """Set what the next requests for a token are answered with."""
        self._scripts.put(TOKEN_ENDPOINT, list(steps))

    async def _handle(self, request: Request) -> Response:
        # A page of the outside world whose name was rebound to loopback has another Host.
        if not LOOPBACK_HOST.fullmatch(request.headers.get("host", "")):
            return Response(status=HTTPStatus.MISDIRECTED_REQUEST)
        if request.method == "POST" and SEND.fullmatch(request.path):
            return await self._send(request)
        if request.method == "PUT" and (match := SCRIPT.fullmatch(request.path)):
            return self._put_script(match[1], request.body)
        if request.method == "PUT" and request.path == "/token/script":
            return self._put_script(TOKEN_ENDPOINT, request.body)
        route = self._routes.get((request.method, request.path))
        try:
            return NOT_FOUND if route is None else await route(request)
        except ValueError:
            return Response(status=HTTPStatus.BAD_REQUEST)

    async def _send(self, request: Request) -> Response:
        if not is_live(request.headers.get("authorization", "")):
            return fcm_error(Step(do=Fault.UNAUTHENTICATED), "The access token is not valid.")
        try:
            body = msgspec.json.decode(request.body, type=SendBody)
        except msgspec.MsgspecError:
            return fcm_error(Step(do=Fault.INVALID_ARGUMENT), "Not a message.")
        target = str(body.message.get("fid") or body.message.get("token") or "")
        violations = self._violations(body.message, request.body)
        step = self._scripts.take(target)
        if violations or not target:
            step = Step(do=Fault.INVALID_ARGUMENT)
        response = _fcm_answer(step)
        self._record(target, body, step, response, violations)
        await _wait_as_told(step)
        return response

    def _violations(self, message: Mapping[str, Any], raw: bytes) -> list[str]:
        text = raw.decode(errors="replace")
        return push_violations(message) + ["seeded text" for s in self.seeded if s in text]

    def _record(
        self, target: str, body: SendBody, step: Step, response: Response, violations: list[str]
    ) -> None:
        delivered = step.reaches_phone and not body.validate_only
        silent = step.do in {Fault.HANG, Fault.RESET}
        self.phones.record(
            lambda n: Call(
                n=n,
                at=time.time(),
                fid=target,
                validate_only=body.validate_only,
                answer=step.do,
                status=0 if silent else response.status,
                delivered=delivered,
                violations=violations,
                message=body.message,
            )
        )

    async def _token(self, request: Request) -> Response:
        self.token_calls += 1
        step = self._scripts.take(TOKEN_ENDPOINT)
        await _wait_as_told(step)
        if (broken := broken_answer(step.do)) is not None:
            return broken
        if step.do is not Fault.OK:
            return token_error(step)
        if not is_grant(request.body):
            return token_error(Step(do=Fault.INVALID_ARGUMENT))
        grant = {"access_token": new_token(self.token_seconds), "token_type": "Bearer"}
        return json_response({**grant, "expires_in": int(self.token_seconds)})

    def _put_script(self, target: str, body: bytes) -> Response:
        try:
            steps = msgspec.json.decode(body, type=list[Step])
        except msgspec.MsgspecError as error:
            return json_response({"detail": str(error)}, HTTPStatus.BAD_REQUEST)
        self._scripts.put(target, steps)
        return Response(status=HTTPStatus.NO_CONTENT)

    async def _page(self, _request: Request) -> Response:
        mails = self.mailbox.mails() if self.mailbox else []
        calls = self.phones.calls()
        return render(calls, mails, now=datetime.now(UTC), app_url=self._app_url)

    async def _health(self, _request: Request) -> Response:
        return json_response({"status": "ok"})

    async def _log(self, request: Request) -> Response:
        since = int(request.query.get("since", "0"))
        calls = self.phones.calls(request.query.get("fid"), since=since)
        return json_response({"last": self.phones.last, "calls": calls})

    async def _forget(self, _request: Request) -> Response:
        self.phones.clear()
        if self.mailbox:
            self.mailbox.clear()
        return Response(status=HTTPStatus.NO_CONTENT)

    async def _wait(self, request: Request) -> Response:
        query = request.query
        pushes = await self.phones.wait(
            query.get("fid", ""),
            since=int(query.get("since", "0")),
            timeout_seconds=min(float(query.get("timeout", "30")), LONGEST_POLL_SECONDS),
        )
        return json_response({"last": self.phones.last, "pushes": pushes})

    async def _mail(self, request: Request) -> Response:
        if self.mailbox is None:
            return NOT_FOUND
        since = int(request.query.get("since", "0"))
        mails = self.mailbox.mails(request.query.get("to"), since=since)
        return json_response({"last": self.mailbox.last, "mails": mails})


def loopback_mailbox(*, port: int = 0, **options: Any) -> Mailbox:
    """Return a mailbox that judges every mail by the allow-list."""
    return Mailbox(port=port, judge=mail_violations, **options)


async def _wait_as_told(step: Step) -> None:
    if step.delay_seconds:
        await asyncio.sleep(step.delay_seconds)
    if step.do is Fault.HANG:
        await asyncio.Event().wait()
    if step.do is Fault.RESET:
        raise ResetError


def _fcm_answer(step: Step) -> Response:
    if step.do in {Fault.OK, Fault.HANG, Fault.RESET}:
        return json_response({"name": f"projects/demo/messages/{time.time_ns()}"})
    return broken_answer(step.do) or fcm_error(step)
