"""Sessions as rows: how long they live, what prolongs them, who ends them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from models.cipher import token_hash
from models.gate import enter
from models.grace import spoken_by
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.sign_in import (
    CONSOLE_IDLE,
    LIVES,
    NewSession,
    issue_access,
    issue_cookie,
    open_session,
    prolong,
    random_token,
    revoke_sessions,
    step_up,
)
from tests.cast import Clock, Person, Ward


@pytest.fixture
async def db(pool: Pool, dr_bo: Person) -> AsyncIterator[Connection]:
    """Stand inside dr_bo's clinic, as a job does."""
    async with clinic_transaction(pool, dr_bo.clinic_id) as connection:
        yield connection


async def opened(db: Connection, who: Person, kind: str = "console") -> UUID:
    """Open one more session."""
    return await open_session(db, who.clinic_id, NewSession(kind=kind, subject_id=who.id))


async def left(db: Connection, session: UUID) -> tuple[timedelta, timedelta]:
    """Read how long a session has, idle and at most."""
    row = await db.fetchrow(
        "SELECT idle_expires_at - app_now(), absolute_expires_at - app_now() FROM session"
        " WHERE id = $1",
        session,
    )
    assert row is not None
    return row[0], row[1]


async def ended(db: Connection, session: UUID) -> str | None:
    """Read why a session was ended; None while it is live."""
    found: str | None = await db.fetchval(
        "SELECT revoked_reason FROM session WHERE id = $1", session
    )
    return found


@pytest.mark.parametrize("kind", LIVES)
async def test_a_session_has_the_life_of_its_kind(
    db: Connection, dr_bo: Person, ana: Person, kind: str
) -> None:
    session = await opened(db, ana if kind == "patient" else dr_bo, kind)

    assert await left(db, session) == LIVES[kind]


async def test_use_begins_the_idle_time_of_a_console_anew(
    db: Connection, clock: Clock, dr_bo: Person
) -> None:
    session = await opened(db, dr_bo)
    await clock.advance(minutes=10)

    await prolong(db, dr_bo.clinic_id, session)

    assert (await left(db, session))[0] == CONSOLE_IDLE


async def test_use_within_a_minute_writes_nothing(
    db: Connection, clock: Clock, dr_bo: Person
) -> None:
    session = await opened(db, dr_bo)
    await clock.advance(seconds=59)

    await prolong(db, dr_bo.clinic_id, session)

    assert (await left(db, session))[0] == CONSOLE_IDLE - timedelta(seconds=59)


async def test_no_use_moves_the_absolute_end(db: Connection, clock: Clock, dr_bo: Person) -> None:
    session = await opened(db, dr_bo)
    await clock.advance(hours=11, minutes=50)

    await prolong(db, dr_bo.clinic_id, session)

    assert await left(db, session) == (timedelta(minutes=10), timedelta(minutes=10))


async def test_one_session_ends_alone(db: Connection, dr_bo: Person) -> None:
    one, other = await opened(db, dr_bo), await opened(db, dr_bo)

    assert await revoke_sessions(db, dr_bo.clinic_id, one, reason="signed_out") == 1
    assert await ended(db, one) == "signed_out"
    assert await ended(db, other) is None


async def test_a_persons_sessions_end_together(db: Connection, dr_bo: Person, ana: Person) -> None:
    mine = [dr_bo.session_id, await opened(db, dr_bo), await opened(db, dr_bo, "staff")]

    assert await revoke_sessions(db, dr_bo.clinic_id, dr_bo.id, reason="disabled") == 3
    assert [await ended(db, session) for session in mine] == ["disabled"] * 3
    assert await ended(db, ana.session_id) is None


async def test_an_end_keeps_its_first_reason(db: Connection, dr_bo: Person) -> None:
    await revoke_sessions(db, dr_bo.clinic_id, dr_bo.id, reason="reused")

    assert await revoke_sessions(db, dr_bo.clinic_id, dr_bo.id, reason="signed_out") == 0
    assert await ended(db, dr_bo.session_id) == "reused"


async def test_another_clinics_sessions_are_out_of_reach(
    db: Connection, dr_cy: Person, superuser: Connection, dr_bo: Person
) -> None:
    assert await revoke_sessions(db, dr_bo.clinic_id, dr_cy.id, reason="disabled") == 0
    assert await revoke_sessions(db, dr_cy.clinic_id, dr_cy.id, reason="disabled") == 0
    assert await ended(superuser, dr_cy.session_id) is None


async def test_nobodys_sessions_are_none(db: Connection, dr_bo: Person) -> None:
    assert await revoke_sessions(db, dr_bo.clinic_id, uuid7(), reason="lost") == 0


async def test_a_step_up_is_of_one_session(db: Connection, dr_bo: Person) -> None:
    one, other = await opened(db, dr_bo), await opened(db, dr_bo)

    await step_up(db, dr_bo.clinic_id, one)

    stepped = "SELECT id FROM session WHERE step_up_at IS NOT NULL AND id = ANY($1)"
    assert [row["id"] for row in await db.fetch(stepped, [one, other])] == [one]


@pytest.mark.parametrize(("kind", "other"), [("access", "cookie"), ("cookie", "access")])
async def test_a_token_opens_its_own_session_by_its_own_kind(
    db: Connection, dr_bo: Person, kind: str, other: str
) -> None:
    session = await opened(db, dr_bo)
    issue = issue_access if kind == "access" else issue_cookie
    token = await issue(db, session)

    entered = await enter(db, kind, token_hash(token))
    assert entered is not None
    assert entered.session_id == session
    assert await enter(db, other, token_hash(token)) is None


async def test_a_token_stands_in_the_database_as_its_hash_only(
    dr_bo: Person, superuser: Connection
) -> None:
    rows = await superuser.fetch("SELECT lookup, credential::text AS shown FROM gate.credential")

    assert token_hash(dr_bo.token) in {row["lookup"] for row in rows}
    assert not any(dr_bo.token in row["shown"] for row in rows)


def test_every_token_is_another_of_256_bits() -> None:
    tokens = {random_token("at_") for _ in range(100)}

    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {46}


async def test_the_grace_learns_a_patients_language_and_numbers(
    db: Connection, ana: Person
) -> None:
    spoken = await spoken_by(db, ana.clinic_id, ana.id)

    assert (spoken.language, spoken.country) == ("en", "US")


async def test_the_grace_sees_nobody_elses_rows_from_then_on(
    db: Connection, ward: Ward, ana: Person
) -> None:
    await ward.patient("ben")

    await spoken_by(db, ana.clinic_id, ana.id)

    assert [row["id"] for row in await db.fetch("SELECT id FROM patient")] == [ana.id]


async def test_a_patient_of_another_clinic_is_none(
    db: Connection, ana: Person, dr_cy: Person
) -> None:
    with pytest.raises(LookupError):
        await spoken_by(db, dr_cy.clinic_id, ana.id)
