"""The port every way of reaching a person implements, and the values that cross it."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from worker.channels.words import Language, PageKind

HANDLE = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits, or the first 132 of a MAC, in URL-safe base64."""
ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")


class OutcomeKind(StrEnum):
    """What became of one attempt; `lost` and `fenced` are the dispatcher's own."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"
    INVALID_ENDPOINT = "invalid_endpoint"
    PERMANENT = "permanent"
    CONFIG = "config"
    LOST = "lost"
    FENCED = "fenced"


class Platform(StrEnum):
    """What a push registration lives on."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAddress:
    """One installation of the app; `fid` is preferred, `fcm_token` is what older apps have."""

    fid: str | None = field(default=None, repr=False)
    fcm_token: str | None = field(default=None, repr=False)
    platform: Platform = Platform.ANDROID

    def __post_init__(self) -> None:
        if not (self.fid or self.fcm_token):
            raise ValueError("a push address needs a fid or a token")

    @property
    def target(self) -> str:
        """The value the provider knows this installation by."""
        return self.fid or self.fcm_token or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """One mailbox."""

    mail: str = field(repr=False)


Address = PushAddress | MailAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is sent: opaque values only, so that nothing a patient wrote has a place in it."""

    kind: PageKind
    handle: str
    collapse_tag: str
    link: str
    sent_at: int
    language: Language = Language.EN
    minimal: bool = False

    def __post_init__(self) -> None:
        if not (HANDLE.fullmatch(self.handle) and HANDLE.fullmatch(self.collapse_tag)):
            raise ValueError("a page's handle and collapse tag are 22 URL-safe characters")
        origin = self.link.removesuffix(f"/a/{self.handle}")
        if origin == self.link or not ORIGIN.fullmatch(origin):
            raise ValueError("a page's link is an origin, /a/ and the handle, and nothing else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The classified answer of a provider: a kind, a short code, never its free text."""

    kind: OutcomeKind
    code: str
    retry_after: timedelta | None = None
    provider_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether an address still works, asked without reaching the person."""

    usable: bool | None
    """None: the provider could not say."""
    code: str


class Channel(Protocol):
    """A way to reach a person. Sending never raises: the outcome says what happened."""

    @property
    def name(self) -> str:
        """The word `endpoint.channel` uses for it."""
        ...

    async def send(self, address: Address, page: Page, *, key: str) -> Outcome:
        """Send one page once; `key` names delivery and attempt."""
        ...

    async def check(self, address: Address) -> Health:
        """Ask whether the address works; no message reaches the person."""
        ...

    async def close(self) -> None:
        """Give back connections and threads."""
        ...


WRONG_ADDRESS = Outcome(kind=OutcomeKind.PERMANENT, code="address.wrong_kind")
"""An address of another channel: a fault of ours, which no retry mends."""


def new_handle() -> str:
    """Make a random opaque handle for one alert and one recipient."""
    return secrets.token_urlsafe(16)


def link_to(origin: str, handle: str) -> str:
    """Return the link that opens the sign-in and then the alert, and changes nothing."""
    return f"{origin.rstrip('/')}/a/{handle}"


def collapse_tag(key: bytes, *, endpoint_id: UUID, alert_id: UUID) -> str:
    """Return the tag that is equal on re-sends and differs between devices and patients."""
    mac = hmac.digest(key, endpoint_id.bytes + alert_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(mac)[:22].decode()
