"""The diary of an invented patient, read, sealed and stored as any other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import msgspec

from afterglow.demo_notes import IN_NEED
from afterglow.demo_room import Room
from afterglow.simulated_patient import Simulated, Written
from api.backend import enter_with
from api.intake import Arrival, EntryIn, SideEffectIn, prepare
from models.ids import uuid7
from models.ingest import Revision, store_past
from models.session import enter_clinic
from models.sign_in import NewSession, issue_access, open_session, revoke_sessions

AT_ONCE = 200
"""Entries in one statement, as many as the server takes in a batch."""
ARRIVES_AFTER = timedelta(seconds=4)
MINUTES_IN_NEED = 3


async def keep_diary(
    room: Room, patient: Simulated, patient_id: UUID, infusions: Sequence[UUID]
) -> int:
    """Write the diary as the patient's own phone, read and sealed like any other."""
    arrival = await arrive(room, patient_id)
    written = [*patient.entries(), *cry_for_help(patient, room.now)]
    revisions = (revision(arrival, patient, entry, infusions) for entry in written)
    while batch := [*islice(revisions, AT_ONCE)]:
        await store_past(room.connection, arrival.writer, batch)
    await enter_clinic(room.connection, room.clinic_id)
    await revoke_sessions(room.connection, room.clinic_id, patient_id, reason="demo")
    return len(written)


async def arrive(room: Room, patient_id: UUID) -> Arrival:
    """Enter as the patient."""
    new = NewSession(kind="patient", subject_id=patient_id)
    session_id = await open_session(room.connection, room.clinic_id, new)
    token = await issue_access(room.connection, session_id)
    me = await enter_with(room.connection, token, "patient")
    return Arrival.of(room.backend, me)


def revision(
    arrival: Arrival, patient: Simulated, entry: Written, infusions: Sequence[UUID]
) -> Revision:
    """Prepare one entry by the rules that every entry passes."""
    answers: Mapping[str, int | str] = entry.answers
    body = EntryIn(
        occurred_at=entry.at,
        zone=str(patient.zone),
        local_date=entry.local_date,
        form=entry.form,
        language=patient.sketch.language,
        answers=dict(answers),
        side_effects=[SideEffectIn(id=name, severity=rank) for name, rank in entry.side_effects],
        infusion_id=msgspec.UNSET if entry.infusion is None else infusions[entry.infusion],
        note=msgspec.UNSET if entry.note is None else entry.note,
    )
    on_arrival = replace(arrival, me=replace(arrival.me, entered_at=entry.at + ARRIVES_AFTER))
    return prepare(on_arrival, uuid7(), body, b"")


def cry_for_help(patient: Simulated, now: datetime) -> Iterator[Written]:
    """Write what the one patient wrote just now about whom the clinic is paged."""
    if not patient.sketch.in_need:
        return
    at = now - timedelta(minutes=MINUTES_IN_NEED)
    usual = {"dissociation": 0, "activation": 0, "side_effects": 0}
    yield Written(
        at=at,
        local_date=at.astimezone(patient.zone).date(),
        form=patient.scale.form,
        answers=patient.core(9) | usual | {"si_daily": 1},
        note=IN_NEED,
    )
