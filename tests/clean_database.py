"""Databases that tests use one after the other: copied once, emptied in between.

Copying the migrated database takes ten times as long as emptying it. One that a test has changed in
more than its rows, or that something still talks to, is thrown away.
"""

import asyncpg

from tests.cast import in_database, run_sql

TABLES = """
SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
WHERE schemaname IN ('public', 'gate', 'keys')
  AND tablename NOT IN ('alembic_version', 'epoch', 'test_clock')
"""
FINGERPRINT = """
SELECT md5(
    (SELECT string_agg(p.oid::regprocedure::text || p.prosrc || coalesce(p.proacl::text, ''), ';'
                       ORDER BY p.oid)
     FROM pg_proc p WHERE p.pronamespace IN ('public'::regnamespace, 'gate'::regnamespace))
 || (SELECT string_agg(t.tgname || t.tgrelid || t.tgenabled::text, ';' ORDER BY t.oid)
     FROM pg_trigger t WHERE NOT t.tgisinternal)
 || (SELECT string_agg(c.relname || c.relkind::text || coalesce(c.relacl::text, '')
                       || c.relforcerowsecurity, ';' ORDER BY c.oid)
     FROM pg_class c WHERE c.relnamespace IN
         ('public'::regnamespace, 'gate'::regnamespace, 'keys'::regnamespace))
 || (SELECT string_agg(o.conname || o.conrelid, ';' ORDER BY o.oid) FROM pg_constraint o
     WHERE o.connamespace = 'public'::regnamespace)
 || (SELECT string_agg(l.polname || l.polrelid || coalesce(l.polqual::text, ''), ';'
                       ORDER BY l.oid) FROM pg_policy l)
 || (SELECT string_agg(r.rolname || r.rolcanlogin || r.rolconnlimit
                       || coalesce(r.rolconfig::text, ''), ';' ORDER BY r.oid) FROM pg_roles r)
 || (SELECT d.datallowconn::text || d.datconnlimit FROM pg_database d
     WHERE d.datname = current_database())
)
"""
TALKING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class CleanDatabases:
    """Hands out databases as they come from the migrations."""

    def __init__(self, superuser_url: str, template: str) -> None:
        self._superuser_url = superuser_url
        self._template = template
        self._free: list[str] = []
        self._made = 0
        self._fingerprint = ""
        self._empty = ""

    async def take(self) -> str:
        """Return the name of an empty one."""
        if self._free:
            return self._free.pop()
        self._made += 1
        name = f"test_{self._made}"
        await run_sql(
            self._superuser_url, f"CREATE DATABASE {name} TEMPLATE {self._template} OWNER owner"
        )
        return name

    async def give_back(self, name: str) -> None:
        """Empty it for the next test, or throw it away."""
        if await self._emptied(name):
            self._free.append(name)
        else:
            await run_sql(self._superuser_url, f"DROP DATABASE {name} WITH (FORCE)")

    async def _emptied(self, name: str) -> bool:
        """Delete all rows; False when more than rows is different."""
        try:
            connection = await asyncpg.connect(in_database(self._superuser_url, name))
        except (OSError, asyncpg.PostgresError):
            return False
        try:
            if await connection.fetchval(TALKING):
                return False
            fingerprint = await connection.fetchval(FINGERPRINT)
            if fingerprint != await self._expected():
                return False
            await connection.execute(self._empty)
        finally:
            await connection.close()
        return True

    async def _expected(self) -> str:
        """Return what the migrations make; looked at once, in a copy nobody has used."""
        if not self._fingerprint:
            self._made += 1
            name = f"test_{self._made}"
            await run_sql(
                self._superuser_url, f"CREATE DATABASE {name} TEMPLATE {self._template} OWNER owner"
            )
            connection = await asyncpg.connect(in_database(self._superuser_url, name))
            self._fingerprint = str(await connection.fetchval(FINGERPRINT))
            tables = [row["name"] for row in await connection.fetch(TABLES)]
            await connection.close()
            deletes = "; ".join(f"DELETE FROM {table}" for table in tables)
            self._empty = (
                "BEGIN; SET LOCAL session_replication_role = replica; "
                f"{deletes}; UPDATE gate.test_clock SET shift = '0'; COMMIT"
            )
            self._free.append(name)
        return self._fingerprint
