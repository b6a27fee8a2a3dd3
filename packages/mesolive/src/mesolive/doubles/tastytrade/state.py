"""The books of the double of tastytrade in a file: a double that is killed continues at its restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mesolive.doubles.tastytrade.order_views import order_view
from mesolive.doubles.tastytrade.records import Account, ComplexOrder, Order, Transaction
from mesolive.doubles.tastytrade.values import Lagging

if TYPE_CHECKING:
    from mesolive.doubles.tastytrade.desk import Desk

LONG_AGO: Final = timedelta(minutes=1)
"""So long ago, by the timer, everything that was kept was reported: no lag hides it."""


class State(msgspec.Struct):
    """The books at one moment.

    Attributes
    ----------
    truths
        How many entries the truth ledger had.
    spots
        Prices of the underlyings, and `reached` the market's time: a market that is started again goes on from there.
    """

    truths: int
    numbers: dict[str, int]
    accounts: list[Account]
    orders: list[Order]
    complex_orders: list[ComplexOrder]
    transactions: list[Transaction]
    restrictions: dict[str, frozenset[str]]
    spots: dict[str, float] = {}
    reached: datetime | None = None


def read_state(path: Path) -> State | None:
    """Return the books that a double has kept in a file; `None` where there are none."""
    return msgspec.msgpack.decode(path.read_bytes(), type=State) if path.exists() else None


class StateFile:
    """Keeps the books of a double in a file; without a path nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept_changes = -1
        self.before: State | None = None
        if path is not None:
            self.before = read_state(path)

    def keep(self, desk: Desk) -> None:
        """Write the books, unless nothing has changed since the last time."""
        if self._path is None or desk.changes == self._kept_changes:
            return
        symbols = [product.symbol for product in desk.markets.products]
        spots = {symbol: spot for symbol in symbols if (spot := desk.markets.spot(symbol)) is not None}
        state = State(
            truths=len(desk.truth.entries),
            numbers=desk.numbers,
            accounts=list(desk.accounts.values()),
            orders=list(desk.orders.values()),
            complex_orders=list(desk.complex_orders.values()),
            transactions=desk.transactions,
            restrictions=desk.restrictions,
            spots={symbol: float(spot) for symbol, spot in spots.items()},
            reached=desk.now(),
        )
        # In one step: a kill leaves the state before or this one.
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.msgpack.encode(state))
        new.replace(self._path)
        self._kept_changes = desk.changes


def restore(desk: Desk, state: State) -> Sequence[Order]:
    """Put kept books onto a desk; return the orders that have not ended."""
    desk.accounts = {account.number: account for account in state.accounts}
    desk.numbers = dict(state.numbers)
    desk.complex_orders = {order.id: order for order in state.complex_orders}
    desk.restrictions = dict(state.restrictions)
    desk.transactions = state.transactions
    at = desk.timer.now() - LONG_AGO
    for row in desk.transactions:
        row.listed_from = None  # its lag has passed
    for order in state.orders:
        order.listed_from = order.readable_from = None
        order.taken_at = at
        for leg in order.legs:
            leg.shown = len(leg.fills)
        desk.orders[order.id] = order
        shown = desk.orders_shown[order.id] = Lagging()
        shown.put(at, order_view(desk, order))
    return [order for order in state.orders if not order.is_terminal]
