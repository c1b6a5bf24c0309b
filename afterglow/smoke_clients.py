"""What the smoke test holds in its hands: an HTTP client, a device with its key, an authenticator.

They know the contract and nothing of the program: standard library, a P-256 key, one-time codes.
"""

import base64
import hashlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyotp.hotp import HOTP

from models.ids import uuid7

TIMEOUT_SECONDS = 30
STEP_SECONDS = 30


class SmokeFailed(Exception):
    """The system did not do what it is for; says what was asked of it, never what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: Any


def ask(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request to a server on this machine, on a connection of its own.

    Raises:
        SmokeFailed: it refuses, or does not answer.
    """
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_SECONDS)
    asked = f"{method} {path.partition('?')[0]}"
    try:
        sent = None if body is None else json.dumps(body)
        typed = {} if sent is None else {"Content-Type": "application/json"}
        connection.request(method, path, sent, {**typed, **(headers or {})})
        response = connection.getresponse()
        raw = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise SmokeFailed(f"{asked} was not answered: {type(error).__name__}.") from error
    finally:
        connection.close()
    decoded = json.loads(raw) if raw else None
    if response.status >= http.client.BAD_REQUEST:
        kind = decoded.get("type", "") if isinstance(decoded, dict) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] # JSON
        raise SmokeFailed(f"{asked} was answered {response.status} {kind}")
    return Answer(status=response.status, headers=dict(response.getheaders()), body=decoded)


def encoded(raw: bytes) -> str:
    """Write bytes as base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """An installation of an app, with the key it proves itself by."""

    port: int
    platform: str = "android"
    installation: str = field(default_factory=lambda: str(uuid7()))
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def described(self) -> dict[str, str]:
        """Describe it as a request does."""
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "installation": self.installation,
            "platform": self.platform,
            "public_key": encoded(public),
        }

    def come_in(self, path: str, shown: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Show a credential together with a proof of the key, and return what is opened by it."""
        nonce = ask(self.port, "GET", "/v1/device-nonce").body["nonce"]
        jti = str(uuid7())
        digest = hashlib.sha256(shown.encode()).hexdigest()
        message = f"POST\n{path}\n{digest}\n{nonce}\n{jti}".encode()
        signature = encoded(self.key.sign(message, ECDSA(SHA256())))
        proof = f"v1;nonce={nonce};jti={jti};sig={signature}"
        sent = {**body, "device": self.described}
        opened: dict[str, Any] = ask(self.port, "POST", path, sent, {"Device-Proof": proof}).body
        return opened


def bearer(opened: Mapping[str, Any]) -> dict[str, str]:
    """Send a session's token."""
    return {"Authorization": f"Bearer {opened['access_token']}"}


@dataclass(slots=True)
class Authenticator:
    """An authenticator app that never shows a code twice, within what servers take."""

    seed: str
    last: int = 0

    def next(self) -> str:
        """Give the code of the step before this one, then those after it, in order."""
        self.last = max(self.last + 1, int(time.time()) // STEP_SECONDS - 1)
        return HOTP(self.seed).at(self.last)
