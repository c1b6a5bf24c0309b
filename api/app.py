"""The application: routes, what every handler works with, errors, and the edge around it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Litestar, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from api.app_config import app_config_route
from api.body import BATCH_LIMIT
from api.edge import Edge
from api.health import get_liveness
from api.log import configure_log, hook_crashes
from api.openapi import document
from api.refusals import exception_handlers
from clinical.instruments import registry
from settings import Environment, Settings, load

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the application of one process from its settings."""
    settings = settings or load(Settings)
    configure_log(settings.log_level)
    hook_crashes()
    routes = [get_liveness, app_config_route(registry(settings.instrument_dir))]
    return assemble(routes, settings)


def assemble(
    routes: Sequence[HTTPRouteHandler],
    settings: Settings,
    *,
    dependencies: Mapping[str, Provide] | None = None,
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """Put routes into an application whose every answer is ours."""
    in_prod = settings.env is Environment.PROD
    app = Litestar(
        route_handlers=[*routes] if in_prod else [*routes, get_schema],
        dependencies=dict(dependencies or {}),
        lifespan=list(lifespan),
        exception_handlers=cast("Any", exception_handlers),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=BATCH_LIMIT,
        debug=False,
    )
    edge = Edge(
        cast("Any", app.asgi_handler),
        hosts=settings.allowed_hosts,
        secure=in_prod,
        port=urlsplit(settings.public_url).port,
    )
    app.asgi_handler = cast("ASGIApp", edge)
    return app


@get("/schema/openapi.json", media_type="application/json", sync_to_thread=False)
def get_schema(request: Any) -> dict[str, Any]:
    """Return the contract; there is no such route in prod."""
    return document(request.app.routes)
