"""An everyday entry, and how a phone sends one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from models.ids import uuid7
from tests.cast import CANARY, Person

DARK = "I want to die."
"""What the screen must never miss; from the development cases."""


def entry(**changes: Any) -> dict[str, Any]:
    """Write an everyday entry, with some members changed; None leaves one out."""
    now = datetime.now(UTC)
    body: dict[str, Any] = {
        "occurred_at": now.isoformat(),
        "zone": "Etc/UTC",
        "local_date": now.date().isoformat(),
        "form": "daily_depression@1",
        "language": "en",
        "answers": {"low_mood": 4, "anhedonia": 3, "dissociation": 0, "si_daily": 0},
        "side_effects": [],
        "note": f"Slept better, still tired. {CANARY}",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


async def put(
    api: httpx.AsyncClient, who: Person, body: dict[str, Any], entry_id: UUID | None = None
) -> httpx.Response:
    """Send an entry as its phone would."""
    return await api.put(f"/v1/entries/{entry_id or uuid7()}", json=body, headers=who.headers)
