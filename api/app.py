"""The application: routes, what every handler works with, errors, and the edge around it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from api import (
    alerts,
    appointments,
    care_team,
    changes,
    chart,
    devices,
    enrolment_codes,
    enrolments,
    entries,
    grace,
    infusions,
    patients,
    practitioners,
    sessions,
    staff_accounts,
    staff_sessions,
    staff_sign_in,
    sync,
    vitals,
)
from api.app_config import app_config_route
from api.assembly import assemble
from api.backend import Backend, can_serve, open_backend
from api.health import get_liveness, readiness_route
from api.log import configure_log, hook_crashes
from clinical.instruments import registry
from models.failpoint import arm
from settings import Environment, Settings, load

PHONE = (entries, grace, sync, changes, enrolments, sessions, devices)
STAFF_SIGN_IN = (staff_accounts, staff_sign_in, staff_sessions)
STAFF = (
    alerts,
    patients,
    care_team,
    chart,
    infusions,
    vitals,
    appointments,
    enrolment_codes,
    practitioners,
)
ROOMS = (*PHONE, *STAFF_SIGN_IN, *STAFF)
HANDLERS: list[HTTPRouteHandler] = [handler for room in ROOMS for handler in room.HANDLERS]
"""Every operation that needs the database."""


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the application of one process from its settings."""
    settings = settings or load(Settings)
    configure_log(settings.log_level)
    hook_crashes()
    arm(settings.fail_at)
    known = registry(settings.instrument_dir)
    state: dict[str, Backend] = {}

    @asynccontextmanager
    async def connected(_: Litestar) -> AsyncGenerator[None]:
        async with open_backend(
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
            root_key=settings.root_key_bytes,
            known=known,
            public_url=settings.public_url,
            trusted_proxies=settings.trusted_proxies,
        ) as backend:
            state["backend"] = backend
            yield

    async def ready() -> Mapping[str, bool]:
        return await can_serve(state["backend"])

    routes = [get_liveness, readiness_route(ready), app_config_route(known), *HANDLERS]
    provide = Provide(lambda: state["backend"], sync_to_thread=False)
    return assemble(
        routes,
        hosts=settings.allowed_hosts,
        port=urlsplit(settings.public_url).port,
        in_prod=settings.env is Environment.PROD,
        dependencies={"backend": provide},
        lifespan=[connected],
    )
