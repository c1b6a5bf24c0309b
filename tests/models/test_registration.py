"""Registrations that meet: many at once, of one token, in one clinic."""

import asyncio
import random
from uuid import UUID

import msgspec
import pytest

from models.cipher import Keyring
from models.device import MOST_DEVICES, DevicesFull, Installation, Owner, silence_device
from models.ids import uuid7
from models.registration import Push, PushState, Registered, Registration, own_device, register
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import subject_for
from tests.cast import Person, Ward


def owner_of(person: Person, *, is_patient: bool) -> Owner:
    """Name somebody of the cast as an owner."""
    return Owner(clinic_id=person.clinic_id, id=person.id, is_patient=is_patient)


def pushed(token: str) -> Push:
    """Make a push registration."""
    return Push(plain=msgspec.json.encode({"fid": token}), value=token.encode())


class Desk:
    """Where devices are registered."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self.pool = pool
        self.keyring = keyring

    async def register(
        self, owner: Owner, *, token: str | None, installation: UUID | None = None
    ) -> Registered:
        """Register an installation, a new one unless it is named."""
        new = Registration(
            installation=Installation(id=installation or uuid7(), platform="ios"),
            permission=None,
            push=None if token is None else pushed(token),
        )
        async with clinic_transaction(self.pool, owner.clinic_id) as db:
            mine = await subject_for(db, self.keyring, owner.clinic_id, owner.id)
            clinic = await subject_for(db, self.keyring, owner.clinic_id, owner.clinic_id)
            return await register(db, owner, mine, clinic, new)


@pytest.fixture
def desk(pool: Pool, keyring: Keyring) -> Desk:
    """Open the desk."""
    return Desk(pool, keyring)


async def live_holders(superuser: Connection) -> int:
    """Count the live devices that have a token."""
    found: int = await superuser.fetchval(
        "SELECT count(*) FROM device WHERE push_hmac IS NOT NULL AND disabled_at IS NULL"
    )
    return found


async def test_one_token_registered_by_many_at_once_has_one_holder(
    desk: Desk, ward: Ward, superuser: Connection
) -> None:
    people = [owner_of(await ward.patient(f"p{i}"), is_patient=True) for i in range(8)]

    done = await asyncio.gather(*(desk.register(owner, token="shared") for owner in people))

    assert [d.state for d in done] == [PushState.LIVE] * 8
    assert await live_holders(superuser) == 1
    assert sum(d.moved is not None for d in done) == 7


async def test_a_practitioners_token_survives_whoever_registers_it_at_once(
    desk: Desk, ward: Ward, dr_bo: Person, superuser: Connection
) -> None:
    bo = owner_of(dr_bo, is_patient=False)
    first = await desk.register(bo, token="shared")
    others = [owner_of(await ward.practitioner(f"d{i}"), is_patient=False) for i in range(4)]
    others += [owner_of(await ward.patient(f"p{i}"), is_patient=True) for i in range(4)]

    done = await asyncio.gather(*(desk.register(owner, token="shared") for owner in others))

    states = [d.state for d in done]
    assert states == [PushState.PENDING] * 4 + [PushState.NONE] * 4
    holder = await superuser.fetchval("SELECT id FROM device WHERE push_hmac IS NOT NULL")
    assert holder == first.device_id


async def test_twelve_devices_at_once_are_ten(desk: Desk, ana: Person) -> None:
    owner = owner_of(ana, is_patient=True)

    done = await asyncio.gather(
        *(desk.register(owner, token=f"t{i}") for i in range(12)), return_exceptions=True
    )

    assert sum(isinstance(d, Registered) for d in done) == MOST_DEVICES
    assert sum(isinstance(d, DevicesFull) for d in done) == 2


async def test_one_installation_registered_twice_at_once_is_one_row(
    desk: Desk, dr_bo: Person, superuser: Connection
) -> None:
    owner, name = owner_of(dr_bo, is_patient=False), uuid7()

    await asyncio.gather(*(desk.register(owner, token="t", installation=name) for _ in range(6)))

    assert await superuser.fetchval("SELECT count(*) FROM device") == 1
    pushes = "SELECT count(*) FROM endpoint WHERE channel = 'push'"
    assert await superuser.fetchval(pushes) == 1


async def test_a_silenced_device_is_forgotten_until_it_shows_a_token(
    desk: Desk, pool: Pool, dr_bo: Person
) -> None:
    owner, name = owner_of(dr_bo, is_patient=False), uuid7()
    first = await desk.register(owner, token="t", installation=name)
    async with clinic_transaction(pool, owner.clinic_id) as db:
        await silence_device(db, owner.clinic_id, first.device_id, reason="removed")

    mute = await desk.register(owner, token=None, installation=name)
    shown = await desk.register(owner, token="t", installation=name)

    assert (mute.state, shown.state) == (PushState.NONE, PushState.LIVE)
    assert shown.device_id == first.device_id
    assert shown.fresh


async def test_a_device_is_its_owners_only(
    desk: Desk, pool: Pool, ana: Person, dr_bo: Person, dr_cy: Person
) -> None:
    name = uuid7()
    await desk.register(owner_of(ana, is_patient=True), token="t", installation=name)

    async with clinic_transaction(pool, ana.clinic_id) as db:
        assert await own_device(db, owner_of(ana, is_patient=True), name) is not None
        assert await own_device(db, owner_of(dr_bo, is_patient=False), name) is None
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await own_device(db, owner_of(ana, is_patient=True), name) is None


@pytest.mark.parametrize("seed", range(3))
async def test_no_order_of_registrations_leaves_a_practitioner_without_the_token_they_had(
    desk: Desk, ward: Ward, superuser: Connection, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 # chooses an order, keeps no secret
    staff = [owner_of(await ward.practitioner(f"d{i}"), is_patient=False) for i in range(3)]
    patients = [owner_of(await ward.patient(f"p{i}"), is_patient=True) for i in range(3)]
    for i, owner in enumerate(staff):
        await desk.register(owner, token=f"token-{i}")

    for _ in range(12):
        await desk.register(draw.choice(staff + patients), token=f"token-{draw.randrange(3)}")

    without = await superuser.fetchval(
        "SELECT count(*) FROM practitioner p WHERE NOT EXISTS (SELECT FROM device d"
        " WHERE d.practitioner_id = p.id AND d.push_hmac IS NOT NULL AND d.disabled_at IS NULL)"
    )
    assert without == 0
