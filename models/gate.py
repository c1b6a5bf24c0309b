"""Who is asking, found before the clinic is known: the functions of the schema `gate`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.cipher import Keyring, Subject
from models.session import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A live session in its clinic; the transaction now sees that clinic's rows."""

    verdict: str
    clinic_id: UUID
    subject_id: UUID
    session_id: UUID
    kind: str
    role: str
    profession: str | None
    device_id: UUID | None
    scopes: list[str]
    step_up_at: datetime | None
    entered_at: datetime
    language: str
    country: str
    consented: bool
    epoch: UUID
    key_version: int
    key_wrapped: bytes
    clinic_key_version: int
    clinic_key_wrapped: bytes

    def cipher(self, keyring: Keyring) -> Subject:
        """Unwrap the caller's own keys."""
        return keyring.subject(
            self.clinic_id,
            self.subject_id,
            self.key_version,
            self.key_wrapped,
            (self.clinic_key_version, self.clinic_key_wrapped),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Whose a lookup is."""

    clinic_id: UUID
    subject_id: UUID
    expires_at: datetime | None


async def enter(connection: Connection, kind: str, lookup: bytes) -> Entered | None:
    """Enter the clinic of a token's session; None when nobody holds that token.

    The verdict says `live`, or `revoked` or `expired`: then no row can be seen.
    """
    row = await connection.fetchrow("SELECT * FROM gate.enter($1, $2)", kind, lookup)
    return None if row is None else Entered(**dict(row))


async def find(connection: Connection, kind: str, lookup: bytes) -> Found | None:
    """Find whose a lookup is, expired or not."""
    row = await connection.fetchrow("SELECT * FROM gate.find($1, $2)", kind, lookup)
    return None if row is None else Found(**dict(row))


async def put(
    connection: Connection, kind: str, lookup: bytes, subject_id: UUID, expires_at: datetime | None
) -> bool:
    """Store a lookup in the clinic this transaction is in; False when a live one holds it."""
    return bool(
        await connection.fetchval(
            "SELECT gate.put($1, $2, $3, $4)", kind, lookup, subject_id, expires_at
        )
    )


async def drop(connection: Connection, subject_id: UUID, kind: str | None = None) -> None:
    """Remove a subject's lookups of one kind, or all of them."""
    await connection.execute("SELECT gate.drop_subject($1, $2)", subject_id, kind)


async def remember_proof(connection: Connection, jti: UUID) -> bool:
    """Use a device proof up; False when it was used before."""
    return bool(await connection.fetchval("SELECT gate.remember_proof($1)", jti))


async def take(
    connection: Connection, name: str, key: bytes, *, per_second: float, burst: float
) -> float:
    """Take one from a bucket: 0 when there was one, else the seconds until there will be."""
    return float(
        await connection.fetchval("SELECT gate.take($1, $2, $3, $4)", name, key, per_second, burst)
    )


async def give_back(connection: Connection, name: str, key: bytes, tokens: float) -> None:
    """Put back what was taken from a bucket before it was known whether it counts."""
    await connection.execute("SELECT gate.give_back($1, $2, $3)", name, key, tokens)


async def read_clock(connection: Connection) -> datetime:
    """Read the database's clock."""
    instant: datetime = await connection.fetchval("SELECT app_now()")
    return instant


async def current_epoch(connection: Connection) -> UUID:
    """Read the epoch that every cursor carries."""
    return UUID(str(await connection.fetchval("SELECT gate.current_epoch()")))


async def clinics(connection: Connection) -> list[UUID]:
    """List the open clinics, for jobs that go from one to the next."""
    return [row[0] for row in await connection.fetch("SELECT * FROM gate.clinics()")]


async def unsealed_clinics(connection: Connection) -> list[UUID]:
    """List the clinics whose audit has events that are not chained yet."""
    return [row[0] for row in await connection.fetch("SELECT * FROM gate.unsealed()")]


async def verify_root_key(connection: Connection, keyring: Keyring) -> None:
    """Open one clinic's key, where there is one.

    Raises:
        Unreadable: the root key is not the one this database was written with.
    """
    row = await connection.fetchrow("SELECT * FROM gate.any_clinic_key()")
    if row is not None:
        keyring.unwrap_clinic_key(row["clinic_id"], row["version"], row["wrapped"])


async def prune(connection: Connection) -> None:
    """Forget lookups and buckets that have run out."""
    await connection.execute("SELECT gate.prune()")


async def clinics_with_expired(connection: Connection) -> list[UUID]:
    """List the clinics, closed ones too, that hold quarantined bodies whose time is over."""
    return [row[0] for row in await connection.fetch("SELECT * FROM gate.expired()")]
