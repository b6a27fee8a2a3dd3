"""Resting orders of the simulated venue as arrays: those that may be filled now, without a loop over all orders.

Orders with the same legs are one group with one price. A pass over the market reads the quotes of all groups' legs at
once, sums them to one fill price and one middle per group, and compares the orders' limits and stop prices with those
as arrays. Prices here are floats: the result contains every order that may be filled, and the exact decimal check of
each candidate decides (`matching`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.market.chain_view import BookView
from mesolive.market.listing import Listing
from mesolive.market.moments import to_micros
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.market.view import FloatArray
from mesolive.venues.base import VenueLeg
from mesolive.venues.simulated.ledger import VenueLedger, WorkingOrder
from mesolive_sdk.models import OrderType

TOLERANCE: Final = 1e-6
"""By how much a float price may be off its decimal: far below a cent, far above the error of a sum of legs."""

_FIRST_ROWS: Final = 64
_NEVER: Final = np.iinfo(np.int64).max
_UNLISTED: Final = -1

IntArray = npt.NDArray[np.intp]


class _Group:
    """Orders with the same legs.

    Attributes
    ----------
    orders
        How many there are.
    places
        Per leg: its place in the listing of its underlying, `_UNLISTED` where it is not listed.
    """

    __slots__ = ("legs", "listings", "orders", "places", "symbols")

    def __init__(self, legs: Sequence[VenueLeg]) -> None:
        self.legs = legs
        self.symbols = [leg.contract.underlying for leg in legs]
        self.orders = 0
        self.listings: list[Listing | None] = []
        self.places: list[int] = []

    def locate(self, listings: dict[str, Listing | None]) -> None:
        """Find the legs in these listings, unless they are those of the last time."""
        wanted = [listings[symbol] for symbol in self.symbols]
        if len(wanted) == len(self.listings) and all(map(_same, wanted, self.listings)):
            return
        self.listings = wanted
        self.places = [
            _UNLISTED if listing is None or (place := listing.find(leg.contract)) is None else place
            for leg, listing in zip(self.legs, wanted, strict=True)
        ]


def _same(first: Listing | None, second: Listing | None) -> bool:
    return first is second


class _LegTable:
    """The legs of all groups, one element per leg.

    Attributes
    ----------
    rows, places, expirations
        By symbol: which legs are of it, their places in its listing, and the positions of their expirations there.
    group
        The number of each leg's group.
    """

    def __init__(self, groups: Sequence[_Group | None], listings: dict[str, Listing | None]) -> None:
        self.listings = listings
        present = [(number, group) for number, group in enumerate(groups) if group is not None]
        for _, group in present:
            group.locate(listings)
        self.groups = len(groups)
        counts = [len(group.legs) for _, group in present]
        self.group: IntArray = np.repeat(np.array([number for number, _ in present], dtype=np.intp), counts)
        legs = itertools.chain.from_iterable(group.legs for _, group in present)
        self.ratio: FloatArray = np.fromiter((float(leg.ratio) for leg in legs), dtype=np.float64)
        place = np.fromiter(itertools.chain.from_iterable(group.places for _, group in present), dtype=np.intp)
        symbols = np.array([symbol for _, group in present for symbol in group.symbols])
        self.rows: dict[str, IntArray] = {
            symbol: np.flatnonzero((symbols == symbol) & (place != _UNLISTED)) for symbol in listings
        }
        self.places: dict[str, IntArray] = {symbol: place[rows] for symbol, rows in self.rows.items()}
        self.expirations: dict[str, list[int]] = {
            symbol: [] if listing is None else np.unique(listing.positions_of(self.places[symbol])).tolist()
            for symbol, listing in listings.items()
        }

    def sum(self, of_leg: FloatArray) -> FloatArray:
        """Return the sums over the legs of each group."""
        return np.bincount(self.group, of_leg, self.groups).astype(np.float64)


class RestingOrders:
    """The working orders of a ledger as rows of arrays.

    Parameters
    ----------
    ledger
        Whose orders.
    market
        Where quotes come from.
    slippage
        Part of each leg's half spread that a fill pays.
    expires_at
        Returns when an order ends without a fill; called once per order.
    """

    def __init__(
        self,
        ledger: VenueLedger,
        market: Market,
        slippage: float,
        expires_at: Callable[[WorkingOrder], datetime],
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._slippage = slippage
        self._expires_at = expires_at
        self._seen = -1
        self._placed = 0
        self._rows: dict[str, int] = {}
        self._free: list[int] = []
        self._orders: list[WorkingOrder | None] = []
        self._sequence = np.zeros(_FIRST_ROWS, dtype=np.int64)
        self._group_of = np.zeros(_FIRST_ROWS, dtype=np.intp)
        self._limit = np.full(_FIRST_ROWS, -np.inf)
        self._stop = np.full(_FIRST_ROWS, np.inf)
        self._expires = np.full(_FIRST_ROWS, _NEVER, dtype=np.int64)
        self._groups: list[_Group | None] = []
        self._free_groups: list[int] = []
        self._number_of: dict[tuple[VenueLeg, ...], int] = {}
        self._table: _LegTable | None = None

    def triggered(self, order: WorkingOrder) -> None:
        """Note that a stop order's price was reached: from now on its limit counts."""
        row = self._rows.get(order.request.reference)
        if row is not None:
            self._set_prices(row, order)

    def candidates(self, now: datetime, *, is_open: bool) -> tuple[list[WorkingOrder], Exception | None]:
        """Return the orders that have expired, or that the market may fill or trigger now, oldest placement first.

        Parameters
        ----------
        is_open
            Whether the venue trades; while it does not, no quote is read.

        Returns
        -------
        tuple[list[WorkingOrder], Exception | None]
            The orders, and the first error of a book that could not be read: its orders are left out.
        """
        self._follow()
        if not self._rows:
            return [], None
        count, error = len(self._orders), None
        chosen = self._expires[:count] <= to_micros(now)
        if is_open:
            price, middle, error = self._group_prices()
            group = self._group_of[:count]
            chosen |= (price[group] <= self._limit[:count] + TOLERANCE) & (
                middle[group] >= self._stop[:count] - TOLERANCE
            )
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(self._sequence[rows])]
        orders = [self._orders[int(row)] for row in rows]
        return [order for order in orders if order is not None], error

    def _follow(self) -> None:
        """Take over what was placed in the ledger, and drop what has ended."""
        if self._seen == self._ledger.changes:
            return
        self._seen = self._ledger.changes
        working = self._ledger.working
        for reference in self._rows.keys() - working.keys():
            self._remove(reference)
        # The ledger holds orders by placement: what is new stands at its end.
        added = list(itertools.takewhile(lambda reference: reference not in self._rows, reversed(working)))
        for reference in reversed(added):
            self._add(working[reference])

    def _group_prices(self) -> tuple[FloatArray, FloatArray, Exception | None]:
        """Return the fill price and the middle of each group; NaN while a leg has no market of two sides."""
        listings: dict[str, Listing | None] = {}
        views: dict[str, BookView] = {}
        error: Exception | None = None
        for symbol in {symbol for group in self._groups if group is not None for symbol in group.symbols}:
            listings[symbol] = None
            try:
                view = self._market.view(symbol)
            except UnknownUnderlyingError:
                continue
            except Exception as problem:  # noqa: BLE001 - one book must not keep the orders on others from being filled
                error = error or problem
                continue
            listings[symbol], views[symbol] = view.listing, view
        table = self._table
        if (
            table is None
            or table.listings.keys() != listings.keys()
            or not all(map(_same, table.listings.values(), (listings[symbol] for symbol in table.listings)))
        ):
            table = self._table = _LegTable(self._groups, listings)
        bid, ask = np.full(table.ratio.size, np.nan), np.full(table.ratio.size, np.nan)
        for symbol, view in views.items():
            values = view.columns.of(table.expirations[symbol]).values
            bid[table.rows[symbol]] = values["bid"][table.places[symbol]]
            ask[table.rows[symbol]] = values["ask"][table.places[symbol]]
        with np.errstate(invalid="ignore"):
            two_sided = np.isfinite(bid) & np.isfinite(ask) & (ask > 0.0) & (bid <= ask)
            middle = np.where(two_sided, 0.5 * (bid + ask), np.nan)
            paid = self._slippage * 0.5 * (ask - bid)
            # Whole cents, against the trader, as `fill_model.fill_price`.
            bought = np.ceil((middle + paid) * 100.0 - TOLERANCE) / 100.0
            sold = np.floor((middle - paid) * 100.0 + TOLERANCE) / 100.0
            leg_price = np.maximum(np.where(table.ratio > 0.0, bought, sold), 0.0)
        return table.sum(table.ratio * leg_price), table.sum(table.ratio * middle), error

    def _add(self, order: WorkingOrder) -> None:
        try:
            expires = to_micros(self._expires_at(order))
        except Exception:  # noqa: BLE001 - looked at in every pass instead, which reports the error of this order alone
            expires = 0
        if self._free:
            row = self._free.pop()
            self._orders[row] = order
        else:
            row = len(self._orders)
            self._orders.append(order)
            if row == self._limit.size:
                self._grow()
        self._rows[order.request.reference] = row
        self._placed += 1
        self._sequence[row] = self._placed
        legs = order.request.legs
        number = self._number_of.get(legs)
        if number is None:
            number = self._add_group(legs)
        group = self._groups[number]
        assert group is not None  # noqa: S101 - a number that is given out has a group
        group.orders += 1
        self._group_of[row] = number
        self._expires[row] = expires
        self._set_prices(row, order)

    def _add_group(self, legs: tuple[VenueLeg, ...]) -> int:
        self._table = None
        if self._free_groups:
            number = self._free_groups.pop()
            self._groups[number] = _Group(legs)
        else:
            number = len(self._groups)
            self._groups.append(_Group(legs))
        self._number_of[legs] = number
        return number

    def _set_prices(self, row: int, order: WorkingOrder) -> None:
        request = order.request
        limit = np.inf if request.limit_price is None else float(request.limit_price)
        if request.order_type in {OrderType.Stop, OrderType.StopLimit} and not order.triggered:
            # Reaching the stop price triggers it, wherever its limit lies; without a stop price it never triggers.
            self._limit[row] = np.inf
            self._stop[row] = np.inf if request.stop_price is None else float(request.stop_price)
        else:
            self._limit[row] = limit
            self._stop[row] = -np.inf

    def _remove(self, reference: str) -> None:
        row = self._rows.pop(reference)
        self._orders[row] = None
        self._limit[row], self._stop[row], self._expires[row] = -np.inf, np.inf, _NEVER
        self._free.append(row)
        number = int(self._group_of[row])
        group = self._groups[number]
        assert group is not None  # noqa: S101 - its order kept it
        group.orders -= 1
        if group.orders == 0:
            del self._number_of[tuple(group.legs)]
            self._groups[number] = None
            self._free_groups.append(number)
            self._table = None

    def _grow(self) -> None:
        more = self._limit.size
        self._sequence = np.concatenate((self._sequence, np.zeros(more, dtype=np.int64)))
        self._group_of = np.concatenate((self._group_of, np.zeros(more, dtype=np.intp)))
        self._limit = np.concatenate((self._limit, np.full(more, -np.inf)))
        self._stop = np.concatenate((self._stop, np.full(more, np.inf)))
        self._expires = np.concatenate((self._expires, np.full(more, _NEVER, dtype=np.int64)))
