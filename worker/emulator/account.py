"""A service account of the emulator's own, and the tokens it is traded for."""

import base64
import binascii
import secrets
import time
from urllib.parse import parse_qs

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PROJECT = "afterglow-demo"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PREFIX = "emulated"
"""Tokens carry their own expiry, so that they outlive a restart of the emulator."""
PARTS = 3
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What google-auth signs for whatever the token endpoint's address."""


class _Claims(msgspec.Struct):
    aud: str
    scope: str
    exp: float


def service_account(token_uri: str, *, project: str = PROJECT) -> dict[str, str]:
    """Make the JSON a Firebase console would give, with a key of its own and our token endpoint."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": secrets.token_hex(20),
        "private_key": pem.decode(),
        "client_email": f"pager@{project}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def new_token(life_seconds: float) -> str:
    """Make an access token that says itself how long it is good."""
    return f"{PREFIX}.{time.time() + life_seconds:.3f}.{secrets.token_urlsafe(16)}"


def is_live(authorization: str) -> bool:
    """Say whether a request carries a token of ours that has not expired."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if parts[0] != PREFIX:
        return False
    try:
        return time.time() < float(".".join(parts[1:PARTS]))
    except ValueError:
        return False


def is_grant(body: bytes) -> bool:
    """Say whether a token request holds an unexpired assertion for sending pushes."""
    form = parse_qs(body.decode("latin-1"))
    claims = _claims(form.get("assertion", [""])[0])
    return (
        claims is not None
        and form.get("grant_type") == [GRANT]
        and claims.aud == AUDIENCE
        and "firebase.messaging" in claims.scope
        and claims.exp > time.time()
    )


def _claims(assertion: str) -> _Claims | None:
    parts = assertion.split(".")
    if len(parts) != PARTS:
        return None
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(body, type=_Claims)
    except (binascii.Error, msgspec.MsgspecError):
        return None
