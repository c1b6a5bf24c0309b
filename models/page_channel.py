"""The name pagers listen under, and the cheapest question a connection can be asked."""

from datetime import datetime

from models.session import Connection

PAGE_CHANNEL = "afterglow_page"


async def probe(connection: Connection) -> datetime:
    """Ask the database for its time; an answer says that the connection lives."""
    now: datetime = await connection.fetchval("SELECT app_now()")
    return now
