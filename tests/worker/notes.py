"""Notes in a diary, and a model that knows three sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import Meaning
from models.cipher import Keyring
from models.ingest import Decision, Revision
from models.session import Connection, clinic_transaction
from models.subject_key import subject_for
from tests.cast import Person
from tests.worker.diary_rows import NOTHING_FOUND, Diary, revision
from worker.second_reading import Desk

MARCH = "They can give my slot in March to somebody else."
TIRED = "What is the point of any of it."
WALK = "Went for a walk with the dog."
PAGED = Meaning(label=Label.ESCALATE, reason=Reason.MODEL_HIGH, spans=((0, 44),))
TO_READ = Meaning(label=Label.REVIEW, reason=Reason.MODEL_LOW, spans=((0, 31),))
HARMLESS = Meaning(label=Label.NONE, reason=Reason.NONE)
SOURCES = """
SELECT a.rule, a.severity, a.round, s.reason FROM alert a
JOIN alert_source s ON s.alert_id = a.id ORDER BY a.rule, s.reason
"""


@dataclass(slots=True)
class Scripted:
    """A model that knows three sentences."""

    version: str = "scripted-1"
    seen: list[str] = field(default_factory=list[str])
    meanings: Mapping[str, Meaning] = field(default_factory=lambda: {MARCH: PAGED, TIRED: TO_READ})

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        self.seen += notes
        return [self.meanings.get(note, HARMLESS) for note in notes]


async def write(
    diary: Diary, keyring: Keyring, note: str | None, decision: Decision = NOTHING_FOUND
) -> Revision:
    """Store an entry with a note, as it was screened by the rules."""
    bare = revision(diary.day(0), {"low_mood": 5})
    async with clinic_transaction(diary.pool, diary.who.clinic_id) as db:
        written = await sealed(db, diary, keyring, bare, note)
        written = replace(written, decision=decision)
        await diary.store(db, [written])
    return written


async def sealed(
    db: Connection, diary: Diary, keyring: Keyring, bare: Revision, note: str | None
) -> Revision:
    subject = await subject_for(db, keyring, diary.who.clinic_id, diary.who.id)
    note_ct = note and subject.seal_text("entry.note", bare.entry_id, note, revision=bare.revision)
    return replace(bare, note_ct=note_ct or None)


async def read(desk: Desk, who: Person) -> int:
    return await desk.read_again(who.clinic_id, who.id)


async def alerts(superuser: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await superuser.fetch(SOURCES)]
