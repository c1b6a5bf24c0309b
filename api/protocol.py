"""The HTTP server's edge: what uvicorn leaves open is closed here, before there is a request.

A head that never ends or never stops growing, and a parser's refusal in our own form.
"""

from asyncio import TimerHandle, Transport
from typing import cast

from uuid_utils import uuid7
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from api.edge import ALWAYS, LARGEST_HEAD, NO_STORE
from api.errors import BadRequest, HeadersTooLarge, RequestTimeout
from api.problem import MEDIA_TYPE, Problem

HEAD_DEADLINE = 15.0
"""Seconds until the head of a request is there."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on size and time of a request's head."""

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
        """Refuse what is not HTTP."""
        self.refuse(BadRequest())

    def refuse(self, problem: Problem) -> None:
        """Answer without a request, and close."""
        self._stop_waiting()
        if self._is_answering():
            self.transport.close()  # an answer here would be taken for that request's
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
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[problem.status], *lines, b"\r\n", body]))
        self.transport.close()

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        self._head_size = 0
        self._head_timer = self.loop.call_later(HEAD_DEADLINE, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self.refuse(RequestTimeout())
