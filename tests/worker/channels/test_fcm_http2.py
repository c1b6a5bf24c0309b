"""The SDK over TLS and HTTP/2, as FCM really speaks: one connection, reset streams, GOAWAY."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import Event, RequestReceived, StreamEnded

from worker.channels.fcm import FcmChannel
from worker.channels.port import OutcomeKind, Page, PushAddress
from worker.fcm_emulator import Emulator

MakePage = Callable[..., Page]
Fault = Callable[[H2Connection, int], None]
BODY = b'{"name": "projects/demo/messages/1"}'


def answer(h2: H2Connection, stream: int) -> None:
    h2.send_headers(stream, [(":status", "200"), ("content-length", str(len(BODY)))])
    h2.send_data(stream, BODY, end_stream=True)


def break_off(h2: H2Connection, stream: int) -> None:
    h2.send_headers(stream, [(":status", "200"), ("content-length", str(len(BODY)))])
    h2.send_data(stream, BODY[:5])
    h2.reset_stream(stream, ErrorCodes.INTERNAL_ERROR)


def refuse(h2: H2Connection, stream: int) -> None:
    h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)


def go_away(h2: H2Connection, _stream: int) -> None:
    h2.close_connection(last_stream_id=0)


class Http2Fcm:
    """Counts connections and requests; answers each by the next fault, then plainly."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.faults: list[Fault] = []
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        writer.write(h2.data_to_send())
        while received := await reader.read(65_536):
            for event in h2.receive_data(received):
                self._react(h2, event)
            writer.write(h2.data_to_send())
        writer.close()

    def _react(self, h2: H2Connection, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self.requests += 1
        elif isinstance(event, StreamEnded):
            fault = self.faults.pop(0) if self.faults else answer
            fault(h2, event.stream_id)

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@pytest.fixture
async def fcm(server_tls: ssl.SSLContext) -> AsyncIterator[Http2Fcm]:
    server_tls.set_alpn_protocols(["h2"])
    fake = Http2Fcm()
    server = await asyncio.start_server(fake.serve, "localhost", 0, ssl=server_tls)
    fake.port = server.sockets[0].getsockname()[1]
    yield fake
    fake.close()
    server.close()
    await server.wait_closed()


@pytest.fixture
async def push(
    fcm: Http2Fcm, emulator: Emulator, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FcmChannel]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    channel = FcmChannel(emulator.account, base_url=f"https://localhost:{fcm.port}", http_seconds=2)
    yield channel
    await channel.close()


async def test_many_pushes_share_one_connection(
    push: FcmChannel, fcm: Http2Fcm, phone: PushAddress, make_page: MakePage
) -> None:
    await push.send(phone, make_page(), key="delivery-0")

    outcomes = await asyncio.gather(
        *(push.send(phone, make_page(), key=f"delivery-{n}") for n in range(1, 9))
    )

    assert {o.kind for o in outcomes} == {OutcomeKind.ACCEPTED}
    assert (fcm.requests, fcm.connections) == (9, 1)


@pytest.mark.parametrize("fault", [break_off, refuse, go_away])
async def test_a_fault_of_the_stream_is_unknown_after_one_request(
    push: FcmChannel, fcm: Http2Fcm, phone: PushAddress, make_page: MakePage, *, fault: Fault
) -> None:
    fcm.faults = [fault]

    outcome = await push.send(phone, make_page(), key="delivery-1.1")

    assert (outcome.kind, fcm.requests) == (OutcomeKind.UNKNOWN, 1)


@pytest.mark.parametrize("fault", [break_off, refuse, go_away])
async def test_the_next_attempt_gets_through_after_a_fault(
    push: FcmChannel, fcm: Http2Fcm, phone: PushAddress, make_page: MakePage, *, fault: Fault
) -> None:
    fcm.faults = [fault]
    await push.send(phone, make_page(), key="delivery-1.1")

    outcome = await push.send(phone, make_page(), key="delivery-1.2")

    assert outcome.kind is OutcomeKind.ACCEPTED


async def test_one_reset_stream_leaves_the_others_on_its_connection_alone(
    push: FcmChannel, fcm: Http2Fcm, phone: PushAddress, make_page: MakePage
) -> None:
    await push.send(phone, make_page(), key="delivery-0")
    fcm.faults = [refuse]

    outcomes = await asyncio.gather(
        *(push.send(phone, make_page(), key=f"delivery-{n}") for n in range(1, 6))
    )

    kinds = sorted(o.kind for o in outcomes)
    assert kinds == [*[OutcomeKind.ACCEPTED] * 4, OutcomeKind.UNKNOWN]


async def test_a_certificate_nobody_vouches_for_reaches_nobody(
    fcm: Http2Fcm,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
) -> None:
    push = FcmChannel(emulator.account, base_url=f"https://localhost:{fcm.port}")

    outcome = await push.send(phone, make_page(), key="delivery-1")
    await push.close()

    assert outcome.kind is OutcomeKind.TRANSIENT
    assert fcm.requests == 0
