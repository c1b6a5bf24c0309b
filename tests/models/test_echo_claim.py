"""Which new devices the pager is given to push a nonce to, and which it gets back."""

from dataclasses import replace
from uuid import UUID

import pytest

from models.cipher import Keyring
from models.echo import NONCE_SYMBOLS, Echo, claim_echoes, echo_nonce, release_echo
from models.ids import uuid7
from models.session import Connection, Pool
from tests.cast import Clock, Person

SEED = b"s" * 16
PENDING = """
INSERT INTO device (clinic_id, id, installation, practitioner_id, patient_id, platform,
    pending_push_ct, pending_push_hmac, pending_seed, pending_since)
VALUES ($1, $2, $2, $3, $4, 'ios', 'sealed', 'value', $5, app_now())
"""


async def wait_for_echo(superuser: Connection, who: Person, *, patient: bool = False) -> UUID:
    """Store a device that waits to be pushed its nonce."""
    device = uuid7()
    owner = (None, who.id) if patient else (who.id, None)
    await superuser.execute(PENDING, who.clinic_id, device, *owner, SEED)
    return device


async def claim(pager_pool: Pool, *, most: int = 16) -> list[Echo]:
    """Take what waits, as the pager does."""
    async with pager_pool.acquire() as db:
        return await claim_echoes(db, most=most)


async def release(pager_pool: Pool, echo: Echo) -> None:
    """Give a nonce back."""
    async with pager_pool.acquire() as db:
        await release_echo(db, echo)


async def test_a_device_is_claimed_with_what_it_takes_to_push_to_it(
    superuser: Connection, pager_pool: Pool, dr_bo: Person
) -> None:
    device = await wait_for_echo(superuser, dr_bo)

    [echo] = await claim(pager_pool)

    assert (echo.clinic_id, echo.id) == (dr_bo.clinic_id, device)
    assert (echo.practitioner_id, echo.platform) == (dr_bo.id, "ios")
    assert (echo.pending_push_ct, echo.pending_seed) == (b"sealed", SEED)
    assert echo.language == "en"


async def test_a_device_is_claimed_once(
    superuser: Connection, pager_pool: Pool, dr_bo: Person
) -> None:
    await wait_for_echo(superuser, dr_bo)

    assert len(await claim(pager_pool)) == 1
    assert await claim(pager_pool) == []


async def test_what_was_given_back_is_claimed_again(
    superuser: Connection, pager_pool: Pool, dr_bo: Person
) -> None:
    await wait_for_echo(superuser, dr_bo)
    [echo] = await claim(pager_pool)

    await release(pager_pool, echo)

    assert [again.id for again in await claim(pager_pool)] == [echo.id]


async def test_a_nonce_that_was_replaced_meanwhile_is_not_given_back(
    superuser: Connection, pager_pool: Pool, dr_bo: Person
) -> None:
    await wait_for_echo(superuser, dr_bo)
    [echo] = await claim(pager_pool)

    await release(pager_pool, replace(echo, pending_seed=b"t" * 16))

    assert await claim(pager_pool) == []


async def test_the_devices_of_all_clinics_are_claimed(
    superuser: Connection, pager_pool: Pool, dr_bo: Person, dr_cy: Person
) -> None:
    devices = {await wait_for_echo(superuser, who) for who in (dr_bo, dr_cy)}

    assert {echo.id for echo in await claim(pager_pool)} == devices


async def test_who_waits_longest_comes_first(
    superuser: Connection, pager_pool: Pool, clock: Clock, dr_bo: Person
) -> None:
    devices: list[UUID] = []
    for _ in range(3):
        devices.append(await wait_for_echo(superuser, dr_bo))
        await clock.advance(minutes=1)

    claimed = [echo.id for _ in devices for echo in await claim(pager_pool, most=1)]

    assert claimed == devices


@pytest.mark.parametrize(("minutes", "claimed"), [(59, 1), (61, 0)])
async def test_an_hour_is_all_there_is(
    superuser: Connection,
    pager_pool: Pool,
    clock: Clock,
    dr_bo: Person,
    *,
    minutes: int,
    claimed: int,
) -> None:
    await wait_for_echo(superuser, dr_bo)
    await clock.advance(minutes=minutes)

    assert len(await claim(pager_pool)) == claimed


async def test_a_patients_device_is_never_the_pagers_matter(
    superuser: Connection, pager_pool: Pool, ana: Person
) -> None:
    await wait_for_echo(superuser, ana, patient=True)

    assert await claim(pager_pool) == []


def test_a_nonce_is_its_devices_and_its_seeds(keyring: Keyring) -> None:
    one, other = uuid7(), uuid7()

    nonce = echo_nonce(keyring, one, SEED)
    assert len(nonce) == NONCE_SYMBOLS
    assert nonce == echo_nonce(keyring, one, SEED)
    assert nonce != echo_nonce(keyring, other, SEED)
    assert nonce != echo_nonce(keyring, one, b"t" * 16)
    assert nonce != echo_nonce(Keyring(b"k" * 32), one, SEED)
