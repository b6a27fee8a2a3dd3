"""Scheduled times already evaluated: the first evaluation that can decide consumes a scheduled time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Consideration:
    """Whether an evaluation decides about something now.

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
        """Whether what holds is told again though it was on before: its scheduled time has come."""
        return self.at is not None and self.decides


class ConsideredTimes:
    """The scheduled times that were considered, by the key of what was considered there.

    A scheduled time stays due for five minutes, and evaluations come more often. What a definition asks for is decided
    by the first of them that could evaluate it, so that a decision depends on the market of its time and not on how
    often somebody looks. One that could not be evaluated (no quotes, a value that is missing) has not been considered.

    It lives as long as the process. After a restart what is on is known from the store; what is off may be considered
    once more, if its time is still due.
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
            Moments from which on only later times count: when a position was opened, when a signal was told.
        """
        if at is None:
            return False
        before = self._last.get(key)
        return (before is None or before < at) and all(moment is None or moment < at for moment in others)

    def note(self, considered: Mapping[str, datetime]) -> None:
        """Note the times that were considered."""
        self._last.update(considered)

    def forget_before(self, moment: datetime) -> None:
        """Forget the times before a moment: they are not due any more."""
        for key in [key for key, at in self._last.items() if at < moment]:
            del self._last[key]
