"""Check in a running system what must always hold."""

from models.invariant import INVARIANTS, broken_rows
from models.session import Connection


async def broken(connection: Connection, *, by_pager: bool = True) -> dict[str, int]:
    """Return the invariants that do not hold, with how many rows each is broken by.

    Args:
        connection: the pager's, or one that sees every row of every clinic.
        by_pager: leave out what the pager may not see.
    """
    found = {
        invariant.name: await broken_rows(connection, invariant)
        for invariant in INVARIANTS
        if invariant.by_pager or not by_pager
    }
    return {name: count for name, count in found.items() if count}
