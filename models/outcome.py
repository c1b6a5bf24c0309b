"""Write down how an attempt ended, and what that means for a person's other pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.claim import Claimed
from models.session import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the delivery becomes after one attempt."""

    state: str
    wait: timedelta
    faults: int
    minimal: bool
    outcome: str
    code: str
    provider_id: str | None = None


LOCK_ALERT = "SELECT patient_id FROM alert WHERE clinic_id = $1 AND id = $2 FOR UPDATE"
"""Before any delivery, in every transaction: two that end at once then never wait in a circle."""

END_DELIVERY = """
UPDATE delivery SET state = $4::text, due_at = greatest(app_now(), $5) + $6::interval, faults = $7,
    minimal = $8, lease_owner = NULL,
    accepted_at = CASE WHEN $4::text = 'accepted' THEN app_now() ELSE accepted_at END
WHERE clinic_id = $1 AND id = $2 AND attempt = $3 AND state = 'leased' RETURNING true
"""

END_ATTEMPT = """
UPDATE attempt t SET ended_at = app_now(), provider_code = $5, provider_id = $6,
    outcome = CASE WHEN d.attempt > t.n THEN 'fenced' ELSE $4::text END
FROM delivery d
WHERE t.clinic_id = $1 AND t.delivery_id = $2 AND t.n = $3
  AND d.clinic_id = t.clinic_id AND d.id = t.delivery_id
"""


MARK_WORKING = "UPDATE endpoint SET last_ok_at = app_now() WHERE clinic_id = $1 AND id = $2"

SUPERSEDE_OTHERS = """
UPDATE delivery SET state = 'superseded'
WHERE clinic_id = $1 AND alert_id = $2 AND round = $3 AND id <> $4 AND state = 'pending'
  AND attempt = 0 AND practitioner_id IS NOT DISTINCT FROM $5
"""

OPEN_OTHERS = """
UPDATE delivery SET due_at = least(due_at, greatest(app_now(), $6) + $7::interval)
WHERE clinic_id = $1 AND alert_id = $2 AND round = $3 AND id <> $4 AND state = 'pending'
  AND attempt = 0 AND practitioner_id IS NOT DISTINCT FROM $5
"""

LIVE = "d.state IN ('pending', 'leased', 'accepted')"

NEXT_STEP_NOW = f"""
UPDATE alert a SET next_step_at = greatest(app_now(), $5)
WHERE a.clinic_id = $1 AND a.id = $2 AND a.state <> 'resolved' AND a.resume_step_at IS NULL
  AND a.next_step_at > greatest(app_now(), $5)
  AND NOT EXISTS (
    SELECT FROM delivery d WHERE d.clinic_id = a.clinic_id AND d.alert_id = a.id
      AND d.round = $3 AND d.practitioner_id IS NOT DISTINCT FROM $4 AND {LIVE})
  AND ((a.state = 'open' AND a.step < jsonb_array_length(a.policy_snapshot -> 'steps'))
    OR NOT EXISTS (
      SELECT FROM delivery d WHERE d.clinic_id = a.clinic_id AND d.alert_id = a.id
        AND d.round = $3 AND {LIVE}))
RETURNING true
"""
"""Somebody has no road left: the next rung is reached now, if it is a wider one.

When nobody at all has one left, the last rung comes again, or the acknowledgement is taken back.
"""

DISABLE_ENDPOINT = """
UPDATE endpoint e SET disabled_at = app_now(), disabled_reason = $4
WHERE e.clinic_id = $1 AND e.id = $2 AND e.disabled_at IS NULL
  AND CASE WHEN e.device_id IS NULL THEN e.address_hmac
           ELSE (SELECT d.push_hmac FROM device d
                 WHERE d.clinic_id = e.clinic_id AND d.id = e.device_id) END
      IS NOT DISTINCT FROM $3
RETURNING true
"""

STILL_WORKS = """
SELECT e.disabled_at IS NULL AND d.disabled_at IS NULL AND p.disabled_at IS NULL
FROM endpoint e
LEFT JOIN device d ON d.clinic_id = e.clinic_id AND d.id = e.device_id
LEFT JOIN practitioner p ON p.clinic_id = e.clinic_id AND p.id = e.practitioner_id
WHERE e.clinic_id = $1 AND e.id = $2
"""

NOTE_DEVICE_ERROR = "UPDATE device SET last_error = $3 WHERE clinic_id = $1 AND id = $2"

OPEN_ALL_OTHERS = """
UPDATE delivery d SET due_at = greatest(app_now(), $3) FROM (
    SELECT o.clinic_id, o.id FROM delivery o
    JOIN alert a ON a.clinic_id = o.clinic_id AND a.id = o.alert_id AND a.state = 'open'
    WHERE o.state = 'pending' AND o.attempt = 0 AND o.channel <> $1 AND o.severity_rank >= $2
      AND o.due_at > greatest(app_now(), $3)
    FOR UPDATE OF o SKIP LOCKED) w
WHERE d.clinic_id = w.clinic_id AND d.id = w.id RETURNING d.id
"""
"""Never waits for a lock while it holds others: it touches the pages of many alerts."""


async def lock_alert(connection: Connection, claimed: Claimed) -> UUID | None:
    """Lock the alert of a page and return its patient."""
    patient: UUID | None = await connection.fetchval(
        LOCK_ALERT, claimed.clinic_id, claimed.alert_id
    )
    return patient


async def end_attempt(
    connection: Connection, claimed: Claimed, ending: Ending, *, floor: datetime
) -> bool:
    """Write how an attempt ended; False when a newer one holds the page, or it was cancelled."""
    mine = await connection.fetchval(
        END_DELIVERY, claimed.clinic_id, claimed.id, claimed.attempt, ending.state, floor,
        ending.wait, ending.faults, ending.minimal,
    )  # fmt: skip
    await connection.execute(
        END_ATTEMPT, claimed.clinic_id, claimed.id, claimed.attempt, ending.outcome, ending.code,
        ending.provider_id,
    )  # fmt: skip
    return mine is not None


async def mark_working(connection: Connection, claimed: Claimed) -> None:
    """Note that an endpoint took a page just now."""
    await connection.execute(MARK_WORKING, claimed.clinic_id, claimed.endpoint_id)


async def supersede_others(connection: Connection, claimed: Claimed) -> None:
    """Drop a person's other unsent pages of this round: they have been told."""
    await connection.execute(
        SUPERSEDE_OTHERS, claimed.clinic_id, claimed.alert_id, claimed.round, claimed.id,
        claimed.practitioner_id,
    )  # fmt: skip


async def open_others(
    connection: Connection, claimed: Claimed, *, wait: timedelta, floor: datetime
) -> None:
    """Bring a person's other unsent pages of this round forward, never back."""
    await connection.execute(
        OPEN_OTHERS, claimed.clinic_id, claimed.alert_id, claimed.round, claimed.id,
        claimed.practitioner_id, floor, wait,
    )  # fmt: skip


async def step_now_if_unreachable(
    connection: Connection, claimed: Claimed, *, floor: datetime
) -> bool:
    """Make the next step due when this was the person's last road."""
    moved = await connection.fetchval(
        NEXT_STEP_NOW, claimed.clinic_id, claimed.alert_id, claimed.round,
        claimed.practitioner_id, floor,
    )  # fmt: skip
    return moved is not None


async def disable_endpoint(connection: Connection, claimed: Claimed, code: str) -> bool:
    """Disable an endpoint unless it has a new value since; say whether it is disabled now."""
    if claimed.device_id is not None:
        await connection.execute(NOTE_DEVICE_ERROR, claimed.clinic_id, claimed.device_id, code)
    await connection.execute(
        DISABLE_ENDPOINT, claimed.clinic_id, claimed.endpoint_id, claimed.address_hmac, code
    )
    return not await connection.fetchval(STILL_WORKS, claimed.clinic_id, claimed.endpoint_id)


async def open_all_others(
    connection: Connection, channel: str, *, lowest_rank: int, floor: datetime
) -> int:
    """Bring forward every unsent page that does not need this channel, in every clinic."""
    return len(await connection.fetch(OPEN_ALL_OTHERS, channel, lowest_rank, floor))


def facts(claimed: Claimed, ending: Ending) -> Mapping[str, Any]:
    """Return what the history of an alert says about one attempt: ids and codes."""
    return {
        "delivery_id": str(claimed.id),
        "practitioner_id": None
        if claimed.practitioner_id is None
        else str(claimed.practitioner_id),
        "channel": claimed.channel,
        "round": claimed.round,
        "attempt": claimed.attempt,
        "outcome": ending.outcome,
        "code": ending.code,
    }
