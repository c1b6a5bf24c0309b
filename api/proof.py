"""Device proofs: a phone shows that it holds the key it enrolled with.

The header is `Device-Proof: v1;nonce=<nonce>;jti=<UUID>;sig=<base64url>`. Signed are these lines,
joined by newlines: method, path, SHA-256 of the credential in lower-case hex, nonce, jti. The
nonce is the server's, because the clocks of phones are wrong; every refusal carries a fresh one.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from api.backend import AnyRequest
from api.errors import InvalidProof, InvalidQuery
from api.problem import Code, FieldError
from models.cipher import Keyring
from models.gate import read_clock, remember_proof
from models.session import Connection

NONCE_SECONDS = 300
"""How long a nonce is handed out; it is taken as long again. Source: spec, security section 3."""
NONCE_BYTES = 16
RAW_SIGNATURE_BYTES = 64
"""r and s of P-256, as browsers write a signature, or Ed25519; keystores write DER, never this."""
LONGEST_HEADER = 512
NONCE_HEADER, PROOF_HEADER = "Device-Nonce", "device-proof"
FORM = re.compile(
    r"v1;nonce=(?P<nonce>[\w-]{22});jti=(?P<jti>[0-9a-f-]{36});sig=(?P<sig>[\w-]{80,120})",
    re.ASCII,
)

DeviceKey = EllipticCurvePublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the header says."""

    nonce: str
    jti: UUID
    signature: bytes


def nonce_at(keyring: Keyring, now: datetime, *, back: int = 0) -> str:
    """Compute the nonce of the five minutes an instant is in, or of those before."""
    bucket = int(now.timestamp()) // NONCE_SECONDS - back
    mac = keyring.mac("device-nonce", bucket.to_bytes(8, "big"))
    return base64.urlsafe_b64encode(mac[:NONCE_BYTES]).rstrip(b"=").decode()


def read_public_key(text: str, pointer: str = "/device/public_key") -> bytes:
    """Read a device's key, SPKI in DER in base64url, and return its one DER form.

    Raises:
        InvalidQuery: it is not a key of P-256 or Ed25519.
    """
    try:
        key = load_der_public_key(decode_base64url(text))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidQuery(FieldError(pointer, Code.WRONG_FORMAT)) from None
    is_p256 = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    if not (is_p256 or isinstance(key, Ed25519PublicKey)):
        raise InvalidQuery(FieldError(pointer, Code.WRONG_FORMAT))
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def decode_base64url(text: str) -> bytes:
    """Undo base64url, with or without padding."""
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def read_proof(header: str) -> Proof | None:
    """Read the header; None when it has not the form of one."""
    found = FORM.fullmatch(header) if len(header) <= LONGEST_HEADER else None
    if found is None:
        return None
    try:
        return Proof(
            nonce=found["nonce"], jti=UUID(found["jti"]), signature=decode_base64url(found["sig"])
        )
    except ValueError:
        return None


def signed_bytes(method: str, path: str, credential: str, nonce: str, jti: UUID) -> bytes:
    """Put together what a device signs."""
    digest = hashlib.sha256(credential.encode()).hexdigest()
    return "\n".join((method, path, digest, nonce, str(jti))).encode()


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether a device's key made this signature."""
    key = load_der_public_key(public_key)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(as_der(signature), message, ECDSA(SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def as_der(signature: bytes) -> bytes:
    """Bring a P-256 signature into the form the library reads."""
    if len(signature) != RAW_SIGNATURE_BYTES:
        return signature
    half = RAW_SIGNATURE_BYTES // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


async def prove_device(
    connection: Connection,
    keyring: Keyring,
    request: AnyRequest,
    public_key: bytes | None,
    credential: str,
) -> None:
    """Make sure that the device behind a request holds its key, and use the proof up.

    Raises:
        InvalidProof: it does not, or the proof is old or was used; a fresh nonce goes with it.
    """
    now = await read_clock(connection)
    proof = read_proof(request.headers.get(PROOF_HEADER, ""))
    fresh = [nonce_at(keyring, now), nonce_at(keyring, now, back=1)]
    if proof is not None and public_key is not None and proof.nonce in fresh:
        path = str(request.scope["path"])
        message = signed_bytes(request.method, path, credential, proof.nonce, proof.jti)
        if is_signed(public_key, proof.signature, message) and await remember_proof(
            connection, proof.jti
        ):
            return
    raise InvalidProof(headers={NONCE_HEADER: fresh[0]})
