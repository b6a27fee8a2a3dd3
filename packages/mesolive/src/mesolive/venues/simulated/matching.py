"""Matching of the simulated venue: expires, triggers and fills working orders against the quote book.

A pass over the market takes its candidates from `RestingOrders` and looks at each of them in the order of placement.
Its fills are made in that order whatever legs the orders have, and the next order sees what the one before has
done. Between some of them a pass gives its caller a chance to let others run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from mesolive.clock import Clock
from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.chain_view import BookView
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.market.trading_hours import TradingHours
from mesolive.venues.base import Execution, LegExecution, OrderStatus, VenueLeg, VenueRequest
from mesolive.venues.combo_quotes import ComboQuote, quote_combo
from mesolive.venues.simulated.config import SimulatedVenueConfig
from mesolive.venues.simulated.fill_model import FillPrice, fill_price, fill_quantity
from mesolive.venues.simulated.ledger import Filled, Triggered, VenueLedger, WorkingOrder
from mesolive.venues.simulated.resting_orders import RestingOrders
from mesolive_sdk.models import OrderType, TimeInForce

MAX_ORDERS_PER_TURN: Final = 16
"""Orders that a pass looks at, about 0.1 ms each, before it lets others run."""

MAX_QUOTES: Final = 1_000
"""Combo quotes that are kept between two passes."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _Priced(Struct, frozen=True):
    """The market of a combo by some views, and what a fill costs by it; both `None` while a leg has no market."""

    views: list[BookView]
    quote: ComboQuote | None
    price: FillPrice | None


class Matching:
    """Matches the working orders of a ledger.

    Parameters
    ----------
    ledger
        The orders; fills are recorded in it.
    market, clock, calendar
        Quotes, market time and sessions.
    terms
        How orders are filled.
    report_fill
        Called with each fill once it is recorded.
    expire
        Ends an order whose time is over.
    """

    def __init__(
        self,
        ledger: VenueLedger,
        market: Market,
        clock: Clock,
        calendar: ExchangeCalendar,
        terms: SimulatedVenueConfig,
        *,
        report_fill: Callable[[Execution], None],
        expire: Callable[[WorkingOrder], object],
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._clock = clock
        self._calendar = calendar
        self._terms = terms
        self._report_fill = report_fill
        self._expire = expire
        self._resting = RestingOrders(ledger, market, float(terms.slippage), self._expires_at)
        self._priced: dict[tuple[VenueLeg, ...], _Priced] = {}

    def is_open(self, now: datetime, request: VenueRequest) -> bool:
        """Whether an order is filled now: all of its legs trade, in sessions that it is for."""
        if self._terms.always_open:
            return True
        for hours in self._hours(request.legs):  # noqa: SIM110 - a generator for each order costs as much as its look
            if not hours.takes_orders(now, night=request.night):
                return False
        return True

    def day_ends_at(self, moment: datetime, legs: Sequence[VenueLeg]) -> datetime:
        """Return when day orders with these legs, placed at a moment, end."""
        return min((hours.day_ends_at(moment) for hours in self._hours(legs)), default=_NEVER)

    def next_change(self, now: datetime) -> datetime:
        """Return when the next session of any underlying opens or closes."""
        changes = (book.hours.next_change(now) for book in self._market.provider().books.values())
        return min(changes, default=self._calendar.open_session_at_or_after(now)[1])

    def _hours(self, legs: Sequence[VenueLeg]) -> list[TradingHours]:
        books = self._market.provider().books
        symbols = dict.fromkeys([leg.contract.underlying for leg in legs])
        return [books[symbol].hours for symbol in symbols if symbol in books]

    def _any_open(self, now: datetime) -> bool:
        books = self._market.provider().books.values()
        return self._terms.always_open or any(book.hours.is_open(now) for book in books)

    def steps(self, now: datetime) -> Generator[None, None, Exception | None]:
        """Make a pass over the market as of `now`; yields between groups of orders, at any of which it may rest.

        Returns
        -------
        Exception | None
            What the first order raised that could not be looked at; all the others had their turn.
        """
        candidates, first = self._resting.candidates(now, is_open=self._any_open(now))
        try:
            for number, order in enumerate(candidates, 1):
                try:
                    self.look_at(order, now)
                except Exception as error:  # noqa: BLE001 - one order must not keep the others from being filled
                    first = first or error
                if number % MAX_ORDERS_PER_TURN == 0:
                    yield
        finally:
            self._priced.clear()  # they hold views
        return first

    def look_at(self, order: WorkingOrder, now: datetime) -> None:
        """Expire, trigger or fill one order where its time or the market says so."""
        if order.status is not OrderStatus.WORKING:
            return  # it has ended since the pass began
        if now >= self._expires_at(order):
            self._expire(order)
        elif self.is_open(now, order.request) and now >= order.placed.at + timedelta(seconds=self._terms.queue_seconds):
            self._try_to_fill(order)

    def fill(self, order: WorkingOrder, quote: ComboQuote, qty: Decimal) -> Execution:
        """Fill an order at a quote regardless of its limit, and report it."""
        request = order.request
        price = fill_price(request.legs, quote, self._terms.slippage)
        execution = Execution(
            account=request.account,
            reference=request.reference if order.placed.ours else None,
            venue_id=order.venue_id,
            execution_id=self._ledger.name("E"),
            qty=qty,
            legs=tuple(
                LegExecution(
                    name=leg.name,
                    contract=leg.contract,
                    qty=leg.ratio * qty,
                    price=price.legs[leg.name],
                    commission=self._terms.commission * abs(leg.ratio * qty),
                )
                for leg in request.legs
            ),
            at=self._clock.now(),
        )
        self._ledger.record(Filled(execution=execution))
        self._report_fill(execution)
        return execution

    def _try_to_fill(self, order: WorkingOrder) -> None:
        request = order.request
        priced = self._price(request.legs)
        quote, price = priced.quote, priced.price
        if quote is None or price is None:
            return
        if request.order_type in {OrderType.Stop, OrderType.StopLimit} and not order.triggered:
            if request.stop_price is None or quote.middle < request.stop_price:
                return
            self._ledger.record(Triggered(reference=request.reference))
            self._resting.triggered(order)
        if request.limit_price is not None and price.combo > request.limit_price:
            return
        qty = fill_quantity(order.remaining, quote, self._terms.displayed)
        if qty > 0:
            self.fill(order, quote, qty)

    def _price(self, legs: tuple[VenueLeg, ...]) -> _Priced:
        """Return the combo's market, made once per market view and pass for all orders with these legs."""
        views = self._views(legs)
        known = self._priced.get(legs)
        if known is not None and len(known.views) == len(views) and all(map(_same, known.views, views)):
            return known
        quote = quote_combo(self._market, legs)
        price = None if quote is None else fill_price(legs, quote, self._terms.slippage)
        if len(self._priced) >= MAX_QUOTES:
            self._priced.clear()
        result = self._priced[legs] = _Priced(views, quote, price)
        return result

    def _views(self, legs: Sequence[VenueLeg]) -> list[BookView]:
        try:
            return [self._market.view(symbol) for symbol in dict.fromkeys(leg.contract.underlying for leg in legs)]
        except UnknownUnderlyingError:
            return []

    def _expires_at(self, order: WorkingOrder) -> datetime:
        """Return when an order ends with its session or with the first of its contracts."""
        expirations = {(leg.contract.root, leg.contract.day) for leg in order.request.legs}
        settled = min(
            (settlement_instant(root, day, calendar=self._calendar) for root, day in expirations), default=_NEVER
        )
        if order.request.time_in_force is not TimeInForce.Day or self._terms.always_open:
            return settled
        return min(settled, self.day_ends_at(order.placed.at, order.request.legs))


def _same(first: BookView, second: BookView) -> bool:
    return first is second
