"""Requests for orders at the double of tastytrade: dry run, submit, replace, edit, cancel, and the lists of orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import Fees
from mesolive.doubles.tastytrade.margins import Effect
from mesolive.doubles.tastytrade.order_checks import OrderChecks
from mesolive.doubles.tastytrade.order_life import OrderLife
from mesolive.doubles.tastytrade.order_request import OrderBody, PriceBody, Reason, Refusal, check_form, invalid
from mesolive.doubles.tastytrade.order_views import order_view
from mesolive.doubles.tastytrade.records import TERMINAL, Leg, Order, Rules
from mesolive.doubles.tastytrade.values import JsonObject, signed
from mesolive.market.calendar import NEW_YORK
from mesolive.records import replace

LIVE_FOR: Final = timedelta(hours=24)
"""For how long the list of live orders has those that ended."""

NEXT_SESSION: Final[JsonObject] = {
    "code": "tif_next_valid_sesssion",
    "message": "Your order will begin working during next valid session.",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What a search for orders asks for."""

    start: datetime | None = None
    end: datetime | None = None
    statuses: frozenset[str] = frozenset()
    underlying: str | None = None
    ascending: bool = False


@dataclass(slots=True)
class Checked:
    """An order with what the checks made of it."""

    order: Order
    effect: Effect
    fees: Fees
    warnings: list[JsonObject] = field(default_factory=list[JsonObject])

    def as_json(self, desk: Desk, *, dry: bool) -> JsonObject:
        """Return the answer to a dry run or a submit."""
        view = order_view(desk, self.order) if dry else dict(desk.orders_shown[self.order.id].newest or {})
        if dry:
            for name in ("id", "received-at"):
                view.pop(name, None)
            view["updated-at"] = 0
        return {
            "order": view,
            "warnings": list[object](self.warnings),
            "buying-power-effect": self.effect.as_json(),
            "fee-calculation": {**self.fees.as_json(), **signed("total-fees", -self.fees.total)},
        }


class OrderService:
    """Serves requests for orders.

    Parameters
    ----------
    desk
        The books.
    checks
        Which orders are taken.
    life
        What becomes of them.
    """

    def __init__(self, desk: Desk, checks: OrderChecks, life: OrderLife) -> None:
        self._desk = desk
        self._checks = checks
        self._life = life

    def check(self, account: str, body: OrderBody) -> Checked:
        """Return what would become of an order.

        Raises
        ------
        Refusal
            When it would not be taken.
        """
        order = self._checks.order_of(account, body)
        return self._checked(order)

    def dry_run(self, account: str, body: OrderBody) -> JsonObject:
        """Answer a dry run of a new order."""
        checked = self.check(account, body)
        if checked.order.rules is not None:
            checked.order.status, checked.order.contingent_status = "Contingent", "Pending Condition"
            checked.order.rules.conditions.clear()  # a dry run was seen to forget them
        return checked.as_json(self._desk, dry=True)

    def submit(self, account: str, body: OrderBody) -> JsonObject:
        """Take a new order."""
        desk = self._desk
        desk.truth.note(
            "submit_received",
            account=account,
            identifier=body.external_identifier,
            legs=[f"{leg.action} {leg.quantity} {leg.symbol}" for leg in body.legs or ()],
        )
        refused = desk.faults.strike("order_refused", account=account)
        if refused is not None:
            reasons = [Reason(code=refused["reason"], message="The order was refused.")]
            raise Refusal(422, refused["code"], "One or more preflight checks failed", reasons)
        checked = self.check(account, body)
        self._life.take(checked.order)
        return checked.as_json(desk, dry=False)

    def replace(self, old: Order, body: OrderBody) -> JsonObject:
        """Take an order in place of another; return the new one."""
        new = self._replacement(old, body)
        checked = self._checked(new, replaced=old)
        self._life.replace(old, checked.order)
        return dict(self._desk.orders_shown[new.id].newest or {})

    def dry_run_replace(self, old: Order, body: OrderBody) -> JsonObject:
        """Answer a dry run of a replacement."""
        if old.is_terminal:
            raise Refusal(422, "cannot_update_order", "The order could not be replaced.")
        checked = self._checked(self._replacement(old, body), replaced=old)
        checked.order.status, checked.order.contingent_status = "Contingent", "Pending Order"
        checked.order.is_replacement = True
        if not self._desk.trades(checked.order):
            checked.warnings.append(dict(NEXT_SESSION))
        return checked.as_json(self._desk, dry=True)

    def edit(self, old: Order, body: PriceBody) -> JsonObject:
        """Change the price of an order; it becomes a new one, as by a replacement."""
        full = OrderBody(
            order_type=body.order_type or old.order_type,
            time_in_force=body.time_in_force or old.time_in_force,
            price=body.price if body.price is not None else old.price,
            price_effect=body.price_effect or old.effect,
            stop_trigger=body.stop_trigger or old.stop_trigger,
            external_identifier=body.external_identifier,
        )
        return self.replace(old, full)

    def cancel(self, order: Order) -> JsonObject:
        """Take the request to cancel an order; return it."""
        self._life.cancel(order)
        return dict(self._desk.orders_shown[order.id].newest or {})

    # reads

    def find(self, account: str, order_id: int) -> Order:
        """Return an order for a request that changes it.

        Raises
        ------
        Refusal
            When the account has none of this id.
        """
        order = self._desk.orders.get(order_id)
        if order is None or order.account != account:
            raise Refusal(404, "record_not_found", f"Couldn't find Order with 'id'={order_id}")
        return order

    def read(self, account: str, order_id: int) -> JsonObject:
        """Return an order as a read by its id answers now."""
        order = self.find(account, order_id)
        desk = self._desk
        if order.readable_from is None or order.readable_from <= desk.timer.now():
            view = desk.orders_shown[order_id].read(desk.seconds_ago(desk.settings.rest_lag))
            if view is not None:
                return view
        raise Refusal(404, "record_not_found", f"Couldn't find Order with 'id'={order_id}")

    def search(self, account: str, query: Query) -> list[JsonObject]:
        """Return the orders that a search finds now, the newest first."""
        views = [
            view
            for order, view in self._listed(account)
            if (query.start is None or order.received_at >= query.start)
            and (query.end is None or order.received_at < query.end)
            and (not query.statuses or str(view["status"]) in query.statuses)
            and query.underlying in {None, order.underlying}
        ]
        return views if query.ascending else views[::-1]

    def live(self, account: str, query: Query) -> list[JsonObject]:
        """Return the orders that work, and those that ended within a day."""
        oldest = self._desk.now() - LIVE_FOR
        views = [
            view
            for order, view in self._listed(account)
            if (str(view["status"]) not in TERMINAL or (order.terminal_at or order.received_at) >= oldest)
            and (not query.statuses or str(view["status"]) in query.statuses)
            and query.underlying in {None, order.underlying}
        ]
        return views[::-1]

    def _listed(self, account: str) -> Iterator[tuple[Order, JsonObject]]:
        desk = self._desk
        at, now = desk.seconds_ago(desk.settings.search_lag), desk.timer.now()
        for order in desk.orders_of(account):
            if order.listed_from is not None and order.listed_from > now:
                continue
            view = desk.orders_shown[order.id].read(at)
            if view is not None:
                yield order, view

    # parts

    def _checked(self, order: Order, replaced: Order | None = None) -> Checked:
        fees = self._checks.fees(order)
        effect = self._checks.effect(order, fees)
        self._checks.require_margin(effect)
        checked = Checked(order, effect, fees)
        if not self._desk.trades(order) and replaced is None:
            checked.warnings.append(dict(NEXT_SESSION))
        return checked

    def _replacement(self, old: Order, body: OrderBody) -> Order:
        """Return the order that takes the place of another: its legs are what that one has not filled."""
        check_form(body, legs_needed=False)
        if body.legs:
            self._same_legs(old, body)
        units = old.size - old.filled
        new = replace(
            old,
            id=0,
            order_type=body.order_type,
            time_in_force=body.time_in_force,
            legs=[
                Leg(leg.symbol, leg.instrument_type, abs(ratio) * max(units, 1), leg.action)
                for leg, ratio in zip(old.legs, old.ratios, strict=True)
            ],
            status="Received",
            received_at=self._desk.now(),
            taken_at=self._desk.timer.now(),
            updated_ms=0,
            price=body.price,
            effect=body.price_effect,
            stop_trigger=body.stop_trigger,
            gtc_date=body.gtc_date or old.gtc_date,
            identifier=body.external_identifier,
            source=body.source or old.source,
            contingent_status=None,
            edited=False,
            replacing=None,
            in_flight_at=None,
            live_at=None,
            exchange_number=None,
            client_number=None,
            global_number=None,
            triggered=False,
            identifier_shown=True,
            listed_from=None,
            readable_from=None,
            commission_charged={},
            rules=_without_ids(old.rules),
        )
        self._checks.check_prices(body, new)
        return new

    def _same_legs(self, old: Order, body: OrderBody) -> None:
        """Refuse a replacement that changes the legs."""
        asked = {(leg.symbol, leg.action, leg.quantity) for leg in body.legs or ()}
        have = {(leg.symbol, leg.action, leg.quantity) for leg in old.legs}
        if asked != have:
            raise invalid("legs", "cannot be changed by a replacement")


def _without_ids(rules: Rules | None) -> Rules | None:
    """Return the rules of a replacement: its conditions get ids of their own."""
    if rules is None:
        return None
    conditions = [replace(condition, id=0) for condition in rules.conditions]
    return replace(rules, conditions=conditions)


def eastern_start(day: date) -> datetime:
    """Return the beginning of a day in New York."""
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK)
