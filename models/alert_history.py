"""What happened to an alert, in the order it was committed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from models.ids import uuid7
from models.session import Connection

INSERT_HISTORY = """
INSERT INTO alert_history (clinic_id, id, alert_id, patient_id, actor_id, kind, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def add_history(
    connection: Connection,
    clinic_id: UUID,
    alert_id: UUID,
    patient_id: UUID | None,
    kind: str,
    *,
    detail: Mapping[str, Any] | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Write down what happened to an alert: ids and codes, never words."""
    await connection.execute(
        INSERT_HISTORY, clinic_id, uuid7(), alert_id, patient_id, actor_id, kind, detail or {}
    )
