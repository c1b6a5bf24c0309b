"""What the app has to know before anybody signs in: versions, item sets, crisis lines."""

import hashlib
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api.crisis import LINES, CrisisLine
from clinical.instruments import Registry

OLDEST_APP = "1.0.0"
"""The oldest version of the app that this contract still serves."""
FEATURES = {"sync": True, "staff_push": True, "web_push": False}
"""What this server can do; an app hides what it cannot."""
CACHE = "public, max-age=300"
"""Five minutes: a corrected crisis number has to reach phones within the hour."""


class ItemSet(Struct, frozen=True):
    """One version of an item set, with the languages it has."""

    form: str
    languages: list[str]


class AppConfig(Struct, frozen=True):
    """The same for everybody, so that it can be cached; a clinic's own line comes with duty."""

    oldest_app: str
    item_sets: list[ItemSet]
    daily_form_for: dict[str, str]
    features: dict[str, bool]
    crisis: list[CrisisLine]


def app_config_for(registry: Registry) -> AppConfig:
    """Gather what this release offers."""
    languages: dict[str, list[str]] = {}
    for form, language in sorted(registry.wordings):
        languages.setdefault(form, []).append(language)
    return AppConfig(
        oldest_app=OLDEST_APP,
        item_sets=[ItemSet(form, spoken) for form, spoken in languages.items()],
        daily_form_for=dict(registry.daily_for),
        features=FEATURES,
        crisis=[line for lines in LINES.values() for line in lines],
    )


def app_config_route(registry: Registry) -> HTTPRouteHandler:
    """Make the route; its answer is rendered once."""
    body = msgspec.json.encode(app_config_for(registry))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": CACHE}

    @get(
        "/v1/app-config",
        operation_id="getAppConfig",
        opt={"public": True, "answers": {200: AppConfig, 304: None}},
    )
    async def get_app_config(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Versions, item sets and crisis lines; needs no sign-in."""
        if is_known(request.headers.get("if-none-match", ""), etag):
            return Response(b"", status_code=304, headers=headers, media_type="application/json")
        return Response(body, headers=headers, media_type="application/json")

    return get_app_config


def is_known(if_none_match: str, etag: str) -> bool:
    """Say whether a client has this very version (RFC 9110 13.1.2: weak comparison)."""
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known
