"""An entry on its way in: what the phone sends, what is checked, how it is read, what is answered.

Used by single entries and by batches alike. A body that is refused goes through `salvaging`.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from api.backend import AnyRequest, Backend, bearer_token, enter_with
from api.crisis import CrisisBlock, crisis_block
from api.errors import ConsentMissing, Internal, InvalidEntry, InvalidTime, NoteTooLong
from api.log import current_request_id, log
from api.problem import Code, FieldError, Problem
from api.reading import read_refused, read_text
from api.refusals import AWAY
from clinical.instruments import Form, Registry, validate_answers
from models.cipher import Subject
from models.gate import Entered
from models.ingest import Revision, Writer
from models.quarantine import quarantine_body
from models.revision import StoredRevision
from models.session import Connection

LONGEST_NOTE = 10_000
"""Code points of a note. Source: spec, clinical section 3."""
LONGEST_NOTE_BYTES = 64 * 1024
MOST_SIDE_EFFECTS = 60
MOST_ANSWERS = 64
SKEW = timedelta(minutes=15)
"""A phone's clock ahead of ours by more than this is noted; never corrected."""
LATE = timedelta(hours=48)
"""An entry older than this on arrival is marked late: it was written offline."""
ETAG_BYTES = 12

encode_content = msgspec.json.Encoder(order="sorted").encode


class SideEffectIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One side effect as the phone sends it."""

    id: Annotated[str, Meta(max_length=64)]
    severity: int
    started_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    ended_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class EntryIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A diary entry as the phone sends it; an unanswered item is absent."""

    occurred_at: Annotated[datetime, Meta(tz=True)]
    zone: Annotated[str, Meta(max_length=64)]
    local_date: date
    form: Annotated[str, Meta(max_length=64)]
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
    answers: Annotated[dict[str, int | str], Meta(max_length=MOST_ANSWERS)]
    side_effects: Annotated[list[SideEffectIn], Meta(max_length=MOST_SIDE_EFFECTS)] = []
    infusion_id: UUID | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | UnsetType = UNSET


class EntryOut(Struct, omit_defaults=True):
    """The answer to a write: a function of the revision it made, and of nothing later."""

    id: UUID
    stored_at: datetime
    revision: int
    etag: str
    warnings: list[str] = []
    crisis: CrisisBlock | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request of a patient: who, under which keys, and when by our clock."""

    backend: Backend
    me: Entered
    subject: Subject
    writer: Writer

    @classmethod
    def of(cls, backend: Backend, me: Entered) -> "Arrival":
        """Take the caller as found."""
        return cls(
            backend=backend,
            me=me,
            subject=me.cipher(backend.keyring),
            writer=Writer(
                clinic_id=me.clinic_id,
                patient_id=me.subject_id,
                session_id=me.session_id,
                device_id=me.device_id,
                request_id=current_request_id(),
            ),
        )


def entry_id_in(path: str, body: bytes) -> UUID:
    """Read the id the phone made.

    Raises:
        InvalidEntry: it is no UUID, or the nil one.
    """
    try:
        entry_id = UUID(path)
    except ValueError:
        entry_id = None
    if entry_id is None or not entry_id.int or len(path) != len(str(entry_id)):
        raise InvalidEntry(FieldError("/id", Code.INVALID_ID), salvage=body)
    return entry_id


def prepare(
    arrival: Arrival,
    entry_id: UUID,
    entry: EntryIn,
    body: bytes,
    *,
    number: int = 1,
    warnings: tuple[str, ...] = (),
) -> Revision:
    """Check an entry, read it for suicidality, seal its note.

    Raises:
        Problem: with the body to be salvaged, when the entry cannot be stored.
    """
    if not arrival.me.consented:
        raise ConsentMissing(salvage=body)
    form = check_answers(entry, arrival.backend.registry, body)
    check_times(entry, body)
    note = None if entry.note is UNSET else entry.note
    if note is not None and len(note.encode()) > LONGEST_NOTE_BYTES:
        raise NoteTooLong(FieldError("/note", Code.TOO_LONG), salvage=body)
    decision = read_text(
        form,
        entry.answers,
        note or "",
        effects=[effect.id for effect in entry.side_effects],
        lexicon=arrival.backend.lexicon,
        subject=arrival.subject,
    )
    subject = arrival.subject
    offset = entry.occurred_at.utcoffset() or timedelta()
    return Revision(
        entry_id=entry_id,
        revision=number,
        occurred_at=entry.occurred_at,
        utc_offset_minutes=int(offset.total_seconds() // 60),
        zone=entry.zone,
        local_date=entry.local_date,
        form=entry.form,
        language=entry.language,
        answers=entry.answers,
        side_effects=msgspec.to_builtins(entry.side_effects),
        infusion_id=None if entry.infusion_id is UNSET else entry.infusion_id,
        note_ct=None
        if note is None
        else subject.seal_text("entry.note", entry_id, note, revision=number),
        content_hmac=subject.index("entry.content", encode_content(entry)),
        warnings=[*warnings, *time_warnings(entry, arrival.me.entered_at)],
        decision=decision,
    )


def check_answers(entry: EntryIn, registry: Registry, body: bytes) -> Form:
    """Find the form and refuse what it does not allow."""
    form = registry.forms.get(entry.form)
    if form is None:
        raise InvalidEntry(FieldError("/form", Code.UNKNOWN_VALUE), salvage=body)
    faults = validate_answers(form, entry.answers, entry.side_effects, effects=registry.effects)
    if faults:
        errors = [FieldError(fault.pointer, Code(fault.code)) for fault in faults]
        raise InvalidEntry(*errors, salvage=body)
    return form


def check_times(entry: EntryIn, body: bytes) -> None:
    """Refuse a zone nobody knows, and a day that is not within one day of the instant there."""
    try:
        there = entry.occurred_at.astimezone(ZoneInfo(entry.zone)).date()
    except (KeyError, ValueError, OSError):
        raise InvalidTime(FieldError("/zone", Code.UNKNOWN_VALUE), salvage=body) from None
    if abs((there - entry.local_date).days) > 1:
        raise InvalidTime(FieldError("/local_date", Code.INVALID_TIME), salvage=body)


def time_warnings(entry: EntryIn, received_at: datetime) -> list[str]:
    """Name what is odd about the time; the entry is stored all the same."""
    if entry.occurred_at > received_at + SKEW:
        return ["clock-skew"]
    if entry.occurred_at < received_at - LATE:
        return ["late-entry"]
    return []


def etag_of(revision: int, content_hmac: bytes) -> str:
    """Name a revision strongly: its number and a hash of what it says."""
    tail = base64.urlsafe_b64encode(content_hmac[:ETAG_BYTES]).decode()
    return f'"{revision}.{tail}"'


def answer_for(
    arrival: Arrival, revision: Revision | StoredRevision, stored_at: datetime
) -> EntryOut:
    """Answer a write with what is true of the revision it made."""
    speaks = (
        revision.decision.escalates
        if isinstance(revision, Revision)
        else revision.speaks_of_suicide
    )
    return EntryOut(
        id=revision.entry_id,
        stored_at=stored_at.astimezone(UTC),
        revision=revision.revision,
        etag=etag_of(revision.revision, revision.content_hmac),
        warnings=list(revision.warnings),
        crisis=crisis_block(revision.language, arrival.me.country) if speaks else UNSET,
    )


async def keep(
    connection: Connection, arrival: Arrival, problem: Problem, *, body: bytes | None = None
) -> None:
    """Quarantine and screen what a refusal carries, inside a running transaction."""
    raw = problem.salvage if body is None else body
    decision = read_refused(raw, arrival.backend.registry, arrival.backend.lexicon, arrival.subject)
    if decision is None:
        return
    problem.quarantined = await quarantine_body(
        connection,
        arrival.writer,
        arrival.subject,
        slug=problem.slug,
        body=raw,
        decision=decision,
    )


@dataclass(slots=True)
class Sent:
    """What has arrived of a request so far: were we to fail, this is what must be kept."""

    body: bytes = b""


@asynccontextmanager
async def salvaging(request: AnyRequest, backend: Backend) -> AsyncGenerator[Sent]:
    """Let no refusal leave before the words in the refused body were read and kept.

    A failure of ours is a refusal too. Without a live session of a patient the body is nobody's:
    then that is the answer. With the database away nothing can be kept, and the answer says so.
    """
    sent = Sent()
    try:
        yield sent
    except Problem as problem:
        if problem.salvage:
            await keep_apart(request, backend, problem)
        raise
    except AWAY:
        raise
    except Exception as error:
        log.error("entry.failed", exc_info=error)
        failure = Internal(salvage=sent.body)
        if sent.body:
            await keep_apart(request, backend, failure)
        raise failure from error


async def keep_apart(request: AnyRequest, backend: Backend, problem: Problem) -> None:
    """Quarantine what a refusal carries, in a transaction of its own."""
    token = bearer_token(request)
    async with backend.pool.acquire() as connection, connection.transaction():
        me = await enter_with(connection, token, "patient")
        await keep(connection, Arrival.of(backend, me), problem)
