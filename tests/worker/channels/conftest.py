"""A push service and a relay on loopback, and the channels that use them."""

import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from worker.channels.fcm import FcmChannel
from worker.channels.port import Page, PushAddress, link_to, new_handle
from worker.channels.words import Language, PageKind
from worker.emulator.account import service_account
from worker.fcm_emulator import Emulator, Mailbox, loopback_mailbox

MakePage = Callable[..., Page]
OpenPush = Callable[..., FcmChannel]
_phones = itertools.count(1)


@pytest.fixture(scope="session")
def account() -> dict[str, str]:
    return service_account("http://127.0.0.1:1/token")


@pytest.fixture(scope="module")
async def emulator(account: dict[str, str]) -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        # Cached: a key takes a while to make, and only the address of its endpoint differs.
        running.account = {**account, "token_uri": running.token_uri}
        yield running


@pytest.fixture(autouse=True)
def no_token_script(request: pytest.FixtureRequest) -> None:
    if "emulator" in request.fixturenames:
        request.getfixturevalue("emulator").script_token()


@pytest.fixture(scope="module")
async def push(emulator: Emulator) -> AsyncIterator[FcmChannel]:
    channel = FcmChannel(emulator.account, base_url=emulator.url, http_seconds=1)
    yield channel
    await channel.close()


@pytest.fixture
async def open_push(emulator: Emulator) -> AsyncIterator[OpenPush]:
    """Open channels that share nothing with those of other tests."""
    opened: list[FcmChannel] = []

    def make(**options: Any) -> FcmChannel:
        given = {"account": emulator.account, "base_url": emulator.url, "http_seconds": 1}
        opened.append(FcmChannel(**{**given, **options}))
        return opened[-1]

    yield make
    for channel in opened:
        await channel.close()


@pytest.fixture
def phone() -> PushAddress:
    return PushAddress(fid=f"fid-of-phone-{next(_phones):04}")


@pytest.fixture
def other_phone() -> PushAddress:
    return PushAddress(fid=f"fid-of-phone-{next(_phones):04}")


@pytest.fixture
def make_page() -> MakePage:
    def make(kind: PageKind = PageKind.URGENT, **changes: Any) -> Page:
        handle = new_handle()
        given: dict[str, Any] = {
            "kind": kind,
            "handle": handle,
            "collapse_tag": new_handle(),
            "link": link_to("https://clinic.example", handle),
            "sent_at": int(time.time()),
            "language": Language.EN,
        }
        return Page(**{**given, **changes})

    return make


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with loopback_mailbox() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for localhost that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
