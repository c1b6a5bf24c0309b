"""Stage 2: what the rules have let pass is read for its meaning; that can only raise a label."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import Meaning
from models.cipher import Keyring, Subject, Unreadable
from models.second_reading import SecondReading, Unread, store_readings, unread
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import subject_for
from worker.log import log

NOTES_AT_ONCE = 8
"""Read and stored together: a job that runs out of time keeps what it has read so far."""
MOST_A_TURN = 40
"""Notes of one patient before it is the next one's turn; some ten seconds of reading."""
NOBODY = "none"
FOR_A_HUMAN = Meaning(label=Label.REVIEW, reason=Reason.MODEL_MISSING)


class Reader(Protocol):
    """Reads notes for their meaning; blocks, and is called in a thread."""

    @property
    def version(self) -> str:
        """Name the model and its weights."""
        ...

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Read each note."""
        ...


class Note(Protocol):
    """A revision whose note can be decrypted."""

    @property
    def entry_id(self) -> UUID:
        """Name the entry."""
        ...

    def note(self, subject: Subject) -> str:
        """Decrypt what was written."""
        ...


class NobodyReads:
    """Stands in for a model that is not installed or cannot be loaded: a human reads instead."""

    version = NOBODY

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Ask for a human wherever something was written."""
        nothing = Meaning(label=Label.NONE, reason=Reason.NONE)
        return [FOR_A_HUMAN if note.strip() else nothing for note in notes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where notes are read a second time: the rows, the keys and who reads."""

    pool: Pool
    keyring: Keyring
    reader: Reader = field(default_factory=NobodyReads)

    async def read_again(self, clinic_id: UUID, patient_id: UUID) -> int:
        """Read what a patient wrote and the model has not read; return how many pages it raised.

        A long backlog is read in turns, so that nobody waits for the whole of somebody else's:
        what is left over stays unassessed, and the sweep comes back to it.
        """
        pages = 0
        for _ in range(0, MOST_A_TURN, NOTES_AT_ONCE):
            async with clinic_transaction(self.pool, clinic_id) as connection:
                found = await unread(connection, clinic_id, patient_id, most=NOTES_AT_ONCE)
                if not found:
                    break
                notes = await self._notes(connection, clinic_id, patient_id, found)
            read = await asyncio.to_thread(readings_of, self.reader, found, notes)
            async with clinic_transaction(self.pool, clinic_id) as connection:
                pages += await store_readings(connection, clinic_id, patient_id, read)
        return pages

    async def _notes(
        self, connection: Connection, clinic_id: UUID, patient_id: UUID, found: Sequence[Unread]
    ) -> list[str | None]:
        """Decrypt notes; None for one that does not open, which a human has to look into."""
        try:
            subject = await subject_for(connection, self.keyring, clinic_id, patient_id)
        except Unreadable as error:
            log.error("screening.note_unreadable", patient_id=str(patient_id), exc_info=error)
            return [None if each.note_ct else "" for each in found]
        return [note_of(each, subject) for each in found]


def note_of(each: Note, subject: Subject) -> str | None:
    """Decrypt one note; None when it does not open."""
    try:
        return each.note(subject)
    except (Unreadable, ValueError) as error:
        log.error("screening.note_unreadable", entry_id=str(each.entry_id), exc_info=error)
        return None


def readings_of(
    reader: Reader, found: Sequence[Unread], notes: Sequence[str | None]
) -> list[tuple[Unread, SecondReading]]:
    """Read notes; what does not open or cannot be read is for a human."""
    opened = [note for note in notes if note is not None]
    meanings = iter(read_or_ask(reader, opened))
    return [
        (each, reading_of(each, FOR_A_HUMAN if note is None else next(meanings), reader.version))
        for each, note in zip(found, notes, strict=True)
    ]


def read_or_ask(reader: Reader, notes: Sequence[str]) -> list[Meaning]:
    """Read notes; the one that the model fails on is for a human, the others are read."""
    try:
        return reader.read(notes)
    except Exception as error:  # noqa: BLE001 # whatever it was, a human reads what it was about
        if len(notes) > 1:
            return [meaning for note in notes for meaning in read_or_ask(reader, [note])]
        log.error("screening.model_failed", exc_info=error)
        return NobodyReads().read(notes)


def reading_of(each: Unread, meaning: Meaning, version: str) -> SecondReading:
    """Turn a meaning into the row that records it; a model that did not read is not named."""
    return SecondReading(
        entry_id=each.entry_id,
        revision=each.revision,
        label=meaning.label,
        reason=meaning.reason,
        spans=[{"start": start, "end": end} for start, end in meaning.spans],
        model_version=NOBODY if meaning.reason is Reason.MODEL_MISSING else version,
    )
