"""The market as the oracle sees it: the quotes of a chain at one moment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from mesolive.market.contracts import Right
from mesolive.market.view import MarketView
from mesolive_testkit.oracle.expressions import FailedError

NEW_YORK = ZoneInfo("America/New_York")
MULTIPLIER = 100.0
QUOTED = {"price": "mark", "bid": "bid", "ask": "ask"}
PER_SHARE = ("delta", "gamma", "theta", "vega", "rho")


@dataclass(frozen=True, slots=True, order=True)
class Option:
    """A contract of a chain."""

    root: str
    day: date
    strike: float
    is_put: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """An expiration of a chain."""

    root: str
    day: date
    settles_at: datetime


class Chain:
    """What is quoted at a moment."""

    def __init__(self, view: MarketView) -> None:
        self._view = view
        self.now = view.now
        self.local = view.now.astimezone(NEW_YORK)
        self.listed = [
            Listed(expiration.root, expiration.day, expiration.settles_at) for expiration in view.expirations
        ]

    def underlying(self, name: str) -> float:
        """Return `underlying_<name>`."""
        state = self._view.underlying
        value: float | None = {
            "price": state.quote.mark,
            "today_open": state.today_open,
            "prevday_close": state.previous_close,
            "iv": state.iv,
            "hv": state.hv,
            "iv_rank": state.iv_rank,
            "iv_pct": state.iv_percentile,
        }[name]
        if value is None:
            raise FailedError(f"no underlying_{name}")
        return value

    def settles_at(self, option: Option) -> datetime:
        return next(
            listed.settles_at for listed in self.listed if (listed.root, listed.day) == (option.root, option.day)
        )

    def strikes(self, expiration: Listed, *, is_put: bool) -> list[Option]:
        """Return the contracts of an expiration, strikes ascending."""
        part: Any = self._view.slice(expiration.root, expiration.day, Right.PUT if is_put else Right.CALL)
        return (
            []
            if part is None
            else [Option(expiration.root, expiration.day, float(strike), is_put) for strike in part.strikes.tolist()]
        )

    def quote(self, option: Option, field: str) -> float:
        """Return a quoted value, a greek or the volatility of a contract, per unit; fails where there is none."""
        part: Any = self._view.slice(option.root, option.day, Right.PUT if option.is_put else Right.CALL)
        if part is None:
            raise FailedError(f"{option} is not listed")
        strikes = part.strikes.tolist()
        if option.strike not in strikes:
            raise FailedError(f"{option} is not listed")
        value = float(getattr(part, QUOTED.get(field, field))[strikes.index(option.strike)])
        if math.isnan(value):
            raise FailedError(f"{option} has no {field}")
        return value

    def modelled(self, option: Option) -> tuple[float, float, float]:
        """Return what a model keeps of a contract: years to settlement, forward, discount factor."""
        part: Any = self._view.slice(option.root, option.day, Right.PUT if option.is_put else Right.CALL)
        if part is None:
            raise FailedError(f"{option} is not listed")
        expiration = part.expiration
        forward = self._view.forward(expiration)
        spot = self.underlying("price")
        return float(part.years()), spot if forward is None else forward, self._view.discount(expiration)

    def days_to(self, day: date) -> int:
        return (day - self.local.date()).days


def sessions(calendar: Any, first: date, last: date) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield each trading day with its opening and its close."""
    day = first
    while day <= last:
        session = calendar.session(day)
        if session is not None:
            yield day, session[0], session[1]
        day = date.fromordinal(day.toordinal() + 1)
