"""Whose patient somebody is, and what their course is meant to be."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, delete, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api.answer import answer, given, unless
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import InvalidQuery, NotFound, UnknownReference
from api.problem import Code, FieldError
from models.acknowledge import reopen_owned
from models.audit import Act
from models.cohort import all_treat_here, leave_team
from models.course import OpenCourse, Plan, move_phase, plan_course
from models.practitioner import join_care_team

Count = Annotated[int, Meta(ge=1, le=1000)]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A code, never a sentence: sentences are encrypted, and this column is not."""


class Duty(StrEnum):
    """A place on a care team."""

    RESPONSIBLE = "responsible"
    COVERING = "covering"
    MEMBER = "member"


class Phase(StrEnum):
    """A phase that staff may move a course to; the first two begin by themselves."""

    MAINTENANCE = "maintenance"
    FOLLOW_UP = "follow_up"
    STOPPED = "stopped"


class MemberIn(Struct, forbid_unknown_fields=True):
    """Somebody on a new patient's care team."""

    practitioner_id: UUID
    duty: Duty = Duty.MEMBER


class DutyIn(Struct, forbid_unknown_fields=True):
    """What somebody is on a care team."""

    duty: Duty


class PlanIn(Struct, forbid_unknown_fields=True, frozen=True):
    """What a course is meant to be."""

    planned_infusions: Count | UnsetType = UNSET
    planned_window_days: Count | UnsetType = UNSET
    interval_days_target: Count | UnsetType = UNSET
    off_label: bool = True


class CourseIn(PlanIn, forbid_unknown_fields=True, frozen=True):
    """The plan, and with a reason the phase that staff have decided on."""

    phase: Phase | UnsetType = UNSET
    reason: Word | UnsetType = UNSET


class CourseOut(Struct, omit_defaults=True):
    """The open course."""

    id: UUID
    phase: str
    off_label: bool
    planned_infusions: int | UnsetType = UNSET
    planned_window_days: int | UnsetType = UNSET
    interval_days_target: int | UnsetType = UNSET


class MembershipOut(Struct):
    """Somebody's place on a care team."""

    patient_id: UUID
    practitioner_id: UUID
    duty: str


@put(
    "/v1/patients/{patient_id:uuid}/team/{practitioner_id:uuid}",
    operation_id="putTeamMember",
    opt={"body": DutyIn, "answers": {200: MembershipOut}},
)
async def put_team_member(
    request: AnyRequest,
    patient_id: FromPath[UUID],
    practitioner_id: FromPath[UUID],
    backend: NamedDependency[Backend],
) -> Response[bytes]:
    """Put somebody on the care team, or change what they are there."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        if not await all_treat_here(visit.connection, visit.clinic_id, [practitioner_id]):
            raise NotFound
        body = decode(raw, DutyIn, invalid=InvalidQuery).value
        await join_all(visit, patient_id, [MemberIn(practitioner_id, body.duty)])
        out = MembershipOut(patient_id, practitioner_id, body.duty)
    return answer(out)


@delete(
    "/v1/patients/{patient_id:uuid}/team/{practitioner_id:uuid}",
    operation_id="deleteTeamMember",
    status_code=204,
)
async def delete_team_member(
    request: AnyRequest,
    patient_id: FromPath[UUID],
    practitioner_id: FromPath[UUID],
    backend: NamedDependency[Backend],
) -> None:
    """Take somebody off the care team; what they had taken on there rings again."""
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        where = (visit.connection, visit.clinic_id)
        if not await leave_team(*where, patient_id, practitioner_id):
            raise NotFound
        await reopen_owned(*where, practitioner_id, reason="left_team", patient_id=patient_id)
        await visit.audit(team_act("care_team.leave", patient_id, practitioner_id))


@put(
    "/v1/patients/{patient_id:uuid}/course",
    operation_id="putCourse",
    opt={"body": CourseIn, "answers": {200: CourseOut}},
)
async def put_course(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Plan the course, or move it to another phase; warnings compare infusions with the plan."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        body = decode(raw, CourseIn, invalid=InvalidQuery).value
        phase, reason = unless(body.phase), unless(body.reason)
        if phase is not None and reason is None:
            raise InvalidQuery(FieldError("/reason", Code.MISSING))
        me = visit.who.subject_id
        where = (visit.connection, visit.clinic_id, patient_id)
        course = await plan_course(*where, plan_of(body), actor_id=me)
        if phase is not None and reason is not None and phase != course.phase:
            await move_phase(*where, course.id, phase, reason=reason, actor_id=me)
        await visit.audit(
            Act(
                action="course.plan",
                object_type="course",
                object_id=course.id,
                patient_id=patient_id,
                fields=("plan",) if phase is None else ("plan", "phase"),
            )
        )
    return answer(course_out(course, phase))


async def join_all(visit: Visit, patient_id: UUID, team: Sequence[MemberIn]) -> None:
    """Put people on a care team.

    Raises:
        UnknownReference: one of them is no clinician who works here.
    """
    ids = [member.practitioner_id for member in team]
    if not await all_treat_here(visit.connection, visit.clinic_id, ids):
        raise UnknownReference(FieldError("/team", Code.UNKNOWN_VALUE))
    for member in team:
        await join_care_team(
            visit.connection,
            visit.clinic_id,
            patient_id,
            member.practitioner_id,
            duty=member.duty,
        )
        await visit.audit(team_act("care_team.join", patient_id, member.practitioner_id))


def team_act(action: str, patient_id: UUID, practitioner_id: UUID) -> Act:
    """Describe a change of a care team."""
    return Act(
        action=action,
        object_type="practitioner",
        object_id=practitioner_id,
        patient_id=patient_id,
        fields=("duty",),
    )


def plan_of(body: PlanIn) -> Plan:
    """Read what a course is meant to be."""
    return Plan(
        planned_infusions=unless(body.planned_infusions),
        planned_window_days=unless(body.planned_window_days),
        interval_days_target=unless(body.interval_days_target),
        off_label=body.off_label,
    )


def course_out(course: OpenCourse, phase: str | None) -> CourseOut:
    """Put the course into the answer."""
    return CourseOut(
        id=course.id,
        phase=phase or course.phase,
        off_label=course.off_label,
        planned_infusions=given(course.planned_infusions),
        planned_window_days=given(course.planned_window_days),
        interval_days_target=given(course.interval_days_target),
    )


HANDLERS = [put_team_member, delete_team_member, put_course]
