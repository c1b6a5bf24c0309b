"""Who may do what: one table of actions, one of operations; what is in neither is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

TEXT_STEP_UP = timedelta(hours=12)
"""How old a step-up may be when the staff app reads text. Source: spec, security section 3."""
ADMIN_STEP_UP = timedelta(minutes=5)
"""How old it may be when people, codes or keys change. Source: spec, security section 3."""


class Action(StrEnum):
    """What somebody wants to do."""

    COME_IN = "session.open"
    KEEP_SESSION = "session.keep"
    READ_APP_CONFIG = "app_config.read"
    WATCH_HEALTH = "health.read"
    HAND_IN = "entry.hand_in"
    WRITE_DIARY = "entry.write"
    READ_DIARY = "entry.read"
    REGISTER_DEVICE = "device.register"
    CONFIRM_DEVICE = "device.confirm"
    SEE_ALERTS = "alert.read"
    ANSWER_ALERTS = "alert.answer"
    RESOLVE_ALERTS = "alert.resolve"
    SEE_COHORT = "patient.list"
    READ_CHART = "chart.read"
    READ_TEXT = "text.read"
    TREAT = "treatment.write"
    KEEP_COHORT = "patient.write"
    ISSUE_CODES = "enrolment_code.issue"
    SEE_PEOPLE = "practitioner.read"
    KEEP_PEOPLE = "practitioner.write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may take an action: session kinds, roles, and whether a patient must be theirs.

    `step_up` says, by role or kind of session, how old the last proof of identity may be.
    """

    kinds: frozenset[str]
    roles: frozenset[str]
    on_call: bool = False
    step_up: Mapping[str, timedelta] = field(default_factory=dict[str, timedelta])


def _rule(kinds: str, roles: str, *, on_call: bool = False, **step_up: timedelta) -> Rule:
    return Rule(
        kinds=frozenset(kinds.split()),
        roles=frozenset(roles.split()),
        on_call=on_call,
        step_up=step_up,
    )


PUBLIC = Rule(kinds=frozenset(), roles=frozenset())
"""Needs no session: the way in, and what an app shows before it."""

RULES = {
    Action.COME_IN: PUBLIC,
    Action.READ_APP_CONFIG: PUBLIC,
    Action.WATCH_HEALTH: PUBLIC,
    Action.HAND_IN: PUBLIC,
    Action.KEEP_SESSION: _rule("patient staff console", "patient clinician researcher admin"),
    Action.WRITE_DIARY: _rule("patient", "patient"),
    Action.READ_DIARY: _rule("patient", "patient"),
    Action.REGISTER_DEVICE: _rule("patient staff", "patient clinician researcher admin"),
    Action.CONFIRM_DEVICE: _rule("staff", "clinician researcher admin"),
    Action.SEE_ALERTS: _rule("staff console", "clinician", on_call=True),
    Action.ANSWER_ALERTS: _rule("staff console", "clinician", on_call=True),
    Action.RESOLVE_ALERTS: _rule("staff console", "clinician", on_call=True, staff=TEXT_STEP_UP),
    Action.SEE_COHORT: _rule("staff console", "clinician admin", on_call=True),
    Action.READ_CHART: _rule("staff console", "clinician", on_call=True),
    Action.READ_TEXT: _rule("staff console", "clinician", on_call=True, staff=TEXT_STEP_UP),
    Action.TREAT: _rule("console", "clinician"),
    Action.KEEP_COHORT: _rule("console", "clinician admin", admin=ADMIN_STEP_UP),
    Action.ISSUE_CODES: _rule("console", "clinician admin", admin=ADMIN_STEP_UP),
    Action.SEE_PEOPLE: _rule("staff console", "clinician admin"),
    Action.KEEP_PEOPLE: _rule("console", "admin", admin=ADMIN_STEP_UP),
}

OPERATIONS = {
    "getLiveness": Action.WATCH_HEALTH,
    "getReadiness": Action.WATCH_HEALTH,
    "getAppConfig": Action.READ_APP_CONFIG,
    "getDeviceNonce": Action.COME_IN,
    "createEnrolment": Action.COME_IN,
    "refreshSession": Action.COME_IN,
    "createActivation": Action.COME_IN,
    "confirmActivation": Action.COME_IN,
    "requestPasswordReset": Action.COME_IN,
    "createStaffSession": Action.COME_IN,
    "deleteSession": Action.KEEP_SESSION,
    "getStaffSession": Action.KEEP_SESSION,
    "stepUp": Action.KEEP_SESSION,
    "deleteStaffSession": Action.KEEP_SESSION,
    "handInEntry": Action.HAND_IN,
    "putEntry": Action.WRITE_DIARY,
    "patchEntry": Action.WRITE_DIARY,
    "deleteEntry": Action.WRITE_DIARY,
    "syncEntries": Action.WRITE_DIARY,
    "getEntry": Action.READ_DIARY,
    "listEntries": Action.READ_DIARY,
    "listChanges": Action.READ_DIARY,
    "putDevice": Action.REGISTER_DEVICE,
    "confirmDevice": Action.CONFIRM_DEVICE,
    "deleteDevice": Action.REGISTER_DEVICE,
    "listAlerts": Action.SEE_ALERTS,
    "getAlert": Action.SEE_ALERTS,
    "acknowledgeAlert": Action.ANSWER_ALERTS,
    "unacknowledgeAlert": Action.ANSWER_ALERTS,
    "recordAlertAction": Action.ANSWER_ALERTS,
    "resolveAlert": Action.RESOLVE_ALERTS,
    "listPatients": Action.SEE_COHORT,
    "getPatient": Action.SEE_COHORT,
    "createPatient": Action.KEEP_COHORT,
    "putTeamMember": Action.KEEP_COHORT,
    "deleteTeamMember": Action.KEEP_COHORT,
    "putCourse": Action.TREAT,
    "createPatientCode": Action.ISSUE_CODES,
    "createPractitionerCode": Action.KEEP_PEOPLE,
    "listPractitioners": Action.SEE_PEOPLE,
    "createPractitioner": Action.KEEP_PEOPLE,
    "patchPractitioner": Action.KEEP_PEOPLE,
    "getChart": Action.READ_CHART,
    "createInfusion": Action.TREAT,
    "patchInfusion": Action.TREAT,
    "createVitals": Action.TREAT,
    "createAppointment": Action.TREAT,
    "patchAppointment": Action.TREAT,
    "listAppointments": Action.READ_CHART,
}
"""Every operation of the API and the action it is; a route that is not here fails a test."""
