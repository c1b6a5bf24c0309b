"""Keys and ciphertext: root key, under it one key per clinic, under that one per subject.

A sealed value is `0x01 | key version (4) | nonce (12) | ciphertext | tag (16)`. What it is bound
to (a frozen label, clinic, subject, row, revision) is authenticated, so that a value moved to
another row, column or person does not open.
"""

import hmac
import os
from collections import OrderedDict
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
REMEMBERED_SUBJECTS = 4096
"""Unwrapped subject keys one process keeps in memory; unwrapping one again costs about 20 us."""


class Unreadable(Exception):
    """A sealed value does not open: wrong key, or moved from where it was written."""


def random_key() -> bytes:
    """Make a key."""
    return os.urandom(KEY_BYTES)


def _bind(label: str, *parts: UUID | int) -> bytes:
    return "|".join((label, *map(str, parts))).encode()


def _seal(box: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + box.encrypt(nonce, plain, bound_to)


def _open(box: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return box.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
        raise Unreadable("a sealed value does not open with this key") from None


class Subject:
    """The keys of one patient, practitioner or clinic."""

    def __init__(self, clinic_id: UUID, subject_id: UUID, version: int, keys: bytes) -> None:
        self.clinic_id = clinic_id
        self.subject_id = subject_id
        self.version = version
        self._head = FORMAT + version.to_bytes(4, "big")
        self._box = AESGCM(keys[:KEY_BYTES])
        self._index = keys[KEY_BYTES:]

    def seal(self, label: str, row: UUID, plain: bytes, *, revision: int = 0) -> bytes:
        """Encrypt what belongs to one row."""
        bound_to = _bind(label, self.clinic_id, self.subject_id, row, revision)
        return self._head + _seal(self._box, plain, bound_to)

    def open(self, label: str, row: UUID, sealed: bytes, *, revision: int = 0) -> bytes:
        """Decrypt what belongs to one row.

        Raises:
            Unreadable: it was sealed under another key, or for another place.
        """
        if sealed[:5] != self._head:
            raise Unreadable("a sealed value names another key")
        bound_to = _bind(label, self.clinic_id, self.subject_id, row, revision)
        return _open(self._box, sealed[5:], bound_to)

    def seal_text(self, label: str, row: UUID, text: str, *, revision: int = 0) -> bytes:
        """Encrypt text."""
        return self.seal(label, row, text.encode("utf-8"), revision=revision)

    def open_text(self, label: str, row: UUID, sealed: bytes, *, revision: int = 0) -> str:
        """Decrypt text."""
        return self.open(label, row, sealed, revision=revision).decode("utf-8")

    def index(self, label: str, value: bytes) -> bytes:
        """Hash a value so that equal ones are found and nothing else is learnt.

        The key of this hash outlives a rotation of the subject's encryption key.
        """
        return hmac.digest(self._index, label.encode() + b"|" + value, "sha256")


class Keyring:
    """What one process can open: everything under its root key."""

    def __init__(self, root_key: bytes) -> None:
        if len(root_key) != KEY_BYTES:
            raise ValueError(f"the root key has {len(root_key)} bytes instead of {KEY_BYTES}")
        self._root_key = root_key
        self._wrap = AESGCM(self.derive("wrap.clinic_key"))
        self._subjects: OrderedDict[tuple[UUID, UUID, int], Subject] = OrderedDict()

    def __repr__(self) -> str:
        return "Keyring(...)"

    def derive(self, label: str) -> bytes:
        """Make the key of one purpose."""
        return _derive(self._root_key, label)

    def mac(self, label: str, value: bytes) -> bytes:
        """Authenticate a value for one purpose: cursors, nonces, refresh tokens, login lookups."""
        return hmac.digest(self.derive(label), value, "sha256")

    def wrap_clinic_key(self, clinic_id: UUID, version: int, key: bytes) -> bytes:
        """Wrap a clinic's key by the root key."""
        return _seal(self._wrap, key, _bind("clinic_key", clinic_id, version))

    def unwrap_clinic_key(self, clinic_id: UUID, version: int, wrapped: bytes) -> bytes:
        """Unwrap a clinic's key.

        Raises:
            Unreadable: this is not the root key it was wrapped by.
        """
        return _open(self._wrap, wrapped, _bind("clinic_key", clinic_id, version))

    def new_subject(self, clinic_id: UUID, subject_id: UUID, clinic_key: bytes) -> bytes:
        """Make the first keys of a subject, wrapped by the clinic's key."""
        keys = random_key() + random_key()
        return _seal(AESGCM(clinic_key), keys, _bind("subject_key", clinic_id, subject_id, 1))

    def subject(
        self,
        clinic_id: UUID,
        subject_id: UUID,
        version: int,
        wrapped: bytes,
        clinic_key: tuple[int, bytes],
    ) -> Subject:
        """Unwrap a subject's keys; `clinic_key` is the version and the wrapped clinic key."""
        name = (clinic_id, subject_id, version)
        known = self._subjects.get(name)
        if known is not None:
            self._subjects.move_to_end(name)
            return known
        box = AESGCM(self.unwrap_clinic_key(clinic_id, *clinic_key))
        keys = _open(box, wrapped, _bind("subject_key", clinic_id, subject_id, version))
        subject = self._subjects[name] = Subject(clinic_id, subject_id, version, keys)
        if len(self._subjects) > REMEMBERED_SUBJECTS:
            self._subjects.popitem(last=False)
        return subject


@lru_cache(maxsize=64)
def _derive(root_key: bytes, label: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"afterglow|" + label.encode())
    return kdf.derive(root_key)


def token_hash(token: str) -> bytes:
    """Hash a token of 256 random bits, as it is looked up."""
    return sha256(token.encode()).digest()
