"""How a device describes itself on the wire, when it enrols and when it registers."""

from functools import cache
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from msgspec import UNSET, Meta, Struct, UnsetType

from api.errors import InvalidQuery, InvalidTime
from api.problem import Code, FieldError
from api.proof import read_public_key
from models.device import Installation

NO_ID = UUID(int=0)
LONGEST_KEY = 256
"""Characters; P-256 in SPKI has 122."""

Platform = Literal["android", "ios", "web"]
AppVersion = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z.+_-]+$")]
Zone = Annotated[str, Meta(max_length=64)]


class DeviceIn(Struct, forbid_unknown_fields=True):
    """An installation of the app that signs in, with the key it made for that."""

    installation: UUID
    platform: Platform
    public_key: Annotated[str, Meta(max_length=LONGEST_KEY)]
    app_version: AppVersion | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET


def installation_in(device: DeviceIn) -> tuple[Installation, bytes]:
    """Read a device that signs in, and its key.

    Raises:
        InvalidQuery: its id is nil, or its key is none.
        InvalidTime: nobody knows its zone.
    """
    require_id(device.installation, "/device/installation")
    require_zone(device.zone, "/device/zone")
    installation = Installation(
        id=device.installation,
        platform=device.platform,
        app_version=device.app_version or None,
        zone=device.zone or None,
    )
    return installation, read_public_key(device.public_key)


def require_id(identity: UUID, pointer: str) -> None:
    """Refuse the nil UUID, which many phones would share."""
    if identity == NO_ID:
        raise InvalidQuery(FieldError(pointer, Code.INVALID_ID))


def require_zone(zone: str | UnsetType, pointer: str) -> None:
    """Refuse a zone nobody knows."""
    if zone is not UNSET and zone not in zones():
        raise InvalidTime(FieldError(pointer, Code.UNKNOWN_VALUE))


@cache
def zones() -> frozenset[str]:
    """List the zones of the IANA database."""
    return frozenset(available_timezones())
