"""Fill the demo clinic through the functions that the API uses, in one transaction: all or nothing.

The past is written as past, where the tables say when something was: entries count as received
when they were written, courses as opened on their first day. What the audit and the alerts say
is of today. The database's clock is left alone.
"""

from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from afterglow.demo import (
    CLINIC_CODE,
    CLINIC_COUNTRY,
    CLINIC_NAME,
    CLINIC_ZONE,
    LOGINS,
    DemoLogin,
)
from afterglow.demo_cohort import COHORT, Sketch
from afterglow.demo_diary import keep_diary
from afterglow.demo_room import Room
from afterglow.demo_treatment import treat
from afterglow.simulated_patient import Scale, Simulated
from api.backend import Backend, open_backend
from clinical.instruments import registry
from models.audit import Act, Actor, record_audit
from models.clinic import create_clinic
from models.gate import read_clock
from models.ids import uuid7
from models.patient import NewPatient, create_patient
from models.practitioner import NewPractitioner, create_practitioner, join_care_team
from models.session import Connection
from models.staff_login import Credentials, activate
from settings import Settings

SEED = 20_260_101
FIRST_RECORD = 1001


async def fill(settings: Settings) -> int:
    """Open the demo clinic with its people and their diaries; return the number of entries."""
    async with (
        open_backend(
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
            root_key=settings.root_key_bytes,
            known=registry(settings.instrument_dir),
        ) as backend,
        backend.pool.acquire() as connection,
        connection.transaction(),
    ):
        room = await open_room(backend, connection)
        return sum([await admit(room, n, sketch) for n, sketch in enumerate(COHORT)])


async def open_room(backend: Backend, connection: Connection) -> Room:
    """Open the clinic and let its people choose what they sign in with."""
    clinic_id = await create_clinic(
        connection,
        backend.keyring,
        code=CLINIC_CODE,
        name=CLINIC_NAME,
        zone=CLINIC_ZONE,
        country=CLINIC_COUNTRY,
    )
    opened = Act(action="clinic.create", object_type="clinic", object_id=clinic_id)
    await record_audit(connection, Actor(clinic_id=clinic_id, role="demo"), opened)
    people = [await hire(backend, connection, clinic_id, login) for login in LOGINS]
    treating = [one for one, login in zip(people, LOGINS, strict=True) if login.role == "clinician"]
    return Room(
        connection=connection,
        backend=backend,
        clinic_id=clinic_id,
        team=treating,
        now=await read_clock(connection),
    )


async def hire(backend: Backend, connection: Connection, clinic_id: UUID, login: DemoLogin) -> UUID:
    """Add somebody who signs in with a published password."""
    person = NewPractitioner(
        name=login.name, mail=login.mail, role=login.role, profession=login.profession
    )
    practitioner_id = await create_practitioner(
        connection, backend.keyring, clinic_id, CLINIC_CODE, person
    )
    credentials = Credentials(
        password_hash=await backend.passwords.hash(login.password),
        totp_seed=login.totp_seed,
        totp_counter=0,
    )
    await activate(connection, backend.keyring, clinic_id, practitioner_id, credentials)
    return practitioner_id


async def admit(room: Room, number: int, sketch: Sketch) -> int:
    """Add one patient with everything up to today; return the number of entries."""
    rng = Random(SEED + number)  # noqa: S311 # an invented life, no secret
    known = room.backend.registry
    form = known.forms[known.daily_for[sketch.condition]]
    core = form.composite.items if form.composite else ()
    patient = Simulated(
        sketch=sketch,
        rng=rng,
        scale=Scale(form=form.name, core=core),
        zone=ZoneInfo(CLINIC_ZONE),
        now=room.now,
    )
    first, second, nurse = room.team
    responsible, covering = (first, second) if number % 2 == 0 else (second, first)
    patient_id = await add(room, patient, number)
    for member, duty in ((responsible, "responsible"), (covering, "covering"), (nurse, "member")):
        await join_care_team(room.connection, room.clinic_id, patient_id, member, duty=duty)
    infusions = await treat(room, patient, patient_id, responsible)
    return await keep_diary(room, patient, patient_id, infusions)


async def add(room: Room, patient: Simulated, number: int) -> UUID:
    """Add the patient's record."""
    sketch, rng = patient.sketch, patient.rng
    person = NewPatient(
        id=uuid7(),
        name=sketch.name,
        zone=CLINIC_ZONE,
        language=sketch.language,
        conditions=[sketch.condition, *sketch.also],
        primary_condition=sketch.condition,
        mrn=f"DEMO-{FIRST_RECORD + number}",
        birth_date=f"{rng.randint(1955, 2004)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        bipolar_history=sketch.bipolar,
        failed_trials=rng.randint(2, 5),
        intake_phq9_points=patient.intake_points(),
    )
    await create_patient(room.connection, room.backend.keyring, room.clinic_id, person)
    return person.id
