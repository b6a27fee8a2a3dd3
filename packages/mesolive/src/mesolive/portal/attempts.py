"""Sign-in rate limit: failed attempts per address within a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MAX_FAILURES = 10
"""Failed attempts of one address within `WINDOW_SECONDS`; further ones are refused without a look."""

WINDOW_SECONDS = 60.0
MAX_ADDRESSES = 10_000


class FailedAttempts:
    """Counts failed attempts.

    Parameters
    ----------
    monotonic
        Seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def are_too_many(self, address: str) -> bool:
        """Return whether an address has to wait."""
        return len(self._recent(address)) >= MAX_FAILURES

    def note(self, address: str) -> None:
        """Note a failed attempt."""
        self._failures[address] = [*self._recent(address), self._monotonic()]
        self._failures.move_to_end(address)
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self._monotonic() - WINDOW_SECONDS
        return [at for at in self._failures.get(address, ()) if at > since]
