"""One-time codes and recovery codes: which are taken, and that each is taken once."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pyotp.hotp import HOTP

from api.second_factor import (
    ISSUER,
    STEP_SECONDS,
    draw_seed,
    matching_counter,
    seed_link,
    spend_second_factor,
)
from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, clinic_transaction
from models.staff_login import Login, login_of, recovery_hash
from tests.api.colleague import Colleague
from tests.api.phone import Door
from tests.cast import Person

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_NOON = int(NOON.timestamp()) // STEP_SECONDS


async def spends(
    door: Door, who: Person, *, totp: str | None = None, recovery_code: str | None = None
) -> bool:
    """Show a second factor, in a transaction of its own."""
    async with clinic_transaction(door.backend.pool, who.clinic_id) as db:
        return await spend_second_factor(
            db,
            door.backend.keyring,
            await login_in(db, who),
            totp=totp,
            recovery_code=recovery_code,
        )


async def login_in(db: Connection, who: Person) -> Login:
    """Read somebody's login."""
    login = await login_of(db, who.clinic_id, who.id)
    assert login is not None
    return login


async def unused(superuser: Connection) -> int:
    """Count the recovery codes that are left."""
    found: int = await superuser.fetchval(
        "SELECT count(*) FROM recovery_code WHERE used_at IS NULL"
    )
    return found


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a20_a_code_of_the_step_beside_now_is_taken(offset: int) -> None:
    assert matching_counter(SEED, HOTP(SEED).at(AT_NOON + offset), NOON) == AT_NOON + offset


@pytest.mark.parametrize("offset", [-3, -2, 2, 3])
def test_a20_a_code_of_two_steps_away_is_not(offset: int) -> None:
    assert matching_counter(SEED, HOTP(SEED).at(AT_NOON + offset), NOON) is None


@pytest.mark.parametrize("seconds", [0, 15, 29.999])
def test_a_code_is_the_same_for_all_of_its_step(seconds: float) -> None:
    typed = HOTP(SEED).at(AT_NOON)

    assert matching_counter(SEED, typed, NOON + timedelta(seconds=seconds)) == AT_NOON


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "00000",
        "0000000",
        "abcdef",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "12345\n",
        "-12345",
    ],
)
def test_what_is_no_code_matches_no_step(typed: str) -> None:
    assert matching_counter(SEED, typed, NOON) is None


def test_another_seeds_code_matches_nothing() -> None:
    other = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"

    assert matching_counter(SEED, HOTP(other).at(AT_NOON), NOON) is None


def test_every_seed_is_another_with_160_bits() -> None:
    seeds = {draw_seed() for _ in range(50)}

    assert len(seeds) == 50
    assert {len(seed) * 5 for seed in seeds} == {160}


def test_a_link_brings_the_seed_into_an_authenticator() -> None:
    link = urlsplit(seed_link(SEED, "bo@north.example"))

    asked = parse_qs(link.query)
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert asked["secret"] == [SEED]
    assert asked["issuer"] == [ISSUER]
    assert "bo%40north.example" in link.path


async def test_a20_a_code_is_worth_something_once(door: Door, bo: Colleague) -> None:
    code = await bo.totp()

    assert await spends(door, bo.person, totp=code)
    assert not await spends(door, bo.person, totp=code)


async def test_a20_after_a_later_code_an_earlier_one_is_spent(door: Door, bo: Colleague) -> None:
    earlier, later = await bo.totp(), await bo.totp(steps=1)

    assert await spends(door, bo.person, totp=later)
    assert not await spends(door, bo.person, totp=earlier)


async def test_a20_shown_twice_at_once_a_code_is_worth_something_once(
    door: Door, bo: Colleague
) -> None:
    code = await bo.totp()

    found = await asyncio.gather(*(spends(door, bo.person, totp=code) for _ in range(6)))

    assert sorted(found) == [False] * 5 + [True]


async def test_a_wrong_code_uses_no_counter_up(door: Door, bo: Colleague) -> None:
    right = await bo.totp()
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)

    assert not await spends(door, bo.person, totp=wrong)
    assert await spends(door, bo.person, totp=right)


async def test_nothing_shown_is_worth_nothing(door: Door, bo: Colleague) -> None:
    assert not await spends(door, bo.person)


async def test_without_an_authenticator_no_code_is_right(door: Door, dr_cy: Person) -> None:
    assert not await spends(door, dr_cy, totp="000000")


async def test_a_recovery_code_is_worth_something_once(
    door: Door, bo: Colleague, superuser: Connection
) -> None:
    code, before = bo.recovery_codes[0], await unused(superuser)

    assert await spends(door, bo.person, recovery_code=code)
    assert not await spends(door, bo.person, recovery_code=code)
    assert await unused(superuser) == before - 1


async def test_a_recovery_code_may_be_typed_as_people_type(door: Door, bo: Colleague) -> None:
    typed = bo.recovery_codes[0].lower().replace("-", " ")

    assert await spends(door, bo.person, recovery_code=f" {typed}. ")


@pytest.mark.parametrize("typed", ["", "-----", "AAAAA-AAAAA-AAAAA"])
async def test_a_recovery_code_that_is_none_uses_none_up(
    door: Door, bo: Colleague, superuser: Connection, typed: str
) -> None:
    before = await unused(superuser)

    assert not await spends(door, bo.person, recovery_code=typed)
    assert await unused(superuser) == before


async def test_a_recovery_code_counts_before_a_one_time_code(door: Door, bo: Colleague) -> None:
    code = await bo.totp()

    assert not await spends(door, bo.person, totp=code, recovery_code="AAAAA-AAAAA-AAAAA")
    assert await spends(door, bo.person, totp=code)


async def test_a_colleagues_recovery_code_opens_nothing(
    door: Door, bo: Colleague, dr_cy: Person
) -> None:
    assert not await spends(door, dr_cy, recovery_code=bo.recovery_codes[0])
    assert await spends(door, bo.person, recovery_code=bo.recovery_codes[0])


async def test_no_recovery_code_stands_in_the_database(
    bo: Colleague, superuser: Connection
) -> None:
    rows = await superuser.fetch("SELECT code_hash FROM recovery_code")

    assert len(rows) == len(bo.recovery_codes)
    stored = b"".join(row["code_hash"] for row in rows)
    assert not any(code.replace("-", "").encode() in stored for code in bo.recovery_codes)


def test_the_hash_of_a_recovery_code_is_ones_own(keyring: Keyring) -> None:
    one, other = uuid7(), uuid7()

    mine = recovery_hash(keyring, one, "ABCDE-FGHJK-MNPQR")
    assert mine == recovery_hash(keyring, one, "abcde fghjk mnpqr")
    assert mine != recovery_hash(keyring, other, "ABCDE-FGHJK-MNPQR")
    assert mine != recovery_hash(keyring, one, "ABCDE-FGHJK-MNPQS")
