"""One patient as they go out: to a care team with how things stand, to others less."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.answer import given
from api.authorise import Visit
from models.cohort import CohortRow, Member
from models.gate import Entered
from models.subject_key import subject_for


class MemberOut(Struct):
    """Somebody on the care team."""

    practitioner_id: UUID
    duty: str
    since: datetime


class PatientOut(Struct, omit_defaults=True):
    """One patient; an administrator is shown who they are and nothing else."""

    id: UUID
    name: str
    created_at: datetime
    mrn: str | UnsetType = UNSET
    birth_date: str | UnsetType = UNSET
    ended_at: datetime | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    conditions: list[str] | UnsetType = UNSET
    primary_condition: str | UnsetType = UNSET
    bipolar_history: bool | UnsetType = UNSET
    failed_trials: int | UnsetType = UNSET
    intake_phq9_points: int | UnsetType = UNSET
    phase: str | UnsetType = UNSET
    last_infusion_on: date | UnsetType = UNSET
    last_entry_at: datetime | UnsetType = UNSET
    answered_days_of_14: int | UnsetType = UNSET
    open_emergencies: int | UnsetType = UNSET
    open_alerts: int | UnsetType = UNSET
    device_seen_at: datetime | UnsetType = UNSET
    team: list[MemberOut] | UnsetType = UNSET


class PatientPage(Struct, omit_defaults=True):
    """Some patients; without a cursor there is nobody after them."""

    items: list[PatientOut]
    next_cursor: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a patient is, in the clear."""

    name: str
    mrn: str | None
    birth_date: str | None


async def opened(visit: Visit, row: CohortRow) -> Identity:
    """Decrypt who a patient is."""
    keys = await subject_for(visit.connection, visit.backend.keyring, visit.clinic_id, row.id)

    def clear(column: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else keys.open_text(f"patient.{column}", row.id, sealed)

    return Identity(
        name=keys.open_text("patient.name", row.id, row.name_ct),
        mrn=clear("mrn", row.mrn_ct),
        birth_date=clear("birth_date", row.birth_date_ct),
    )


def patient_out(
    row: CohortRow, identity: Identity, reader: Entered, team: Sequence[Member] | None = None
) -> PatientOut:
    """Put a patient into the answer, as much as the reader's role may see."""
    out = PatientOut(
        id=row.id,
        name=identity.name,
        created_at=row.created_at,
        mrn=given(identity.mrn),
        birth_date=given(identity.birth_date),
        ended_at=given(row.ended_at),
    )
    if team is not None:
        out.team = [
            MemberOut(practitioner_id=each.practitioner_id, duty=each.duty, since=each.since)
            for each in team
        ]
    return with_state(out, row) if reader.role == "clinician" else out


def with_state(out: PatientOut, row: CohortRow) -> PatientOut:
    """Add how the diary, the treatment and the alerts stand."""
    out.zone, out.language = row.zone, row.language
    out.conditions, out.primary_condition = row.conditions, row.primary_condition
    out.bipolar_history = row.bipolar_history
    out.failed_trials = given(row.failed_trials)
    out.intake_phq9_points = given(row.intake_phq9_points)
    out.phase = given(row.phase)
    out.last_infusion_on = given(row.last_infusion_on)
    out.last_entry_at = given(row.last_entry_at)
    out.answered_days_of_14 = row.answered_days
    out.open_emergencies, out.open_alerts = row.open_emergencies, row.open_alerts
    out.device_seen_at = given(row.device_seen_at)
    return out
