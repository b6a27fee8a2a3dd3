"""Books of the double of tastytrade: orders with their legs and fills, positions, transactions, accounts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from mesolive.doubles.tastytrade.values import ZERO, JsonObject

TERMINAL: Final = frozenset({"Filled", "Cancelled", "Expired", "Rejected", "Removed", "Partially Removed"})
AT_EXCHANGE: Final = frozenset({"Live", "Cancel Requested", "Replace Requested"})
"""Statuses in which an order can be filled."""

BUYING: Final = frozenset({"Buy to Open", "Buy to Close", "Buy"})
OPENING: Final = frozenset({"Buy to Open", "Sell to Open"})
CLOSING: Final = frozenset({"Buy to Close", "Sell to Close"})
ACTIONS: Final = frozenset({*OPENING, *CLOSING, "Buy", "Sell"})


class Fill(msgspec.Struct, frozen=True):
    """A fill of one leg."""

    fill_id: str
    quantity: int
    price: Decimal
    at: datetime
    venue: str
    group_id: str | None = None
    exec_id: str | None = None


class Leg(msgspec.Struct):
    """A leg of an order.

    Attributes
    ----------
    fills
        What has really been filled.
    shown
        How many of the fills are reported.
    """

    symbol: str
    instrument_type: str
    quantity: int
    action: str
    fills: list[Fill] = []
    shown: int = 0

    @property
    def sign(self) -> int:
        """Whether it buys (1) or sells (-1)."""
        return 1 if self.action in BUYING else -1

    @property
    def filled(self) -> int:
        """How many contracts have really been filled."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def filled_as_shown(self) -> int:
        """Filled contracts as shown to clients."""
        return sum(fill.quantity for fill in self.fills[: self.shown])


class Condition(msgspec.Struct):
    """A condition of an order: routes or cancels it when a price is reached."""

    id: int
    action: str
    symbol: str
    instrument_type: str
    indicator: str
    comparator: str
    threshold: Decimal


class Rules(msgspec.Struct):
    """When an order is routed or cancelled by the broker."""

    conditions: list[Condition] = []
    route_after: datetime | None = None
    cancel_at: datetime | None = None


class Order(msgspec.Struct, kw_only=True):
    """An order as it really is.

    Attributes
    ----------
    price
        Greater than or equal to zero, per combo and unit of the underlying; its sign is in `effect`.
    taken_at
        When it was taken, by the double's timer.
    shown_status
        What is reported in place of its status.
    listed_from, readable_from
        From when on, by the timer, lists have it and reads by its id find it; `None` for at once.
    commission_charged
        What its fills have paid, by symbol.
    """

    id: int
    account: str
    order_type: str
    time_in_force: str
    legs: list[Leg]
    underlying: str
    underlying_type: str
    status: str
    received_at: datetime
    taken_at: datetime
    updated_ms: int = 0
    price: Decimal | None = None
    effect: str | None = None
    stop_trigger: Decimal | None = None
    gtc_date: date | None = None
    expires_at: datetime | None = None
    identifier: str | None = None
    source: str | None = None
    rules: Rules | None = None
    contingent_status: str | None = None
    edited: bool = False
    is_replacement: bool = False
    replaces: int | None = None
    replacing: int | None = None
    complex_id: int | None = None
    complex_tag: str | None = None
    cancelled_at: datetime | None = None
    in_flight_at: datetime | None = None
    live_at: datetime | None = None
    terminal_at: datetime | None = None
    reject_reason: str | None = None
    exchange_number: str | None = None
    client_number: str | None = None
    global_number: int | None = None
    triggered: bool = False
    shown_status: str | None = None
    identifier_shown: bool = True
    listed_from: datetime | None = None
    readable_from: datetime | None = None
    commission_charged: dict[str, Decimal] = {}

    @property
    def is_terminal(self) -> bool:
        """Whether it has ended."""
        return self.status in TERMINAL

    @property
    def size(self) -> int:
        """How many combos it is of: the greatest common divisor of its legs' quantities."""
        return math.gcd(*(leg.quantity for leg in self.legs))

    @property
    def ratios(self) -> Sequence[int]:
        """Signed contracts of each leg in one combo."""
        return [leg.sign * (leg.quantity // self.size) for leg in self.legs]

    @property
    def filled(self) -> int:
        """How many whole combos have really been filled."""
        return min(leg.filled // (leg.quantity // self.size) for leg in self.legs)

    @property
    def has_fills(self) -> bool:
        """Whether any leg has been filled."""
        return any(leg.fills for leg in self.legs)

    @property
    def limit(self) -> Decimal | None:
        """The price with its sign: what one combo may cost, less than zero for a credit."""
        if self.price is None:
            return None
        return -self.price if self.effect == "Credit" else self.price


class Position(msgspec.Struct):
    """Contracts of one symbol that an account holds; `quantity` is signed."""

    symbol: str
    quantity: int = 0
    average: Decimal = ZERO
    realized: Decimal = ZERO
    realized_on: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Transaction(msgspec.Struct):
    """A transaction, with the moment from which it is listed: by the timer, or by the market's clock.

    Attributes
    ----------
    fields
        As answers have them, but for `is-estimated-fee`.
    """

    id: int
    account: str
    day: date
    at: datetime
    fields: JsonObject
    listed_from: datetime | None = None
    listed_from_market: datetime | None = None


class Account(msgspec.Struct):
    """An account."""

    number: str
    cash: Decimal
    opened_at: datetime
    positions: dict[str, Position] = {}

    def position(self, symbol: str) -> Position:
        """Return what it holds of a symbol."""
        return self.positions.setdefault(symbol, Position(symbol))


class ComplexOrder(msgspec.Struct):
    """Orders that depend on each other: a trigger and what it releases, and what cancels each other."""

    id: int
    account: str
    kind: str
    orders: list[int]
    trigger: int | None = None
    terminal: bool = False
