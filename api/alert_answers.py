"""A human answers: acknowledge, give back, act, resolve."""

from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType

from api.answer import answer, given, unless
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import (
    AlreadyAcked,
    AlreadyResolved,
    IdConflict,
    InvalidQuery,
    NotFound,
    OutcomeRequired,
)
from api.log import log
from api.problem import Code, FieldError
from models.acknowledge import (
    AckedByOther,
    Answered,
    IsResolved,
    acknowledge,
    act,
    lock_alert,
    resolve,
    unacknowledge,
)
from models.audit import Act
from models.cipher import Unreadable
from models.practitioner import name_of
from models.sample import SAMPLE_RULE
from models.subject_key import subject_for

LONGEST_NOTE = 10_000
"""Code points of what a clinician writes about an alert; the same as a diary note."""


class Outcome(StrEnum):
    """What somebody did about an alert, or how it ended."""

    CALLED_SPOKE = "called_spoke"
    CALLED_NO_ANSWER = "called_no_answer"
    SAFETY_PLAN = "safety_plan"
    EMERGENCY_SERVICES = "emergency_services"
    NOT_AT_RISK = "not_at_risk"
    OTHER = "other"


class ActionIn(Struct, forbid_unknown_fields=True):
    """What was done; the caller may make the id, so that a repeated request is one action."""

    code: Outcome
    id: UUID | UnsetType = UNSET


class ResolutionIn(Struct, forbid_unknown_fields=True):
    """How it ended, what the next colleague must know, and whether the alert was worth raising.

    Of a note that was drawn by lot, `useful` says whether it does speak of suicide; neither yes nor
    no is "unsure". It needs no note.
    """

    outcome: Outcome | UnsetType = UNSET
    useful: bool | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] | UnsetType = UNSET


class AnsweredOut(Struct, omit_defaults=True):
    """The alert as it stands after an answer."""

    id: UUID
    state: str
    acks: int
    acks_needed: int
    acked_at: datetime | UnsetType = UNSET
    acked_by: UUID | UnsetType = UNSET
    action_due_at: datetime | UnsetType = UNSET
    next_step_at: datetime | UnsetType = UNSET
    resolved_at: datetime | UnsetType = UNSET
    resolved_by: UUID | UnsetType = UNSET
    outcome: str | UnsetType = UNSET


ANSWERS = {"answers": {200: AnsweredOut}}


@post(
    "/v1/alerts/{alert_id:uuid}/acknowledge",
    operation_id="acknowledgeAlert",
    status_code=200,
    opt=ANSWERS,
)
async def acknowledge_alert(
    request: AnyRequest, alert_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Take the alert on: paging stops. Within 30 minutes something must have been done."""
    async with authorised(request, backend) as visit:
        alert = await locked(visit, alert_id)
        try:
            after = await acknowledge(
                visit.connection, visit.clinic_id, alert, visit.who.subject_id
            )
        except AckedByOther as other:
            raise await already_acked(visit, other.alert) from None
        await written(visit, after, "alert.acknowledge")
    return answer(answered_out(after))


@post(
    "/v1/alerts/{alert_id:uuid}/unacknowledge",
    operation_id="unacknowledgeAlert",
    status_code=200,
    opt=ANSWERS,
)
async def unacknowledge_alert(
    request: AnyRequest, alert_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Give the alert back: it rings again, from the first step."""
    async with authorised(request, backend) as visit:
        alert = await locked(visit, alert_id)
        try:
            after = await unacknowledge(
                visit.connection, visit.clinic_id, alert, visit.who.subject_id
            )
        except IsResolved as over:
            raise already_resolved(over.alert) from None
        await written(visit, after, "alert.unacknowledge")
    return answer(answered_out(after))


@post(
    "/v1/alerts/{alert_id:uuid}/actions",
    operation_id="recordAlertAction",
    status_code=200,
    opt={"body": ActionIn, **ANSWERS},
)
async def record_alert_action(
    request: AnyRequest, alert_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Record what was done; on an open alert it is an acknowledgement as well."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        alert = await locked(visit, alert_id)
        body = decode(raw, ActionIn, invalid=InvalidQuery).value
        try:
            after = await act(
                visit.connection,
                visit.clinic_id,
                alert,
                visit.who.subject_id,
                body.code,
                action_id=unless(body.id),
            )
        except IsResolved as over:
            raise already_resolved(over.alert) from None
        if after is None:
            raise IdConflict
        await written(visit, after, "alert.act")
    return answer(answered_out(after))


@post(
    "/v1/alerts/{alert_id:uuid}/resolve",
    operation_id="resolveAlert",
    status_code=200,
    opt={"body": ResolutionIn, **ANSWERS},
)
async def resolve_alert(
    request: AnyRequest, alert_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """End the alert with an outcome and a note; nothing else ends one."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        alert = await locked(visit, alert_id)
        body = decode(raw, ResolutionIn, invalid=InvalidQuery).value
        outcome, note = ending(body, alert)
        try:
            after = await resolve(
                visit.connection,
                visit.clinic_id,
                alert,
                visit.who.subject_id,
                outcome=outcome,
                note_ct=await sealed(visit, alert, note),
                useful=unless(body.useful),
            )
        except IsResolved as over:
            raise already_resolved(over.alert) from None
        await written(visit, after, "alert.resolve", "outcome", "note")
    if alert.rule == SAMPLE_RULE and body.useful is True:
        log.error("screening.missed", alert_id=alert.id)
    return answer(answered_out(after))


async def locked(visit: Visit, alert_id: UUID) -> Answered:
    """Lock an alert that the caller may answer."""
    await visit.require_alert(alert_id)
    alert = await lock_alert(visit.connection, visit.clinic_id, alert_id)
    if alert is None:
        raise NotFound
    return alert


def ending(body: ResolutionIn, alert: Answered) -> tuple[str, str]:
    """Read how an alert ended; a test page, about nobody, and a drawn note need no note."""
    needs_note = alert.patient_id is not None and alert.rule != SAMPLE_RULE
    note = "" if body.note is UNSET else body.note.strip()
    missing = [
        FieldError(f"/{name}", Code.MISSING)
        for name, absent in (
            ("outcome", body.outcome is UNSET),
            ("note", not note and needs_note),
        )
        if absent
    ]
    if missing or body.outcome is UNSET:
        raise OutcomeRequired(*missing)
    return body.outcome, note


async def sealed(visit: Visit, alert: Answered, note: str) -> bytes | None:
    """Encrypt what the clinician wrote under the patient's key: it is about the patient."""
    if alert.patient_id is None or not note:
        return None
    keys = await subject_for(
        visit.connection, visit.backend.keyring, visit.clinic_id, alert.patient_id
    )
    return keys.seal_text("alert.note", alert.id, note)


async def written(visit: Visit, alert: Answered, action: str, *fields: str) -> None:
    """Write down who answered, in the same transaction."""
    await visit.audit(
        Act(
            action=action,
            object_type="alert",
            object_id=alert.id,
            patient_id=alert.patient_id,
            fields=fields,
        )
    )


async def already_acked(visit: Visit, alert: Answered) -> AlreadyAcked:
    """Say who has the alert, and since when."""
    members: dict[str, object] = {"acked_by": alert.acked_by, "acked_at": alert.acked_at}
    if alert.acked_by is not None:
        with suppress(Unreadable):  # a key can be gone; the id still says who
            members["acked_by_name"] = await name_of(
                visit.connection, visit.backend.keyring, visit.clinic_id, alert.acked_by
            )
    return AlreadyAcked(members=members)


def already_resolved(alert: Answered) -> AlreadyResolved:
    """Say who ended the alert, when and how."""
    return AlreadyResolved(
        members={
            "resolved_by": alert.resolved_by,
            "resolved_at": alert.resolved_at,
            "outcome": alert.outcome,
        }
    )


def answered_out(alert: Answered) -> AnsweredOut:
    """Put an alert into the answer."""
    return AnsweredOut(
        id=alert.id,
        state=alert.state,
        acks=len(alert.ackers),
        acks_needed=alert.acks_needed,
        acked_at=given(alert.acked_at),
        acked_by=given(alert.acked_by),
        action_due_at=given(alert.action_due_at),
        next_step_at=given(alert.next_step_at),
        resolved_at=given(alert.resolved_at),
        resolved_by=given(alert.resolved_by),
        outcome=given(alert.outcome),
    )


HANDLERS = [acknowledge_alert, unacknowledge_alert, record_alert_action, resolve_alert]
