"""Rate limits of tastytrade's REST API by path, as its own tools keep them: the server publishes none.

A call that comes too soon waits for its turn here, instead of being throttled there: excess may suspend a login.

Source of the figures: `src/safety/rate-limit.ts` of the official `tastytrade-mcp`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """How often the calls of some paths may be made.

    Attributes
    ----------
    name
        By which `ClientConfig.rates` may set another figure.
    path
        Which paths, from their beginning.
    per_second
        Calls per second; as many may follow one another at once.
    """

    name: str
    path: re.Pattern[str]
    per_second: float


def _rate(name: str, path: str, per_second: float) -> Rate:
    return Rate(name, re.compile(path), per_second)


RATES: Final = (
    _rate("market-data", r"/market-data/by-type", 2),
    _rate("option-chains", r"/(futures-)?option-chains/", 2),
    _rate("equities", r"/instruments/equities/", 3),
    _rate("equity-options", r"/instruments/equity-options", 3),
    _rate("futures", r"/instruments/futures", 1),
    _rate("positions", r"/accounts/[^/]+/positions", 1),
    _rate("balances", r"/accounts/[^/]+/balances", 1),
    _rate("trading-status", r"/accounts/[^/]+/trading-status", 1),
    _rate("accounts", r"/customers/[^/]+/accounts", 1),
    _rate("orders", r"/accounts/[^/]+/(complex-)?orders", 20),
)
ALL: Final = "all"
"""The name of the limit of all calls together."""
ALL_PER_SECOND: Final = 50.0
MARGIN: Final = 1.05
"""Calls are not evenly long on their way: those that leave at the exact rate arrive too soon now and then."""
PENALTY_SECONDS: Final = 1.0
MAX_PENALTY_SECONDS: Final = 30.0


class _Bucket:
    """Allows `per_second` calls a second, and as many at once."""

    def __init__(self, per_second: float) -> None:
        self._interval = MARGIN / per_second
        self._burst = max(per_second, 1.0) * self._interval
        self._free_at = 0.0
        self._penalty = 0.0

    def reserve(self, now: float) -> float:
        """Take the next turn, and return when it is."""
        self._free_at = max(self._free_at, now - self._burst + self._interval)
        turn = max(self._free_at, now)
        self._free_at += self._interval
        return turn

    def penalise(self, now: float) -> float:
        """Block all calls for a time that doubles; return its seconds."""
        self._penalty = min(max(self._penalty * 2, PENALTY_SECONDS), MAX_PENALTY_SECONDS)
        self._free_at = max(self._free_at, now + self._penalty)
        return self._penalty

    def forgive(self) -> None:
        self._penalty = 0.0


class RateLimits:
    """Makes calls wait for their turn; belongs to one event loop.

    Parameters
    ----------
    rates
        Calls per second by the name of a rate, where they differ from `RATES`.
    """

    def __init__(self, rates: Mapping[str, float] | None = None) -> None:
        given = rates or {}
        self._all = _Bucket(given.get(ALL, ALL_PER_SECOND))
        self._paths = [(rate.path, _Bucket(given.get(rate.name, rate.per_second))) for rate in RATES]

    async def wait(self, path: str) -> None:
        """Wait until a call of this path may be made."""
        now = asyncio.get_running_loop().time()
        turns = [bucket.reserve(now) for bucket in self._of(path)]
        pause = max(turns) - now
        if pause > 0:
            await asyncio.sleep(pause)

    def throttled(self, path: str) -> float:
        """Note that the server has throttled a call; return for how many seconds its path rests."""
        now = asyncio.get_running_loop().time()
        return max(bucket.penalise(now) for bucket in self._of(path)[-1:])

    def accepted(self, path: str) -> None:
        """Note that the server has taken a call."""
        for bucket in self._of(path):
            bucket.forgive()

    def _of(self, path: str) -> list[_Bucket]:
        return [self._all, *(bucket for pattern, bucket in self._paths if pattern.match(path))]
