"""Stage 2: what the rules have let pass is read for its meaning; that can only raise a label."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from clinical.ideation import Label, Reason
from clinical.ideation.meaning import Meaning
from models.cipher import Keyring
from models.second_reading import SecondReading, Unread, store_readings, unread
from models.session import Pool, clinic_transaction
from models.subject_key import subject_for
from worker.log import log

NOTES_AT_ONCE = 8
"""Read and stored together: a job that runs out of time keeps what it has read so far."""


class Reader(Protocol):
    """Reads notes for their meaning; blocks, and is called in a thread."""

    @property
    def version(self) -> str:
        """Name the model and its weights."""
        ...

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Read each note."""
        ...


class NobodyReads:
    """Stands in for a model that is not installed or cannot be loaded: a human reads instead."""

    version = "none"

    def read(self, notes: Sequence[str]) -> list[Meaning]:
        """Ask for a human wherever something was written."""
        unread_by_us = Meaning(label=Label.REVIEW, reason=Reason.MODEL_MISSING)
        nothing = Meaning(label=Label.NONE, reason=Reason.NONE)
        return [unread_by_us if note.strip() else nothing for note in notes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where notes are read a second time: the rows, the keys and who reads."""

    pool: Pool
    keyring: Keyring
    reader: Reader = field(default_factory=NobodyReads)

    async def read_again(self, clinic_id: UUID, patient_id: UUID) -> int:
        """Read what a patient wrote and the model has not read; return how many pages it raised."""
        async with clinic_transaction(self.pool, clinic_id) as connection:
            found = await unread(connection, clinic_id, patient_id)
            if not found:
                return 0
            subject = await subject_for(connection, self.keyring, clinic_id, patient_id)
        pages = 0
        for start in range(0, len(found), NOTES_AT_ONCE):
            some = found[start : start + NOTES_AT_ONCE]
            meanings = await self._read([each.note(subject) for each in some], patient_id)
            read = [
                (each, reading_of(each, meaning))
                for each, meaning in zip(some, meanings, strict=True)
            ]
            async with clinic_transaction(self.pool, clinic_id) as connection:
                pages += await store_readings(
                    connection, clinic_id, patient_id, read, model_version=self.reader.version
                )
        return pages

    async def _read(self, notes: Sequence[str], patient_id: UUID) -> list[Meaning]:
        """Read; what a model cannot read a human must."""
        try:
            return await asyncio.to_thread(self.reader.read, notes)
        except Exception as error:  # noqa: BLE001 # whatever it was, a human reads these notes
            log.error("screening.model_failed", patient_id=str(patient_id), exc_info=error)
            return NobodyReads().read(notes)


def reading_of(each: Unread, meaning: Meaning) -> SecondReading:
    """Turn a meaning into the row that records it."""
    return SecondReading(
        entry_id=each.entry_id,
        revision=each.revision,
        label=meaning.label,
        reason=meaning.reason,
        spans=[{"start": start, "end": end} for start, end in meaning.spans],
    )
