"""Process resources: event loop lag, open file descriptors, and memory that is free but still taken."""

from __future__ import annotations

import ctypes
import errno
import os
from collections import deque
from datetime import datetime, timedelta

from mesolive.clock import Clock
from mesolive.tasks import Tasks

try:
    import resource
except ImportError:  # not a POSIX system: there is no such limit
    resource = None

EVERY_SECONDS = 0.25
"""Seconds between two measurements of the event loop lag."""

WINDOW = timedelta(seconds=30)
"""Seconds for which a late turn counts."""


class LoopLag:
    """Measures by how much the event loop is late for a turn that is due: for so long everything waited.

    Parameters
    ----------
    pace
        Real time.
    """

    def __init__(self, pace: Clock) -> None:
        self._pace = pace
        self._late: deque[tuple[datetime, float]] = deque()
        self.tasks = Tasks(pace)
        self._due: datetime | None = None

    async def start(self) -> None:
        """Start the measurement."""
        self._due = self._pace.now() + timedelta(seconds=EVERY_SECONDS)
        self.tasks.start_periodic("event loop lag", self._measure, EVERY_SECONDS)

    async def stop(self) -> None:
        """Stop the measurement."""
        await self.tasks.stop()

    async def _measure(self) -> None:
        now = self._pace.now()
        if self._due is not None:
            self.note(now, (now - self._due).total_seconds())
        self._due = now + timedelta(seconds=EVERY_SECONDS)

    def note(self, at: datetime, seconds: float) -> None:
        """Record a late turn."""
        self._late.append((at, max(seconds, 0.0)))
        while self._late and at - self._late[0][0] > WINDOW:
            self._late.popleft()

    @property
    def worst(self) -> float:
        """The longest delay of the last half minute, in seconds."""
        return max((seconds for _, seconds in self._late), default=0.0)

    def total_since(self, moment: datetime) -> float:
        """Return for how many seconds the loop was held up since a moment, all delays together."""
        return sum(seconds for at, seconds in self._late if at >= moment)


def open_files() -> tuple[int, int] | None:
    """Return how many file descriptors are open, and how many may be; `None` where the system does not say."""
    if resource is None:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(directory)) - 1, limit  # noqa: PTH208 - names only; one is this listing's own
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                return limit, limit  # not even the listing has a descriptor
    return None


def return_free_memory() -> bool:
    """Return free pages of the C heap to the operating system; return whether this system can.

    The GNU allocator returns free memory of itself only where it lies at the end of the heap. A chain's columns of
    100 KB lie in the middle of it: at the first quotes of a day old and new ones exist together, and what that took
    stays with the process, 5 to 15 MB after a few days. The call takes less than a millisecond.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    trim(0)
    return True
