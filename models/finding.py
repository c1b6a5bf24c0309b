"""What a rule said of a chart. FHIR: DetectedIssue."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clinical.finding import Finding as FindingOfRule
from models.alert import Source, raise_alert
from models.ids import uuid7
from models.second_reading import NOT_READ
from models.session import Connection

INSERT_FINDING = """
INSERT INTO finding (clinic_id, id, patient_id, rule, period, severity, because, numbers,
    local_date, rules_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (clinic_id, patient_id, rule, period) DO NOTHING RETURNING id
"""

MARK_ASSESSED = f"""
UPDATE entry SET assessed_at = app_now()
WHERE clinic_id = $1 AND patient_id = $2 AND assessed_at IS NULL AND received_at <= $3
  AND id NOT IN (SELECT e.id {NOT_READ})
"""
"""An entry that the second reading has not read stays where the sweep finds it."""

MARK_CHART = """
UPDATE patient SET assessed_at = $3
WHERE clinic_id = $1 AND id = $2 AND (assessed_at IS NULL OR assessed_at < $3)
"""

UNASSESSED = "SELECT * FROM gate.unassessed($1, $2)"


async def raise_findings(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    found: Sequence[FindingOfRule],
    *,
    rules_version: str,
) -> int:
    """Store the findings that are new and raise an alert for each episode, all or none of it."""
    fresh: dict[tuple[str, int], list[tuple[FindingOfRule, Source]]] = defaultdict(list)
    for each in found:
        finding_id = await keep_finding(
            connection, clinic_id, patient_id, each, rules_version=rules_version
        )
        if finding_id is not None:
            source = Source(rule=each.rule, reason="finding", finding_id=finding_id)
            episode = each.period if each.episode is None else each.episode
            fresh[each.rule, episode].append((each, source))
    for (rule, episode), new in fresh.items():
        await raise_alert(
            connection,
            clinic_id=clinic_id,
            patient_id=patient_id,
            severity=max((finding.severity for finding, _ in new), key=lambda each: each.rank),
            rule=rule,
            period=episode,
            sources=[source for _, source in new],
            due_at=await due_at(connection, [finding for finding, _ in new]),
        )
    return sum(len(new) for new in fresh.values())


async def keep_finding(
    connection: Connection,
    clinic_id: UUID,
    patient_id: UUID,
    found: FindingOfRule,
    *,
    rules_version: str,
) -> UUID | None:
    """Store a finding and return its id; None when its rule and period were told before."""
    finding_id: UUID | None = await connection.fetchval(
        INSERT_FINDING,
        clinic_id,
        uuid7(),
        patient_id,
        found.rule,
        found.period,
        found.severity,
        found.because,
        dict(found.numbers),
        found.local_date,
        rules_version,
    )
    return finding_id


async def due_at(connection: Connection, found: Sequence[FindingOfRule]) -> datetime | None:
    """Say by when a task must be done, the soonest of several; None is no task."""
    within = [each.due_within for each in found if each.due_within is not None]
    if not within:
        return None
    due: datetime = await connection.fetchval("SELECT app_now() + $1::interval", min(within))
    return due


async def mark_assessed(
    connection: Connection, clinic_id: UUID, patient_id: UUID, as_of: datetime
) -> None:
    """Note that everything received by an instant was seen, by the rules and by the model."""
    await connection.execute(MARK_ASSESSED, clinic_id, patient_id, as_of)
    await connection.execute(MARK_CHART, clinic_id, patient_id, as_of)


async def unassessed_patients(
    connection: Connection, *, older_than: timedelta, most: int
) -> list[tuple[UUID, UUID]]:
    """List clinic and patient of entries that no rule has seen, the longest waiting first."""
    records = await connection.fetch(UNASSESSED, older_than, most)
    return [(record["clinic_id"], record["patient_id"]) for record in records]
