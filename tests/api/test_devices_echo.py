"""A practitioner's push token stays where it is until the new device echoes what was pushed."""

from uuid import UUID

import httpx
import msgspec
import pytest

from models.cipher import Keyring
from models.echo import Echo, claim_echoes, echo_nonce
from models.ids import uuid7
from models.session import Connection, Pool
from models.subject_key import subject_for
from tests.api.kit import problem_in
from tests.api.phone import Phone
from tests.cast import Clock, Person, Ward

TOKEN = "token-of-dr-bo"


@pytest.fixture
async def dr_di(ward: Ward) -> Person:
    """Meet a colleague who has learnt dr_bo's push token."""
    return await ward.practitioner("di")


async def put(phone: Phone, who: Person, installation: UUID, token: str = TOKEN) -> httpx.Response:
    """Register an installation with a push token."""
    body = {"platform": "ios", "fcm_token": token}
    return await phone.client.put(f"/v1/devices/{installation}", json=body, headers=who.headers)


async def confirm(phone: Phone, who: Person, installation: UUID, nonce: str) -> httpx.Response:
    """Echo a nonce."""
    return await phone.client.post(
        f"/v1/devices/{installation}/confirm", json={"nonce": nonce}, headers=who.headers
    )


async def claimed(pager_pool: Pool) -> list[Echo]:
    """Take what waits, as the pager does."""
    async with pager_pool.acquire() as db, db.transaction():
        return await claim_echoes(db)


async def is_live(superuser: Connection, installation: UUID) -> bool:
    """Say whether pages reach this installation."""
    found: bool = await superuser.fetchval(
        "SELECT EXISTS (SELECT FROM device d JOIN endpoint e ON e.device_id = d.id"
        " WHERE d.installation = $1 AND d.push_hmac IS NOT NULL"
        " AND d.disabled_at IS NULL AND e.disabled_at IS NULL)",
        installation,
    )
    return found


async def test_d02_who_learns_a_colleagues_token_does_not_silence_the_colleague(
    phone: Phone, dr_bo: Person, dr_di: Person, superuser: Connection
) -> None:
    old, new = uuid7(), uuid7()
    await put(phone, dr_bo, old)

    answer = await put(phone, dr_di, new)

    assert answer.status_code == 200
    assert answer.json()["push"] == "pending"
    assert await is_live(superuser, old)
    assert not await is_live(superuser, new)


async def test_d02_the_pager_gets_what_it_pushes_to_the_new_device(
    phone: Phone, dr_bo: Person, dr_di: Person, pager_pool: Pool, keyring: Keyring
) -> None:
    await put(phone, dr_bo, uuid7())
    await put(phone, dr_di, uuid7())

    [echo] = await claimed(pager_pool)

    assert echo.practitioner_id == dr_di.id
    assert echo.platform == "ios"
    async with pager_pool.acquire() as db:
        theirs = await subject_for(db, keyring, echo.clinic_id, echo.practitioner_id)
    plain = theirs.open("device.push", echo.id, echo.pending_push_ct)
    assert msgspec.json.decode(plain) == {"fcm_token": TOKEN}
    assert await claimed(pager_pool) == []


async def test_d02_the_echo_moves_the_token(
    phone: Phone,
    dr_bo: Person,
    dr_di: Person,
    *,
    superuser: Connection,
    pager_pool: Pool,
    keyring: Keyring,
) -> None:
    old, new = uuid7(), uuid7()
    await put(phone, dr_bo, old)
    await put(phone, dr_di, new)
    [echo] = await claimed(pager_pool)

    answer = await confirm(phone, dr_di, new, echo_nonce(keyring, echo.id, echo.pending_seed))

    assert answer.json() == {"installation": str(new), "push": "live"}
    assert await is_live(superuser, new)
    assert not await is_live(superuser, old)
    told = await superuser.fetch(
        "SELECT action FROM audit_event WHERE object_id ="
        " (SELECT id FROM device WHERE installation = $1)",
        old,
    )
    assert {"device.push_moved", "notice.person"} <= {row["action"] for row in told}


async def test_d02_another_echo_moves_nothing(
    phone: Phone, dr_bo: Person, dr_di: Person, superuser: Connection
) -> None:
    old, new = uuid7(), uuid7()
    await put(phone, dr_bo, old)
    await put(phone, dr_di, new)

    answer = await confirm(phone, dr_di, new, "n" * 22)

    assert problem_in(answer) == "invalid-token"
    assert await is_live(superuser, old)


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (61, 422)])
async def test_d02_an_echo_comes_within_an_hour(
    phone: Phone,
    dr_bo: Person,
    dr_di: Person,
    *,
    clock: Clock,
    pager_pool: Pool,
    keyring: Keyring,
    minutes: int,
    status: int,
) -> None:
    new = uuid7()
    await put(phone, dr_bo, uuid7())
    await put(phone, dr_di, new)
    [echo] = await claimed(pager_pool)
    await clock.connection.execute(
        "UPDATE device SET pending_since = pending_since - make_interval(mins => $1)", minutes
    )

    answer = await confirm(phone, dr_di, new, echo_nonce(keyring, echo.id, echo.pending_seed))

    assert answer.status_code == status


async def test_d02_an_echo_counts_once(
    phone: Phone, dr_bo: Person, dr_di: Person, pager_pool: Pool, keyring: Keyring
) -> None:
    new = uuid7()
    await put(phone, dr_bo, uuid7())
    await put(phone, dr_di, new)
    [echo] = await claimed(pager_pool)
    nonce = echo_nonce(keyring, echo.id, echo.pending_seed)
    await confirm(phone, dr_di, new, nonce)

    assert problem_in(await confirm(phone, dr_di, new, nonce)) == "invalid-token"


async def test_d02_a_new_registration_asks_for_a_new_echo(
    phone: Phone, dr_bo: Person, dr_di: Person, pager_pool: Pool, keyring: Keyring
) -> None:
    new = uuid7()
    await put(phone, dr_bo, uuid7())
    await put(phone, dr_di, new)
    [first] = await claimed(pager_pool)
    await put(phone, dr_di, new)

    [second] = await claimed(pager_pool)

    assert first.pending_seed != second.pending_seed
    stale = await confirm(phone, dr_di, new, echo_nonce(keyring, first.id, first.pending_seed))
    assert problem_in(stale) == "invalid-token"


async def test_d02_a_waiting_device_keeps_the_token_it_had(
    phone: Phone, dr_bo: Person, dr_di: Person, superuser: Connection
) -> None:
    new = uuid7()
    await put(phone, dr_di, new, "token-of-dr-di")
    await put(phone, dr_bo, uuid7())

    answer = await put(phone, dr_di, new)

    assert answer.json()["push"] == "pending"
    assert await is_live(superuser, new)


async def test_d02_a_patient_never_gets_a_practitioners_token(
    phone: Phone, ana: Person, dr_bo: Person, superuser: Connection, pager_pool: Pool
) -> None:
    old = uuid7()
    await put(phone, dr_bo, old)

    answer = await put(phone, ana, uuid7())

    assert answer.json()["push"] == "none"
    assert await is_live(superuser, old)
    assert await claimed(pager_pool) == []


async def test_d02_ones_own_new_phone_takes_over_at_once(
    phone: Phone, dr_bo: Person, superuser: Connection
) -> None:
    old, new = uuid7(), uuid7()
    await put(phone, dr_bo, old)

    answer = await put(phone, dr_bo, new)

    assert answer.json()["push"] == "live"
    assert await is_live(superuser, new)
    assert not await is_live(superuser, old)


def test_a_nonce_has_the_form_of_a_pages_handle(keyring: Keyring) -> None:
    nonce = echo_nonce(keyring, uuid7(), b"s" * 16)

    assert len(nonce) == 22
    assert nonce.replace("-", "").replace("_", "").isalnum()
