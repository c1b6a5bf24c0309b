"""A valid request of every operation of the staff side that changes something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from models.session import Pool
from tests.cast import Person, Ward
from tests.staff_side import at_console, paged, raised, sign_in

AT = "2026-01-05T10:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Ana's clinic, with one of everything that can be changed."""

    pool: Pool
    ana: Person
    clinician: Person
    phone: Person
    admin: Person
    nurse: Person
    alert_id: UUID
    infusion_id: UUID
    appointment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One operation that changes something: who may, where, with what."""

    method: str
    path: Callable[[Stage], str]
    body: Callable[[Stage], dict[str, Any]]
    by: str = "clinician"
    creates: str | None = None

    def who(self, stage: Stage) -> Person:
        """Find who may."""
        person: Person = getattr(stage, self.by)
        return person

    async def send(
        self,
        api: httpx.AsyncClient,
        stage: Stage,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Make the request, or the same with another body or other headers."""
        sent: dict[str, Any] = {"json": self.body(stage)} if content is None else {}
        if content is not None:
            sent = {"content": content}
        return await api.request(
            self.method,
            self.path(stage),
            headers={
                **self.who(stage).headers,
                "If-Match": '"1"',
                "Content-Type": "application/json",
                **(headers or {}),
            },
            **sent,
        )


def patient(rest: str = "") -> Callable[[Stage], str]:
    """Name a path below ana's."""
    return lambda stage: f"/v1/patients/{stage.ana.id}{rest}"


def alert(rest: str) -> Callable[[Stage], str]:
    """Name a path below the alert's."""
    return lambda stage: f"/v1/alerts/{stage.alert_id}/{rest}"


def always(**body: Any) -> Callable[[Stage], dict[str, Any]]:
    """Send the same body every time."""
    return lambda _: body


def with_id(**body: Any) -> Callable[[Stage], dict[str, Any]]:
    """Send a body with a new id every time."""
    return lambda _: {"id": str(uuid4()), **body}


CHANGES = {
    "recordAlertAction": Change(method="POST", path=alert("actions"), body=always(code="other")),
    "resolveAlert": Change(
        method="POST", path=alert("resolve"), body=always(outcome="other", note="all is well")
    ),
    "createPatient": Change(
        method="POST",
        path=lambda _: "/v1/patients",
        body=with_id(
            name="Ida",
            zone="UTC",
            language="en",
            conditions=["ocd"],
            primary_condition="ocd",
        ),
        creates="patient",
    ),
    "putTeamMember": Change(
        method="PUT",
        path=lambda stage: f"/v1/patients/{stage.ana.id}/team/{stage.nurse.id}",
        body=always(duty="member"),
    ),
    "putCourse": Change(method="PUT", path=patient("/course"), body=always(planned_infusions=6)),
    "createInfusion": Change(
        method="POST",
        path=patient("/infusions"),
        body=with_id(started_at="2026-02-05T10:00:00Z"),
        creates="infusion",
    ),
    "patchInfusion": Change(
        method="PATCH",
        path=lambda stage: f"/v1/patients/{stage.ana.id}/infusions/{stage.infusion_id}",
        body=always(started_at=AT, dose_mg=40),
    ),
    "createVitals": Change(
        method="POST",
        path=lambda stage: f"/v1/patients/{stage.ana.id}/infusions/{stage.infusion_id}/vitals",
        body=lambda _: {
            "readings": [
                {
                    "id": str(uuid4()),
                    "kind": "spo2",
                    "value": 98,
                    "moment": "during",
                    "measured_at": AT,
                }
            ]
        },
    ),
    "createAppointment": Change(
        method="POST",
        path=patient("/appointments"),
        body=with_id(planned_at=AT, escort_name="Marta"),
        creates="appointment",
    ),
    "patchAppointment": Change(
        method="PATCH",
        path=lambda stage: f"/v1/patients/{stage.ana.id}/appointments/{stage.appointment_id}",
        body=always(escort_confirmed=True),
    ),
    "createPatientCode": Change(
        method="POST", path=patient("/enrolment-codes"), body=always(in_room=True)
    ),
    "createPractitionerCode": Change(
        method="POST",
        path=lambda stage: f"/v1/practitioners/{stage.nurse.id}/enrolment-codes",
        body=always(in_room=True),
        by="admin",
    ),
    "createPractitioner": Change(
        method="POST",
        path=lambda _: "/v1/practitioners",
        body=with_id(name="Eve", mail="eve@north.example", role="clinician", profession="nurse"),
        by="admin",
        creates="practitioner",
    ),
    "patchPractitioner": Change(
        method="PATCH",
        path=lambda stage: f"/v1/practitioners/{stage.nurse.id}",
        body=always(profession="therapist"),
        by="admin",
    ),
}
WITHOUT_BODY = {"acknowledgeAlert", "unacknowledgeAlert", "deleteTeamMember"}


async def set_stage(api: httpx.AsyncClient, ward: Ward, ana: Person, dr_bo: Person) -> Stage:
    """Put one of everything on stage."""
    clinician = await at_console(ward.pool, dr_bo)
    nurse = await ward.practitioner("nia", profession="nurse")
    infusion, appointment = uuid4(), uuid4()
    path = f"/v1/patients/{ana.id}"
    for what, body in (
        ("infusions", {"id": str(infusion), "started_at": AT}),
        ("appointments", {"id": str(appointment), "planned_at": "2026-05-05T10:00:00Z"}),
    ):
        answer = await api.post(f"{path}/{what}", headers=clinician.headers, json=body)
        assert answer.status_code == 201, answer.text
    alert_id = await raised(ward.pool, ana)
    await paged(ward.pool, dr_bo, alert_id)
    return Stage(
        pool=ward.pool,
        ana=ana,
        clinician=clinician,
        phone=await sign_in(ward.pool, dr_bo, "staff"),
        admin=await at_console(ward.pool, await ward.practitioner("al", role="admin")),
        nurse=nurse,
        alert_id=alert_id,
        infusion_id=infusion,
        appointment_id=appointment,
    )
