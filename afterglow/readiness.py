"""Whether the pager of one host is alive, listening and able to reach people."""

from socket import gethostname

from models.session import connect

LIVE_PAGER = """
SELECT EXISTS (
    SELECT FROM worker_heartbeat
    WHERE starts_with(worker, $1) AND at > app_now() - interval '30 seconds'
      AND listen_ok AND config_fault IS NULL AND oldest_due_seconds <= 30
)
"""
"""Thirty seconds: three beats missed. Source: spec, escalation section 9, readiness."""


async def pager_is_well(pager_url: str, host: str | None = None) -> bool:
    """Read the heartbeat that a pager of a host, of this one if none is named, has written."""
    try:
        connection = await connect(pager_url)
    except OSError:
        return False
    try:
        return bool(await connection.fetchval(LIVE_PAGER, f"{host or gethostname()}-"))
    finally:
        await connection.close()
