"""Whether this process lives, and whether it can serve."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api.errors import Unavailable
from api.log import log
from api.refusals import RETRY_SOON

Check = Callable[[], Awaitable[Mapping[str, bool]]]
"""Names what serving needs, and says of each whether it is there."""


class Health(Struct, frozen=True):
    """The only answer there is: anything else is a problem."""

    status: Literal["ok"] = "ok"


@get("/health/live", operation_id="getLiveness", opt={"public": True})
async def get_liveness() -> Health:
    """Answer as long as the process can: it looks at nothing else."""
    return Health()


def readiness_route(check: Check) -> HTTPRouteHandler:
    """Make the route that asks what serving needs."""

    @get("/health/ready", operation_id="getReadiness", opt={"public": True})
    async def get_readiness() -> Health:
        """Answer when entries can be stored."""
        missing = [name for name, is_there in (await check()).items() if not is_there]
        if missing:
            log.warning("health.not_ready", reason=missing)
            raise Unavailable(retry_after=RETRY_SOON)
        return Health()

    return get_readiness
