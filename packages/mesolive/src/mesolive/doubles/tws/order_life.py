"""Life of an order at IB's servers: acceptance, fills against the market, cancels, and the end of its time in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesolive.doubles.tws.executions import ExecutionBooks
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.matching import FillQuote, at_price, fill_quote, order_legs, reached, triggered
from mesolive.doubles.tws.order_reports import OrderReports
from mesolive.doubles.tws.records import ZERO, Order, OrderStatus


class OrderLife:
    """Moves orders through their states and notifies clients.

    Parameters
    ----------
    traded
        Called with the account and the contracts of each fill.
    """

    def __init__(
        self, gateway: Gateway, books: ExecutionBooks, reports: OrderReports, traded: Callable[[str, list[int]], None]
    ) -> None:
        self._gateway = gateway
        self._books = books
        self._reports = reports
        self._traded = traded

    def accept(self, order: Order, *, acknowledged: bool = True) -> None:
        """Accept an order at IB's servers: it gets a permId, works, and its client is notified."""
        gateway, faults, reports = self._gateway, self._gateway.faults, self._reports
        strike = partial(faults.strike, client=order.client_id)
        order.submitted_in_outage = False
        order.perm_id = order.perm_id or self.new_perm_id()
        order.live = order.transmit and not self._waits_for_parent(order)
        order.status = OrderStatus.PRE_SUBMITTED
        gateway.truth.note(
            "order_accepted",
            perm_id=order.perm_id,
            client_id=order.client_id,
            order_id=order.order_id,
            order_ref=order.order_ref,
        )
        if not acknowledged or strike("order_unacknowledged") is not None:
            # It works at once; a later change of its state would tell of it.
            order.status = OrderStatus.SUBMITTED
            return
        if strike("executions_first") is not None and order.live:
            order.status = OrderStatus.SUBMITTED
            self.match(order)
            if order.filled:
                return
            order.status = OrderStatus.PRE_SUBMITTED
        reports.order(order)
        for fault, code in (("preset_tif", 10349), ("outside_rth_ignored", 2109), ("shares_to_locate", 404)):
            if strike(fault) is not None:
                reports.error(order, code)
        inactive = strike("order_inactive")
        if inactive is not None:
            order.status, order.live = OrderStatus.INACTIVE, False
            reports.status(order)
            gateway.timeline.after(float(inactive["seconds"]), partial(self._activate, order))
            return
        is_open = self._trades(order)
        if strike("order_message") is not None or not is_open:
            opening, _ = self._session(order, gateway.now())
            until = f"{opening.astimezone(gateway.zone.zone):%Y-%m-%d %H:%M:%S} {gateway.zone.name}"
            details: dict[str, object] = {"action": order.action, "quantity": order.quantity, "symbol": order.symbol}
            reports.error(order, 399, until=until, **details)
        if is_open and order.live and "STP" not in order.order_type:
            order.status = OrderStatus.SUBMITTED
            reports.order(order)
        self.match(order)
        self._transmit_parent(order)

    def _activate(self, order: Order) -> None:
        """Let an order that was Inactive work, unless it has ended."""
        if order.status is OrderStatus.INACTIVE and order.ended_at is None:
            order.status, order.live = OrderStatus.PRE_SUBMITTED, order.transmit
            self._reports.order(order)
            self.match(order)

    def _parent(self, order: Order) -> Order | None:
        """Return the order that a child of a bracket belongs to."""
        if not order.parent_id:
            return None
        return next(
            (
                stored
                for stored in self._gateway.state.orders
                if (stored.client_id, stored.order_id) == (order.client_id, order.parent_id)
            ),
            None,
        )

    def _waits_for_parent(self, order: Order) -> bool:
        """Whether an order is the child of one that is not filled yet."""
        parent = self._parent(order)
        return parent is not None and parent.status is not OrderStatus.FILLED

    def _transmit_parent(self, order: Order) -> None:
        """Let the parent of a transmitted child work: a bracket is transmitted with its last order."""
        parent = self._parent(order)
        if parent is not None and order.transmit and not parent.transmit:
            parent.transmit = parent.live = True
            self.match(parent)

    def _related(self, order: Order) -> list[Order]:
        """Return the open orders that end with an order: its children, and the others of its group."""
        children = [child for child in self.open_orders() if self._parent(child) is order]
        group = [
            child
            for child in self.open_orders()
            if order.oca_group
            and child is not order
            and child.oca_group == order.oca_group
            and child.account == order.account
        ]
        return children + group

    def cancel(self, order: Order) -> None:
        """Cancel an order at IB's servers and notify its client."""
        gateway, reports = self._gateway, self._reports
        if order.status.ended or order.ended_at is not None:
            reports.error(order, 10148, order_id=order.order_id, state=order.status.value)
            return
        pending = gateway.faults.strike("cancel_pending", client=order.client_id)
        order.status = OrderStatus.PENDING_CANCEL
        reports.status(order)
        if pending is not None:
            gateway.timeline.after(float(pending["seconds"]), partial(self._cancelled, order))
            return
        self._cancelled(order)

    def end(self, order: Order, status: OrderStatus, reason: str) -> None:
        """End an order without notifying a client."""
        order.status, order.live, order.end_reason = status, False, reason
        order.ended_at = self._gateway.now()
        self._gateway.truth.note("order_ended", perm_id=order.perm_id, status=status.value, filled=order.filled)

    def fill_whole(self, order: Order, client: Client) -> bool:
        """Fill what is left of an order at its limit, as its cancel arrives; return whether it could be."""
        quote = self._quote(order)
        if quote is None or not order.live:
            return False
        price = quote.price if order.limit_price is None else order.limit_price
        client.error(order.order_id, 10148, order_id=order.order_id, state="Filled")
        self._fill(order, order.remaining, at_price(quote, price))
        return True

    def match(self, order: Order) -> None:
        """Fill an order as far as its limit and the market allow."""
        gateway = self._gateway
        if not order.live or not self._trades(order):
            return
        quote = None if gateway.faults.is_on("no_fills", client=order.client_id) else self._quote(order)
        if quote is not None and not order.triggered and triggered(order, quote):
            order.triggered = True
        if order.status is OrderStatus.PRE_SUBMITTED and (order.triggered or "STP" not in order.order_type):
            order.status = OrderStatus.SUBMITTED
            self._reports.order(order)
        if quote is not None and order.triggered and reached(order, quote):
            quantity = min(order.remaining, max(quote.available, ZERO))
            fault = gateway.faults.strike("partial_fills", client=order.client_id)
            if fault is not None:
                quantity = min(quantity, Decimal(fault["quantity"]))
            whole_only = order.all_or_none or order.tif == "FOK"
            if quantity and not (whole_only and quantity < order.remaining):
                self._fill(order, quantity, quote)
        if order.tif in {"IOC", "FOK"} and order.remaining:
            self._cancelled(order)

    def step(self) -> None:
        """Let the market fill orders, and the day end them."""
        now = self._gateway.now()
        for order in self.open_orders():
            if self._over(order, now):
                self.end(order, OrderStatus.CANCELLED, "Cancelled by Trader" if order.tif == "GTD" else "Expired")
                self._reports.status(order)
                continue
            if order.live:
                self.match(order)

    def open_orders(self) -> list[Order]:
        """Return the orders that have not ended, in the order in which they were placed."""
        return [
            order
            for order in self._gateway.state.orders
            if not order.status.ended and order.ended_at is None and order.perm_id
        ]

    def new_perm_id(self) -> int:
        """Return a permId that no order has had."""
        state = self._gateway.state
        state.next_perm_id += 1
        return state.next_perm_id - 1

    def _over(self, order: Order, now: datetime) -> bool:
        """Whether an order's time in force has ended, or a contract of it."""
        if order.placed_at is None:
            return False
        legs = order_legs(order, self._gateway.instrument)
        if any(leg.settles_at is not None and now >= leg.settles_at for leg, _ in legs):
            return True
        if order.tif == "GTD" and order.good_till_date:
            end = _moment(order.good_till_date, self._gateway.zone.zone)
            return end is not None and now >= end
        if order.tif not in {"DAY", "IOC", "FOK"}:
            return False
        _, close = self._session(order, order.placed_at)
        return now >= close

    def _trades(self, order: Order) -> bool:
        """Whether an order is filled now."""
        gateway, product = self._gateway, self._product(order)
        return product is not None and gateway.markets.trades(product, gateway.now(), night=order.outside_rth)

    def _session(self, order: Order, moment: datetime) -> tuple[datetime, datetime]:
        """Return the session in which an order of a moment is worked: then, or next."""
        markets, product = self._gateway.markets, self._product(order)
        if product is None:
            return markets.calendar.open_session_at_or_after(moment)
        return markets.order_session(product, moment, night=order.outside_rth)

    def _product(self, order: Order) -> str | None:
        """Return the underlying whose sessions an order has; `None` for a contract that is not known."""
        legs = order_legs(order, self._gateway.instrument)
        return legs[0][0].product if legs else None

    def _cancelled(self, order: Order) -> None:
        if order.status.ended:
            return
        gateway, reports = self._gateway, self._reports
        strike = partial(gateway.faults.strike, client=order.client_id)
        only_error = strike("cancel_by_error_only") is not None
        self.end(order, OrderStatus.CANCELLED, "Cancelled by Trader")
        if not only_error:
            reports.status(order)
        reports.error(order, 202, reason="")
        for related in self._related(order):
            if self._parent(related) is order:
                self.cancel(related)
        late = strike("fill_after_cancel")
        if late is not None:
            quote = self._quote(order)
            if quote is not None and order.remaining:
                price = quote.price if order.limit_price is None else order.limit_price
                self._fill(order, min(Decimal(late["quantity"]), order.remaining), at_price(quote, price))
                if order.remaining:
                    order.status = OrderStatus.CANCELLED

    def _quote(self, order: Order) -> FillQuote | None:
        gateway = self._gateway
        legs = order_legs(order, gateway.instrument)
        if not legs:
            return None
        buying = order.action == "BUY"
        return fill_quote(gateway.markets, legs, buying=buying, slippage=gateway.settings.slippage)

    def _fill(self, order: Order, quantity: Decimal, quote: FillQuote) -> None:
        fill = self._books.fill(order, quantity, quote)
        self._reports.fill(order, fill)
        if order.status is OrderStatus.FILLED:
            for related in self._related(order):
                if self._parent(related) is order:
                    related.live = related.transmit
                    self.match(related)
                else:
                    self.cancel(related)
        self._traded(order.account, [leg.instrument.con_id for leg in quote.legs])


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a good-till date: `YYYYMMDD HH:MM:SS zone`, or the end of a day; `None` for other text."""
    day, _, rest = text.partition(" ")
    clock, _, name = rest.partition(" ")
    try:
        local = datetime.strptime(f"{day} {clock or '23:59:59'}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - its zone follows
        return local.replace(tzinfo=ZoneInfo(name) if name else zone).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError):
        return None
