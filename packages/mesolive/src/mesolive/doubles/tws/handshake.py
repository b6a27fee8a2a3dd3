"""Handshake of the TWS socket protocol: agreement on the server version before the first message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from mesolive.doubles.tws.wire import Message, WireError

PREAMBLE: Final = b"API\0"
"""The first bytes of a client, in front of its first frame."""

_VERSIONS: Final = re.compile(r"v(\d{1,5})\.\.(\d{1,5})(?: (.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Greeting:
    """A client's first frame: the versions that it speaks, and its connection options."""

    lowest: int
    highest: int
    options: str = ""


def read_greeting(body: bytes) -> Greeting:
    """Return what a client's first frame says; it has no NUL at its end.

    Raises
    ------
    WireError
        When it is not a range of versions.
    """
    match = _VERSIONS.fullmatch(body.decode(errors="replace"))
    if match is None:
        raise WireError(f"the first frame must be a range of versions such as v157..178, got {body[:40]!r}")
    return Greeting(int(match[1]), int(match[2]), match[3] or "")


def agreed_version(greeting: Greeting, own: int) -> int:
    """Return the version that TWS answers with: its own, or the client's highest when that is lower."""
    return min(own, greeting.highest)


def answer(version: int, now: datetime, zone: ZoneInfo) -> Message:
    """Return the server's part of the handshake, the only message of exactly two fields."""
    local = now.astimezone(zone)
    return (str(version), f"{local:%Y%m%d %H:%M:%S} {local.tzname()}")
