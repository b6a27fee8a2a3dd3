"""Life of orders at the double of tastytrade: to the exchange, to a fill, a cancel, or the end of the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fills import Fills
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.matching import quote_of
from mesolive.doubles.tastytrade.order_request import Refusal
from mesolive.doubles.tastytrade.order_views import show
from mesolive.doubles.tastytrade.records import AT_EXCHANGE, Condition, Order
from mesolive.doubles.tastytrade.transactions import Transactions
from mesolive.market.calendar import NEW_YORK

Hook = Callable[[Order], None]

LAST_SECOND: Final = time(23, 59, 59)


class OrderLife:
    """Brings orders on their way.

    Parameters
    ----------
    desk
        The books.
    ledger
        Positions and cash.
    transactions
        Their rows.
    """

    def __init__(self, desk: Desk, ledger: Ledger, transactions: Transactions) -> None:
        self._desk = desk
        self._fills = Fills(desk, ledger, transactions, self._filled)
        self._working: dict[int, Order] = {}
        self._hooks: list[Hook] = []

    def hook(self, hook: Hook) -> None:
        """Call something after each fill and end of an order."""
        self._hooks.append(hook)

    def take(self, order: Order) -> None:
        """Take an order: give it an id and begin its way, unless it depends on something."""
        desk = self._desk
        order.id = desk.next_id("order")
        desk.orders[order.id] = order
        self._working[order.id] = order
        if order.rules is not None:
            for condition in order.rules.conditions:
                condition.id = desk.next_id("rule")
        order.expires_at = self._expiry(order)
        self._strike_at_arrival(order)
        desk.truth.note(
            "accepted",
            account=order.account,
            order_id=order.id,
            identifier=order.identifier,
            replaces=order.replaces,
            legs=[f"{leg.action} {leg.quantity} {leg.symbol}" for leg in order.legs],
            order_type=order.order_type,
            limit=order.limit,
        )
        if order.contingent_status is not None:
            order.status = "Contingent"
            show(desk, order)
            return
        self.release(order)

    def resume(self, orders: Sequence[Order]) -> None:
        """Go on with orders of a run that was killed: what was to happen a moment later happens now."""
        for order in orders:
            self._working[order.id] = order
        for order in orders:
            match order.status:
                case "Routed":
                    self._fly(order)
                case "In Flight":
                    self._become_live(order)
                case "Cancel Requested":
                    self._cancelled(order, lost=False)
                case "Contingent" if order.contingent_status == "Pending Order" and order.replaces is not None:
                    old = self._desk.orders[order.replaces]
                    filled = sum(leg.filled for leg in old.legs)
                    self._replaced(old, order, was="Live", filled=filled, lost=False)
                case _:
                    pass  # the next step of the market looks at it

    def release(self, order: Order) -> None:
        """Let an order begin that depends on no other any more, or wait for its conditions."""
        if not _waits(order):
            self.begin(order)
            return
        order.status, order.contingent_status = "Contingent", "Pending Condition"
        show(self._desk, order)

    def begin(self, order: Order) -> None:
        """Let an order that depends on nothing any more go to the exchange, or wait for the opening."""
        order.status, order.contingent_status = "Received", None
        show(self._desk, order)
        if self._desk.trades(order):
            self._desk.timeline.after(self._desk.settings.route_seconds, partial(self._route, order))

    def cancel(self, order: Order) -> None:
        """Take the request to cancel an order.

        Raises
        ------
        Refusal
            When it has ended, or is being cancelled or replaced.
        """
        desk = self._desk
        desk.truth.note("cancel_received", account=order.account, order_id=order.id, status=order.status)
        if order.is_terminal or order.status in {"Cancel Requested", "Replace Requested"}:
            raise Refusal(422, "cannot_update_order", "The order could not be cancelled.")
        order.status = "Cancel Requested"
        show(desk, order)
        if desk.faults.strike("cancel_unheard", account=order.account) is not None:
            return
        late = desk.faults.strike("cancel_late", account=order.account)
        lost = desk.faults.strike("cancel_lost_to_fill", account=order.account) is not None
        pause = desk.settings.cancel_seconds if late is None else float(late["seconds"])
        desk.timeline.after(pause, partial(self._cancelled, order, lost=lost))

    def replace(self, old: Order, new: Order) -> None:
        """Take an order in place of another: the old one is cancelled, then the new one begins its way.

        A fill of the old one in between aborts the new one.

        Raises
        ------
        Refusal
            When the old one has ended, or is being cancelled or replaced.
        """
        desk = self._desk
        if old.is_terminal or old.status in {"Cancel Requested", "Replace Requested"}:
            raise Refusal(422, "cannot_update_order", "The order could not be replaced.")
        was = old.status
        new.replaces, new.is_replacement, new.contingent_status = old.id, True, "Pending Order"
        old.status = "Replace Requested"
        show(desk, old, stream=desk.settings.show_replace_requested)
        self.take(new)
        lost = desk.faults.strike("replace_lost_to_fill", account=old.account) is not None
        filled = sum(leg.filled for leg in old.legs)
        action = partial(self._replaced, old, new, was=was, filled=filled, lost=lost)
        desk.timeline.after(desk.settings.cancel_seconds, action)

    def end(self, order: Order, status: str, reason: str | None = None) -> None:
        """End an order that is not filled."""
        desk = self._desk
        if order.is_terminal:
            return
        now = desk.now()
        order.status, order.terminal_at, order.reject_reason = status, now, reason
        order.shown_status = None
        if status == "Cancelled":
            order.cancelled_at = now
        for leg in order.legs:
            leg.shown = len(leg.fills)
        desk.truth.note("ended", account=order.account, order_id=order.id, status=status)
        show(desk, order)
        self._filled(order)

    def reject(self, order: Order, reason: str) -> None:
        """Reject an order that was accepted."""
        self.end(order, "Rejected", reason)

    def force_fill(self, order: Order, units: int | None = None) -> None:
        """Fill an order regardless of the market, as if it were at the exchange.

        Raises
        ------
        ValueError
            When it has ended.
        """
        if order.is_terminal:
            raise ValueError(f"the order {order.id} is {order.status}")
        if order.status not in AT_EXCHANGE:
            self._arrive(order)
        self._fills.fill_at_limit(order, units)

    def step(self) -> None:
        """Look at the market: route, fill, cancel and expire orders."""
        desk = self._desk
        now = desk.now()
        for order in list(self._working.values()):
            if (order.expires_at is not None and now >= order.expires_at) or self._outlived(order, now):
                self.end(order, "Expired")
            elif order.rules is not None and self._ruled_out(order, now):
                self.end(order, "Cancelled")
            elif order.status == "Contingent":
                if order.contingent_status == "Pending Condition" and self._conditions_met(order, now):
                    self.begin(order)
            elif order.status == "Received" and desk.trades(order):
                self._route(order)
            else:
                self._fills.attempt(order)

    # the way to the exchange

    def _route(self, order: Order) -> None:
        if order.status != "Received":
            return
        desk = self._desk
        order.status = "Routed"
        show(desk, order)
        stays = desk.faults.strike("stays_routed", account=order.account)
        pause = desk.settings.flight_seconds if stays is None else float(stays["seconds"])
        desk.timeline.after(pause, partial(self._fly, order))

    def _fly(self, order: Order) -> None:
        if order.status != "Routed":
            return
        desk = self._desk
        order.status, order.in_flight_at = "In Flight", desk.now()
        show(desk, order)
        rejected = desk.faults.strike("order_rejected_later", account=order.account)
        if rejected is not None:
            action = partial(self.reject, order, rejected["reason"])
        else:
            action = partial(self._become_live, order)
        desk.timeline.after(desk.settings.live_seconds, action)

    def _become_live(self, order: Order) -> None:
        if order.status != "In Flight":
            return
        self._arrive(order)
        self._fills.attempt(order)
        if order.time_in_force == "IOC" and not order.is_terminal:
            self.end(order, "Cancelled")

    def _arrive(self, order: Order) -> None:
        desk = self._desk
        order.status, order.live_at, order.contingent_status = "Live", desk.now(), None
        order.exchange_number = f"6072{order.id:010d}"
        order.client_number = f"9c{order.id:016x}"
        order.global_number = order.id % 100_000
        unknown = desk.faults.strike("unknown_status", account=order.account)
        order.shown_status = None if unknown is None else unknown["status"]
        show(desk, order)
        order.shown_status = None

    # cancels, replacements

    def _cancelled(self, order: Order, *, lost: bool) -> None:
        if order.is_terminal:
            return
        if lost:
            self._fills.fill_at_limit(order)
            return
        self.end(order, "Cancelled")

    def _replaced(self, old: Order, new: Order, *, was: str, filled: int, lost: bool) -> None:
        if lost and not old.is_terminal:
            self._fills.fill_at_limit(old)
        if old.is_terminal or sum(leg.filled for leg in old.legs) != filled:
            if not old.is_terminal:
                old.status = was
                show(self._desk, old)
            self.end(new, "Cancelled", "The order that it replaces was filled")
            return
        if new.is_terminal:
            old.status = was
            show(self._desk, old)
            return
        old.edited, old.replacing = True, new.id
        self.end(old, "Cancelled")
        self.release(new)

    # conditions, days

    def _strike_at_arrival(self, order: Order) -> None:
        faults, now = self._desk.faults, self._desk.timer.now()
        if faults.strike("identifier_lost", account=order.account) is not None:
            order.identifier_shown = False
        listed = faults.strike("order_listed_late", account=order.account)
        if listed is not None:
            order.listed_from = now + timedelta(seconds=float(listed["seconds"]))
        read = faults.strike("order_read_late", account=order.account)
        if read is not None:
            order.readable_from = now + timedelta(seconds=float(read["seconds"]))

    def _expiry(self, order: Order) -> datetime | None:
        """Return when an order expires: a day order with its session, another one with the first of its contracts."""
        if order.time_in_force.startswith("GTC"):
            instruments = self._desk.instruments
            ends = [instruments.trades_until(self._desk.instrument(leg.symbol)) for leg in order.legs]
            return min((end for end in ends if end is not None), default=None)
        markets, now = self._desk.markets, self._desk.now()
        if order.gtc_date is not None:
            session = markets.calendar.session(order.gtc_date)
            return datetime.combine(order.gtc_date, LAST_SECOND, NEW_YORK) if session is None else session[1]
        if markets.around_the_clock:
            return datetime.combine(markets.today(now) + timedelta(days=1), time(), NEW_YORK)
        hours = self._desk.hours(order)
        return (markets.calendar.open_session_at_or_after(now) if hours is None else hours.next_order_session(now))[1]

    def _outlived(self, order: Order, now: datetime) -> bool:
        """Whether a leg of an order has stopped trading."""
        instruments = self._desk.instruments
        return any(not instruments.alive(self._desk.instrument(leg.symbol), now) for leg in order.legs)

    def _conditions_met(self, order: Order, now: datetime) -> bool:
        if order.rules is None:
            return True
        if order.rules.route_after is not None and now < order.rules.route_after:
            return False
        return all(self._met(condition) for condition in order.rules.conditions if condition.action == "route")

    def _ruled_out(self, order: Order, now: datetime) -> bool:
        rules = order.rules
        if rules is None:
            return False
        if rules.cancel_at is not None and now >= rules.cancel_at:
            return True
        cancels = [condition for condition in rules.conditions if condition.action == "cancel"]
        return bool(cancels) and all(self._met(condition) for condition in cancels)

    def _met(self, condition: Condition) -> bool:
        quote = quote_of(self._desk, self._desk.instrument(condition.symbol))
        price = None if quote is None else (quote.last if condition.indicator == "last" else quote.middle)
        if price is None:
            return False
        return price >= condition.threshold if condition.comparator == "gte" else price <= condition.threshold

    def _filled(self, order: Order) -> None:
        if order.is_terminal:
            self._working.pop(order.id, None)
        for hook in self._hooks:
            hook(order)


def _waits(order: Order) -> bool:
    rules = order.rules
    if rules is None:
        return False
    return rules.route_after is not None or any(condition.action == "route" for condition in rules.conditions)
