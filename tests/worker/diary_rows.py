"""Diaries as the API would have stored them: days of one level, infusions, weekly scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.ingest import Decision, Revision, Writer, store_new
from models.session import Connection, Pool, clinic_transaction
from models.treatment import Content, record_infusion
from tests.cast import Person

DAILY = "daily_depression@1"
CORE = ("low_mood", "anhedonia", "hopelessness", "fatigue")
COURSE_DAYS = (60, 57, 54, 51, 48, 45)
"""Days before today on which an infusion was given."""
NOTHING_FOUND = Decision(
    label="none",
    reason="none",
    spans=[],
    rule_ids=[],
    normaliser_version="1",
    lexicon_version="1",
    steps=1,
)


def at(day: date, hour: int) -> datetime:
    """Name an instant of a day."""
    return datetime.combine(day, time(hour), UTC)


def revision(day: date, answers: Mapping[str, Any], *, form: str = DAILY) -> Revision:
    """Make an entry of the evening of one day."""
    return Revision(
        entry_id=uuid7(),
        revision=1,
        occurred_at=at(day, 20),
        utc_offset_minutes=0,
        zone="UTC",
        local_date=day,
        form=form,
        language="en",
        answers=dict(answers),
        side_effects=[],
        infusion_id=None,
        note_ct=None,
        content_hmac=b"content",
        warnings=[],
        decision=NOTHING_FOUND,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """One patient's diary, written into without the API."""

    pool: Pool
    who: Person
    today: date

    @property
    def writer(self) -> Writer:
        """Write as the patient."""
        return Writer(
            clinic_id=self.who.clinic_id,
            patient_id=self.who.id,
            session_id=self.who.session_id,
            device_id=None,
            request_id=None,
        )

    def day(self, ago: int) -> date:
        """Count back from today."""
        return self.today - timedelta(days=ago)

    async def store(self, db: Connection, revisions: Iterable[Revision]) -> list[UUID]:
        """Store entries inside a transaction of the clinic."""
        stored = await store_new(db, self.writer, list(revisions), most=1000)
        return [one.entry_id for one in stored]

    async def write(self, days_ago: Iterable[int], level: int) -> list[UUID]:
        """Write one entry of a level on each of these days."""
        answers = dict.fromkeys(CORE, level)
        async with clinic_transaction(self.pool, self.who.clinic_id) as db:
            return await self.store(db, [revision(self.day(ago), answers) for ago in days_ago])

    async def infuse(self, by: Person, *days_ago: int) -> None:
        """Give infusions."""
        async with clinic_transaction(self.pool, self.who.clinic_id) as db:
            for ago in days_ago:
                await record_infusion(
                    db, self.who.clinic_id, self.who.id, uuid7(), infusion(at(self.day(ago), 10)),
                    recorded_by=by.id,
                )  # fmt: skip

    async def respond(self, by: Person) -> None:
        """Be ill, get a course of six infusions, and be well afterwards."""
        await self.infuse(by, *COURSE_DAYS)
        await self.write(range(61, 75), 8)
        await self.write(range(45, 61), 5)
        await self.write(range(30, 45), 2)

    async def relapse(self, by: Person) -> None:
        """Respond, be well for weeks, and lose all of it in the last days."""
        await self.respond(by)
        await self.write(range(12, 30), 2)
        await self.write(range(12), 8)


def infusion(started_at: datetime) -> Content:
    """Give the usual dose."""
    return Content(
        visit_started_at=None,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=40),
        discharge_ready_at=None,
        visit_ended_at=None,
        route="iv",
        dose_mg_per_kg=0.5,
        dose_mg=None,
        rate_mg_per_hour=None,
        outcome="completed",
        outcome_reason=None,
        antiemetic=None,
    )
