"""Work that is done for nobody, so that nobody is refused as slowly as somebody."""

import os
from uuid import UUID

from models.gate import take
from models.session import Connection

NOBODY = UUID(int=0)
"""A clinic that is not there: row security shows nothing in it."""


async def write_for_nobody(connection: Connection) -> None:
    """Write a row that means nothing: a commit waits for the disk only when something changed."""
    await take(connection, "nobody", os.urandom(1), per_second=1, burst=1)
