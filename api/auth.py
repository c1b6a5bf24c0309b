"""The console's cookie and what keeps other sites from using it.

The console holds its session in a cookie that no script reads; every request that changes
something names the console's own origin and repeats a token derived from the cookie.
"""

import base64
import hmac
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie

from api.errors import Csrf, Unauthenticated
from models.cipher import Keyring
from models.sign_in import COOKIE_PREFIX, TOKEN_SYMBOLS

COOKIE = "__Host-sid"
"""Browsers take this name only with Secure, from the host itself, for the whole of it."""
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_token(request: Request[Any, Any, Any]) -> str:
    """Read the console's session cookie.

    Raises:
        Unauthenticated: there is none, or it has not our form.
    """
    token = request.cookies.get(COOKIE, "")
    if len(token) != len(COOKIE_PREFIX) + TOKEN_SYMBOLS or not token.startswith(COOKIE_PREFIX):
        raise Unauthenticated
    return token


def csrf_token(keyring: Keyring, cookie: str) -> str:
    """Derive what a console request must repeat: the page knows it, other sites cannot."""
    mac = keyring.mac("csrf", cookie.encode())
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def require_own_page(
    request: Request[Any, Any, Any], keyring: Keyring, public_url: str, cookie: str
) -> None:
    """Make sure that a request with a cookie was made by the console's own page.

    Raises:
        Csrf: it changes something and comes from elsewhere, or cannot tell that it does not.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin", "")
    repeated = request.headers.get(CSRF_HEADER, "")
    expected = csrf_token(keyring, cookie)
    if origin != origin_of(public_url) or not hmac.compare_digest(
        repeated.encode(), expected.encode()
    ):
        raise Csrf


def origin_of(url: str) -> str:
    """Write a URL's origin as browsers do."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def session_cookie(token: str) -> Cookie:
    """Set the console's cookie; without an age it ends with the browser, the session before."""
    return Cookie(key=COOKIE, value=token, path="/", secure=True, httponly=True, samesite="strict")


def no_cookie() -> Cookie:
    """Take the console's cookie away."""
    return Cookie(
        key=COOKIE, value="", path="/", max_age=0, secure=True, httponly=True, samesite="strict"
    )
