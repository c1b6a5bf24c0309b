"""Routes become an application whose every answer is ours: errors, headers, contract."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from litestar import Litestar, Request, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from api.body import BATCH_LIMIT
from api.edge import Edge
from api.openapi import document
from api.refusals import exception_handlers

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def assemble(
    routes: Sequence[HTTPRouteHandler],
    *,
    hosts: Collection[str],
    port: int | None = None,
    in_prod: bool = True,
    dependencies: Mapping[str, Provide] | None = None,
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """Put routes into an application; `port` is the one that clients may name beside a host."""
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
    edge = Edge(cast("Any", app.asgi_handler), hosts=hosts, secure=in_prod, port=port)
    app.asgi_handler = cast("ASGIApp", edge)
    return app


@get("/schema/openapi.json", media_type="application/json", sync_to_thread=False)
def get_schema(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the contract; there is no such route in prod."""
    return document(request.app.routes)
