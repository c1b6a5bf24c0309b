"""Take due pages for sending, a lease at a time, and give back what was not sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from models.session import Connection, rows_as

LEASE = timedelta(seconds=20)
"""How long a claim holds: more than one send can take, with its waiting.

Source: spec, escalation: a lease of 5 s gave 4 duplicates in 400 on a starved machine.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One page under lease, with everything needed to send it; `attempt` is the fence."""

    clinic_id: UUID
    id: UUID
    alert_id: UUID
    practitioner_id: UUID | None
    endpoint_id: UUID
    round: int
    channel: str
    kind: str
    severity_rank: int
    attempt: int
    faults: int
    minimal: bool
    collapse_tag: str
    handle: str
    now: datetime
    is_live: bool
    """The endpoint works and its owner still works here."""
    language: str | None
    device_id: UUID | None
    platform: str | None
    sealed: bytes | None = field(repr=False)
    address_hmac: bytes | None = field(repr=False)
    key_version: int | None
    key: bytes | None = field(repr=False)
    clinic_key_version: int | None
    clinic_key: bytes | None = field(repr=False)


MAY_RING = """(a.state = 'open' OR (a.state = 'acked'
    AND (d.kind = 'new_information' OR d.created_at > a.acked_at)))"""
"""An acknowledged alert rings nobody any more but with what was made for it since: news, reminders.

The acknowledgement cancels what is older; this holds also where it was not."""

CLAIM = f"""
WITH due AS MATERIALIZED (
    SELECT d.clinic_id, d.id, d.attempt FROM delivery d
    WHERE d.state IN ('pending', 'leased') AND d.severity_rank >= $2
      AND d.due_at <= greatest(app_now(), $1)
      AND (SELECT {MAY_RING} FROM alert a WHERE a.clinic_id = d.clinic_id AND a.id = d.alert_id)
    ORDER BY d.severity_rank DESC, d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED),
 lost AS (
    UPDATE attempt t SET outcome = 'lost', ended_at = app_now() FROM due
    WHERE t.clinic_id = due.clinic_id AND t.delivery_id = due.id AND t.n = due.attempt
      AND t.outcome IS NULL),
 claimed AS (
    UPDATE delivery d SET state = 'leased', attempt = d.attempt + 1, lease_owner = $4,
        due_at = greatest(app_now(), $1) + $5::interval
    FROM due WHERE d.clinic_id = due.clinic_id AND d.id = due.id RETURNING d.*),
 intent AS (
    INSERT INTO attempt (clinic_id, delivery_id, n, worker, started_at)
    SELECT clinic_id, id, attempt, $4, app_now() FROM claimed RETURNING clinic_id, delivery_id)
SELECT c.clinic_id, c.id, c.alert_id, c.practitioner_id, c.endpoint_id, c.round, c.channel,
    c.kind, c.severity_rank, c.attempt, c.faults, c.minimal, c.collapse_tag, c.handle,
    app_now() AS now,
    e.disabled_at IS NULL AND d.disabled_at IS NULL AND p.disabled_at IS NULL AS is_live,
    p.language, e.device_id, d.platform, coalesce(d.push_ct, e.address_ct) AS sealed,
    CASE WHEN e.device_id IS NULL THEN e.address_hmac ELSE d.push_hmac END AS address_hmac,
    k.version AS key_version, k.wrapped AS key,
    k.clinic_key_version, k.clinic_wrapped AS clinic_key
FROM claimed c
JOIN intent i ON i.clinic_id = c.clinic_id AND i.delivery_id = c.id
JOIN endpoint e ON e.clinic_id = c.clinic_id AND e.id = c.endpoint_id
LEFT JOIN device d ON d.clinic_id = e.clinic_id AND d.id = e.device_id
LEFT JOIN practitioner p ON p.clinic_id = c.clinic_id AND p.id = c.practitioner_id
LEFT JOIN LATERAL (
    SELECT s.version, s.wrapped, s.clinic_key_version, w.wrapped AS clinic_wrapped
    FROM keys.subject_key s JOIN keys.clinic_key w
      ON w.clinic_id = s.clinic_id AND w.version = s.clinic_key_version
    WHERE s.clinic_id = c.clinic_id AND s.subject_id = coalesce(c.practitioner_id, c.clinic_id)
    ORDER BY s.version DESC LIMIT 1) k ON true
ORDER BY c.severity_rank DESC, c.created_at
"""
"""One statement: claim, intent and address; a previous attempt nobody ended is lost.

The alert is asked about in a scalar subquery, which is never turned into a join: a claim among
50,000 due pages walks the index as far as its limit, also before the tables were ever analysed.
"""

RELEASE = """
WITH given AS (SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::int[]) AS g (clinic_id, id, n)),
 back AS (
    UPDATE delivery d SET state = 'pending', due_at = greatest(app_now(), $1), lease_owner = NULL
    FROM given g WHERE d.clinic_id = g.clinic_id AND d.id = g.id AND d.attempt = g.n
      AND d.state = 'leased')
UPDATE attempt t SET outcome = $5, provider_code = $6, ended_at = app_now() FROM given g
WHERE t.clinic_id = g.clinic_id AND t.delivery_id = g.id AND t.n = g.n AND t.outcome IS NULL
"""

CANCEL_ORPHANS = f"""
WITH orphan AS (
    SELECT d.clinic_id, d.id, d.attempt FROM delivery d
    JOIN alert a ON a.clinic_id = d.clinic_id AND a.id = d.alert_id
    WHERE d.state IN ('pending', 'leased') AND d.due_at <= greatest(app_now(), $1)
      AND NOT {MAY_RING}
    LIMIT 1000 FOR UPDATE OF d SKIP LOCKED),
 lost AS (
    UPDATE attempt t SET outcome = 'lost', ended_at = app_now() FROM orphan o
    WHERE t.clinic_id = o.clinic_id AND t.delivery_id = o.id AND t.n = o.attempt
      AND t.outcome IS NULL)
UPDATE delivery d SET state = 'cancelled', lease_owner = NULL FROM orphan o
WHERE d.clinic_id = o.clinic_id AND d.id = o.id RETURNING d.id
"""


async def claim_due(
    connection: Connection, *, floor: datetime, lowest_rank: int, limit: int, worker: str
) -> list[Claimed]:
    """Take the most severe due pages, at most as many as can be sent now."""
    rows = await connection.fetch(CLAIM, floor, lowest_rank, limit, worker, LEASE)
    return rows_as(Claimed, rows)


async def release(
    connection: Connection,
    claims: Sequence[Claimed],
    *,
    floor: datetime,
    outcome: str = "released",
    code: str | None = None,
) -> None:
    """Make claimed pages due again at once, for whoever runs next."""
    await connection.execute(
        RELEASE,
        floor,
        [c.clinic_id for c in claims],
        [c.id for c in claims],
        [c.attempt for c in claims],
        outcome,
        code,
    )


async def cancel_orphans(connection: Connection, *, floor: datetime) -> int:
    """Cancel due pages of alerts that ring nobody any more, should an acknowledgement leave any."""
    return len(await connection.fetch(CANCEL_ORPHANS, floor))
