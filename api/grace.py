"""The write-only grace: a phone whose session ran out may still hand in entries.

The device key signs the whole envelope. What is in it is quarantined, read for suicidality and
alerts like any entry; nothing can be read in return, and the phone learns nothing but that.
"""

from dataclasses import dataclass
from typing import Annotated

from litestar import post
from litestar.di import NamedDependency
from msgspec import UNSET, Meta, Struct, UnsetType

from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.crisis import CrisisBlock, crisis_block
from api.decode import decode
from api.errors import (
    Forbidden,
    InvalidEntry,
    InvalidQuery,
    RateLimited,
    SessionExpired,
    SessionLive,
    SessionRevoked,
    Unauthenticated,
)
from api.log import current_request_id
from api.problem import Code, FieldError, Problem
from api.proof import prove_device
from api.reading import read_refused
from models.grace import spoken_by
from models.ingest import Writer
from models.quarantine import quarantine_body
from models.refresh import Family, Verdict, judge, lock_family, read_refresh_token
from models.session import Connection
from models.subject_key import subject_for

ENVELOPE_LIMIT = 2 * ENTRY_LIMIT
"""Bytes of an envelope: inside a string every quotation mark of the entry takes two."""
RETRY_AFTER_DAY = 3600
"""Seconds after which a phone that handed in more than a day's worth may try again."""


class EnvelopeIn(Struct, forbid_unknown_fields=True):
    """An entry as the app would have sent it, and the newest refresh token the device has."""

    refresh_token: Annotated[str, Meta(max_length=128)]
    entry: Annotated[str, Meta(min_length=1)]


class HandedIn(Struct, omit_defaults=True):
    """The entry is kept and was read; the patient signs in again to see their diary."""

    quarantined: bool
    crisis: CrisisBlock | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of the words in an envelope; all of it is committed before any answer."""

    quarantined: bool
    crisis: CrisisBlock | UnsetType


@post(
    "/v1/sealed-entries",
    operation_id="handInEntry",
    status_code=202,
    opt={"public": True, "body": EnvelopeIn, "answers": {202: HandedIn}},
)
async def hand_in_entry(request: AnyRequest, backend: NamedDependency[Backend]) -> HandedIn:
    """Hand in an entry after the session has expired; the device proof signs the whole body.

    The same entry handed in twice is kept once. A live session sends its entries the usual way.
    """
    body = await read_body(request, limit=ENVELOPE_LIMIT)
    sent = decode(body, EnvelopeIn, invalid=InvalidQuery).value
    known = read_refresh_token(backend.keyring, sent.refresh_token)
    if known is None:
        raise Unauthenticated
    session_id, generation = known
    async with backend.pool.acquire() as connection, connection.transaction():
        family = await lock_family(connection, session_id)
        if family is None:
            raise Unauthenticated
        await prove_device(connection, backend.keyring, request, family.public_key, body.decode())
        verdict = judge(family, generation)
        refuse_strangers(family, verdict)
        is_late = verdict is Verdict.EXPIRED
        slug = SessionExpired.slug if is_late else SessionLive.slug
        kept = await keep_words(connection, backend, family, sent.entry.encode(), slug)
    return answer_for(kept, is_late=is_late)


def refuse_strangers(family: Family, verdict: Verdict) -> None:
    """Refuse who was sent away, and who keeps no diary: their words are nobody's."""
    if verdict is Verdict.REVOKED:
        raise SessionRevoked
    if family.patient_id is None:
        raise Forbidden


def answer_for(kept: Kept | None, *, is_late: bool) -> HandedIn:
    """Say what became of an envelope; a refusal says as well whether the words were kept."""
    if not is_late:
        problem: Problem = SessionLive()
        problem.quarantined = kept is not None and kept.quarantined
        raise problem
    if kept is None:
        raise InvalidEntry(FieldError("/entry", Code.INVALID))
    if not kept.quarantined:
        raise RateLimited(retry_after=RETRY_AFTER_DAY)
    return HandedIn(quarantined=True, crisis=kept.crisis)


async def keep_words(
    connection: Connection, backend: Backend, family: Family, entry: bytes, slug: str
) -> Kept | None:
    """Quarantine and screen an entry, whatever it is worth; None when there is no word in it."""
    subject = await subject_for(connection, backend.keyring, family.clinic_id, family.subject_id)
    decision = read_refused(entry, backend.registry, backend.lexicon, subject)
    if decision is None:
        return None
    spoken = await spoken_by(connection, family.clinic_id, family.subject_id)
    writer = Writer(
        clinic_id=family.clinic_id,
        patient_id=family.subject_id,
        session_id=family.session_id,
        device_id=family.device_id,
        request_id=current_request_id(),
    )
    quarantined = await quarantine_body(
        connection, writer, subject, slug=slug, body=entry, decision=decision
    )
    crisis = crisis_block(spoken.language, spoken.country) if decision.escalates else UNSET
    return Kept(quarantined=quarantined, crisis=crisis)


HANDLERS = [hand_in_entry]
"""The operations of this file."""
