"""Market time of a connector to a double of its broker, which may be in a session while the exchange is closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mesolive.clock import Clock, ScaledClock

LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
CLOCK_OFFSET: Final = "Seconds that market time is ahead of this computer's: only for a double of the broker."


def market_clock(clock: Clock, offset_seconds: float) -> Clock:
    """Return the market's clock: the computer's own, or one that is `offset_seconds` ahead of it."""
    return ScaledClock(clock.now() + timedelta(seconds=offset_seconds)) if offset_seconds else clock


def offset_problem(offset_seconds: float, host: str | None) -> str | None:
    """Return why a connector may not have an offset: a real broker has the market time of all."""
    if offset_seconds and host not in LOCAL_HOSTS:
        return "expected 0: only a double on this computer has a market time of its own"
    return None
