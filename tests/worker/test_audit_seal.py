"""The audit's chain: sealed in time, and any change to it is named."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.audit import Act, Actor, record_audit
from models.audit_seal import Fault, Head, Verified, verify
from models.cipher import Keyring, Unreadable
from models.gate import unsealed_clinics
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward, open_ward
from worker.audit_seal import read_heads, seal_all


async def write(pool: Pool, clinic_id: UUID, count: int = 5) -> list[UUID]:
    """Let somebody do something a few times."""
    objects = [uuid4() for _ in range(count)]
    async with clinic_transaction(pool, clinic_id) as db:
        for one in objects:
            actor = Actor(clinic_id=clinic_id, id=uuid4(), role="clinician", request_id=uuid4())
            act = Act(action="chart.read", object_type="chart", object_id=one, fields=("note",))
            await record_audit(db, actor, act)
    return objects


async def check(
    pool: Pool, keyring: Keyring, clinic_id: UUID, heads: Sequence[Head] = ()
) -> Verified:
    """Follow a clinic's chain."""
    async with clinic_transaction(pool, clinic_id) as db:
        return await verify(db, keyring, clinic_id, heads)


async def tamper(superuser: Connection, sql: str, *values: object) -> None:
    """Do what only somebody with all rights on the server can: change what is append-only."""
    async with superuser.transaction():
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute(sql, *values)


async def nth(superuser: Connection, seq: int) -> UUID:
    """Find the event of one link."""
    return UUID(
        str(await superuser.fetchval("SELECT audit_id FROM audit_seal WHERE seq = $1", seq))
    )


async def test_every_event_is_chained_once_and_the_chain_verifies(
    pool: Pool, keyring: Keyring, ward: Ward
) -> None:
    await write(pool, ward.clinic_id, 7)

    first = await seal_all(pool, keyring)
    again = await seal_all(pool, keyring)
    await write(pool, ward.clinic_id, 2)
    more = await seal_all(pool, keyring)

    assert (first, again, more) == (7, 0, 2)
    assert await check(pool, keyring, ward.clinic_id) == Verified(links=9, fault=None)


async def test_an_audit_that_is_empty_verifies(pool: Pool, keyring: Keyring, ward: Ward) -> None:
    assert await check(pool, keyring, ward.clinic_id) == Verified(links=0, fault=None)


async def test_each_clinic_has_a_chain_of_its_own(
    pool: Pool, keyring: Keyring, ward: Ward, dr_cy: Person
) -> None:
    await write(pool, ward.clinic_id, 3)
    await write(pool, dr_cy.clinic_id, 4)

    assert await seal_all(pool, keyring) == 7
    assert (await check(pool, keyring, ward.clinic_id)).links == 3
    assert (await check(pool, keyring, dr_cy.clinic_id)).links == 4


async def test_two_sealers_at_once_make_one_chain(pool: Pool, keyring: Keyring, ward: Ward) -> None:
    await write(pool, ward.clinic_id, 40)

    sealed = await asyncio.gather(*(seal_all(pool, keyring) for _ in range(4)))

    assert sum(sealed) == 40
    assert await check(pool, keyring, ward.clinic_id) == Verified(links=40, fault=None)


async def test_an_event_committed_late_is_sealed_by_a_later_pass(
    pool: Pool, keyring: Keyring, ward: Ward
) -> None:
    async with clinic_transaction(pool, ward.clinic_id) as slow:
        await record_audit(
            slow, Actor(clinic_id=ward.clinic_id), Act(action="a.b", object_type="a")
        )
        await write(pool, ward.clinic_id, 3)
        first = await seal_all(pool, keyring)
    second = await seal_all(pool, keyring)

    assert (first, second) == (3, 1)
    assert await check(pool, keyring, ward.clinic_id) == Verified(links=4, fault=None)


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "gen_random_uuid()",
    "actor_role": "'admin'",
    "session_id": "gen_random_uuid()",
    "patient_id": "gen_random_uuid()",
    "action": "'chart.reae'",
    "object_type": "'charu'",
    "object_id": "NULL",
    "purpose": "'research'",
    "outcome": "'denied'",
    "request_id": "gen_random_uuid()",
    "fields": "'{}'",
}


@pytest.mark.parametrize("column", COLUMNS)
async def test_m08_a_change_to_any_column_is_found_and_named(
    ward: Ward, superuser: Connection, column: str
) -> None:
    await write(ward.pool, ward.clinic_id)
    await seal_all(ward.pool, ward.keyring)
    changed = await nth(superuser, 3)

    await tamper(
        superuser, f"UPDATE audit_event SET {column} = {COLUMNS[column]} WHERE id = $1", changed
    )

    verified = await check(ward.pool, ward.keyring, ward.clinic_id)
    assert verified.links == 2
    assert verified.fault is not None
    assert (verified.fault.kind, verified.fault.audit_id) == ("content", changed)


async def test_a_change_to_every_column_is_tried(superuser: Connection) -> None:
    columns = await superuser.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_event'::regclass"
        " AND attnum > 0 AND attname NOT IN ('clinic_id', 'id')"
    )

    assert {row["attname"] for row in columns} == set(COLUMNS)


async def test_an_event_that_was_removed_is_found(ward: Ward, superuser: Connection) -> None:
    await write(ward.pool, ward.clinic_id)
    await seal_all(ward.pool, ward.keyring)
    gone = await nth(superuser, 4)

    await tamper(superuser, "DELETE FROM audit_event WHERE id = $1", gone)

    fault = (await check(ward.pool, ward.keyring, ward.clinic_id)).fault
    assert fault is not None
    assert (fault.kind, fault.audit_id, fault.seq) == ("missing", gone, 4)


async def test_an_event_removed_with_its_link_is_found(ward: Ward, superuser: Connection) -> None:
    await write(ward.pool, ward.clinic_id)
    await seal_all(ward.pool, ward.keyring)
    gone = await nth(superuser, 2)

    await tamper(superuser, "DELETE FROM audit_seal WHERE audit_id = $1", gone)
    await tamper(superuser, "DELETE FROM audit_event WHERE id = $1", gone)

    fault = (await check(ward.pool, ward.keyring, ward.clinic_id)).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("gap", 3)


async def test_two_events_that_changed_places_are_found(ward: Ward, superuser: Connection) -> None:
    await write(ward.pool, ward.clinic_id)
    await seal_all(ward.pool, ward.keyring)

    await tamper(
        superuser,
        "UPDATE audit_seal SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)",
    )
    await tamper(superuser, "UPDATE audit_seal SET seq = -seq WHERE seq < 0")

    fault = (await check(ward.pool, ward.keyring, ward.clinic_id)).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("chain", 2)


async def test_a_link_forged_without_the_key_is_found(ward: Ward, superuser: Connection) -> None:
    await write(ward.pool, ward.clinic_id)
    await seal_all(ward.pool, ward.keyring)

    await tamper(superuser, "UPDATE audit_seal SET hash = sha256(hash) WHERE seq = 5")

    fault = (await check(ward.pool, ward.keyring, ward.clinic_id)).fault
    assert fault is not None
    assert (fault.kind, fault.seq) == ("content", 5)


async def test_an_event_unsealed_for_more_than_a_minute_is_named(
    ward: Ward, superuser: Connection, clock: Clock
) -> None:
    await write(ward.pool, ward.clinic_id, 1)
    await seal_all(ward.pool, ward.keyring)
    await write(ward.pool, ward.clinic_id, 1)
    fresh = await check(ward.pool, ward.keyring, ward.clinic_id)
    await clock.advance(seconds=61)

    late = await check(ward.pool, ward.keyring, ward.clinic_id)

    waiting = await superuser.fetchval("SELECT id FROM audit_event ORDER BY at DESC LIMIT 1")
    assert fresh == Verified(links=1, fault=None)
    assert late.fault == Fault(kind="unsealed", audit_id=waiting)


async def test_a_day_goes_on_from_the_day_before_and_its_head_is_kept_outside(
    ward: Ward, clock: Clock, tmp_path: Path
) -> None:
    kept = tmp_path / "heads.jsonl"
    for _ in range(3):
        await write(ward.pool, ward.clinic_id, 2)
        await seal_all(ward.pool, ward.keyring, kept)
        await clock.advance(days=1)

    heads = read_heads(kept)

    assert [head.seq for head in heads] == [2, 2]
    assert heads[0].day < heads[1].day
    assert await check(ward.pool, ward.keyring, ward.clinic_id, heads) == Verified(
        links=6, fault=None
    )
    assert kept.stat().st_mode & 0o077 == 0


async def test_an_end_that_was_cut_off_is_found_by_the_head_kept_outside(
    ward: Ward, superuser: Connection, clock: Clock, tmp_path: Path
) -> None:
    kept = tmp_path / "heads.jsonl"
    for _ in range(2):
        await write(ward.pool, ward.clinic_id, 2)
        await seal_all(ward.pool, ward.keyring, kept)
        await clock.advance(days=1)
    [head] = read_heads(kept)
    first = "(SELECT audit_id FROM audit_seal ORDER BY day, seq LIMIT 1)"
    await tamper(superuser, f"DELETE FROM audit_event WHERE id <> {first}")
    await tamper(superuser, f"DELETE FROM audit_seal WHERE audit_id <> {first}")

    by_itself = await check(ward.pool, ward.keyring, ward.clinic_id)
    with_head = await check(ward.pool, ward.keyring, ward.clinic_id, [head])

    assert by_itself == Verified(links=1, fault=None)
    assert with_head.fault == Fault(kind="head", day=head.day, seq=2)


async def test_a_head_cut_short_by_a_crash_is_written_again(
    ward: Ward, clock: Clock, tmp_path: Path
) -> None:
    kept = tmp_path / "heads.jsonl"
    kept.write_bytes(b'{"clinic_id":"01')
    await write(ward.pool, ward.clinic_id, 2)
    await seal_all(ward.pool, ward.keyring, kept)
    await clock.advance(days=1)
    await write(ward.pool, ward.clinic_id, 1)

    await seal_all(ward.pool, ward.keyring, kept)

    assert [head.seq for head in read_heads(kept)] == [2]


async def test_the_chain_goes_on_when_the_clock_falls_back_over_midnight(
    ward: Ward, clock: Clock
) -> None:
    await write(ward.pool, ward.clinic_id, 2)
    await seal_all(ward.pool, ward.keyring)
    await clock.advance(hours=-20)
    await write(ward.pool, ward.clinic_id, 2)

    await seal_all(ward.pool, ward.keyring)

    assert await check(ward.pool, ward.keyring, ward.clinic_id) == Verified(links=4, fault=None)


async def test_a_clinic_whose_key_is_lost_does_not_stop_the_others(
    pool: Pool, keyring: Keyring, ward: Ward, superuser: Connection
) -> None:
    other = await open_ward(pool, keyring, "east")
    for each in (ward, other):
        await write(pool, each.clinic_id, 2)
    await superuser.execute("DELETE FROM keys.subject_key WHERE subject_id = $1", ward.clinic_id)

    assert await seal_all(pool, keyring) == 2
    with pytest.raises(Unreadable):
        await check(pool, keyring, ward.clinic_id)
    assert (await check(pool, keyring, other.clinic_id)).links == 2


async def test_clinics_with_nothing_new_are_not_visited(
    pool: Pool, keyring: Keyring, ward: Ward, dr_cy: Person
) -> None:
    await write(pool, ward.clinic_id)
    await seal_all(pool, keyring)
    await write(pool, dr_cy.clinic_id)

    async with pool.acquire() as db:
        assert await unsealed_clinics(db) == [dr_cy.clinic_id]


@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
async def test_m08_the_application_can_change_neither_events_nor_links(
    pool: Pool, keyring: Keyring, ward: Ward, table: str
) -> None:
    await write(pool, ward.clinic_id)
    await seal_all(pool, keyring)

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET clinic_id = clinic_id"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with clinic_transaction(pool, ward.clinic_id) as db:
                await db.execute(statement)
