"""Where the demo clinic is filled: one transaction, and the people who treat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.backend import Backend
from models.session import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The transaction that fills the clinic, and who works there."""

    connection: Connection
    backend: Backend
    clinic_id: UUID
    team: Sequence[UUID]
    now: datetime
