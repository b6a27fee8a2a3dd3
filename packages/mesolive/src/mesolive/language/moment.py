"""One market view as all statements see it: what is the same for every position and leg, computed once."""

from __future__ import annotations

from datetime import datetime

from mesolive.language.decision import LegState
from mesolive.language.legs import BoundLeg, outdated
from mesolive.language.schedule import Schedule, is_due, scheduled_time
from mesolive.market.view import MarketView


class Moment:
    """A market view, with what the evaluations of all positions on it share.

    Parameters
    ----------
    view
        The view.

    Attributes
    ----------
    today
        Its exchange-local date.
    outdated
        Why its prices may not be read, or `None` (`mesolive.language.legs.outdated`).
    """

    __slots__ = ("_schedules", "outdated", "today", "view")

    def __init__(self, view: MarketView) -> None:
        self.view = view
        self.today = view.calendar.local(view.now).date()
        self.outdated = outdated(view)
        self._schedules: dict[Schedule | None, tuple[bool, datetime | None]] = {}

    def bind(self, leg: LegState) -> BoundLeg:
        """Return an open leg of a position on the view."""
        return BoundLeg.on(leg, self.view, self.outdated)

    def schedule(self, schedule: Schedule | None) -> tuple[bool, datetime | None]:
        """Return whether a schedule is due (`is_due`), and which of its times is (`scheduled_time`)."""
        known = self._schedules.get(schedule)
        if known is None:
            at = scheduled_time(schedule, self.view.calendar, self.view.now)
            known = self._schedules[schedule] = is_due(schedule, self.view), at
        return known
