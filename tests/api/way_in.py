"""The way in as fixtures: the routes that let people in, and a room where one asks who one is."""

from collections.abc import AsyncGenerator

import pytest
from litestar import get, post
from litestar.di import NamedDependency, Provide

from api import (
    devices,
    enrolments,
    grace,
    sessions,
    staff_accounts,
    staff_sessions,
    staff_sign_in,
)
from api.assembly import assemble
from api.backend import AnyRequest, Backend, entered, open_backend
from api.body import read_body
from clinical.instruments import registry
from settings import Settings
from tests.api.colleague import Colleague, employ
from tests.api.phone import Door, Phone
from tests.cast import Clock, Person


@get("/v1/whoami")
async def read_probe(request: AnyRequest, backend: NamedDependency[Backend]) -> dict[str, str]:
    """Say who asks: what any operation does first."""
    async with entered(request, backend, "patient", "staff", "console") as (_, who):
        return {"kind": who.kind, "subject_id": str(who.subject_id)}


@post("/v1/whoami", status_code=200)
async def write_probe(request: AnyRequest, backend: NamedDependency[Backend]) -> dict[str, str]:
    """Say who asks, of an operation that would change something."""
    await read_body(request, limit=1024)
    async with entered(request, backend, "patient", "staff", "console") as (_, who):
        return {"kind": who.kind, "subject_id": str(who.subject_id)}


@pytest.fixture
async def door(settings: Settings) -> AsyncGenerator[Door]:
    """Open the way in, with a room behind it where one can ask who one is."""
    async with open_backend(
        database_url=settings.database_url.get_secret_value(),
        redis_url=settings.redis_url.get_secret_value(),
        root_key=settings.root_key_bytes,
        known=registry(None),
    ) as backend:
        routes = [
            *enrolments.HANDLERS,
            *sessions.HANDLERS,
            *grace.HANDLERS,
            *devices.HANDLERS,
            *staff_accounts.HANDLERS,
            *staff_sign_in.HANDLERS,
            *staff_sessions.HANDLERS,
            read_probe,
            write_probe,
        ]
        provide = Provide(lambda: backend, sync_to_thread=False)
        app = assemble(
            routes, hosts=["localhost"], in_prod=False, dependencies={"backend": provide}
        )
        yield Door(app=app, backend=backend)


@pytest.fixture
async def phone(door: Door) -> AsyncGenerator[Phone]:
    """Hold a new phone with the app on it."""
    async with door.client() as client:
        yield Phone(client=client)


@pytest.fixture
async def bo(door: Door, dr_bo: Person, clock: Clock) -> AsyncGenerator[Colleague]:
    """Meet dr_bo with a password and an authenticator, at a browser."""
    async with door.client("198.51.100.20") as client:
        yield await employ(door, client, dr_bo, clock)
