"""A token opens its clinic while session, person and clinic are there, and no longer."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.cipher import Keyring, Unreadable, token_hash
from models.gate import Entered, enter
from models.session import Connection, Pool, clinic_transaction, connect
from models.sign_in import (
    ACCESS_LIFE,
    LIVES,
    NewSession,
    issue_access,
    issue_cookie,
    open_session,
    prolong,
    revoke_sessions,
    step_up,
)
from tests.cast import Clock, Database, Person, Ward

SETTINGS = ("app.clinic_id", "app.subject_id", "app.role")


async def entered(pool: Pool, token: str, kind: str = "access") -> Entered | None:
    """Enter with a token, as a request does."""
    async with pool.acquire() as db, db.transaction():
        return await enter(db, kind, token_hash(token))


async def verdict(pool: Pool, token: str, kind: str = "access") -> str | None:
    """Say what a token is worth."""
    found = await entered(pool, token, kind)
    return None if found is None else found.verdict


async def settings_of(db: Connection) -> list[str]:
    """Read what row security looks at."""
    return [
        await db.fetchval("SELECT coalesce(current_setting($1, true), '')", name)
        for name in SETTINGS
    ]


async def signed_in(pool: Pool, who: Person, kind: str) -> tuple[UUID, str]:
    """Open one more session of somebody, with a token of its kind."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        session = await open_session(db, who.clinic_id, NewSession(kind=kind, subject_id=who.id))
        issue = issue_cookie if kind == "console" else issue_access
        return session, await issue(db, session)


async def test_a_patient_enters_as_a_patient(pool: Pool, ana: Person, keyring: Keyring) -> None:
    found = await entered(pool, ana.token)

    assert found is not None
    assert (found.verdict, found.kind, found.role) == ("live", "patient", "patient")
    assert (found.clinic_id, found.subject_id) == (ana.clinic_id, ana.id)
    assert (found.session_id, found.profession, found.device_id) == (ana.session_id, None, None)
    assert (found.language, found.country, found.consented) == ("en", "US", True)
    assert (found.cipher(keyring).clinic_id, found.cipher(keyring).subject_id) == (
        ana.clinic_id,
        ana.id,
    )


async def test_staff_enter_as_what_they_are(pool: Pool, ward: Ward) -> None:
    nia = await ward.practitioner("nia", role="researcher", profession="nurse")

    found = await entered(pool, nia.token)

    assert found is not None
    assert (found.verdict, found.kind, found.role) == ("live", "staff", "researcher")
    assert (found.profession, found.consented) == ("nurse", True)


async def test_entering_sets_whose_rows_are_seen_until_the_transaction_ends(
    pool: Pool, ana: Person, ward: Ward
) -> None:
    await ward.patient("ida")
    async with pool.acquire() as db:
        async with db.transaction():
            await enter(db, "access", token_hash(ana.token))
            assert await settings_of(db) == [str(ana.clinic_id), str(ana.id), "patient"]
            assert [row["id"] for row in await db.fetch("SELECT id FROM patient")] == [ana.id]

        assert await settings_of(db) == ["", "", ""]
        assert await db.fetch("SELECT id FROM patient") == []


async def test_a_rolled_back_transaction_leaves_no_settings_either(pool: Pool, ana: Person) -> None:
    async with pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        await enter(db, "access", token_hash(ana.token))
        await transaction.rollback()

        assert await settings_of(db) == ["", "", ""]


async def test_two_at_once_see_their_own_clinic_each(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    async def clinics_seen_by(who: Person) -> set[UUID]:
        async with pool.acquire() as db, db.transaction():
            await enter(db, "access", token_hash(who.token))
            await asyncio.sleep(0)
            return {row["id"] for row in await db.fetch("SELECT id FROM clinic")}

    seen = await asyncio.gather(*(clinics_seen_by(who) for who in (ana, dr_cy) * 4))

    assert seen == [{ana.clinic_id}, {dr_cy.clinic_id}] * 4


@pytest.mark.parametrize("token", ["", "at_", "at_" + "A" * 43, "' OR true --"])
async def test_a_token_nobody_holds_is_nobody(pool: Pool, ana: Person, token: str) -> None:
    assert await entered(pool, token) is None


@pytest.mark.parametrize("kind", ["cookie", "refresh", "enrolment", "login", "service", "", "x"])
async def test_a_token_is_good_as_what_it_was_issued(pool: Pool, ana: Person, kind: str) -> None:
    assert await entered(pool, ana.token, kind) is None


async def test_an_access_token_runs_out_to_the_second(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    for left, worth in ((timedelta(milliseconds=1), None), (timedelta(seconds=5), "live")):
        await superuser.execute(
            "UPDATE gate.credential SET expires_at = app_now() + $1 WHERE subject_id = $2",
            left,
            ana.session_id,
        )
        await superuser.execute("SELECT pg_sleep(0.002)")
        assert await verdict(pool, ana.token) == worth


async def test_a_token_of_ten_minutes(pool: Pool, ana: Person, clock: Clock) -> None:
    await clock.advance(seconds=ACCESS_LIFE.total_seconds() - 5)
    assert await verdict(pool, ana.token) == "live"
    await clock.advance(seconds=6)
    assert await verdict(pool, ana.token) is None


@pytest.mark.parametrize("column", ["idle_expires_at", "absolute_expires_at"])
async def test_a_session_that_ran_out_is_expired_and_shows_nothing(
    pool: Pool, ana: Person, superuser: Connection, column: str
) -> None:
    await superuser.execute(
        f"UPDATE session SET {column} = app_now() WHERE id = $1", ana.session_id
    )

    async with pool.acquire() as db, db.transaction():
        found = await enter(db, "access", token_hash(ana.token))
        assert found is not None
        assert found.verdict == "expired"
        assert await settings_of(db) == ["", "", ""]


ENDINGS = {
    "session revoked": "UPDATE session SET revoked_at = app_now() WHERE subject_id = $1",
    "patient left": "UPDATE patient SET ended_at = app_now() WHERE id = $1",
    "clinic closed": "UPDATE clinic c SET closed_at = app_now() FROM patient p"
    " WHERE p.id = $1 AND c.id = p.clinic_id",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
async def test_what_was_ended_by_somebody_is_revoked_and_shows_nothing(
    pool: Pool, ana: Person, superuser: Connection, ending: str
) -> None:
    await superuser.execute(ending, ana.id)

    async with pool.acquire() as db, db.transaction():
        found = await enter(db, "access", token_hash(ana.token))
        assert found is not None
        assert found.verdict == "revoked"
        assert await settings_of(db) == ["", "", ""]
        assert await db.fetch("SELECT id FROM patient") == []


async def test_a_disabled_colleague_is_revoked(
    pool: Pool, dr_bo: Person, superuser: Connection
) -> None:
    await superuser.execute(
        "UPDATE practitioner SET disabled_at = app_now() WHERE id = $1", dr_bo.id
    )

    assert await verdict(pool, dr_bo.token) == "revoked"


async def test_revoked_wins_over_expired(pool: Pool, ana: Person, superuser: Connection) -> None:
    await superuser.execute(
        "UPDATE session SET idle_expires_at = app_now(), revoked_at = app_now()"
    )

    assert await verdict(pool, ana.token) == "revoked"


@pytest.mark.parametrize("kind", ["patient", "staff"])
async def test_a_session_of_a_person_who_is_not_there_opens_nothing(
    pool: Pool, ana: Person, superuser: Connection, kind: str
) -> None:
    await superuser.execute(
        "UPDATE session SET subject_id = $1, kind = $2 WHERE id = $3", uuid4(), kind, ana.session_id
    )

    async with pool.acquire() as db, db.transaction():
        found = await enter(db, "access", token_hash(ana.token))
        assert found is not None
        assert found.verdict == "revoked"
        assert await db.fetch("SELECT id FROM patient") == []


async def test_a_token_without_its_session_is_nobody(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await superuser.execute("DELETE FROM session WHERE id = $1", ana.session_id)

    assert await entered(pool, ana.token) is None


async def test_consent_that_was_withdrawn_is_told(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await superuser.execute(
        "UPDATE consent SET withdrawn_at = app_now() WHERE patient_id = $1", ana.id
    )

    found = await entered(pool, ana.token)
    assert found is not None
    assert (found.verdict, found.consented) == ("live", False)


async def test_consent_to_research_is_no_consent_to_care(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await superuser.execute("UPDATE consent SET purpose = 'research' WHERE patient_id = $1", ana.id)

    found = await entered(pool, ana.token)
    assert found is not None
    assert found.consented is False


async def test_the_newest_keys_are_handed_out(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    await superuser.execute(
        "INSERT INTO keys.subject_key (clinic_id, subject_id, version, kind, clinic_key_version,"
        " wrapped) SELECT clinic_id, subject_id, 2, kind, clinic_key_version, 'second'"
        " FROM keys.subject_key WHERE subject_id = $1",
        ana.id,
    )

    found = await entered(pool, ana.token)
    assert found is not None
    assert (found.key_version, found.key_wrapped) == (2, b"second")


async def test_keys_of_another_clinic_do_not_open(
    pool: Pool, ana: Person, dr_cy: Person, keyring: Keyring, superuser: Connection
) -> None:
    await superuser.execute(
        "UPDATE keys.subject_key k SET wrapped = o.wrapped FROM keys.subject_key o"
        " WHERE k.subject_id = $1 AND o.subject_id = $2",
        ana.id,
        dr_cy.id,
    )

    found = await entered(pool, ana.token)
    assert found is not None
    with pytest.raises(Unreadable):
        Keyring(bytes(range(1, 33))).subject(
            found.clinic_id,
            found.subject_id,
            found.key_version,
            found.key_wrapped,
            (found.clinic_key_version, found.clinic_key_wrapped),
        )


@pytest.mark.parametrize("kind", ["patient", "staff", "console"])
async def test_a_session_lives_as_long_as_its_kind(
    pool: Pool, ana: Person, dr_bo: Person, superuser: Connection, kind: str
) -> None:
    who = ana if kind == "patient" else dr_bo
    session, _ = await signed_in(pool, who, kind)

    row = await superuser.fetchrow(
        "SELECT idle_expires_at - created_at AS idle, absolute_expires_at - created_at AS absolute,"
        " step_up_at FROM session WHERE id = $1",
        session,
    )
    assert row is not None
    assert (row["idle"], row["absolute"]) == LIVES[kind]
    assert row["step_up_at"] is None


async def test_use_prolongs_a_console_but_not_beyond_its_end(
    pool: Pool, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    session, cookie = await signed_in(pool, dr_bo, "console")
    for _ in range(30):  # twelve and a half hours, never idle for long
        await clock.advance(minutes=25)
        async with clinic_transaction(pool, dr_bo.clinic_id) as db:
            await prolong(db, dr_bo.clinic_id, session)

    row = await superuser.fetchrow("SELECT * FROM session WHERE id = $1", session)
    assert row is not None
    assert row["idle_expires_at"] == row["absolute_expires_at"]
    assert await verdict(pool, cookie, "cookie") is None


async def test_a_console_is_not_written_at_each_request(
    pool: Pool, dr_bo: Person, clock: Clock, superuser: Connection
) -> None:
    session, _ = await signed_in(pool, dr_bo, "console")
    ends = "SELECT idle_expires_at FROM session WHERE id = $1"
    first = await superuser.fetchval(ends, session)

    for seconds, moved in ((30, False), (40, True)):
        await clock.advance(seconds=seconds)
        async with clinic_transaction(pool, dr_bo.clinic_id) as db:
            await prolong(db, dr_bo.clinic_id, session)
        assert (await superuser.fetchval(ends, session) > first) is moved


async def test_a_step_up_is_of_one_session(
    pool: Pool, dr_bo: Person, superuser: Connection
) -> None:
    one, other = [(await signed_in(pool, dr_bo, "staff"))[0] for _ in range(2)]
    async with clinic_transaction(pool, dr_bo.clinic_id) as db:
        await step_up(db, dr_bo.clinic_id, one)

    read = "SELECT step_up_at IS NOT NULL FROM session WHERE id = $1"
    assert [await superuser.fetchval(read, each) for each in (one, other)] == [True, False]


async def test_ending_a_person_ends_all_of_their_sessions_and_nobody_elses(
    pool: Pool, ana: Person, dr_bo: Person
) -> None:
    _, second = await signed_in(pool, ana, "patient")
    async with clinic_transaction(pool, ana.clinic_id) as db:
        assert await revoke_sessions(db, ana.clinic_id, ana.id, reason="left") == 2
        assert await revoke_sessions(db, ana.clinic_id, ana.id, reason="again") == 0

    worth = [await verdict(pool, token) for token in (ana.token, second, dr_bo.token)]
    assert worth == ["revoked", "revoked", "live"]


async def test_no_clinic_ends_sessions_of_another(pool: Pool, ana: Person, dr_cy: Person) -> None:
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await revoke_sessions(db, ana.clinic_id, ana.id, reason="x") == 0
        assert await revoke_sessions(db, dr_cy.clinic_id, ana.id, reason="x") == 0

    assert await verdict(pool, ana.token) == "live"


@pytest.mark.parametrize("who", ["app", "pager", "owner"])
async def test_tokens_are_reached_through_the_functions_only(database: Database, who: str) -> None:
    db = await connect(getattr(database, who))
    try:
        for table in ("credential", "proof", "bucket", "epoch"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.fetch(f"SELECT * FROM gate.{table}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"DELETE FROM gate.{table}")
    finally:
        await db.close()


async def test_a_dump_may_read_lookups_and_change_none(superuser: Connection, ana: Person) -> None:
    async with superuser.transaction():
        await superuser.execute("SET LOCAL ROLE backup")
        assert await superuser.fetchval("SELECT count(*) FROM gate.credential") > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with superuser.transaction():
                await superuser.execute("DELETE FROM gate.credential")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with superuser.transaction():
                await superuser.fetch("SELECT gate.prune()")
