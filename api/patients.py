"""The cohort: add a patient, list them, look one up."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api import cursor
from api.answer import answer, unless
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.care_team import Duty, MemberIn, PlanIn, join_all, plan_of
from api.decode import decode
from api.device_wire import require_zone
from api.errors import IdConflict, InvalidQuery, NotFound
from api.patient_view import PatientOut, PatientPage, opened, patient_out
from api.problem import Code, FieldError
from api.query import read_query
from models.audit import Act
from models.cohort import CohortRow, page_of_patients, patient_for, team_of
from models.course import open_course
from models.patient import NewPatient, create_patient
from models.subject_key import subject_for

EXPECTED_TRIALS = 2
"""Antidepressants that failed in treatment-resistant depression; fewer is worth a warning.

Source: spec, clinical section 1, fact 1.
"""
FIRST = UUID(int=0)
Short = Annotated[str, Meta(min_length=1, max_length=200)]


class Condition(StrEnum):
    """What ketamine is given for."""

    TRD = "trd"
    MDD = "mdd"
    BIPOLAR_DEPRESSION = "bipolar_depression"
    ANXIETY = "anxiety"
    PTSD = "ptsd"
    OCD = "ocd"
    CHRONIC_PAIN = "chronic_pain"
    SUICIDAL_IDEATION = "suicidal_ideation"


class PatientWarning(StrEnum):
    """What is unusual about a new patient; nothing is refused for it."""

    FEW_FAILED_TRIALS = "few_failed_trials"
    NO_CARE_TEAM = "no_care_team"


class PatientIn(Struct, forbid_unknown_fields=True):
    """Somebody who starts treatment and has agreed to it; whoever adds them makes the id."""

    id: UUID
    name: Short
    zone: Annotated[str, Meta(max_length=64)]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
    conditions: Annotated[list[Condition], Meta(min_length=1, max_length=8)]
    primary_condition: Condition
    mrn: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    birth_date: date | UnsetType = UNSET
    bipolar_history: bool = False
    failed_trials: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    intake_phq9_points: Annotated[int, Meta(ge=0, le=27)] | UnsetType = UNSET
    consent_version: Annotated[str, Meta(pattern=r"^[\w.-]{1,32}$")] = "1"
    plan: PlanIn = PlanIn()
    team: Annotated[list[MemberIn], Meta(max_length=50)] | UnsetType = UNSET


class PatientCreated(Struct):
    """A patient who was added."""

    id: UUID
    created_at: datetime
    warnings: list[PatientWarning]


class Place(Struct, array_like=True):
    """Where the list goes on."""

    id: UUID


@post(
    "/v1/patients",
    operation_id="createPatient",
    opt={"body": PatientIn, "answers": {200: PatientCreated, 201: PatientCreated}},
)
async def create_patient_record(
    request: AnyRequest, backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Add a patient with keys of their own, consent to care, a care team and a course."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        body = decode(raw, PatientIn, invalid=InvalidQuery).value
        check(body)
        person = person_in(body)
        fresh = await create_patient(visit.connection, backend.keyring, visit.clinic_id, person)
        stored = await patient_for(visit.connection, visit.clinic_id, body.id)
        if stored is None or not (fresh or await is_same(visit, person, stored)):
            raise IdConflict
        team = team_in(visit, body)
        if fresh:
            await settle(visit, body, team)
        warnings = warnings_for(body, team)
        out = PatientCreated(id=body.id, created_at=stored.created_at, warnings=warnings)
    return answer(out, status=201 if fresh else 200)


@get(
    "/v1/patients",
    operation_id="listPatients",
    opt={"answers": {200: PatientPage}, "filters": ()},
)
async def list_patients(request: AnyRequest, backend: NamedDependency[Backend]) -> Response[bytes]:
    """List the caller's patients; an administrator sees who they are and nothing of the diary."""
    query = read_query(request)
    async with authorised(request, backend) as visit:
        owner = (backend.keyring, "patients", visit.who.subject_id, visit.who.epoch)
        after = FIRST
        if query.cursor is not None:
            after = cursor.decode(*owner, query.cursor, into=Place).id
        rows = await page_of_patients(
            visit.connection,
            visit.clinic_id,
            visit.who.subject_id,
            everybody=visit.who.role == "admin",
            after=after,
            limit=query.limit + 1,
        )
        shown = rows[: query.limit]
        page = PatientPage([patient_out(row, await opened(visit, row), visit.who) for row in shown])
        if len(rows) > query.limit:
            page.next_cursor = cursor.encode(*owner, Place(shown[-1].id))
    return answer(page)


@get(
    "/v1/patients/{patient_id:uuid}",
    operation_id="getPatient",
    opt={"answers": {200: PatientOut}},
)
async def get_patient(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Look one patient up, with the care team."""
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        row = await patient_for(visit.connection, visit.clinic_id, patient_id)
        if row is None:
            raise NotFound
        team = await team_of(visit.connection, visit.clinic_id, patient_id)
        out = patient_out(row, await opened(visit, row), visit.who, team)
    return answer(out)


def check(body: PatientIn) -> None:
    """Refuse what cannot be: a zone nobody knows, a primary condition that is not one of them."""
    require_zone(body.zone, "/zone")
    if len(set(body.conditions)) != len(body.conditions):
        raise InvalidQuery(FieldError("/conditions", Code.DUPLICATE))
    if body.primary_condition not in body.conditions:
        raise InvalidQuery(FieldError("/primary_condition", Code.UNKNOWN_VALUE))


def person_in(body: PatientIn) -> NewPatient:
    """Read who starts treatment."""
    born = unless(body.birth_date)
    return NewPatient(
        id=body.id,
        name=body.name,
        zone=body.zone,
        language=body.language,
        conditions=body.conditions,
        primary_condition=body.primary_condition,
        mrn=unless(body.mrn),
        birth_date=None if born is None else born.isoformat(),
        bipolar_history=body.bipolar_history,
        failed_trials=unless(body.failed_trials),
        intake_phq9_points=unless(body.intake_phq9_points),
        consent_version=body.consent_version,
    )


def team_in(visit: Visit, body: PatientIn) -> list[MemberIn]:
    """Read who will treat them: without a word, the clinician who adds them."""
    if not isinstance(body.team, UnsetType):
        return body.team
    if visit.who.role != "clinician":
        return []
    return [MemberIn(practitioner_id=visit.who.subject_id, duty=Duty.RESPONSIBLE)]


async def settle(visit: Visit, body: PatientIn, team: list[MemberIn]) -> None:
    """Open the course, put the team together, and write down who did."""
    await open_course(
        visit.connection,
        visit.clinic_id,
        body.id,
        plan_of(body.plan),
        actor_id=visit.who.subject_id,
    )
    await join_all(visit, body.id, team)
    await visit.audit(
        Act(action="patient.create", object_type="patient", object_id=body.id, patient_id=body.id)
    )


async def is_same(visit: Visit, person: NewPatient, stored: CohortRow) -> bool:
    """Say whether a patient is just the one a repeated request adds; zone and language move on."""
    keys = await subject_for(visit.connection, visit.backend.keyring, visit.clinic_id, stored.id)
    sealed = {"name": stored.name_ct, "mrn": stored.mrn_ct, "birth_date": stored.birth_date_ct}
    clear = {
        column: None if value is None else keys.open_text(f"patient.{column}", stored.id, value)
        for column, value in sealed.items()
    }
    return clear == {"name": person.name, "mrn": person.mrn, "birth_date": person.birth_date} and (
        sorted(person.conditions),
        person.primary_condition,
    ) == (sorted(stored.conditions), stored.primary_condition)


def warnings_for(body: PatientIn, team: list[MemberIn]) -> list[PatientWarning]:
    """Say what is unusual."""
    trials = unless(body.failed_trials)
    checks = {
        PatientWarning.FEW_FAILED_TRIALS: (
            Condition.TRD in body.conditions and trials is not None and trials < EXPECTED_TRIALS
        ),
        PatientWarning.NO_CARE_TEAM: not team,
    }
    return [warning for warning, found in checks.items() if found]


HANDLERS = [create_patient_record, list_patients, get_patient]
