"""Which mail relay to use, and how: what an SMTP URL says."""

import ipaddress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit


class Encryption(StrEnum):
    """How a connection to a relay is protected."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


PORTS = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay; only one on this machine may be spoken to in the clear."""

    host: str
    port: int
    encryption: Encryption
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.encryption is Encryption.NONE and not is_loopback(self.host):
            raise ValueError("a mail relay on another machine needs TLS")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_relay(url: str) -> Relay:
    """Read smtps://user:password@host:465, or smtp:// for STARTTLS.

    On this machine `smtp://` is in the clear; `smtp+starttls://` asks for STARTTLS anywhere.
    The URL holds a password, so no error repeats any of it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the SMTP URL cannot be read") from None
    scheme, _, wish = parts.scheme.partition("+")
    if scheme not in PORTS or wish not in {"", "starttls"} or not parts.hostname:
        raise ValueError("an SMTP URL begins with smtp:// or smtps:// and names a host")
    encryption = Encryption.STARTTLS
    if scheme == "smtps":
        encryption = Encryption.IMPLICIT
    elif not wish and is_loopback(parts.hostname):
        encryption = Encryption.NONE
    return Relay(
        host=parts.hostname,
        port=port or PORTS[scheme],
        encryption=encryption,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
