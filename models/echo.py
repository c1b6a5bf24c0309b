"""What is pushed to a practitioner's new device, which it sends back to take over a push token.

The pager claims the devices that wait, opens `pending_push_ct` with the practitioner's key (label
`device.push`, row the device) and sends a page of kind `test` whose handle is the nonce.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.cipher import Keyring
from models.session import Connection, rows_as

ECHO_LIFE = timedelta(hours=1)
"""How long a new device may take to echo what was pushed to it; the app asks again at each start.

Source: house rule, time for a push to reach a phone that is off.
"""
NONCE_SYMBOLS = 22
"""132 bits: a page's handle has as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A new device of a practitioner that waits to be pushed its nonce."""

    clinic_id: UUID
    id: UUID
    practitioner_id: UUID
    platform: str
    language: str
    pending_push_ct: bytes
    pending_seed: bytes
    now: datetime


CLAIM_ECHOES = """
UPDATE device d SET pending_sent_at = app_now()
FROM (SELECT clinic_id, id FROM device
      WHERE pending_seed IS NOT NULL AND pending_sent_at IS NULL AND practitioner_id IS NOT NULL
        AND pending_since > app_now() - $2::interval
      ORDER BY pending_since LIMIT $1 FOR UPDATE SKIP LOCKED) due
JOIN practitioner p ON p.clinic_id = due.clinic_id
WHERE d.clinic_id = due.clinic_id AND d.id = due.id AND p.id = d.practitioner_id
RETURNING d.clinic_id, d.id, d.practitioner_id, d.platform, p.language, d.pending_push_ct,
    d.pending_seed, app_now() AS now
"""

RELEASE_ECHO = """
UPDATE device SET pending_sent_at = NULL
WHERE clinic_id = $1 AND id = $2 AND pending_seed = $3
"""


def echo_nonce(keyring: Keyring, device_id: UUID, seed: bytes) -> str:
    """Compute what is pushed to a new device; a database without the root key does not hold it."""
    mac = keyring.mac("device.echo", device_id.bytes + seed)
    return base64.urlsafe_b64encode(mac).decode()[:NONCE_SYMBOLS]


async def claim_echoes(connection: Connection, *, most: int = 16) -> list[Echo]:
    """Take the devices a nonce is to be pushed to, each once: the app asks again at its start."""
    return rows_as(Echo, await connection.fetch(CLAIM_ECHOES, most, ECHO_LIFE))


async def release_echo(connection: Connection, echo: Echo) -> None:
    """Let a nonce that did not leave be claimed again, unless the app has asked for another."""
    await connection.execute(RELEASE_ECHO, echo.clinic_id, echo.id, echo.pending_seed)
