"""What the tests of the staff side share: sign-ins, alerts raised, pages on their way."""

from dataclasses import replace
from uuid import UUID

from models.alert import Source, raise_alert
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.sign_in import NewSession, issue_access, open_session
from tests.cast import Person

INSERT_FINDING = """
INSERT INTO finding (clinic_id, id, patient_id, rule, period, severity, because, numbers,
    local_date, rules_version)
VALUES ($1, $2, $3, $4, $5, $6, 'lost 3.1 of 5.2 points', '{"lost": 3.1, "gained": 5.2}',
    '2026-03-01', '1')
"""

INSERT_DELIVERY = """
INSERT INTO delivery (clinic_id, id, alert_id, round, step, practitioner_id, endpoint_id, channel,
    kind, severity_rank, state, due_at, collapse_tag, handle)
SELECT e.clinic_id, $4::uuid, a.id, a.round, $5, e.practitioner_id, e.id, e.channel, 'page',
    a.severity_rank, 'pending', app_now(), 'tag', $4::uuid::text
FROM endpoint e, alert a
WHERE e.clinic_id = $1 AND e.practitioner_id = $3 AND a.clinic_id = $1 AND a.id = $2
"""


async def sign_in(pool: Pool, person: Person, kind: str, *, stepped_up: bool = True) -> Person:
    """Open one more session of somebody."""
    async with clinic_transaction(pool, person.clinic_id) as db:
        new = NewSession(kind=kind, subject_id=person.id, stepped_up=stepped_up)
        session = await open_session(db, person.clinic_id, new)
        return replace(person, session_id=session, token=await issue_access(db, session))


async def at_console(pool: Pool, person: Person, *, stepped_up: bool = True) -> Person:
    """Sign somebody in at the console."""
    return await sign_in(pool, person, "console", stepped_up=stepped_up)


async def raised(
    pool: Pool,
    patient: Person,
    *,
    severity: str = "emergency",
    rule: str = "symptom_return.half_lost_twice",
    period: int = 0,
) -> UUID:
    """Raise an alert about a patient from a finding."""
    async with clinic_transaction(pool, patient.clinic_id) as db:
        finding = uuid7()
        await db.execute(
            INSERT_FINDING, patient.clinic_id, finding, patient.id, rule, period, severity
        )
        return await raise_alert(
            db,
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
            severity=severity,
            rule=rule,
            period=period,
            sources=[Source(rule=rule, reason="finding", finding_id=finding)],
        )


async def paged(pool: Pool, person: Person, alert_id: UUID, *, step: int = 0) -> UUID:
    """Put a page about an alert on its way to somebody."""
    delivery = uuid7()
    async with clinic_transaction(pool, person.clinic_id) as db:
        done = await db.execute(
            INSERT_DELIVERY, person.clinic_id, alert_id, person.id, delivery, step
        )
    assert done == "INSERT 0 1"
    return delivery


async def audit_of(db: Connection, object_id: UUID) -> list[tuple[str, str, UUID | None]]:
    """Return what the audit says of one record: action, outcome, actor."""
    rows = await db.fetch(
        "SELECT action, outcome, actor_id FROM audit_event WHERE object_id = $1 ORDER BY at, id",
        object_id,
    )
    return [(row["action"], row["outcome"], row["actor_id"]) for row in rows]
