"""The comparison: the same work as `PUT /v1/entries`, as FastAPI and SQLModel are usually written.

Token lookup, row security, validation, the same text screen, the same encryption, the same four
rows and one commit; a replay, a conflict, an unknown infusion and an entry too many are answered as
ours are (`tests/bench/test_fastapi_app.py`), and the jobs are told in the background. Only what it
is written with differs. It raises no alert: everyday entries need none.
"""

import base64
import contextlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import BackgroundTasks, FastAPI, Header, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from api.backend import BEARER, CONNECTIONS
from api.reading import read_text
from clinical.ideation import load_lexicon
from clinical.instruments import registry, validate_answers
from models.cipher import Keyring, token_hash
from models.gate import Entered
from models.ids import uuid7
from models.ingest import MOST_ENTRIES_AN_HOUR
from models.job import ASSESS_HINTS, hint_member
from models.session import sqlalchemy_url
from models.tables import metadata
from models.tables.audit import AuditEvent
from models.tables.entry import Entry, EntryRevision, Screening
from models.tables.infusion import Infusion

TABLES = metadata.tables  # all of them, so that foreign keys resolve
KEYRING = Keyring(base64.b64decode(os.environ["AFTERGLOW_ROOT_KEY"]))
LEXICON, REGISTRY = load_lexicon(), registry()
ENGINE = create_async_engine(
    sqlalchemy_url(os.environ["AFTERGLOW_DATABASE_URL"]),
    pool_size=CONNECTIONS,
    hide_parameters=True,
)
REDIS = Redis.from_url(os.environ["AFTERGLOW_REDIS_URL"], socket_timeout=0.25)
Session = async_sessionmaker(ENGINE, class_=AsyncSession, expire_on_commit=False)


class SideEffectIn(BaseModel):
    """One side effect."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str
    severity: int


class EntryIn(BaseModel):
    """A diary entry."""

    model_config = ConfigDict(extra="forbid")
    occurred_at: AwareDatetime
    zone: str
    local_date: date
    form: str
    language: str
    answers: dict[str, int | str]
    side_effects: list[SideEffectIn] = []
    infusion_id: UUID | None = None
    note: Annotated[str, Field(max_length=10_000)] | None = None


class EntryOut(BaseModel):
    """The answer to a write."""

    id: UUID
    stored_at: datetime
    revision: int
    etag: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    """Let the connections go at the end."""
    yield
    await ENGINE.dispose()
    await REDIS.aclose()


app = FastAPI(lifespan=lifespan)


async def enter(session: AsyncSession, authorization: str) -> Entered:
    """Enter the clinic of a token."""
    row = (
        (
            await session.exec(
                text("SELECT * FROM gate.enter('access', :lookup)").bindparams(  # type: ignore[call-overload] # exec takes text as well
                    lookup=token_hash(authorization.removeprefix(BEARER))
                )
            )
        )
        .mappings()
        .first()
    )
    if row is None or row["verdict"] != "live":
        raise HTTPException(401)
    return Entered(**row)


async def known(session: AsyncSession, me: Entered, entry_id: UUID) -> EntryRevision | None:
    """Find what an id was first stored with."""
    return await session.get(EntryRevision, (me.clinic_id, me.subject_id, entry_id, 1))


async def refuse(session: AsyncSession, me: Entered, data: EntryIn) -> None:
    """Refuse an entry too many, and one about an infusion this patient never had."""
    recent = await session.exec(
        select(func.count())
        .select_from(Entry)
        .where(
            Entry.clinic_id == me.clinic_id,
            Entry.patient_id == me.subject_id,
            Entry.received_at > me.entered_at - timedelta(hours=1),
        )
    )
    if recent.one() >= MOST_ENTRIES_AN_HOUR:
        raise HTTPException(429, headers={"Retry-After": "600"})
    if data.infusion_id is not None:
        infusion = await session.get(Infusion, (me.clinic_id, data.infusion_id))
        if infusion is None or infusion.patient_id != me.subject_id:
            raise HTTPException(422)


async def tell_jobs(me: Entered) -> None:
    """Say that this patient has news; the sweep finds what this loses."""
    with contextlib.suppress(RedisError, OSError):
        member = hint_member(me.clinic_id, me.subject_id)
        await REDIS.zadd(ASSESS_HINTS, {member: time.time()}, nx=True)


def etag_of(content: bytes, response: Response) -> str:
    """Name a revision by its content, in the header as well."""
    etag = f'"1.{base64.urlsafe_b64encode(content[:12]).decode()}"'
    response.headers["ETag"] = etag
    return etag


@app.put("/v1/entries/{entry_id}", status_code=201)
async def put_entry(
    entry_id: UUID,
    data: EntryIn,
    response: Response,
    background: BackgroundTasks,
    authorization: Annotated[str, Header()],
) -> EntryOut:
    """Store an entry."""
    async with Session() as session, session.begin():
        me = await enter(session, authorization)
        subject = me.cipher(KEYRING)
        form = REGISTRY.forms[data.form]
        if validate_answers(form, data.answers, data.side_effects, effects=REGISTRY.effects):
            raise HTTPException(422)
        there = data.occurred_at.astimezone(ZoneInfo(data.zone)).date()
        if abs((there - data.local_date).days) > 1:
            raise HTTPException(422)
        effects = [effect.id for effect in data.side_effects]
        decision = read_text(
            form, data.answers, data.note or "", effects=effects, lexicon=LEXICON, subject=subject
        )
        content = subject.index("entry.content", data.model_dump_json().encode())
        first = await known(session, me, entry_id)
        if first is not None:
            if first.content_hmac != content:
                raise HTTPException(409)
            response.status_code = 200
            etag = etag_of(content, response)
            return EntryOut(id=entry_id, stored_at=first.stored_at, revision=1, etag=etag)
        await refuse(session, me, data)
        session.add(Entry(clinic_id=me.clinic_id, patient_id=me.subject_id, id=entry_id))
        await session.flush()
        session.add(
            EntryRevision(
                clinic_id=me.clinic_id,
                patient_id=me.subject_id,
                entry_id=entry_id,
                revision=1,
                occurred_at=data.occurred_at,
                utc_offset_minutes=int(
                    (data.occurred_at.utcoffset() or timedelta()).total_seconds() // 60
                ),
                zone=data.zone,
                local_date=data.local_date,
                form=data.form,
                language=data.language,
                answers=data.answers,
                side_effects=[effect.model_dump() for effect in data.side_effects],
                infusion_id=data.infusion_id,
                note_ct=subject.seal_text("entry.note", entry_id, data.note or "", revision=1),
                content_hmac=content,
                speaks_of_suicide=decision.escalates,
                warnings=[],
                device_id=me.device_id,
                stored_at=me.entered_at,
            )
        )
        await session.flush()
        session.add(
            Screening(
                clinic_id=me.clinic_id,
                patient_id=me.subject_id,
                entry_id=entry_id,
                revision=1,
                stage=1,
                label=decision.label,
                reason=decision.reason,
                spans=msgspec.to_builtins(decision.spans),
                rule_ids=list(decision.rule_ids),
                normaliser_version=decision.normaliser_version,
                lexicon_version=decision.lexicon_version,
                text_hmac=decision.text_hmac,
                steps=decision.steps,
                screened_at=me.entered_at,
            )
        )
        session.add(
            AuditEvent(
                clinic_id=me.clinic_id,
                id=uuid7(),
                at=me.entered_at,
                actor_id=me.subject_id,
                actor_role="patient",
                session_id=me.session_id,
                patient_id=me.subject_id,
                action="entry.submit",
                object_type="entry",
                object_id=entry_id,
            )
        )
    background.add_task(tell_jobs, me)
    etag = etag_of(content, response)
    return EntryOut(id=entry_id, stored_at=me.entered_at, revision=1, etag=etag)
