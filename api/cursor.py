"""Where a list goes on: signed, bound to one list, one owner and one epoch.

A cursor is opaque to the client. It holds the sort key of the last row it was given, never an
offset, so that page 50,000 costs what page 1 costs; a restore changes the epoch.
"""

import base64
import hmac
from typing import TypeVar
from uuid import UUID

import msgspec

from api.errors import InvalidCursor, ResyncRequired
from models.cipher import Keyring

MAC_BYTES = 16
EPOCH_BYTES = 16
LONGEST = 512
"""Characters of a cursor; ours have about 120."""

T = TypeVar("T")


def encode(keyring: Keyring, kind: str, owner_id: UUID, epoch: UUID, values: object) -> str:
    """Sign the place a list of this kind has come to, for this owner."""
    payload = epoch.bytes + msgspec.json.encode(values)
    mac = _sign(keyring, kind, owner_id, payload)
    return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()


def decode(
    keyring: Keyring, kind: str, owner_id: UUID, epoch: UUID, cursor: str, *, into: type[T]
) -> T:
    """Read a cursor of ours back into the struct it was made of.

    Raises:
        InvalidCursor: it was forged or cut, or made for another list or owner.
        ResyncRequired: it is ours, from before a restore.
    """
    raw = _from_text(cursor)
    mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _sign(keyring, kind, owner_id, payload)):
        raise InvalidCursor
    if payload[:EPOCH_BYTES] != epoch.bytes:
        raise ResyncRequired
    try:
        return msgspec.json.decode(payload[EPOCH_BYTES:], type=into)
    except msgspec.DecodeError:  # an older version of this program signed another shape
        raise ResyncRequired from None


def _sign(keyring: Keyring, kind: str, owner_id: UUID, payload: bytes) -> bytes:
    return keyring.mac(f"cursor.{kind}", owner_id.bytes + payload)[:MAC_BYTES]


def _from_text(cursor: str) -> bytes:
    """Undo base64url, refusing every spelling but the one we write."""
    if len(cursor) > LONGEST:
        raise InvalidCursor
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidCursor from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
        raise InvalidCursor
    return raw
