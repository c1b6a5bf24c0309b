"""What the process that talks to providers may see and write, column by column."""

from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest

from models.session import Connection, connect
from models.tables import metadata
from tests.cast import Database, Person
from tests.models.one_database.diary import LOUD, alert_of, entry, submit
from tests.models.rows import CLINIC_TABLES, undone

WHOLE = {
    "alert_history",
    "attempt",
    "contact_rule",
    "delivery",
    "endpoint",
    "keys.clinic_key",
    "keys.subject_key",
    "membership",
    "policy",
    "policy_step",
    "policy_target",
}
READS: dict[str, set[str]] = {
    "clinic": {"id", "code", "zone", "supervisor_id", "closed_at"},
    "practitioner": {"clinic_id", "id", "role", "profession", "language", "disabled_at"},
    "alert_source": {"clinic_id", "id", "patient_id", "entry_id", "revision", "rule"},
    "device": {
        "clinic_id", "id", "practitioner_id", "platform", "push_ct", "push_hmac", "disabled_at",
        "last_seen_at", "pending_push_ct", "pending_seed", "pending_since", "pending_sent_at",
    },
    "alert": {
        "clinic_id", "id", "patient_id", "rule", "period", "severity", "severity_rank", "state",
        "round", "step", "next_step_at", "resume_step_at", "last_round_at", "policy_snapshot",
        "acks_needed", "opened_at", "acked_at", "acked_by", "action_due_at",
        "assigned_profession", "due_at", "version",
    },
}  # fmt: skip
WRITES: dict[str, set[str]] = {
    "alert": {
        "state", "round", "step", "next_step_at", "resume_step_at", "last_round_at",
        "policy_snapshot", "acks_needed", "acked_at", "acked_by", "action_due_at", "version",
    },
    "endpoint": {"last_ok_at", "last_proved_at", "disabled_at", "disabled_reason"},
    "device": {"last_error", "pending_sent_at"},
}  # fmt: skip
INSERTS = {"alert_history", "alert_source", "delivery", "attempt"}
ASKS = {
    "clinic_id", "id", "patient_id", "rule", "period", "severity", "severity_rank", "next_step_at",
    "assigned_profession", "due_at",
}  # fmt: skip
"""Of an alert: a task to read a note that no job has read."""
DIARY = {
    "appointment",
    "audit_event",
    "audit_seal",
    "consent",
    "course",
    "course_phase",
    "enrolment_code",
    "entry",
    "entry_revision",
    "finding",
    "infusion",
    "infusion_revision",
    "patient",
    "quarantine",
    "recalibration",
    "recovery_code",
    "screening",
    "session",
    "vital",
}
"""What the patient wrote, what was done with it, and how anybody signs in."""

COLUMNS = [
    (table, column.name) for table in CLINIC_TABLES for column in metadata.tables[table].columns
]


@pytest.fixture
async def pager(database: Database) -> AsyncGenerator[Connection]:
    """Connect as the pager."""
    connection = await connect(database.pager)
    yield connection
    await connection.close()


def may_read(table: str, column: str) -> bool:
    """Say whether the pager has a reason to read a column."""
    return table in WHOLE or column in READS.get(table, set())


def may_change(table: str, column: str) -> bool:
    """Say whether the pager has a reason to change a column."""
    return table in {"delivery", "attempt"} or column in WRITES.get(table, set())


def may_insert(table: str, column: str) -> bool:
    """Say whether the pager has a reason to add rows."""
    return table in INSERTS or (table == "alert" and column in ASKS)


def test_every_table_is_the_pagers_business_or_is_not() -> None:
    assert WHOLE | set(READS) | DIARY == set(CLINIC_TABLES)


@pytest.mark.parametrize("right", ["SELECT", "UPDATE", "INSERT"])
async def test_the_pager_has_the_rights_it_needs_and_no_others(
    pager: Connection, right: str
) -> None:
    asked = {"SELECT": may_read, "UPDATE": may_change, "INSERT": may_insert}[right]
    found: dict[tuple[str, str], bool] = {
        (table, column): await pager.fetchval(
            "SELECT has_column_privilege($1, $2, $3)", table, column, right
        )
        for table, column in COLUMNS
    }

    assert {at for at, has in found.items() if has} == {at for at in COLUMNS if asked(*at)}


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_the_pager_deletes_nothing_of_a_clinic(pager: Connection, table: str) -> None:
    for right in ("DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
        assert not await pager.fetchval("SELECT has_table_privilege($1, $2)", table, right)


@pytest.mark.parametrize("table", sorted(DIARY))
async def test_the_diary_is_closed_to_the_pager(pager: Connection, table: str) -> None:
    for statement in (
        f"SELECT 1 FROM {table}",
        f"UPDATE {table} SET clinic_id = clinic_id",
        f"INSERT INTO {table} DEFAULT VALUES",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pager.execute(statement)


@pytest.mark.parametrize("column", ["note_ct", "outcome", "resolved_by", "*"])
async def test_what_was_noted_about_an_alert_is_closed(pager: Connection, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.fetch(f"SELECT {column} FROM alert")


@pytest.mark.parametrize("column", ["name_ct", "mail_ct", "password_hash", "totp_seed_ct"])
async def test_how_colleagues_sign_in_is_closed(pager: Connection, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.fetch(f"SELECT {column} FROM practitioner")


async def test_an_alert_is_paged_and_not_ended_by_the_pager(
    pool: Any, pager: Connection, ana: Person, superuser: Connection
) -> None:
    await submit(pool, ana, entry(LOUD))
    alert = (await alert_of(superuser, ana))["id"]

    async with undone(pager):
        assert await pager.execute("UPDATE alert SET step = 1 WHERE id = $1", alert) == "UPDATE 1"
    with pytest.raises(asyncpg.CheckViolationError):  # it would have to name who ended it
        await pager.execute("UPDATE alert SET state = 'resolved' WHERE id = $1", alert)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.execute("UPDATE alert SET severity = 'routine' WHERE id = $1", alert)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.execute("UPDATE alert SET patient_id = NULL WHERE id = $1", alert)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.execute("DELETE FROM alert WHERE id = $1", alert)


@pytest.mark.parametrize("severity", ["routine", "urgent", "emergency", "canary", "test"])
async def test_the_pager_asks_to_read_and_raises_no_alarm(
    pager: Connection, ana: Person, severity: str
) -> None:
    async def insert() -> None:
        await pager.execute(
            "INSERT INTO alert (clinic_id, id, patient_id, rule, severity, severity_rank)"
            " VALUES ($1, gen_random_uuid(), $2, 'ideation.review', $3, 1)",
            ana.clinic_id,
            ana.id,
            severity,
        )

    async with undone(pager):
        if severity == "routine":
            await insert()
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await insert()


async def test_the_pager_sees_the_phones_of_colleagues_and_of_no_patient(
    pager: Connection, ana: Person, dr_bo: Person, superuser: Connection
) -> None:
    for column, who in (("patient_id", ana), ("practitioner_id", dr_bo)):
        await superuser.execute(
            f"INSERT INTO device (clinic_id, id, installation, {column}, platform, push_ct)"
            " VALUES ($1, gen_random_uuid(), gen_random_uuid(), $2, 'ios', 'sealed')",
            who.clinic_id,
            who.id,
        )

    seen = await pager.fetch(
        "SELECT practitioner_id FROM device WHERE clinic_id = $1", ana.clinic_id
    )
    changed = await pager.execute(
        "UPDATE device SET last_error = 'gone' WHERE clinic_id = $1", ana.clinic_id
    )
    assert [row["practitioner_id"] for row in seen] == [dr_bo.id]
    assert changed == "UPDATE 1"


async def test_the_pager_opens_keys_of_colleagues_and_clinics_and_of_no_patient(
    pager: Connection, ana: Person, dr_bo: Person
) -> None:
    seen = await pager.fetch(
        "SELECT subject_id, kind FROM keys.subject_key WHERE clinic_id = $1", ana.clinic_id
    )

    assert {tuple(row) for row in seen} == {
        (dr_bo.id, "practitioner"),
        (ana.clinic_id, "clinic"),
    }


async def test_a_patients_key_is_not_seen_through_a_lock_or_a_join_either(
    pager: Connection, ana: Person
) -> None:
    assert (
        await pager.fetch(
            "SELECT k.wrapped FROM keys.subject_key k JOIN keys.clinic_key w USING (clinic_id)"
            " WHERE k.subject_id = $1",
            ana.id,
        )
        == []
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.fetch("SELECT 1 FROM keys.subject_key FOR UPDATE")


async def test_history_is_added_to_and_never_rewritten(
    pool: Any, pager: Connection, ana: Person
) -> None:
    await submit(pool, ana, entry(LOUD))

    for statement in ("UPDATE alert_history SET kind = 'sent'", "DELETE FROM alert_history"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pager.execute(statement)


@pytest.mark.parametrize("role", ["app", "owner", "gate", "backup"])
async def test_the_pager_becomes_nobody_else(pager: Connection, role: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pager.execute(f"SET ROLE {role}")


async def test_saying_to_be_in_a_clinic_opens_nothing_more(pager: Connection, ana: Person) -> None:
    async with undone(pager):
        await pager.execute(
            "SELECT set_config('app.clinic_id', $1, true), set_config('app.role', 'job', true)",
            str(ana.clinic_id),
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pager.fetch("SELECT 1 FROM entry")
