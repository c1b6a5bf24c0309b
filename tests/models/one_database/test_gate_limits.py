"""Lookups, proofs and buckets: each counted once, in its own clinic, by the database's clock."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cipher import Keyring, Unreadable, random_key
from models.gate import (
    clinics,
    current_epoch,
    drop,
    find,
    give_back,
    prune,
    put,
    read_clock,
    remember_proof,
    take,
    verify_root_key,
)
from models.practitioner import login_lookup
from models.session import Connection, Pool, clinic_transaction, connect
from tests.cast import Clock, Database, Person, Ward, open_ward


@pytest.fixture(autouse=True)
async def nothing_from_before(superuser: Connection) -> None:
    """Empty what belongs to no clinic."""
    await superuser.execute("TRUNCATE gate.bucket, gate.proof")
    await superuser.execute("DELETE FROM gate.credential WHERE lookup = $1", LOOKUP)


LOOKUP = b"lookup"


async def store(
    pool: Pool, clinic: UUID, subject: UUID, *, minutes: float | None = 10, lookup: bytes = LOOKUP
) -> bool:
    """Store a lookup that lives so many minutes."""
    async with clinic_transaction(pool, clinic) as db:
        now = await read_clock(db)
        until = None if minutes is None else now + timedelta(minutes=minutes)
        return await put(db, "enrolment", lookup, subject, until)


async def owner_of(pool: Pool, lookup: bytes = LOOKUP) -> UUID | None:
    """Look up whose a lookup is."""
    async with pool.acquire() as db:
        found = await find(db, "enrolment", lookup)
        return None if found is None else found.subject_id


async def test_a_lookup_is_found_from_outside_its_clinic(pool: Pool, ana: Person) -> None:
    assert await store(pool, ana.clinic_id, ana.id)

    async with pool.acquire() as db:
        found = await find(db, "enrolment", LOOKUP)
    assert found is not None
    assert (found.clinic_id, found.subject_id) == (ana.clinic_id, ana.id)


async def test_a_lookup_of_another_kind_is_another_lookup(pool: Pool, ana: Person) -> None:
    await store(pool, ana.clinic_id, ana.id)

    async with pool.acquire() as db:
        assert await find(db, "refresh", LOOKUP) is None


async def test_an_expired_lookup_is_still_found(pool: Pool, ana: Person, clock: Clock) -> None:
    await store(pool, ana.clinic_id, ana.id)
    await clock.advance(days=1)

    assert await owner_of(pool) == ana.id


@pytest.mark.parametrize("same_clinic", [True, False])
async def test_a_live_lookup_is_taken(
    pool: Pool, ana: Person, dr_cy: Person, *, same_clinic: bool
) -> None:
    clinic = ana.clinic_id if same_clinic else dr_cy.clinic_id
    await store(pool, ana.clinic_id, ana.id)

    assert not await store(pool, clinic, dr_cy.id)
    assert await owner_of(pool) == ana.id


async def test_an_expired_lookup_is_taken_over_by_another_clinic(
    pool: Pool, ana: Person, dr_cy: Person, clock: Clock
) -> None:
    await store(pool, ana.clinic_id, ana.id, minutes=10)
    await clock.advance(minutes=10)

    assert await store(pool, dr_cy.clinic_id, dr_cy.id)
    assert await owner_of(pool) == dr_cy.id


async def test_a_lookup_without_an_end_is_never_taken_over(
    pool: Pool, ana: Person, dr_cy: Person, clock: Clock
) -> None:
    await store(pool, ana.clinic_id, ana.id, minutes=None)
    await clock.advance(days=4000)

    assert not await store(pool, dr_cy.clinic_id, dr_cy.id)


async def test_of_ten_at_once_one_gets_the_lookup(pool: Pool, ana: Person) -> None:
    won = await asyncio.gather(*(store(pool, ana.clinic_id, uuid4()) for _ in range(10)))

    assert sorted(won) == [False] * 9 + [True]


async def test_outside_of_a_clinic_nothing_is_stored_or_dropped(pool: Pool, ana: Person) -> None:
    await store(pool, ana.clinic_id, ana.id)
    async with pool.acquire() as db:
        for act in (
            lambda: put(db, "enrolment", b"other", ana.id, None),
            lambda: drop(db, ana.id),
        ):
            with pytest.raises(asyncpg.PostgresError):
                await act()

    assert await owner_of(pool) == ana.id
    assert await owner_of(pool, b"other") is None


async def test_a_kind_nobody_knows_is_refused(pool: Pool, ana: Person) -> None:
    async with clinic_transaction(pool, ana.clinic_id) as db:
        with pytest.raises(asyncpg.CheckViolationError):
            await put(db, "visitor", LOOKUP, ana.id, None)


@pytest.mark.parametrize(("kind", "left"), [("enrolment", 1), ("access", 1), (None, 0)])
async def test_lookups_are_dropped_by_kind_or_all(
    pool: Pool, ana: Person, kind: str | None, left: int
) -> None:
    subject = uuid4()
    async with clinic_transaction(pool, ana.clinic_id) as db:
        for each in ("enrolment", "access"):
            await put(db, each, LOOKUP, subject, None)
        await drop(db, subject, kind)

        found = [await find(db, each, LOOKUP) for each in ("enrolment", "access")]
    assert len([one for one in found if one]) == left


async def test_no_clinic_drops_the_lookups_of_another(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    await store(pool, ana.clinic_id, ana.id)
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        await drop(db, ana.id)

    assert await owner_of(pool) == ana.id


async def test_a_proof_is_good_once_for_ten_minutes(pool: Pool, clock: Clock) -> None:
    jti = uuid4()
    used: list[bool] = []
    async with pool.acquire() as db:
        for seconds in (0, 0, 595, 10):
            await clock.advance(seconds=seconds)
            used.append(await remember_proof(db, jti))

    assert used == [True, False, False, True]


async def test_of_twenty_uses_of_a_proof_at_once_one_counts(pool: Pool) -> None:
    jti = uuid4()

    async def use() -> bool:
        async with pool.acquire() as db:
            return await remember_proof(db, jti)

    assert sum(await asyncio.gather(*(use() for _ in range(20)))) == 1


async def test_proofs_are_forgotten_as_others_come(
    pool: Pool, clock: Clock, superuser: Connection
) -> None:
    async with pool.acquire() as db:
        for _ in range(5):
            await remember_proof(db, uuid4())
        await clock.advance(minutes=11)
        await remember_proof(db, uuid4())

    assert await superuser.fetchval("SELECT count(*) FROM gate.proof") == 1


async def draw(
    db: Connection, times: int, *, per_second: float = 0.1, burst: float = 3
) -> list[float]:
    """Take from one bucket again and again."""
    return [round(await take(db, "b", b"k", per_second=0.1, burst=3), 2) for _ in range(times)]


async def test_a_bucket_gives_its_burst_and_then_says_how_long(pool: Pool, clock: Clock) -> None:
    async with pool.acquire() as db, db.transaction():
        assert await draw(db, 5) == [0, 0, 0, 10, 10]


async def test_a_bucket_fills_with_time_up_to_its_burst(pool: Pool, clock: Clock) -> None:
    async with pool.acquire() as db:
        await draw(db, 3)
        await clock.advance(seconds=10)
        async with db.transaction():
            assert (await draw(db, 2))[0] == 0
        await clock.advance(days=1)
        async with db.transaction():
            assert await draw(db, 4) == [0, 0, 0, 10]


async def test_being_refused_costs_no_waiting_time(pool: Pool, clock: Clock) -> None:
    async with pool.acquire() as db:
        await draw(db, 3)
        for _ in range(4):
            await clock.advance(seconds=2)
            assert await take(db, "b", b"k", per_second=0.1, burst=3) > 0
        await clock.advance(seconds=3)

        assert await take(db, "b", b"k", per_second=0.1, burst=3) == 0


async def test_a_clock_that_falls_back_empties_no_bucket(pool: Pool, clock: Clock) -> None:
    async with pool.acquire() as db:
        await draw(db, 2)
        await clock.advance(hours=-1)

        assert await take(db, "b", b"k", per_second=0.1, burst=3) == 0


async def test_buckets_are_apart_by_name_and_by_key(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        for name, key in (("a", b"k"), ("a", b"l"), ("b", b"k")):
            assert await take(db, name, key, per_second=0.01, burst=1) == 0
            assert await take(db, name, key, per_second=0.01, burst=1) > 0


async def test_what_is_given_back_can_be_taken_and_no_more(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        await draw(db, 3)
        await give_back(db, "b", b"k", 1)
        assert await draw(db, 2) == [0, 10]

        await give_back(db, "b", b"k", 1000)
        assert await draw(db, 4) == [0, 0, 0, 10]


async def test_of_many_takes_at_once_the_burst_is_granted(pool: Pool) -> None:
    async def one() -> float:
        async with pool.acquire() as db:
            return await take(db, "b", b"k", per_second=0.0001, burst=5)

    assert (await asyncio.gather(*(one() for _ in range(20)))).count(0) == 5


def simulate(steps: list[float], *, per_second: float, burst: float) -> list[bool]:
    """Say which takes a bucket grants: the same arithmetic, written down plainly."""
    tokens = burst
    granted: list[bool] = []
    for waited in steps:
        tokens = min(burst, tokens + waited * per_second)
        granted.append(tokens >= 1)
        tokens -= 1 if tokens >= 1 else 0
    return granted


@given(steps=st.lists(st.integers(0, 40), min_size=1, max_size=60))
@settings(max_examples=50)
def test_no_bucket_grants_more_than_burst_and_rate(steps: list[int]) -> None:
    granted = simulate([float(s) for s in steps], per_second=0.1, burst=3)

    assert sum(granted) <= 3 + sum(steps) * 0.1 + 1e-9


@pytest.mark.parametrize(
    "steps",
    [[0] * 6, [0, 0, 0, 10, 10, 5, 5], [30, 0, 0, 0, 25, 0, 0], [0, 9, 9, 9, 9, 9, 9, 9]],
)
async def test_the_database_grants_what_the_arithmetic_says(
    pool: Pool, clock: Clock, steps: list[int]
) -> None:
    granted: list[bool] = []
    async with pool.acquire() as db:
        for waited in steps:
            await clock.advance(seconds=waited + 0.0)
            granted.append(await take(db, "b", b"k", per_second=0.1, burst=3) == 0)

    assert granted == simulate([float(s) for s in steps], per_second=0.1, burst=3)


KEPT = {"access": 1, "cookie": 1, "enrolment": 1, "refresh": 90}
"""Days that a lookup which ran out is kept."""


@pytest.mark.parametrize(("kind", "days"), KEPT.items())
async def test_lookups_are_pruned_after_their_time(
    pool: Pool, ana: Person, superuser: Connection, kind: str, days: int
) -> None:
    for lookup, ago in ((b"old", days + 0.1), (b"new", days - 0.1)):
        await superuser.execute(
            "INSERT INTO gate.credential VALUES ($1, $2, $3, $3, app_now() - $4::interval)",
            kind,
            lookup,
            ana.clinic_id,
            timedelta(days=ago),
        )
    async with pool.acquire() as db:
        await prune(db)
        left = [await find(db, kind, lookup) is not None for lookup in (b"old", b"new")]

    assert left == [False, True]


async def test_a_login_is_never_pruned(
    pool: Pool, ward: Ward, dr_bo: Person, keyring: Keyring, clock: Clock
) -> None:
    await clock.advance(days=4000)
    lookup = login_lookup(keyring, ward.code, f"bo@{ward.code}.example")
    async with pool.acquire() as db:
        await prune(db)
        found = await find(db, "login", lookup)

    assert found is not None
    assert (found.subject_id, found.expires_at) == (dr_bo.id, None)


async def test_idle_buckets_are_pruned(pool: Pool, clock: Clock, superuser: Connection) -> None:
    async with pool.acquire() as db:
        await take(db, "old", b"k", per_second=1, burst=1)
        await clock.advance(hours=25)
        await take(db, "new", b"k", per_second=1, burst=1)
        await prune(db)

    assert [row["name"] for row in await superuser.fetch("SELECT name FROM gate.bucket")] == ["new"]


async def test_a_root_key_is_tried_before_anything_is_written(
    pool: Pool, pager_pool: Pool, ward: Ward, keyring: Keyring
) -> None:
    for each in (pool, pager_pool):
        async with each.acquire() as db:
            await verify_root_key(db, keyring)
            with pytest.raises(Unreadable):
                await verify_root_key(db, Keyring(random_key()))


async def test_closed_clinics_have_no_jobs(
    pool: Pool, ward: Ward, keyring: Keyring, superuser: Connection
) -> None:
    other = await open_ward(pool, keyring, "still-open")
    await superuser.execute("UPDATE clinic SET closed_at = app_now() WHERE id = $1", ward.clinic_id)

    async with pool.acquire() as db:
        found = await clinics(db)
    assert other.clinic_id in found
    assert ward.clinic_id not in found


async def test_the_epoch_stays_until_a_restore_changes_it(
    pool: Pool, superuser: Connection
) -> None:
    async with pool.acquire() as db:
        first, again = await current_epoch(db), await current_epoch(db)
        await superuser.execute("UPDATE gate.epoch SET epoch = gen_random_uuid()")

        assert first == again != await current_epoch(db)


async def test_there_is_one_epoch(superuser: Connection) -> None:
    for single in (True, False):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await superuser.execute("INSERT INTO gate.epoch VALUES ($1, gen_random_uuid())", single)


async def test_the_pager_may_only_ask_for_a_clinics_key_and_what_is_unread(
    database: Database, superuser: Connection
) -> None:
    functions = await superuser.fetch(
        "SELECT p.oid::regprocedure::text AS name,"
        " has_function_privilege('pager', p.oid, 'EXECUTE') AS pager,"
        " has_function_privilege('app', p.oid, 'EXECUTE') AS app,"
        " has_function_privilege('backup', p.oid, 'EXECUTE') AS backup, p.prosecdef, p.proconfig"
        " FROM pg_proc p WHERE p.pronamespace = 'gate'::regnamespace"
    )

    assert {row["name"] for row in functions if row["pager"]} == {
        "gate.any_clinic_key()",
        "gate.unread(interval,integer)",
    }
    assert all(row["app"] and row["prosecdef"] and not row["backup"] for row in functions)
    assert all("search_path=pg_catalog" in row["proconfig"][0] for row in functions)
    db = await connect(database.pager)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.fetch("SELECT * FROM gate.find('access', '')")
    await db.close()
