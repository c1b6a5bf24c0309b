"""The foundation: every table, the roles' grants, row security, the gate."""

from pathlib import Path

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
PARTS = ("0001_clock.sql", "0001_tables.sql", "0001_security.sql", "0001_gate.sql")


def upgrade() -> None:
    """Create everything; nothing was there before."""
    driver = op.get_bind().connection.driver_connection
    op.execute("SET LOCAL lock_timeout = '2s'")
    for part in PARTS:
        # several statements at once and colons in casts: straight to the driver
        sa.util.await_only(driver.execute((SQL / part).read_text()))


def downgrade() -> None:
    """Drop everything the upgrade made; `alembic_version` stays."""
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP SCHEMA gate CASCADE")
    op.execute("DROP SCHEMA keys CASCADE")
    op.execute(
        """
        DO $$
        DECLARE t text;
        BEGIN
            FOR t IN SELECT tablename FROM pg_tables
                     WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
                EXECUTE format('DROP TABLE public.%I CASCADE', t);
            END LOOP;
        END
        $$
        """
    )
    for function in ("refuse_change()", "require_alert_source()", "app_now()"):
        op.execute(f"DROP FUNCTION {function}")
