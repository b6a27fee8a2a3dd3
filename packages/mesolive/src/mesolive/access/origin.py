"""Same-origin checks of browser requests: the exact `Origin`, Fetch Metadata, and the name of the session cookie.

A cookie alone proves little: browsers send it with requests of other ports of the same host too, which `SameSite` takes
for the same site. So a cookie counts only where the browser says that a page of this very origin asks.
"""

from __future__ import annotations

from collections.abc import Mapping

_SECURE = {"https": "https", "wss": "https", "http": "http", "ws": "http"}


def is_secure(scheme: str) -> bool:
    """Return whether a request of this scheme (`http`, `https`, `ws`, `wss`) came by TLS."""
    return _SECURE.get(scheme) == "https"


def cookie_name(port: int, scheme: str = "http") -> str:
    """Return the name of the session's cookie.

    Browsers share cookies between the ports of a host, so it holds the port. By TLS its prefix `__Host-` makes browsers
    refuse it from other hosts and without `Secure`.
    """
    return f"{'__Host-' if is_secure(scheme) else ''}mesolive_{port}"


def is_same_origin(headers: Mapping[str, str], scheme: str, public_origin: str | None) -> bool:
    """Return whether a browser says that a page of this server's own origin made the request.

    Parameters
    ----------
    headers
        Of the request, by lower-case name.
    scheme
        Of the request: an origin of another scheme is another origin.
    public_origin
        The origin that users see in front of a proxy, such as `https://example.com`; `None` without one.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    own = f"{_SECURE.get(scheme, scheme)}://{headers.get('host', '')}"
    return origin.lower() in {own.lower(), public_origin}
