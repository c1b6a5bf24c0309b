"""How well the page path is: how late it is, and which pagers live."""

from dataclasses import dataclass
from datetime import datetime

from models.alert import SEVERITY_RANK
from models.cipher import Keyring, Unreadable
from models.claim import MAY_RING
from models.session import Connection

RANKS = ", ".join(f"({rank})" for rank in sorted(set(SEVERITY_RANK.values())))

OLDEST_DUE = f"""
SELECT coalesce(max(extract(epoch FROM greatest(app_now(), $1) - oldest.due_at)), 0)::float8
FROM (VALUES {RANKS}) AS r (rank) CROSS JOIN LATERAL (
    (SELECT next_step_at AS due_at FROM alert
     WHERE state <> 'resolved' AND severity_rank = r.rank
       AND next_step_at <= greatest(app_now(), $1)
     ORDER BY next_step_at LIMIT 1)
    UNION ALL
    (SELECT d.due_at FROM delivery d
     WHERE d.state IN ('pending', 'leased') AND d.severity_rank = r.rank
       AND d.due_at <= greatest(app_now(), $1)
       AND (SELECT {MAY_RING} FROM alert a WHERE a.clinic_id = d.clinic_id AND a.id = d.alert_id)
     ORDER BY d.due_at LIMIT 1)) oldest
"""
"""Rank by rank, so that each is the first row of its index, however many are due."""

BEAT = """
INSERT INTO worker_heartbeat (worker, at, loop_lag_ms, oldest_due_seconds, listen_ok, config_fault,
    version)
VALUES ($1, app_now(), $2, $3, $4, $5, $6)
ON CONFLICT (worker) DO UPDATE SET at = excluded.at, loop_lag_ms = excluded.loop_lag_ms,
    oldest_due_seconds = excluded.oldest_due_seconds, listen_ok = excluded.listen_ok,
    config_fault = excluded.config_fault, version = excluded.version
"""

ANY_CLINIC_KEY = "SELECT clinic_id, version, wrapped FROM keys.clinic_key LIMIT 1"

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


async def has_root_key(connection: Connection, keyring: Keyring) -> bool:
    """Say whether the root key is the one this database was written with."""
    row = await connection.fetchrow(ANY_CLINIC_KEY)
    if row is None:
        return True
    try:
        keyring.unwrap_clinic_key(row["clinic_id"], row["version"], row["wrapped"])
    except Unreadable:
        return False
    return True


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
