"""The way into a request for those who may take it, by the table in `actions.py`.

The role and the kind of session are checked before anything is looked up, the relationship with
the patient after it. Another clinic's id is not found, like one that nobody ever made.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from api.actions import OPERATIONS, RULES, Action, Rule
from api.backend import AnyRequest, Backend, entered
from api.errors import CareRelationshipRequired, Forbidden, NotFound, StepUpRequired
from api.log import current_request_id
from models.audit import Act, Actor, record_audit
from models.care import Care, care_between, reach_of
from models.colleague import Colleague, colleague_for
from models.gate import Entered
from models.session import Connection, clinic_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One authorised request: the caller, their transaction, and what they may do in it."""

    connection: Connection
    who: Entered
    action: Action
    backend: Backend

    @property
    def clinic_id(self) -> UUID:
        """The caller's clinic, the only one there is for them."""
        return self.who.clinic_id

    @property
    def actor(self) -> Actor:
        """The caller as an audit row names them."""
        return Actor(
            clinic_id=self.who.clinic_id,
            id=self.who.subject_id,
            role=self.who.role,
            session_id=self.who.session_id,
            request_id=current_request_id(),
        )

    async def audit(self, *acts: Act) -> None:
        """Write down what the caller does here."""
        await record_audit(self.connection, self.actor, *acts)

    async def require_patient(self, patient_id: UUID) -> Care:
        """Look up the patient and what the caller has to do with them.

        Raises:
            NotFound: this clinic has no such patient.
            CareRelationshipRequired: it has, and they are not this clinician's.
        """
        care = await care_between(self.connection, self.clinic_id, patient_id, self.who.subject_id)
        if care is None:
            raise NotFound
        related = care.exists if RULES[self.action].on_call else care.assigned
        if self.who.role == "clinician" and not related:
            raise CareRelationshipRequired
        return care

    async def require_alert(self, alert_id: UUID) -> Care:
        """Look up an alert and what the caller has to do with it: who answered it still has.

        Raises:
            NotFound: this clinic has no such alert, or it is about nobody of theirs to know of.
            CareRelationshipRequired: it is about a patient who is not theirs.
        """
        reach = await reach_of(self.connection, self.clinic_id, alert_id, self.who.subject_id)
        if reach is None:
            raise NotFound
        if reach.patient_id is None:
            if not reach.paged:
                raise NotFound
            return Care(assigned=False, paged_at=None, now=self.who.entered_at)
        care = await care_between(
            self.connection, self.clinic_id, reach.patient_id, self.who.subject_id
        )
        if care is None:
            raise NotFound
        if not (care.exists or reach.answered):
            raise CareRelationshipRequired
        return care

    async def require_practitioner(self, practitioner_id: UUID) -> Colleague:
        """Look up a colleague.

        Raises:
            NotFound: nobody of this id works, or worked, at this clinic.
        """
        colleague = await colleague_for(self.connection, self.clinic_id, practitioner_id)
        if colleague is None:
            raise NotFound
        return colleague

    def require_text(self, care: Care) -> None:
        """Make sure that the caller may read what this patient, or a colleague, wrote.

        Raises:
            Forbidden: the role reads no text.
            StepUpRequired: the staff app needs a fresh proof of identity.
            CareRelationshipRequired: the page that gave access is too old.
        """
        check(self.who, RULES[Action.READ_TEXT])
        if not care.reads_text:
            raise CareRelationshipRequired


@asynccontextmanager
async def authorised(request: AnyRequest, backend: Backend) -> AsyncGenerator[Visit]:
    """Open the transaction of a request that its operation's rule allows.

    A refusal takes back what was written and leaves an audit row of its own.
    """
    action = OPERATIONS[str(request.route_handler.operation_id)]
    rule = RULES[action]
    visit: Visit | None = None
    try:
        async with entered(request, backend, *rule.kinds) as (connection, who):
            visit = Visit(connection=connection, who=who, action=action, backend=backend)
            check(who, rule)
            yield visit
    except (NotFound, Forbidden, CareRelationshipRequired, StepUpRequired):
        if visit is not None:
            await _record_denial(visit, request.path_params)
        raise


def check(who: Entered, rule: Rule) -> None:
    """Refuse a role that may not do this, and a proof of identity that is too old."""
    if who.role not in rule.roles:
        raise Forbidden
    for name in (who.kind, who.role):
        oldest = rule.step_up.get(name)
        if oldest is None:
            continue
        if who.step_up_at is None or who.entered_at - who.step_up_at > oldest:
            raise StepUpRequired


async def _record_denial(visit: Visit, path: Mapping[str, object]) -> None:
    """Write down who was refused what; another clinic's id and a random one leave the same row."""
    ids = {name: value for name, value in path.items() if isinstance(value, UUID)}
    denied = Act(
        action=visit.action,
        object_type=visit.action.partition(".")[0],
        object_id=next(reversed(ids.values()), None),
        patient_id=ids.get("patient_id"),
        outcome="denied",
    )
    async with clinic_transaction(
        visit.backend.pool, visit.clinic_id, role=visit.who.role
    ) as connection:
        await record_audit(connection, visit.actor, denied)
