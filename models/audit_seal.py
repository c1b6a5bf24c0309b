"""The chain over a clinic's audit: sealed after the fact, so that no writer waits for its head.

Each link is an HMAC over the link before it and every column of one event. A change, a removal or
an insertion is found by whoever holds the clinic's key; a day's last link is its head, and heads
are kept in a second place, so that the end of the chain cannot be cut off either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import msgspec

from models.cipher import Keyring, Subject
from models.session import Connection
from models.subject_key import subject_for

GENESIS = bytes(32)
"""What the first link of a clinic is chained to."""
MOST_AT_ONCE = 5_000
"""Events sealed in one transaction: about a second."""
OLDEST_UNSEALED = timedelta(seconds=60)
"""An event older than this without a link is a fault: the sealer runs every 10 s.

Source: spec, security section 5.
"""
FETCHED_AT_ONCE = 2_000
LABEL = "audit.seal"

LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit_seal|' || $1::uuid, 0))"

LAST_LINK = """
SELECT s.day, s.seq, s.hash, a.at,
    (app_now() AT TIME ZONE 'UTC')::date AS today
FROM audit_seal s JOIN audit_event a ON a.clinic_id = s.clinic_id AND a.id = s.audit_id
WHERE s.clinic_id = $1 ORDER BY s.day DESC, s.seq DESC LIMIT 1
"""

TODAY = "SELECT (app_now() AT TIME ZONE 'UTC')::date"

EVENT = """
a.id, a.at, a.actor_id, a.actor_role, a.session_id, a.patient_id, a.action, a.object_type,
a.object_id, a.purpose, a.outcome, a.request_id, a.fields
"""

UNSEALED = f"""
SELECT {EVENT} FROM audit_event a
WHERE a.clinic_id = $1 AND a.at >= coalesce($2::timestamptz - interval '1 day', '-infinity')
  AND NOT EXISTS (
      SELECT FROM audit_seal s WHERE s.clinic_id = a.clinic_id AND s.audit_id = a.id)
ORDER BY a.at, a.id LIMIT $3
"""
"""Within a day of the last link: no transaction is open that long, so nothing older can appear."""

INSERT_LINKS = """
INSERT INTO audit_seal (clinic_id, day, seq, audit_id, prev_hash, hash)
SELECT $1, $2, n.seq, n.audit_id, n.prev_hash, n.hash
FROM unnest($3::int[], $4::uuid[], $5::bytea[], $6::bytea[]) AS n (seq, audit_id, prev_hash, hash)
"""

CHAIN = f"""
SELECT s.day, s.seq, s.audit_id, s.prev_hash, s.hash, {EVENT}
FROM audit_seal s
LEFT JOIN audit_event a ON a.clinic_id = s.clinic_id AND a.id = s.audit_id
WHERE s.clinic_id = $1 ORDER BY s.day, s.seq
"""

LONGEST_UNSEALED = """
SELECT a.id FROM audit_event a
WHERE a.clinic_id = $1 AND a.at < app_now() - $2::interval
  AND NOT EXISTS (
      SELECT FROM audit_seal s WHERE s.clinic_id = a.clinic_id AND s.audit_id = a.id)
ORDER BY a.at, a.id LIMIT 1
"""

HEAD = "SELECT hash FROM audit_seal WHERE clinic_id = $1 AND day = $2 AND seq = $3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last link of one day: what is kept outside the database."""

    clinic_id: UUID
    day: date
    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one pass did: links added, and the head of a day that it ended."""

    links: int
    head: Head | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first row that is not as it was written, and in what way.

    `gap`: a link is missing. `chain`: a link does not follow the one before. `missing`: the event
    is gone. `content`: the event was changed. `head`: a day no longer ends as it did. `unsealed`:
    nobody seals.
    """

    kind: str
    audit_id: UUID | None = None
    day: date | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How far the chain was followed, and the first fault."""

    links: int
    fault: Fault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where the chain has come to."""

    day: date
    seq: int
    hash: bytes


async def seal_clinic(connection: Connection, keyring: Keyring, clinic_id: UUID) -> Sealed:
    """Chain the events of the clinic this transaction is in; nothing while another sealer does."""
    if not await connection.fetchval(LOCK, clinic_id):
        return Sealed(links=0)
    last = await connection.fetchrow(LAST_LINK, clinic_id)
    events = await connection.fetch(UNSEALED, clinic_id, last and last["at"], MOST_AT_ONCE)
    if not events:
        return Sealed(links=0)
    today: date = await connection.fetchval(TODAY)
    before = Link(day=last["day"], seq=last["seq"], hash=last["hash"]) if last else None
    keys = await subject_for(connection, keyring, clinic_id, clinic_id)
    links = _chain(keys, before, max(today, before.day) if before else today, events)
    await connection.execute(
        INSERT_LINKS,
        clinic_id,
        links[-1].day,
        [link.seq for link in links],
        [event["id"] for event in events],
        [before.hash if before else GENESIS, *(link.hash for link in links[:-1])],
        [link.hash for link in links],
    )
    ended = before if before and before.day < links[-1].day else None
    return Sealed(links=len(links), head=_head(clinic_id, ended) if ended else None)


async def verify(
    connection: Connection, keyring: Keyring, clinic_id: UUID, heads: Sequence[Head] = ()
) -> Verified:
    """Follow the chain of the clinic this transaction is in, and name the first bad row."""
    keys = await subject_for(connection, keyring, clinic_id, clinic_id)
    before: Link | None = None
    links = 0
    rows = await connection.cursor(CHAIN, clinic_id)
    while batch := await rows.fetch(FETCHED_AT_ONCE):
        for row in batch:
            kind = _fault_of(keys, before, row)
            if kind is not None:
                fault = Fault(kind=kind, audit_id=row["audit_id"], day=row["day"], seq=row["seq"])
                return Verified(links=links, fault=fault)
            before = Link(day=row["day"], seq=row["seq"], hash=row["hash"])
            links += 1
    return Verified(links=links, fault=await _fault_beside(connection, clinic_id, heads))


def _chain(
    keys: Subject, before: Link | None, day: date, events: Sequence[asyncpg.Record]
) -> list[Link]:
    """Make the links that follow, all of one day."""
    links: list[Link] = []
    head = before.hash if before else GENESIS
    seq = before.seq if before and before.day == day else 0
    for event in events:
        seq += 1
        head = _hash(keys, head, day, seq, event)
        links.append(Link(day=day, seq=seq, hash=head))
    return links


def _hash(keys: Subject, head: bytes, day: date, seq: int, event: asyncpg.Record) -> bytes:
    """Hash one event onto the chain: every column, in the order of EVENT."""
    return keys.index(LABEL, head + msgspec.json.encode([day, seq, *tuple(event)[-13:]]))


def _fault_of(keys: Subject, before: Link | None, row: asyncpg.Record) -> str | None:
    """Say what is wrong with a link."""
    same_day = before is not None and before.day == row["day"]
    if row["seq"] != (before.seq + 1 if same_day and before else 1):
        return "gap"
    if row["prev_hash"] != (before.hash if before else GENESIS):
        return "chain"
    if row["id"] is None:
        return "missing"
    if row["hash"] != _hash(keys, row["prev_hash"], row["day"], row["seq"], row):
        return "content"
    return None


async def _fault_beside(
    connection: Connection, clinic_id: UUID, heads: Sequence[Head]
) -> Fault | None:
    """Find what the chain itself cannot show: a head that is gone, an event nobody sealed."""
    for head in heads:
        if head.clinic_id != clinic_id:
            continue
        found = await connection.fetchval(HEAD, clinic_id, head.day, head.seq)
        if found is None or found.hex() != head.hash:
            return Fault(kind="head", day=head.day, seq=head.seq)
    unsealed = await connection.fetchval(LONGEST_UNSEALED, clinic_id, OLDEST_UNSEALED)
    return None if unsealed is None else Fault(kind="unsealed", audit_id=unsealed)


def _head(clinic_id: UUID, link: Link) -> Head:
    return Head(clinic_id=clinic_id, day=link.day, seq=link.seq, hash=link.hash.hex())
