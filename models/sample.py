"""Notes in which nothing was found, drawn by lot and read by a human: what is missed in use."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from models.alert import Source, raise_alert
from models.session import Connection, Pool, clinic_transaction

SAMPLE_RULE = "ideation.sample"
SHARE = 0.01
FEWEST_A_WEEK = 50
"""So many of an installation's quiet notes are read in a week, all of them where there are fewer.

Source of both: spec, ideation section 9.
"""
OLDEST = timedelta(days=8)
NEWEST = timedelta(days=1)
"""Drawn is what is a day old and not yet eight: by then every reading of it is done."""
READ_WITHIN = timedelta(days=7)

DRAWN = "SELECT * FROM gate.drawn($1, $2, $3, $4, $5)"

NEXT_PERIOD = """
SELECT coalesce(max(period) + 1, 0) FROM alert
WHERE clinic_id = $1 AND patient_id = $2 AND rule = $3
"""

VERDICTS = """
SELECT r.language, h.detail ->> 'useful' AS speaks, count(*) AS notes
FROM alert a
JOIN alert_source o ON o.clinic_id = a.clinic_id AND o.alert_id = a.id AND o.rule = a.rule
JOIN entry_revision r ON r.clinic_id = o.clinic_id AND r.patient_id = o.patient_id
    AND r.entry_id = o.entry_id AND r.revision = o.revision
JOIN alert_history h ON h.clinic_id = a.clinic_id AND h.alert_id = a.id AND h.kind = 'resolved'
WHERE a.clinic_id = $1 AND a.rule = $2 AND a.opened_at > app_now() - $3::interval
GROUP BY r.language, speaks
"""
"""`speaks` is what the reader said with `useful`: yes, no, or nothing where it is unsure."""


async def draw_sample(pool: Pool) -> int:
    """Make a task to read each note that is drawn; return how many were."""
    async with pool.acquire() as connection:
        records = await connection.fetch(DRAWN, SHARE, FEWEST_A_WEEK, NEWEST, OLDEST, SAMPLE_RULE)
    for record in records:
        async with clinic_transaction(pool, record["clinic_id"]) as connection:
            await _ask(connection, **dict(record))
    return len(records)


async def _ask(
    connection: Connection, clinic_id: UUID, patient_id: UUID, entry_id: UUID, revision: int
) -> None:
    """Make one task: every note is judged by itself."""
    now: datetime = await connection.fetchval("SELECT app_now()")
    await raise_alert(
        connection,
        clinic_id=clinic_id,
        patient_id=patient_id,
        severity="routine",
        rule=SAMPLE_RULE,
        period=await connection.fetchval(NEXT_PERIOD, clinic_id, patient_id, SAMPLE_RULE),
        sources=[Source(rule=SAMPLE_RULE, reason="drawn", entry_id=entry_id, revision=revision)],
        due_at=now + READ_WITHIN,
    )


async def verdicts(
    connection: Connection, clinic_id: UUID, age: timedelta
) -> Mapping[tuple[str, bool | None], int]:
    """Count what readers found in a clinic's drawn notes: by language and by their answer."""
    answers = {"true": True, "false": False}
    records = await connection.fetch(VERDICTS, clinic_id, SAMPLE_RULE, age)
    return {(each["language"], answers.get(each["speaks"])): each["notes"] for each in records}
