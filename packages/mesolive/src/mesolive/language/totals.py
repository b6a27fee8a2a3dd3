"""Aggregates over the legs of a position and over the positions of an account."""

from __future__ import annotations

import math

from mesolive.language.decision import AccountState, PositionState
from mesolive.language.legs import BoundLeg, total
from mesolive.language.margin import margin_of
from mesolive.language.moment import Moment
from mesolive.market.view import MarketView


class PositionTotals:
    """The sums of one of the account's positions.

    Parameters
    ----------
    position
        Its open legs count.
    moment
        Where its legs are priced.
    """

    __slots__ = ("_legs", "_moment", "_position")

    def __init__(self, position: PositionState, moment: Moment) -> None:
        self._position = position
        self._moment = moment
        self._legs: list[BoundLeg] | None = None

    def value(self, field: str) -> float:
        """Return the sum of `field` (`pnl`, `margin` or one of `SUMMED_FIELDS`).

        Raises
        ------
        MissingValueError
            When one of its legs has no value.
        """
        if self._legs is None:
            self._legs = [self._moment.bind(leg) for leg in self._position.legs if leg.closed_at is None]
        if field == "margin":
            return float(margin_of(self._legs, self._position.margin_rules, self._moment.view))
        if field == "pnl":
            values = [leg.unrealized() for leg in self._legs if leg.qty]
            return math.fsum(values) + float(self._position.realized_pnl)
        return total(self._legs, field)


class AccountTotals:
    """The sums over an account's positions at one view; shared by all evaluations of that account at that view.

    Attributes
    ----------
    moment
        The view.
    """

    __slots__ = ("_account", "_places", "_positions", "_sums", "moment")

    def __init__(self, account: AccountState, view: MarketView) -> None:
        self.moment = Moment(view)
        self._account = account
        self._positions: list[PositionTotals] | None = None
        self._places: dict[int, int] | None = None
        self._sums: dict[str, float] = {}

    @property
    def positions(self) -> list[PositionTotals]:
        """The sums of each position, in the account's order; computed on first read."""
        if self._positions is None:
            self._positions = [PositionTotals(position, self.moment) for position in self._account.positions]
        return self._positions

    def fits(self, account: AccountState, view: MarketView) -> bool:
        """Return whether these are the sums of this very account at this very view."""
        return self._account is account and self.moment.view is view

    def place(self, position: PositionState) -> int | None:
        """Return the index of a position in the account, or `None` when it is not there."""
        if self._places is None:
            self._places = {id(each): index for index, each in enumerate(self._account.positions)}
        known = self._places.get(id(position))
        if known is not None:
            return known
        # An equal state that was read anew is the same position; to compare all of them takes long.
        return self._account.positions.index(position) if position in self._account.positions else None

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
