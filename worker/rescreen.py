"""Read again what was written lately, with the rules and the model of today.

A text that would page today becomes a task to read, never a page: the person wrote it days ago, and
somebody must look first. What would be lower today stays what it was.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from uuid import UUID

from clinical.ideation import Label, highest, load_lexicon, screen_note
from models.alert import Source
from models.cipher import Keyring, Unreadable
from models.rescreen import Written, recent
from models.second_reading import REVIEW_RULE
from models.session import Pool, clinic_transaction
from models.subject_key import subject_for
from models.task import put_on_task
from worker.log import log
from worker.second_reading import Reader, note_of, read_or_ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A revision that would be labelled otherwise today; ids and labels, no words."""

    patient_id: UUID
    entry_id: UUID
    revision: int
    before: Label
    after: Label

    @property
    def is_raised(self) -> bool:
        """Say whether somebody should look."""
        return self.after.rank > self.before.rank


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescreening:
    """One clinic's texts, the keys to them, and who reads."""

    pool: Pool
    keyring: Keyring
    reader: Reader
    clinic_id: UUID

    async def differences(self, age: timedelta, *, ask: bool) -> AsyncIterator[Difference]:
        """Yield what differs; with `ask`, put what is raised on tasks to read."""
        async for rows in recent(self.pool, self.clinic_id, age):
            for patient_id, written in groupby(rows, key=lambda row: row.patient_id):
                found = await self._differences_of(patient_id, list(written))
                if ask:
                    await self._ask(patient_id, [each for each in found if each.is_raised])
                for each in found:
                    yield each

    async def _differences_of(self, patient_id: UUID, rows: Sequence[Written]) -> list[Difference]:
        async with clinic_transaction(self.pool, self.clinic_id) as connection:
            try:
                subject = await subject_for(connection, self.keyring, self.clinic_id, patient_id)
            except Unreadable as error:
                log.error("screening.note_unreadable", patient_id=str(patient_id), exc_info=error)
                return []
        notes = [(row, note_of(row, subject)) for row in rows]
        read = [(row, note) for row, note in notes if note is not None]
        labels = await asyncio.to_thread(self._labels, [note for _, note in read])
        return [
            Difference(
                patient_id=patient_id,
                entry_id=row.entry_id,
                revision=row.revision,
                before=before,
                after=after,
            )
            for (row, _), after in zip(read, labels, strict=True)
            for before in [highest(*map(Label, row.labels))]
            if after != before and not (row.by_item and after.rank < before.rank)
        ]

    def _labels(self, notes: Sequence[str]) -> list[Label]:
        lexicon = load_lexicon()
        return [
            highest(screen_note(note, lexicon).label, meaning.label)
            for note, meaning in zip(notes, read_or_ask(self.reader, notes), strict=True)
        ]

    async def _ask(self, patient_id: UUID, raised: Sequence[Difference]) -> None:
        sources = [
            Source(
                rule=REVIEW_RULE,
                reason="rescreened",
                entry_id=each.entry_id,
                revision=each.revision,
            )
            for each in raised
        ]
        async with clinic_transaction(self.pool, self.clinic_id) as connection:
            await put_on_task(connection, self.clinic_id, patient_id, REVIEW_RULE, sources)
