"""Ids are made by whoever makes the row."""

from uuid import UUID

import uuid_utils


def uuid7() -> UUID:
    """Make a time-ordered id in the application; no sequence ever numbers clinic data."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
