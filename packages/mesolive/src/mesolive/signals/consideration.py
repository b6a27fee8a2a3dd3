"""Scheduled times already evaluated: the first evaluation that can decide consumes a scheduled time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct


class Consideration(Struct, frozen=True):
    """The decision of one evaluation about one condition: whether it counts now.

    Attributes
    ----------
    at
        The scheduled time that is due; `None` when none is, and without a schedule.
    decides
        Whether this evaluation is the one that considers it; without a schedule every one in the session does.
    """

    at: datetime | None
    decides: bool

    @property
    def renews(self) -> bool:
        """Whether an active signal is raised again, because its scheduled time has come."""
        return self.at is not None and self.decides


class ConsideredTimes:
    """The scheduled times that were considered, by the key of what was considered there.

    A scheduled time stays due for five minutes, and evaluations come more often. A condition is decided
    by the first of them that could evaluate it. A decision so depends on the market of its time, not on the frequency
    of evaluations. One that could not be evaluated (no quotes, a missing value) has not been considered.

    The record lives as long as the process. After a restart active signals are read from the store; an inactive one may
    be considered once more while its time is still due.
    """

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}

    def is_new(self, key: str, at: datetime | None, *others: datetime | None) -> bool:
        """Return whether the scheduled time `at` is still to be considered.

        Parameters
        ----------
        at
            `None` where no time is due.
        others
            Only times after these moments count: when a position was opened, when a signal was raised.
        """
        if at is None:
            return False
        before = self._last.get(key)
        return (before is None or before < at) and all(moment is None or moment < at for moment in others)

    def note(self, considered: Mapping[str, datetime]) -> None:
        """Record the times that were considered."""
        self._last.update(considered)

    def forget_before(self, moment: datetime) -> None:
        """Drop the times before a moment: they are no longer due."""
        for key in [key for key, at in self._last.items() if at < moment]:
            del self._last[key]
