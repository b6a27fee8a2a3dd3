"""Desk of the double of tastytrade: state shared by its services: books, market, faults, and what clients are shown."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from mesolive.clock import Clock
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.faults import Faults
from mesolive.doubles.tastytrade.instruments import Instrument, Instruments
from mesolive.doubles.tastytrade.records import Account, ComplexOrder, Order, Transaction
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive.doubles.tastytrade.state import StateFile
from mesolive.doubles.tastytrade.values import JsonObject, Lagging
from mesolive.doubles.timeline import Timeline
from mesolive.doubles.truth import Truth
from mesolive.market.trading_hours import TradingHours, trading_hours

Listener = Callable[[str, str, JsonObject], None]
"""Takes a notification: the account, its type, and its data."""


class Desk:
    """What the services share.

    Parameters
    ----------
    settings
        What the double is like.
    markets
        Quotes.
    clock
        Market time: sessions, quotes, the times in answers.
    timer
        Time on the connection: pauses, lags, lives of tokens, rate limits.
    seed
        Of the faults and of the gaps between ids.

    Attributes
    ----------
    accounts, orders, complex_orders, transactions
        The books of truth, by number.
    restrictions
        The flags of each account's trading status that are set, such as `is-closing-only`.
    orders_shown
        What is reported of each order, as it was at each moment.
    numbers
        The last number of each kind.
    changes
        How often the books have changed.
    shut
        Whether the double is being stopped.
    """

    def __init__(self, settings: DoubleSettings, markets: Markets, clock: Clock, timer: Clock, seed: int) -> None:
        self.settings = settings
        self.markets = markets
        self.clock = clock
        self.timer = timer
        self.seed = seed
        self.faults = Faults(seed)
        self.instruments = Instruments(markets)
        self.timeline = Timeline(timer, self.commit)
        self.state = StateFile(settings.state_path)
        self.changes = 0
        before = self.state.before
        self.truth = Truth(clock.now, settings.truth_path, None if before is None else before.truths)
        opened = clock.now() - timedelta(days=400)
        self.accounts = {number: Account(number, settings.cash, opened) for number in settings.accounts}
        self.orders: dict[int, Order] = {}
        self.complex_orders: dict[int, ComplexOrder] = {}
        self.transactions: list[Transaction] = []
        self.restrictions: dict[str, frozenset[str]] = {}
        self.orders_shown: dict[int, Lagging[JsonObject]] = {}
        self._listeners: list[Listener] = []
        self._random = random.Random(f"{seed}/ids")  # noqa: S311 - not for secrets
        self.numbers = {"order": 1_251_000, "complex": 98_000, "transaction": 245_400_000, "fill": 73_100, "rule": 280}

    # time

    def now(self) -> datetime:
        """Return the market's time."""
        return self.clock.now()

    def today(self) -> date:
        """Return the exchange-local date."""
        return self.markets.today(self.now())

    def seconds_ago(self, seconds: float) -> datetime:
        """Return a moment of the timer."""
        return self.timer.now() - timedelta(seconds=seconds)

    def is_open(self) -> bool:
        """Whether orders of shares and of options on them are routed and filled."""
        return self.markets.is_open(self.now())

    def trades(self, order: Order) -> bool:
        """Whether an order is routed and filled now: options and futures in the sessions of their class."""
        hours = self.hours(order)
        return self.is_open() if hours is None else self.markets.around_the_clock or hours.takes_orders(self.now())

    def hours(self, order: Order) -> TradingHours | None:
        """Return the hours of an order of options or futures; `None` for one of shares."""
        instrument = self.instrument(order.legs[0].symbol)
        is_share = instrument.future is None and instrument.option is None
        return None if is_share else trading_hours(instrument.product, self.markets.calendar)

    # books

    def next_id(self, kind: str) -> int:
        """Return a new number; those of orders rise by more than one at times."""
        step = self._random.randint(1, self.settings.id_gap) if kind in {"order", "transaction"} else 1
        self.numbers[kind] += step
        self.changes += 1
        return self.numbers[kind]

    def account(self, number: str) -> Account:
        """Return an account."""
        return self.accounts[number]

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument of a symbol that was checked before."""
        instrument = self.instruments.find(symbol)
        if instrument is None:
            raise KeyError(symbol)
        return instrument

    def orders_of(self, account: str) -> Iterator[Order]:
        """Return the orders of an account, the oldest first."""
        return (order for order in list(self.orders.values()) if order.account == account)

    def chance(self, name: str) -> random.Random:
        """Return the random numbers of one purpose."""
        return random.Random(f"{self.seed}/{name}")  # noqa: S311 - not for secrets

    # what is reported

    def listen(self, listener: Listener) -> None:
        """Add a listener of all notifications."""
        self._listeners.append(listener)

    def publish(self, account: str, kind: str, data: JsonObject) -> None:
        """Tell the account stream."""
        self.changes += 1
        for listener in self._listeners:
            listener(account, kind, data)

    def commit(self) -> None:
        """Write the truth that waits, and the books."""
        self.truth.flush()
        self.state.keep(self)
