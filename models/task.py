"""One open task of a patient and rule: what comes later joins it, or a new one once it is done."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from models.alert import Source, raise_alert
from models.session import Connection

ASKED = """
SELECT entry_id, revision FROM alert_source
WHERE clinic_id = $1 AND patient_id = $2 AND rule = $3 AND entry_id IS NOT NULL
"""

NEWEST_TASK = """
SELECT period, state FROM alert WHERE clinic_id = $1 AND patient_id = $2 AND rule = $3
ORDER BY period DESC LIMIT 1 FOR UPDATE
"""
"""Locked: a task that is being resolved takes no further text with it."""


async def put_on_task(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    rule: str,
    sources: Sequence[Source],
    *,
    assigned_profession: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Put texts on the patient's open task of a rule, or on a new one; False when all stood on one.

    What stood on a task before is left there: a human has read it, or will.
    """
    records = await connection.fetch(ASKED, clinic_id, patient_id, rule)
    asked = {(record["entry_id"], record["revision"]) for record in records}
    sources = [each for each in sources if (each.entry_id, each.revision) not in asked]
    if not sources:
        return False
    newest = await connection.fetchrow(NEWEST_TASK, clinic_id, patient_id, rule)
    await raise_alert(
        connection,
        clinic_id=clinic_id,
        patient_id=patient_id,
        severity="routine",
        rule=rule,
        period=newest["period"] + (newest["state"] == "resolved") if newest else 0,
        sources=sources,
        assigned_profession=assigned_profession,
        due_at=due_at,
    )
    return True
