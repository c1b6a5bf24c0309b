"""What is neither clear nor nothing: the patient is asked, and called when no answer comes."""

from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from models.alert import Source
from models.session import Connection, Pool, clinic_transaction
from models.task import put_on_task

SCREENER = "asq@1"
CALL_BACK_RULE = "ideation.call_back"
ASKED_FOR = timedelta(hours=12)
"""How long an unanswered question stands. Source: spec, ideation 6."""
SILENT_AFTER = timedelta(minutes=10)
CALL_WITHIN = timedelta(hours=2)
"""Source of both: as above."""
MOST_AT_ONCE = 200

OPEN_QUESTION = """
SELECT max(s.screened_at) FROM screening s JOIN entry_revision r
    ON r.clinic_id = s.clinic_id AND r.patient_id = s.patient_id
    AND r.entry_id = s.entry_id AND r.revision = s.revision
WHERE s.clinic_id = $1 AND s.patient_id = $2 AND s.label = 'review'
  AND s.reason <> 'model_missing' AND s.screened_at > app_now() - $3::interval
  AND s.screened_at < r.stored_at + interval '1 hour' AND r.form <> $4
  AND NOT EXISTS (
    SELECT FROM entry_revision a WHERE a.clinic_id = $1 AND a.patient_id = $2 AND a.form = $4
      AND a.stored_at >= s.screened_at)
"""
"""An answered screener, whatever it says, ends the asking until a new text is for review."""

SILENT = "SELECT * FROM gate.silent($1, $2, $3, $4, $5)"


async def open_question(
    connection: Connection, clinic_id: UUID, patient_id: UUID
) -> datetime | None:
    """Say since when the app should show the screener; None when there is nothing to ask."""
    since: datetime | None = await connection.fetchval(
        OPEN_QUESTION, clinic_id, patient_id, ASKED_FOR, SCREENER
    )
    return since


async def call_back(pool: Pool) -> int:
    """Make a task to call each patient who was asked and did not answer; return how many."""
    async with pool.acquire() as connection:
        records = await connection.fetch(
            SILENT, SILENT_AFTER, ASKED_FOR, SCREENER, CALL_BACK_RULE, MOST_AT_ONCE
        )
    whose = itemgetter("clinic_id", "patient_id")
    made = 0
    for (clinic_id, patient_id), group in groupby(sorted(records, key=whose), key=whose):
        async with clinic_transaction(pool, clinic_id) as connection:
            now: datetime = await connection.fetchval("SELECT app_now()")
            made += await put_on_task(
                connection,
                clinic_id,
                patient_id,
                CALL_BACK_RULE,
                [
                    Source(
                        rule=CALL_BACK_RULE,
                        reason="no_answer",
                        entry_id=each["entry_id"],
                        revision=each["revision"],
                    )
                    for each in group
                ],
                assigned_profession="nurse",
                due_at=now + CALL_WITHIN,
            )
    return made
