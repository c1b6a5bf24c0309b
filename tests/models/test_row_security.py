"""Row security, table by table from the metadata: another clinic, another patient, no role."""

import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from afterglow.engines import Engines
from models.session import Connection, connect, enter_clinic
from models.tables import metadata
from tests.cast import in_database, run_sql
from tests.models.rows import (
    CLINIC_TABLES,
    Whose,
    insert_row,
    row_for,
    undone,
    without_foreign_keys,
)

STAFF_ROLES = ("job", "clinician", "researcher", "admin")
OF_THE_CLINIC = {"clinic", "keys.clinic_key"}
"""What a patient's transaction reads although it is nobody's own: to answer it, to open its key."""
OF_ONES_OWN = {"patient", "session", "keys.subject_key"}
DELETABLE = {"quarantine", "policy_target", "contact_rule"}
APPEND_ONLY = {
    "course_phase",
    "infusion_revision",
    "entry_revision",
    "screening",
    "alert_source",
    "alert_history",
    "audit_event",
    "audit_seal",
    "recalibration",
    "keys.clinic_key",
    "keys.subject_key",
}
READ_ONLY = {"attempt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Two patients of one clinic and one of another, each with a row in every table."""

    app: Connection
    ana: Whose
    ida: Whose
    cy: Whose

    async def count(self, table: str) -> int:
        """Count the rows this transaction sees."""
        seen: int = await self.app.fetchval(f"SELECT count(*) FROM {table}")
        return seen

    async def as_patient(self, who: Whose) -> None:
        """See what a patient's session sees."""
        await enter_clinic(self.app, who.clinic, role="patient", subject_id=who.patient)


@pytest.fixture(scope="module")
async def matrix(engines: Engines, template: str) -> AsyncGenerator[Matrix]:
    """Fill one database that the tests of this file only look at."""
    name = "test_row_security"
    await run_sql(engines.superuser_url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER owner")
    superuser = await connect(in_database(engines.superuser_url, name))
    app = await connect(in_database(engines.database_url, name))
    ana = Whose()
    all_of_them = (ana, Whose(clinic=ana.clinic), Whose())
    async with without_foreign_keys(superuser):
        for whose in all_of_them:
            for table in CLINIC_TABLES:
                if table != "clinic" or whose is not all_of_them[1]:
                    await insert_row(superuser, table, row_for(table, whose))
    yield Matrix(app=app, ana=ana, ida=all_of_them[1], cy=all_of_them[2])
    await app.close()
    await superuser.close()
    await run_sql(engines.superuser_url, f"DROP DATABASE {name} WITH (FORCE)")


def rows_of_a_patient(table: str) -> int:
    """Say how many rows of a table one patient of two may see."""
    if table == "keys.clinic_key":
        return 2
    columns = metadata.tables[table].columns
    own = table in OF_THE_CLINIC | OF_ONES_OWN or "patient_id" in columns
    return int(own)


def test_every_table_has_its_kind() -> None:
    assert set(CLINIC_TABLES) >= DELETABLE | APPEND_ONLY | READ_ONLY | OF_THE_CLINIC | OF_ONES_OWN
    assert len(CLINIC_TABLES) > 30


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_without_a_clinic_there_are_no_rows(matrix: Matrix, table: str) -> None:
    assert await matrix.count(table) == 0


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_after_a_transaction_there_are_no_rows_any_more(matrix: Matrix, table: str) -> None:
    async with matrix.app.transaction():
        await enter_clinic(matrix.app, matrix.ana.clinic)

    assert await matrix.count(table) == 0


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_staff_and_jobs_see_their_clinic_and_no_other(matrix: Matrix, table: str) -> None:
    column = "id" if table == "clinic" else "clinic_id"
    for role in STAFF_ROLES:
        async with undone(matrix.app) as db:
            await enter_clinic(db, matrix.ana.clinic, role=role)

            clinics = {row[0] for row in await db.fetch(f"SELECT {column} FROM {table}")}
            assert clinics == {matrix.ana.clinic}, role


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_a_patient_sees_own_rows_and_nobody_elses(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app):
        await matrix.as_patient(matrix.ana)
        assert await matrix.count(table) == rows_of_a_patient(table)


@pytest.mark.parametrize(
    "table", [t for t in CLINIC_TABLES if "patient_id" in metadata.tables[t].columns]
)
async def test_what_a_patient_sees_carries_the_patients_id(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await matrix.as_patient(matrix.ana)

        seen = await db.fetch(f"SELECT clinic_id, patient_id FROM {table}")
        assert [tuple(row) for row in seen] == [(matrix.ana.clinic, matrix.ana.patient)]


@pytest.mark.parametrize("table", sorted(set(CLINIC_TABLES) - OF_THE_CLINIC))
async def test_a_patient_of_another_clinic_sees_nothing_here(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.ana.clinic, role="patient", subject_id=matrix.cy.patient)

        assert await matrix.count(table) == 0


@pytest.mark.parametrize("table", sorted(set(CLINIC_TABLES) - OF_THE_CLINIC))
async def test_a_patient_role_without_a_patient_sees_nothing(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.ana.clinic, role="patient")

        assert await matrix.count(table) == 0


@pytest.mark.parametrize("table", sorted(set(CLINIC_TABLES) - OF_THE_CLINIC))
async def test_without_a_role_no_row_is_seen_even_on_a_used_connection(
    matrix: Matrix, table: str
) -> None:
    async with matrix.app.transaction():
        await enter_clinic(matrix.app, matrix.ana.clinic)  # leaves '' behind, not NULL
    async with undone(matrix.app) as db:
        await db.execute("SELECT set_config('app.clinic_id', $1, true)", str(matrix.ana.clinic))

        assert await matrix.count(table) == 0


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_another_clinics_rows_are_not_changed(matrix: Matrix, table: str) -> None:
    column = "id" if table == "clinic" else "clinic_id"
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.cy.clinic)
        change = f"UPDATE {table} SET {column} = {column} WHERE {column} = $1"
        if table in APPEND_ONLY | READ_ONLY:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(change, matrix.ana.clinic)
        else:
            assert await db.execute(change, matrix.ana.clinic) == "UPDATE 0"


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_rows_are_deleted_where_it_is_meant_and_only_ones_own(
    matrix: Matrix, table: str
) -> None:
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.cy.clinic)
        if table in DELETABLE:
            assert await db.execute(f"DELETE FROM {table}") == "DELETE 1"
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_nothing_is_written_into_another_clinic(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.cy.clinic)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await insert_row(db, table, row_for(table, Whose(clinic=matrix.ana.clinic)))


@pytest.mark.parametrize("table", sorted(set(CLINIC_TABLES) - APPEND_ONLY - READ_ONLY))
async def test_no_row_is_moved_into_another_clinic(matrix: Matrix, table: str) -> None:
    column = "id" if table == "clinic" else "clinic_id"
    async with undone(matrix.app) as db:
        await enter_clinic(db, matrix.cy.clinic)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"UPDATE {table} SET {column} = $1", matrix.ana.clinic)


@pytest.mark.parametrize("table", sorted(set(CLINIC_TABLES) - OF_THE_CLINIC))
async def test_a_patient_writes_nothing_for_somebody_else(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await matrix.as_patient(matrix.ana)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await insert_row(db, table, row_for(table, matrix.ida))


@pytest.mark.parametrize(
    "table",
    sorted(
        table
        for table in set(CLINIC_TABLES) - APPEND_ONLY - READ_ONLY
        if "patient_id" in metadata.tables[table].columns
    ),
)
async def test_a_patient_gives_no_row_away(matrix: Matrix, table: str) -> None:
    async with undone(matrix.app) as db:
        await matrix.as_patient(matrix.ana)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(f"UPDATE {table} SET patient_id = $1", matrix.ida.patient)


@pytest.mark.parametrize("table", CLINIC_TABLES)
async def test_no_table_can_be_emptied_or_changed_in_shape(matrix: Matrix, table: str) -> None:
    for statement in (
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
    ):
        async with undone(matrix.app) as db:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await db.execute(statement)


@pytest.mark.parametrize("role", ["gate", "owner", "backup", "pager", "postgres"])
async def test_the_application_becomes_nobody_else(matrix: Matrix, role: str) -> None:
    async with undone(matrix.app) as db:
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)
        ):
            await db.execute(f"SET LOCAL ROLE {role}")


SHAPES = (
    "SELECT {column} FROM {table}",
    "SELECT {column} FROM {table} WHERE true OR random() < 2",
    "SELECT {column} FROM {table} UNION ALL SELECT {column} FROM {table}",
    "SELECT (SELECT t.{column}) FROM {table} t LEFT JOIN clinic c ON true",
    "WITH x AS MATERIALIZED (SELECT * FROM {table}) SELECT {column} FROM x",
    "SELECT max({column}::text)::uuid FROM {table} GROUP BY {column} HAVING count(*) >= 0",
    "SELECT t.{column} FROM {table} t, LATERAL (SELECT t.{column} AS y) l WHERE l.y IS NOT NULL",
    "SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 10 OFFSET 0",
)


@pytest.mark.parametrize("seed", range(12))
async def test_random_statements_find_nothing_of_another_clinic(matrix: Matrix, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 # a seed makes a failure repeatable
    for _ in range(25):
        table = drawn.choice(CLINIC_TABLES)
        column = "id" if table == "clinic" else "clinic_id"
        role = drawn.choice([*STAFF_ROLES, "patient", "", "PATIENT", "nobody"])
        sql = drawn.choice(SHAPES).format(table=table, column=column)
        async with undone(matrix.app) as db:
            await enter_clinic(
                db, matrix.cy.clinic, role=role, subject_id=drawn.choice([None, uuid4()])
            )
            found: set[UUID] = {row[0] for row in await db.fetch(sql)}

        assert found <= {matrix.cy.clinic}, (sql, role)


@pytest.mark.parametrize("value", ["not-a-uuid", "00000000", "' OR true --"])
async def test_a_clinic_that_is_no_clinic_is_an_error_and_no_rows(
    matrix: Matrix, value: str
) -> None:
    async with undone(matrix.app) as db:
        await db.execute("SELECT set_config('app.clinic_id', $1, true)", value)
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await db.fetch("SELECT * FROM patient")
