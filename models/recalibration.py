"""A clinic's own thresholds: how they came to be, and which are in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from clinical.assess import WATCH_VERSION
from clinical.calibration import SHIPPED, Calibration
from clinical.conformal import Realised, Recut
from clinical.return_watch import IMPROVEMENT_LOST
from clinical.symptom_return import HALF_LOST_TWICE
from models.ids import uuid7
from models.session import Connection

RETURNS = [IMPROVEMENT_LOST, HALF_LOST_TWICE]
"""The rules whose alerts say that symptoms are back."""

MADE = """
SELECT made_at, tier, new_threshold, alarms, blocks FROM recalibration
WHERE clinic_id = $1 AND basis = $2 ORDER BY made_at
"""

MADE_LATELY = """
SELECT EXISTS (SELECT FROM recalibration
               WHERE clinic_id = $1 AND basis = $2 AND made_at > app_now() - $3::interval)
"""

LOCK_CLINIC = "SELECT FROM clinic WHERE id = $1 FOR NO KEY UPDATE"
"""Two workers never recalibrate one clinic at once; nothing else waits for this."""

INSERT_RECALIBRATION = """
INSERT INTO recalibration (clinic_id, id, tier, basis, nominal, old_threshold, new_threshold,
    blocks, rank, alarms, rate, rate_low, rate_high, held)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""

TREATED = """
SELECT DISTINCT patient_id FROM infusion WHERE clinic_id = $1 ORDER BY patient_id
"""

SEEN = """
SELECT f.patient_id, f.local_date FROM alert a
JOIN alert_source s ON s.clinic_id = a.clinic_id AND s.alert_id = a.id
JOIN finding f ON f.clinic_id = s.clinic_id AND f.id = s.finding_id
WHERE a.clinic_id = $1 AND a.rule = ANY ($2)
  AND EXISTS (SELECT FROM alert_history h WHERE h.clinic_id = a.clinic_id AND h.alert_id = a.id
                AND h.kind = 'resolved' AND h.detail ->> 'useful' = 'true')
"""

ANSWERED = """
SELECT count(*) AS alerts, count(*) FILTER (WHERE EXISTS (
    SELECT FROM alert_history h WHERE h.clinic_id = a.clinic_id AND h.alert_id = a.id
      AND h.kind = 'resolved' AND h.detail ->> 'useful' IN ('true', 'false'))) AS answered
FROM alert a
WHERE a.clinic_id = $1 AND a.rule = ANY ($2) AND a.opened_at < app_now() - $3::interval
  AND a.severity <> 'notice'
"""
"""A notice rings nobody, so nobody is asked whether it was useful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Alerts of a return that are old enough, and those that somebody has judged."""

    alerts: int
    answered: int


def basis() -> str:
    """Name what thresholds were cut from: those of another release are not carried over."""
    cuts = ",".join(f"{cut.tier} {cut.threshold:g}/{cut.nominal:g}" for cut in SHIPPED.cuts)
    watch = f"{IMPROVEMENT_LOST}@{WATCH_VERSION}"
    return f"{SHIPPED.version}; floor {SHIPPED.floor:g}; {cuts}; {watch}"


async def calibration_of(connection: Connection, clinic_id: UUID) -> Calibration:
    """Give the thresholds in force in a clinic, with those before; as shipped until it has own."""
    found = SHIPPED
    for row in await connection.fetch(MADE, clinic_id, basis()):
        since = first_day(row["made_at"])
        if since != found.since:
            version = f"{SHIPPED.version}.clinic-{row['made_at']:%Y-%m-%d}"
            found = replace(found, version=version, since=since, earlier=found)
        realised = Realised(alarms=row["alarms"], blocks=row["blocks"])
        found = with_cut(found, row["tier"], row["new_threshold"], realised)
    return found


def first_day(made_at: datetime) -> date:
    """Give the first day that is judged by what was made then."""
    return made_at.date() + timedelta(days=1)


def with_cut(of: Calibration, tier: str, threshold: float, realised: Realised) -> Calibration:
    """Put one tier's threshold in the place of the old one."""
    cuts = tuple(
        replace(cut, threshold=threshold, realised=str(realised)) if cut.tier == tier else cut
        for cut in of.cuts
    )
    return replace(of, cuts=cuts)


async def is_due(connection: Connection, clinic_id: UUID, every: timedelta) -> bool:
    """Say whether a clinic's last recalibration lies so far back."""
    return not await connection.fetchval(MADE_LATELY, clinic_id, basis(), every)


async def store_recalibration(
    connection: Connection, clinic_id: UUID, found: Sequence[Recut], *, held: bool, every: timedelta
) -> bool:
    """Store what was cut, unless somebody else just did."""
    await connection.execute(LOCK_CLINIC, clinic_id)
    if not await is_due(connection, clinic_id, every):
        return False
    for each in found:
        realised = each.realised
        low, high = realised.interval if realised.known else (None, None)
        await connection.execute(
            INSERT_RECALIBRATION,
            clinic_id,
            uuid7(),
            each.cut.tier,
            basis(),
            each.cut.nominal,
            each.old,
            each.cut.threshold,
            realised.blocks,
            each.rank,
            realised.alarms,
            realised.rate if realised.known else None,
            low,
            high,
            held,
        )
    return True


async def treated_patients(connection: Connection, clinic_id: UUID) -> list[UUID]:
    """List who was ever given an infusion."""
    return [row["patient_id"] for row in await connection.fetch(TREATED, clinic_id)]


async def returns_seen(connection: Connection, clinic_id: UUID) -> dict[UUID, set[date]]:
    """Give, by patient, the days of alerts of a return that somebody resolved as useful."""
    found: dict[UUID, set[date]] = {}
    for row in await connection.fetch(SEEN, clinic_id, RETURNS):
        found.setdefault(row["patient_id"], set()).add(row["local_date"])
    return found


async def answers_of(connection: Connection, clinic_id: UUID, *, older_than: timedelta) -> Answers:
    """Count the alerts of a return, and those that somebody said to be useful or not."""
    row = await connection.fetchrow(ANSWERED, clinic_id, RETURNS, older_than)
    return Answers(**dict(row)) if row else Answers(alerts=0, answered=0)
