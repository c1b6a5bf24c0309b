"""One-time codes by the clock, each good once, with a recovery code for a lost phone."""

import hmac
from datetime import datetime

from pyotp import random_base32
from pyotp.hotp import HOTP
from pyotp.totp import TOTP

from models.cipher import Keyring
from models.gate import read_clock
from models.session import Connection
from models.staff_login import Login, spend_counter, spend_recovery_code, totp_seed_of

STEP_SECONDS = 30
WINDOW = (1, 0, -1)
"""A code of the next step and of the one before are taken. Source: spec, security section 3."""
ISSUER = "Afterglow"


def draw_seed() -> str:
    """Make the seed of somebody's one-time codes, 160 bits."""
    return random_base32()


def seed_link(seed: str, mail: str) -> str:
    """Write a seed as authenticator apps scan it."""
    return TOTP(seed).provisioning_uri(name=mail, issuer_name=ISSUER)


def matching_counter(seed: str, typed: str, now: datetime) -> int | None:
    """Say of which step a one-time code is; None when it is of none that is taken now."""
    current = int(now.timestamp()) // STEP_SECONDS
    codes = HOTP(seed)
    for counter in (current + offset for offset in WINDOW):
        if hmac.compare_digest(codes.at(counter).encode(), typed.encode()):
            return counter
    return None


async def spend_second_factor(
    connection: Connection,
    keyring: Keyring,
    login: Login,
    *,
    totp: str | None,
    recovery_code: str | None = None,
) -> bool:
    """Use up what somebody shows beside their password; False when it is worth nothing."""
    if recovery_code is not None:
        return await spend_recovery_code(connection, keyring, login, recovery_code)
    seed = await totp_seed_of(connection, keyring, login)
    if seed is None or totp is None:
        return False
    counter = matching_counter(seed, totp, await read_clock(connection))
    return counter is not None and await spend_counter(connection, login, counter)
