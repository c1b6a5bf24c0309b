"""Hand a patient, or a colleague, the code that links their phone."""

from datetime import datetime
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from api.answer import answer
from api.authorise import Visit, authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.codes import draw_code_for
from api.decode import decode
from api.errors import InvalidQuery
from models.audit import Act
from models.enrolment import CODE_LIFE, ROOM_LIFE, Issued


class CodeIn(Struct, forbid_unknown_fields=True):
    """How the code is handed over: shown in the room it lives 15 minutes, else 72 hours."""

    in_room: bool = False


class CodeOut(Struct):
    """A code, shown this once; it ends every code the person had before."""

    code: str
    expires_at: datetime


@post(
    "/v1/patients/{patient_id:uuid}/enrolment-codes",
    operation_id="createPatientCode",
    opt={"body": CodeIn, "answers": {201: CodeOut}},
)
async def create_patient_code(
    request: AnyRequest, patient_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Draw a code that links a patient's phone."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        body = decode(raw, CodeIn, invalid=InvalidQuery).value
        issued = await draw_code_for(
            backend,
            visit.connection,
            visit.clinic_id,
            patient_id=patient_id,
            created_by=visit.who.subject_id,
            life=ROOM_LIFE if body.in_room else CODE_LIFE,
        )
        await audited(visit, "patient", patient_id, patient_id)
    return shown(issued)


@post(
    "/v1/practitioners/{practitioner_id:uuid}/enrolment-codes",
    operation_id="createPractitionerCode",
    opt={"body": CodeIn, "answers": {201: CodeOut}},
)
async def create_practitioner_code(
    request: AnyRequest, practitioner_id: FromPath[UUID], backend: NamedDependency[Backend]
) -> Response[bytes]:
    """Draw a code with which a colleague chooses a password and an authenticator."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_practitioner(practitioner_id)
        body = decode(raw, CodeIn, invalid=InvalidQuery).value
        issued = await draw_code_for(
            backend,
            visit.connection,
            visit.clinic_id,
            practitioner_id=practitioner_id,
            created_by=visit.who.subject_id,
            life=ROOM_LIFE if body.in_room else CODE_LIFE,
        )
        await audited(visit, "practitioner", practitioner_id, None)
    return shown(issued)


async def audited(visit: Visit, object_type: str, object_id: UUID, patient_id: UUID | None) -> None:
    """Write down who drew a code for whom."""
    await visit.audit(
        Act(
            action="enrolment_code.issue",
            object_type=object_type,
            object_id=object_id,
            patient_id=patient_id,
        )
    )


def shown(issued: Issued) -> Response[bytes]:
    """Answer with the code."""
    return answer(CodeOut(code=issued.text, expires_at=issued.expires_at), status=201)


HANDLERS = [create_patient_code, create_practitioner_code]
