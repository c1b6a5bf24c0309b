"""Whether the pager of one host is alive, listening and able to reach people."""

from models.session import connect
from settings import WorkerSettings

LIVE_PAGER = """
SELECT EXISTS (
    SELECT FROM worker_heartbeat
    WHERE starts_with(worker, $1) AND at > app_now() - interval '30 seconds'
      AND listen_ok AND config_fault IS NULL AND oldest_due_seconds <= 30
)
"""
"""Thirty seconds: three beats missed. Source: spec, escalation section 9, readiness."""


async def pager_is_well(settings: WorkerSettings, host: str) -> bool:
    """Read the heartbeat that a pager of this host has written."""
    try:
        connection = await connect(settings.pager_database_url.get_secret_value())
    except OSError:
        return False
    try:
        return bool(await connection.fetchval(LIVE_PAGER, f"{host}-"))
    finally:
        await connection.close()
