"""Chain the audit rows every 10 s, clinic by clinic, and keep the days' heads in a second place."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

from models.audit_seal import MOST_AT_ONCE, Head, Sealed, seal_clinic
from models.cipher import Keyring, Unreadable
from models.gate import unsealed_clinics
from models.session import Pool, clinic_transaction
from worker.log import log

SEAL_EVERY_SECONDS = 10.0
"""How often the jobs process calls `seal_all`. Source: spec, security section 5."""

_encode = msgspec.json.Encoder().encode


async def seal_all(pool: Pool, keyring: Keyring, heads: Path | None = None) -> int:
    """Seal what was written since the last pass in every clinic; returns the links added.

    `heads` is a file outside the database that each ended day's last link is appended to.
    """
    async with pool.acquire() as connection:
        clinics = await unsealed_clinics(connection)
    total = 0
    for clinic_id in clinics:
        links = MOST_AT_ONCE
        while links == MOST_AT_ONCE:
            links = 0
            try:
                async with clinic_transaction(pool, clinic_id) as connection:
                    sealed = await seal_clinic(connection, keyring, clinic_id)
                    await keep_head(heads, sealed)
                links = sealed.links
            except (asyncpg.PostgresError, OSError, Unreadable) as error:
                log.error("audit.seal_failed", clinic_id=clinic_id, exc_info=error)
            total += links
    return total


async def keep_head(path: Path | None, sealed: Sealed) -> None:
    """Write an ended day's head down before the next day's links are committed.

    A pass that fails after this writes the same line again, which says the same.
    """
    if path is not None and sealed.head is not None:
        await asyncio.to_thread(_append, path, _encode(sealed.head) + b"\n")


def read_heads(path: Path) -> Sequence[Head]:
    """Read the heads kept in a file; a line that a crash cut short was written again below."""
    heads: list[Head] = []
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(msgspec.DecodeError):
            heads.append(msgspec.json.decode(line, type=Head))
    return heads


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        if end and os.pread(descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
