"""Aggregates over the legs of a position and over the positions of an account."""

from __future__ import annotations

import math

from mesolive.language.decision import AccountState, PositionState
from mesolive.language.legs import BoundLeg, total
from mesolive.language.margin import margin_of
from mesolive.market.view import MarketView


class PositionTotals:
    """The sums of one of the account's positions.

    Parameters
    ----------
    position
        Its open legs count.
    view
        Where its legs are priced.
    """

    __slots__ = ("_legs", "_position", "_view")

    def __init__(self, position: PositionState, view: MarketView) -> None:
        self._position = position
        self._view = view
        self._legs: list[BoundLeg] | None = None

    def value(self, field: str) -> float:
        """Return the sum of `field` (`pnl`, `margin` or one of `SUMMED_FIELDS`).

        Raises
        ------
        MissingValueError
            When one of its legs has no value.
        """
        if self._legs is None:
            self._legs = [BoundLeg.of(leg, self._view) for leg in self._position.legs if leg.closed_at is None]
        if field == "margin":
            return float(margin_of(self._legs, self._position.margin_rules, self._view))
        if field == "pnl":
            held = [leg.unrealized() for leg in self._legs if leg.qty]
            return math.fsum(held) + float(self._position.realized_pnl)
        return total(self._legs, field)


class AccountTotals:
    """The sums over an account's positions at one view; shared by all evaluations of that account at that view."""

    __slots__ = ("_account", "_positions", "_sums", "_view")

    def __init__(self, account: AccountState, view: MarketView) -> None:
        self._account = account
        self._view = view
        self._positions: list[PositionTotals] | None = None
        self._sums: dict[str, float] = {}

    @property
    def positions(self) -> list[PositionTotals]:
        """The sums of each position, in the account's order; computed on first read."""
        if self._positions is None:
            self._positions = [PositionTotals(position, self._view) for position in self._account.positions]
        return self._positions

    def fits(self, account: AccountState, view: MarketView) -> bool:
        """Return whether these are the sums of this very account at this very view."""
        return self._account is account and self._view is view

    def value(self, field: str) -> float:
        """Return the sum of `field` over all positions.

        Raises
        ------
        MissingValueError
            When one of them has no value.
        """
        known = self._sums.get(field)
        if known is None:
            known = self._sums[field] = math.fsum([position.value(field) for position in self.positions])
        return known
