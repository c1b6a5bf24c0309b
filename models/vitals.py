"""How well the page path is: how late it is, and which pagers live."""

from dataclasses import dataclass
from datetime import datetime

from models.claim import MAY_RING
from models.session import Connection

OLDEST_DUE = f"""
SELECT greatest(
    (SELECT max(extract(epoch FROM greatest(app_now(), $1) - next_step_at)) FROM alert
     WHERE state <> 'resolved' AND next_step_at <= greatest(app_now(), $1)),
    (SELECT max(extract(epoch FROM greatest(app_now(), $1) - d.due_at)) FROM delivery d
     JOIN alert a ON a.clinic_id = d.clinic_id AND a.id = d.alert_id AND {MAY_RING}
     WHERE d.state IN ('pending', 'leased') AND d.due_at <= greatest(app_now(), $1)),
    0)::float8
"""

BEAT = """
INSERT INTO worker_heartbeat (worker, at, loop_lag_ms, oldest_due_seconds, listen_ok, config_fault,
    version)
VALUES ($1, app_now(), $2, $3, $4, $5, $6)
ON CONFLICT (worker) DO UPDATE SET at = excluded.at, loop_lag_ms = excluded.loop_lag_ms,
    oldest_due_seconds = excluded.oldest_due_seconds, listen_ok = excluded.listen_ok,
    config_fault = excluded.config_fault, version = excluded.version
"""

FORGET_DEAD = "DELETE FROM worker_heartbeat WHERE at < app_now() - interval '1 day'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What one pager says of itself."""

    worker: str
    loop_lag_ms: float
    oldest_due_seconds: float
    listen_ok: bool
    config_fault: str | None
    version: str


async def oldest_due_seconds(connection: Connection, *, floor: datetime) -> float:
    """Say how long the longest waiting step or page has been due."""
    seconds: float = await connection.fetchval(OLDEST_DUE, floor)
    return seconds


async def write_beat(connection: Connection, beat: Beat) -> None:
    """Say that a pager is alive, and forget those that have not been for a day."""
    await connection.execute(
        BEAT, beat.worker, beat.loop_lag_ms, beat.oldest_due_seconds, beat.listen_ok,
        beat.config_fault, beat.version,
    )  # fmt: skip
    await connection.execute(FORGET_DEAD)


async def remove_beat(connection: Connection, worker: str) -> None:
    """Take a pager off the list that stops in good order."""
    await connection.execute("DELETE FROM worker_heartbeat WHERE worker = $1", worker)
