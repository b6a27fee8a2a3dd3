"""Addresses and certificates of the settings: loopback, public address, URLs without their password."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from mesolive.settings.fields import SettingsError

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~-]*", re.ASCII)


def is_public_address(url: str) -> bool:
    """Return whether browsers can use `url` as the address of the server: no user, query or fragment."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    rest = parts.query or parts.fragment or "@" in parts.netloc
    return known and not rest and _PLAIN_PATH.fullmatch(parts.path) is not None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def redacted_url(url: str) -> str:
    """Return `url` without the password that it may carry."""
    scheme, separator, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not at:
        return url
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{separator}{user}{':***' if colon else ''}@{host}"


def check_certificate(certificate: Path, key: Path) -> None:
    """Check that a certificate and its key can be used by a server.

    Raises
    ------
    SettingsError
        When they are none, do not belong together, or the key has a password.
    """
    import ssl  # noqa: PLC0415 - most commands read settings, and few of them a certificate

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without the empty password a key that has one would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"tls: {certificate} and {key} cannot be used: expected PEM files of a certificate and its own key, "
            f"the key without a password ({error})"
        ) from None
