"""The migrations make what the models say, and row security is forced on all of it."""

import asyncio

import asyncpg
import pytest
from alembic.config import Config

from afterglow.engines import Engines
from alembic import command
from models.session import Connection, Pool, clinic_transaction
from tests.cast import REPOSITORY, Database, Person, in_database, migrate, run_sql


@pytest.fixture(scope="module")
async def bare(engines: Engines) -> str:
    """Make an empty database and return the owner's URL."""
    await run_sql(engines.superuser_url, "CREATE DATABASE bare OWNER owner")
    return in_database(engines.owner_database_url, "bare")


async def test_migrations_run_up_down_and_up_again(bare: str) -> None:
    for revision in ("head", "base", "head"):
        await asyncio.to_thread(migrate, bare, revision)

    connection = await asyncpg.connect(bare)
    assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
    await connection.close()


async def test_models_equal_migrations(bare: str) -> None:
    await asyncio.to_thread(migrate, bare)
    config = Config(str(REPOSITORY / "alembic.ini"))
    config.set_main_option("script_location", str(REPOSITORY / "alembic"))
    config.attributes["url"] = bare

    await asyncio.to_thread(command.check, config)


async def test_every_table_of_clinic_data_forces_row_security(superuser: Connection) -> None:
    loose = await superuser.fetch(
        "SELECT oid::regclass::text AS name FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'keys'::regnamespace)"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )

    assert {row["name"] for row in loose} == {"alembic_version", "worker_heartbeat"}


async def test_every_key_of_clinic_data_begins_with_the_clinic(superuser: Connection) -> None:
    keys = await superuser.fetch(
        "SELECT c.relname AS index_name, t.relname AS table_name, a.attname AS first_column"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
        " WHERE i.indisunique AND t.relnamespace IN ('public'::regnamespace, 'keys'::regnamespace)"
    )

    others = {row["table_name"] for row in keys if row["first_column"] != "clinic_id"}
    assert others == {"clinic", "alembic_version", "worker_heartbeat"}


async def test_every_foreign_key_of_clinic_data_carries_the_clinic(superuser: Connection) -> None:
    loose = await superuser.fetch(
        "SELECT conname FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS ("
        " SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid"
        " AND a.attnum = ANY (c.conkey) AND a.attname = 'clinic_id')"
    )

    assert [row["conname"] for row in loose] == []


async def test_app_and_pager_and_owner_cannot_pass_row_security(superuser: Connection) -> None:
    roles = await superuser.fetch(
        "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls)"
        " AND rolname IN ('app', 'pager', 'owner', 'gate', 'backup')"
    )
    owned = await superuser.fetchval(
        "SELECT count(*) FROM pg_class WHERE relowner IN ('app'::regrole, 'pager'::regrole)"
    )

    assert roles == []
    assert owned == 0


@pytest.mark.parametrize(
    "table",
    [
        "audit_event",
        "alert_history",
        "entry_revision",
        "screening",
        "infusion_revision",
        "recalibration",
    ],
)
async def test_append_only_tables_refuse_every_change(
    superuser: Connection, pool: Pool, ana: Person, table: str
) -> None:
    async with clinic_transaction(pool, ana.clinic_id) as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"DELETE FROM {table}")
    with pytest.raises(asyncpg.RestrictViolationError):
        await superuser.execute(f"TRUNCATE {table} CASCADE")


async def test_no_clinic_set_shows_no_row(pool: Pool, ana: Person) -> None:
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM patient") == 0
        async with clinic_transaction(pool, ana.clinic_id) as inside:
            assert await inside.fetchval("SELECT count(*) FROM patient") == 1
        assert await db.fetchval("SELECT count(*) FROM patient") == 0


async def test_another_clinic_sees_no_row_of_ana(pool: Pool, ana: Person, dr_cy: Person) -> None:
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await db.fetchval("SELECT count(*) FROM patient WHERE id = $1", ana.id) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(
                "INSERT INTO consent (clinic_id, id, patient_id, purpose, version)"
                " VALUES ($1, gen_random_uuid(), $2, 'care', '1')",
                ana.clinic_id,
                ana.id,
            )


@pytest.mark.parametrize("table", ["entry", "entry_revision", "screening", "patient", "quarantine"])
async def test_pager_reads_no_diary_table(database: Database, table: str) -> None:
    connection = await asyncpg.connect(database.pager)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch(f"SELECT * FROM {table}")
    await connection.close()


async def test_pager_sees_no_patients_key(database: Database, ana: Person, dr_bo: Person) -> None:
    connection = await asyncpg.connect(database.pager)
    subjects = {
        row["subject_id"] for row in await connection.fetch("SELECT * FROM keys.subject_key")
    }
    await connection.close()

    assert dr_bo.id in subjects
    assert ana.id not in subjects


async def test_an_escalation_without_an_alert_cannot_be_committed(pool: Pool, ana: Person) -> None:
    async def store() -> None:
        async with clinic_transaction(pool, ana.clinic_id) as db:
            await db.execute(
                "INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct,"
                " label, expires_at) VALUES ($1, $2, $2, 'x', '', '', 'escalate', app_now())",
                ana.clinic_id,
                ana.id,
            )
            await db.execute(
                "INSERT INTO screening (clinic_id, id, patient_id, quarantine_id, stage, label,"
                " reason, spans, rule_ids, normaliser_version, lexicon_version, steps)"
                " VALUES ($1, $2, $2, $2, 1, 'escalate', 'rule', '[]', '{}', '1', '1', 1)",
                ana.clinic_id,
                ana.id,
            )

    with pytest.raises(asyncpg.CheckViolationError):
        await store()


async def test_a_dump_reads_every_clinic_as_backup(
    superuser: Connection, ana: Person, dr_cy: Person
) -> None:
    async with superuser.transaction():
        await superuser.execute("SET LOCAL ROLE backup")
        assert await superuser.fetchval("SELECT count(*) FROM clinic") == 2
