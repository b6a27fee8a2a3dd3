"""Rate limits of the double of tastytrade: calls per second, all together and by operation."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.rest import Operation

ALL_PER_SECOND: Final = 50
WINDOW: Final = timedelta(seconds=1)


class RateLimits:
    """Counts calls."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._calls: dict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, operation: Operation) -> bool:
        """Count a call; return whether it is not one too many."""
        if not self._desk.settings.rate_limits:
            return True
        if not self._free("", ALL_PER_SECOND):
            return False
        return operation.per_second is None or self._free(operation.name, operation.per_second)

    def _free(self, name: str, limit: int) -> bool:
        now, calls = self._desk.timer.now(), self._calls[name]
        while calls and now - calls[0] >= WINDOW:
            calls.popleft()
        if len(calls) >= limit:
            return False
        calls.append(now)
        return True
