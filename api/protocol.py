"""The HTTP server's edge: what uvicorn leaves open is closed here, before there is a request.

A head that never ends or never stops growing, and a parser's refusal in our own form.
"""

import sys
from asyncio import TimerHandle, Transport
from typing import cast

from httptools import HttpParserInvalidMethodError
from uuid_utils import uuid7
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from api.edge import ALWAYS, LARGEST_HEAD, METHODS, NO_STORE
from api.errors import BadRequest, HeadersTooLarge, MethodNotAllowed, RequestTimeout
from api.problem import MEDIA_TYPE, Problem

HEAD_DEADLINE = 15.0
"""Seconds until the head of a request is there."""
VERSIONS = (b" HTTP/1.1", b" HTTP/1.0")


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on size and time of a request's head."""

    _received = b""
    _head_size = 0
    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Refuse a head that has grown too large."""
        self._received = data
        super().data_received(data)
        if self._head_timer is None or self.transport.is_closing():
            return
        self._head_size += len(data)
        if self._head_size > LARGEST_HEAD * 2:
            self.refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """Wait for the head of the next request."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 # a parser's words are not ours
        """Refuse what is not HTTP; a method the parser has not heard of is HTTP all the same."""
        line = self._received.partition(b"\r\n")[0]
        if isinstance(sys.exception(), HttpParserInvalidMethodError) and line.endswith(VERSIONS):
            self.refuse(MethodNotAllowed(headers={"Allow": ", ".join(sorted(METHODS))}))
        else:
            self.refuse(BadRequest())

    def refuse(self, problem: Problem) -> None:
        """Answer without a request, and close."""
        self._stop_waiting()
        if self._owes_another_answer():
            self.transport.close()  # ours would be taken for that one
            return
        identity = str(uuid7())
        body = problem.body(identity)
        headers = [
            *ALWAYS,
            NO_STORE,
            (b"x-request-id", identity.encode()),
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[problem.status], *lines, b"\r\n", body]))
        self.transport.close()

    def _owes_another_answer(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            return False
        return cycle.response_started or not cycle.more_body

    def _await_head(self) -> None:
        self._head_size = 0
        self._head_timer = self.loop.call_later(HEAD_DEADLINE, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self.refuse(RequestTimeout())
