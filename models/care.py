"""Whether a practitioner has to do with a patient: on the care team, or paged about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.session import Connection

TEXT_WHILE_ON_CALL = timedelta(hours=24)
"""How long after a page somebody outside the care team may read what the patient wrote.

Source: spec, security section 4.
"""

CARE = """
SELECT EXISTS (
        SELECT FROM membership m
        WHERE m.clinic_id = $1 AND m.patient_id = $2 AND m.practitioner_id = $3
          AND (m.until IS NULL OR m.until > app_now())
    ) AS assigned,
    (
        SELECT max(d.created_at) FROM alert a
        JOIN delivery d ON d.clinic_id = a.clinic_id AND d.alert_id = a.id
        WHERE a.clinic_id = $1 AND a.patient_id = $2 AND a.state <> 'resolved'
          AND d.practitioner_id = $3
    ) AS paged_at,
    app_now() AS now
FROM patient p WHERE p.clinic_id = $1 AND p.id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What somebody has to do with a patient of their clinic."""

    assigned: bool
    paged_at: datetime | None
    now: datetime

    @property
    def on_call(self) -> bool:
        """Say whether they were paged about an alert of this patient that is still open."""
        return self.paged_at is not None

    @property
    def exists(self) -> bool:
        """Say whether they have to do with the patient at all."""
        return self.assigned or self.on_call

    @property
    def reads_text(self) -> bool:
        """Say whether they may read what the patient wrote."""
        if self.assigned:
            return True
        return self.paged_at is not None and self.now - self.paged_at < TEXT_WHILE_ON_CALL


async def care_between(
    connection: Connection, clinic_id: UUID, patient_id: UUID, practitioner_id: UUID
) -> Care | None:
    """Look up what a practitioner has to do with a patient; None when there is no such patient."""
    row = await connection.fetchrow(CARE, clinic_id, patient_id, practitioner_id)
    return None if row is None else Care(**dict(row))


REACH = """
SELECT a.patient_id,
    $3 IN (a.acked_by, a.resolved_by) AS answered,
    EXISTS (SELECT FROM delivery d
        WHERE d.clinic_id = $1 AND d.alert_id = $2 AND d.practitioner_id = $3) AS paged
FROM alert a WHERE a.clinic_id = $1 AND a.id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What somebody has to do with one alert: they answered it, or were paged about it."""

    patient_id: UUID | None
    answered: bool | None
    paged: bool


async def reach_of(
    connection: Connection, clinic_id: UUID, alert_id: UUID, practitioner_id: UUID
) -> Reach | None:
    """Look up what somebody has to do with an alert; None when the clinic has none of this id."""
    row = await connection.fetchrow(REACH, clinic_id, alert_id, practitioner_id)
    return None if row is None else Reach(**dict(row))
