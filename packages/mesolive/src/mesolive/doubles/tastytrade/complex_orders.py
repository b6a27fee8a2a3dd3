"""Complex orders of the double of tastytrade: OTO, OCO and OTOCO."""

from __future__ import annotations

from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.order_life import OrderLife
from mesolive.doubles.tastytrade.order_request import ComplexBody, Refusal, invalid
from mesolive.doubles.tastytrade.order_service import Checked, OrderService
from mesolive.doubles.tastytrade.records import ComplexOrder, Order
from mesolive.doubles.tastytrade.values import JsonObject

WITH_TRIGGER: Final = frozenset({"OTO", "OTOCO"})
CANCELLING: Final = frozenset({"OCO", "OTOCO"})
STOPS: Final = frozenset({"Stop", "Stop Limit"})


class ComplexOrders:
    """Serves complex orders: a filled trigger releases the others, and a filled one of a pair cancels its partner.

    Parameters
    ----------
    desk
        The books.
    orders
        Checks the parts.
    life
        What becomes of them.
    """

    def __init__(self, desk: Desk, orders: OrderService, life: OrderLife) -> None:
        self._desk = desk
        self._orders = orders
        self._life = life
        life.hook(self._changed)

    def dry_run(self, account: str, body: ComplexBody) -> JsonObject:
        """Answer a dry run."""
        parts = self._checked(account, body)
        number = ComplexOrder(0, account, body.type, [])
        return self._answer(number, parts, has_trigger=body.trigger_order is not None, dry=True)

    def submit(self, account: str, body: ComplexBody) -> JsonObject:
        """Take a complex order."""
        parts = self._checked(account, body)
        entry = ComplexOrder(self._desk.next_id("complex"), account, body.type, [])
        self._desk.complex_orders[entry.id] = entry
        has_trigger = body.trigger_order is not None
        for place, part in enumerate(parts):
            trigger = has_trigger and place == 0
            order = part.order
            order.complex_id = entry.id
            order.complex_tag = f"{body.type}::{'trigger-order' if trigger else 'order'}"
            if has_trigger and not trigger:
                order.contingent_status = "Pending Order"
            self._life.take(order)
            if trigger:
                entry.trigger = order.id
            else:
                entry.orders.append(order.id)
        self._publish(entry)
        return self._answer(entry, parts, has_trigger=has_trigger, dry=False)

    def find(self, account: str, number: int) -> ComplexOrder:
        """Return a complex order.

        Raises
        ------
        Refusal
            When the account has none of this id.
        """
        entry = self._desk.complex_orders.get(number)
        if entry is None or entry.account != account:
            raise Refusal(404, "record_not_found", f"Couldn't find ComplexOrder with 'id'={number}")
        return entry

    def cancel(self, entry: ComplexOrder) -> JsonObject:
        """Cancel all parts that work.

        Raises
        ------
        Refusal
            When there are none.
        """
        working = [order for order in self._parts(entry) if not order.is_terminal]
        if not working:
            raise Refusal(422, "cannot_update_order", "The complex order could not be cancelled.")
        for order in working:
            if order.status not in {"Cancel Requested", "Replace Requested"}:
                self._life.cancel(order)
        return self.view(entry)

    def listed(self, account: str, *, live: bool) -> list[JsonObject]:
        """Return the complex orders of an account, the newest first."""
        entries = [entry for entry in self._desk.complex_orders.values() if entry.account == account]
        if live:
            entries = [entry for entry in entries if any(not part.is_terminal for part in self._parts(entry))]
        return [self.view(entry) for entry in reversed(entries)]

    def view(self, entry: ComplexOrder) -> JsonObject:
        """Return the JSON object of a complex order."""
        shown = self._desk.orders_shown
        view: JsonObject = {
            "id": entry.id,
            "account-number": entry.account,
            "type": entry.kind,
            "orders": [dict(shown[number].newest or {}) for number in entry.orders],
            "related-orders": [
                {
                    "id": part.id,
                    "complex-order-id": entry.id,
                    "complex-order-tag": part.complex_tag,
                    "status": part.status,
                }
                for part in self._parts(entry)
            ],
        }
        if entry.trigger is not None:
            view["trigger-order"] = dict(shown[entry.trigger].newest or {})
        return view

    def _checked(self, account: str, body: ComplexBody) -> list[Checked]:
        if body.type not in WITH_TRIGGER | CANCELLING:
            raise invalid("type", "does not have a valid value")
        if (body.trigger_order is not None) != (body.type in WITH_TRIGGER):
            raise invalid("trigger-order", "is missing" if body.type in WITH_TRIGGER else "is not for this type")
        if not body.orders or len(body.orders) > 2 or (body.type in CANCELLING and len(body.orders) != 2):
            raise invalid("orders", "must be two" if body.type in CANCELLING else "must be one or two")
        if body.type in CANCELLING and sum(order.order_type in STOPS for order in body.orders) != 1:
            text = "One order must be a Limit, the other a Stop or Stop Limit."
            raise Refusal(422, "invalid_oco_order_type_combo", text)
        bodies = [*([] if body.trigger_order is None else [body.trigger_order]), *body.orders]
        return [self._orders.check(account, body) for body in bodies]

    def _answer(self, entry: ComplexOrder, parts: list[Checked], *, has_trigger: bool, dry: bool) -> JsonObject:
        answers = [part.as_json(self._desk, dry=dry) for part in parts]
        if dry:
            orders = [answer["order"] for answer in answers]
            view: JsonObject = {"account-number": entry.account, "type": entry.kind}
            view["orders"] = orders[1:] if has_trigger else orders
            if has_trigger:
                view["trigger-order"] = orders[0]
        else:
            view = self.view(entry)
        rest = {name: answers[0][name] for name in ("warnings", "buying-power-effect", "fee-calculation")}
        return {"complex-order": view, **rest}

    def _parts(self, entry: ComplexOrder) -> list[Order]:
        numbers = [*entry.orders] if entry.trigger is None else [entry.trigger, *entry.orders]
        return [self._desk.orders[number] for number in numbers]

    def _changed(self, order: Order) -> None:
        """Release the others when a trigger has been filled, and cancel the partner of a filled order."""
        if order.complex_id is None or not order.is_terminal:
            return
        entry = self._desk.complex_orders[order.complex_id]
        if order.id == entry.trigger:
            for number in entry.orders:
                other = self._desk.orders[number]
                if order.status == "Filled" and other.status == "Contingent":
                    self._life.release(other)
                elif not other.is_terminal:
                    self._life.end(other, "Cancelled")
        elif entry.kind in CANCELLING:
            for number in entry.orders:
                other = self._desk.orders[number]
                if number != order.id and not other.is_terminal and order.replacing is None:
                    self._life.end(other, "Cancelled")
        self._publish(entry)

    def _publish(self, entry: ComplexOrder) -> None:
        self._desk.publish(entry.account, "ComplexOrder", self.view(entry))
