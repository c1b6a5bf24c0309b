"""Readings around an infusion: stored and graded. This is not a bedside monitor."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from api.answer import answer
from api.authorise import authorised
from api.backend import AnyRequest, Backend
from api.body import ENTRY_LIMIT, read_body
from api.decode import decode
from api.errors import IdConflict, InvalidQuery, NotFound
from api.problem import Code, FieldError
from clinical.treatment import Alarm, alarms_for, hypertension_grade
from models.audit import Act
from models.treatment import infusion_for
from models.vital import Reading, StoredReading, readings_of, record_readings

MOST_READINGS = 200
"""Readings of one request: every 15 minutes for half a day."""
HIGHEST_SPO2 = 100


class VitalKind(StrEnum):
    """What was measured; the unit is mm[Hg], /min or %."""

    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    HEART_RATE = "heart_rate"
    SPO2 = "spo2"


class Moment(StrEnum):
    """When in the visit."""

    BEFORE = "before"
    DURING = "during"
    END = "end"
    DISCHARGE = "discharge"


class ReadingIn(Struct, forbid_unknown_fields=True):
    """One reading; its recorder makes the id."""

    id: UUID
    kind: VitalKind
    value: Annotated[float, Meta(ge=1, lt=400)]
    moment: Moment
    measured_at: Annotated[datetime, Meta(tz=True)]


class ReadingsIn(Struct, forbid_unknown_fields=True):
    """Readings of one infusion."""

    readings: Annotated[list[ReadingIn], Meta(min_length=1, max_length=MOST_READINGS)]


class ReadingOut(Struct):
    """One reading with its unit."""

    id: UUID
    kind: str
    value: float
    unit: str
    moment: str
    measured_at: datetime
    measured_by: UUID


class MomentOut(Struct):
    """What was read at one instant: CTCAE grade of the pressure, and what is beyond the limits."""

    measured_at: datetime
    moment: str
    hypertension_grade: int
    alarms: list[Alarm]
    readings: list[ReadingOut]


class VitalsOut(Struct):
    """Every reading of an infusion, by time."""

    moments: list[MomentOut]


@post(
    "/v1/patients/{patient_id:uuid}/infusions/{infusion_id:uuid}/vitals",
    operation_id="createVitals",
    status_code=200,
    opt={"body": ReadingsIn, "answers": {200: VitalsOut}},
)
async def create_vitals(
    request: AnyRequest,
    patient_id: FromPath[UUID],
    infusion_id: FromPath[UUID],
    backend: NamedDependency[Backend],
) -> Response[bytes]:
    """Store readings, have them assessed, answer all of the infusion; repeated, nothing changes."""
    raw = await read_body(request, limit=ENTRY_LIMIT)
    async with authorised(request, backend) as visit:
        await visit.require_patient(patient_id)
        where = (visit.connection, visit.clinic_id)
        if await infusion_for(*where, patient_id, infusion_id) is None:
            raise NotFound
        body = decode(raw, ReadingsIn, invalid=InvalidQuery).value
        stored = await record_readings(
            *where,
            patient_id,
            infusion_id,
            readings_in(body, infusion_id),
            measured_by=visit.who.subject_id,
        )
        if not stored:
            raise IdConflict
        await visit.audit(
            Act(
                action="vital.record",
                object_type="infusion",
                object_id=infusion_id,
                patient_id=patient_id,
            )
        )
        out = VitalsOut(moments_out(await readings_of(*where, [infusion_id])))
    backend.hints.add(visit.clinic_id, patient_id)
    return answer(out)


def readings_in(body: ReadingsIn, infusion_id: UUID) -> Sequence[Reading]:
    """Read the readings; of what has a natural end nothing can lie beyond it."""
    for n, each in enumerate(body.readings):
        if each.kind is VitalKind.SPO2 and each.value > HIGHEST_SPO2:
            raise InvalidQuery(FieldError(f"/readings/{n}/value", Code.OUT_OF_RANGE))
    return [
        Reading(
            id=each.id,
            infusion_id=infusion_id,
            kind=each.kind,
            value=each.value,
            moment=each.moment,
            measured_at=each.measured_at,
        )
        for each in body.readings
    ]


def moments_out(stored: Iterable[StoredReading]) -> list[MomentOut]:
    """Put readings of one instant together and grade them."""
    groups: dict[tuple[datetime, str], list[StoredReading]] = defaultdict(list)
    for each in stored:
        groups[each.measured_at, each.moment].append(each)
    return [moment_out(at, moment, group) for (at, moment), group in groups.items()]


def moment_out(at: datetime, moment: str, group: Sequence[StoredReading]) -> MomentOut:
    """Grade what was read at one instant; of two readings of a kind the later row counts."""
    values = {each.kind: each.value for each in group}
    return MomentOut(
        measured_at=at,
        moment=moment,
        hypertension_grade=hypertension_grade(values.get("systolic"), values.get("diastolic")),
        alarms=alarms_for(**values),
        readings=[
            ReadingOut(
                id=each.id,
                kind=each.kind,
                value=each.value,
                unit=each.unit,
                moment=each.moment,
                measured_at=each.measured_at,
                measured_by=each.measured_by,
            )
            for each in group
        ],
    )


HANDLERS = [create_vitals]
