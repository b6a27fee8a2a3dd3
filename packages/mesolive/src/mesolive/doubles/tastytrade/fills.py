"""Fills of orders at the double of tastytrade: booked leg by leg, and shown one leg after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import fees_of
from mesolive.doubles.tastytrade.instruments import FUTURE
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.margins import balances_view
from mesolive.doubles.tastytrade.matching import CENT, fill_quote, quote_of, reached, stop_reached
from mesolive.doubles.tastytrade.order_views import show
from mesolive.doubles.tastytrade.records import AT_EXCHANGE, Fill, Leg, Order
from mesolive.doubles.tastytrade.settings import Environment
from mesolive.doubles.tastytrade.transactions import Transactions
from mesolive.doubles.tastytrade.values import ZERO

LEG_GAP: Final = timedelta(milliseconds=1)
"""Between the times of the fills of two legs."""

SANDBOX_VENUE: Final = "MARKET_SIMULATOR_A"
OPTIONS_VENUE: Final = "CITADEL_OPTIONS_A"
OTHER_VENUE: Final = "CITADEL_A"


class Fills:
    """Fills orders against the market.

    Parameters
    ----------
    desk
        The books.
    ledger
        Positions and cash.
    transactions
        Their rows.
    filled
        Called after each fill of an order, and once it has ended.
    """

    def __init__(self, desk: Desk, ledger: Ledger, transactions: Transactions, filled: Callable[[Order], None]) -> None:
        self._desk = desk
        self._ledger = ledger
        self._transactions = transactions
        self._filled = filled
        self._under_way: set[int] = set()

    def attempt(self, order: Order) -> None:
        """Fill an order as far as the market allows."""
        desk = self._desk
        if order.status not in AT_EXCHANGE or order.id in self._under_way or not desk.trades(order):
            return
        if desk.faults.is_on("no_fills", account=order.account):
            return
        if not order.triggered:
            if not stop_reached(desk, order):
                return
            order.triggered = True
        quote = fill_quote(desk, order)
        if quote is None or not reached(order, quote):
            return
        units = min(order.size - order.filled, quote.available)
        partial_fill = desk.faults.strike("partial_fills", account=order.account) if units > 0 else None
        if partial_fill is not None:
            units = min(units, int(partial_fill["quantity"]))
        if units > 0:
            self.fill(order, units, quote.prices)

    def fill(self, order: Order, units: int, prices: Sequence[Decimal]) -> None:
        """Fill some combos at prices of their legs."""
        desk = self._desk
        apart = desk.faults.strike("legs_priced_apart", account=order.account)
        if apart is not None:
            moved = (prices[0] * (1 + Decimal(apart["fraction"]))).quantize(CENT)
            prices = [max(moved, CENT), *prices[1:]]
        parts = [
            (leg, abs(ratio) * units, price) for leg, ratio, price in zip(order.legs, order.ratios, prices, strict=True)
        ]
        broken = desk.faults.strike("combo_broken", account=order.account) if len(parts) > 1 else None
        slow = desk.faults.strike("legs_fill_apart", account=order.account) if len(parts) > 1 else None
        if broken is not None:
            parts = parts[:1]
        group = str(2_263_900_000 + desk.next_id("fill"))
        if slow is None:
            for number, (leg, quantity, price) in enumerate(parts):
                self._book(order, leg, quantity, price, number, group)
            self._finish(order, broken=broken is not None)
            return
        self._under_way.add(order.id)
        for number, (leg, quantity, price) in enumerate(parts):
            last = number == len(parts) - 1
            action = partial(self._book_apart, order, leg, quantity, price, group, last=last, broken=broken is not None)
            desk.timeline.after(number * float(slow["seconds"]), action)

    def fill_at_limit(self, order: Order, units: int | None = None) -> None:
        """Fill an order regardless of the market: at its limit, or at the middle without one.

        An order whose legs are being filled one after the other is left to that.
        """
        if order.id in self._under_way:
            return
        prices: list[Decimal] = []
        for leg in order.legs:
            quote = quote_of(self._desk, self._desk.instrument(leg.symbol))
            middle = None if quote is None else quote.middle
            prices.append((middle or CENT).quantize(CENT))
        if order.limit is not None:
            pairs = zip(order.ratios, prices, strict=True)
            missing = order.limit - sum((ratio * price for ratio, price in pairs), ZERO)
            # The leg that pays the difference is one whose price stays above zero.
            for place, ratio in enumerate(order.ratios):
                moved = prices[place] + missing / ratio
                if moved > 0 or place == len(prices) - 1:
                    prices[place] = max(moved, ZERO)
                    break
        self.fill(order, min(units or order.size, order.size - order.filled), prices)

    def _book_apart(
        self, order: Order, leg: Leg, quantity: int, price: Decimal, group: str, *, last: bool, broken: bool
    ) -> None:
        if order.is_terminal:
            self._under_way.discard(order.id)
            return
        self._book(order, leg, quantity, price, 0, group)
        if last:
            self._under_way.discard(order.id)
        self._finish(order, broken=broken)

    def _book(self, order: Order, leg: Leg, quantity: int, price: Decimal, number: int, group: str) -> None:
        """Book the fill of one leg: as one, or in pieces."""
        split = self._desk.faults.strike("fill_split", account=order.account)
        piece = quantity if split is None else max(int(split["quantity"]), 1)
        while quantity > 0:
            taken = min(piece, quantity)
            quantity -= taken
            self._book_piece(order, leg, taken, price, number, group)

    def _book_piece(self, order: Order, leg: Leg, quantity: int, price: Decimal, number: int, group: str) -> None:
        desk = self._desk
        instrument = desk.instrument(leg.symbol)
        charged = order.commission_charged.get(leg.symbol, ZERO)
        fees = fees_of(instrument, leg.action, quantity, charged)
        order.commission_charged[leg.symbol] = charged + fees.commission
        fill_number = desk.next_id("fill")
        option = instrument.option is not None
        if desk.settings.environment is Environment.SANDBOX:
            fill = Fill(str(fill_number), quantity, price, desk.now() + number * LEG_GAP, SANDBOX_VENUE)
        else:
            fill = Fill(
                f"3_{'OPT' if option else 'EQ'}8500{fill_number}",
                quantity,
                price,
                desk.now() + number * LEG_GAP,
                OPTIONS_VENUE if option else OTHER_VENUE,
                group,
                str(90_000 + fill_number),
            )
        leg.fills.append(fill)
        account = desk.account(order.account)
        signed = leg.sign * quantity
        cash = ZERO if instrument.kind == FUTURE else -signed * price * instrument.factor
        desk.truth.note(
            "fill",
            account=order.account,
            order_id=order.id,
            identifier=order.identifier,
            symbol=leg.symbol,
            quantity=signed,
            price=price,
            fill_id=fill.fill_id,
            commission=fees.commission,
            fees=fees.total - fees.commission,
        )
        self._ledger.trade(account, instrument, signed, price, fees.total)
        self._transactions.trade(order, leg, fill, instrument, fees, cash)

    def _finish(self, order: Order, *, broken: bool) -> None:
        """Bring an order to its end when it is filled, and show its fills leg by leg."""
        desk = self._desk
        if order.filled == order.size:
            order.status, order.terminal_at = "Filled", desk.now()
        elif broken:
            order.status, order.terminal_at = "Cancelled", desk.now()
            order.cancelled_at = desk.now()
        if order.is_terminal:
            desk.truth.note("ended", account=order.account, order_id=order.id, status=order.status)
        slow: Mapping[str, str] | None = desk.faults.strike("legs_shown_late", account=order.account)
        pause = desk.settings.leg_seconds if slow is None else float(slow["seconds"])
        behind = [leg for leg in order.legs if leg.shown < len(leg.fills)]
        for number, leg in enumerate(behind):
            desk.timeline.after(number * pause, partial(self._reveal, order, leg, len(leg.fills)))
        desk.timeline.after(
            len(behind) * pause,
            lambda: desk.publish(order.account, "AccountBalance", balances_view(desk, desk.account(order.account))),
        )
        self._filled(order)

    def _reveal(self, order: Order, leg: Leg, shown: int) -> None:
        leg.shown = max(leg.shown, shown)
        show(self._desk, order)
