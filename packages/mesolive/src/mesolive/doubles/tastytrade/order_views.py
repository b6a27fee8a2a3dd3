"""Orders as the double of tastytrade shows them: the JSON object of REST and of the account stream."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from mesolive.doubles.tastytrade.records import Condition, Fill, Leg, Order, Rules
from mesolive.doubles.tastytrade.settings import Environment
from mesolive.doubles.tastytrade.values import JsonObject, Lagging, amount, millis, moment

if TYPE_CHECKING:
    from mesolive.doubles.tastytrade.desk import Desk

LEFT_OUT: Final = ("underlying-instrument-type", "edited", "size", "received-at")
"""Fields that the fault `fields_left_out` takes away."""

MIXED: Final = frozenset({"quantity", "remaining-quantity", "multiplier", "size"})
"""Fields whose types the fault `types_mixed` changes."""


def show(desk: Desk, order: Order, *, stream: bool = True) -> None:
    """Set the shown state of an order, and send it to the account stream unless `stream` is off."""
    order.updated_ms = max(order.updated_ms + 1, millis(desk.now()))
    view = order_view(desk, order)
    desk.changes += 1
    desk.orders_shown.setdefault(order.id, Lagging()).put(desk.timer.now(), view)
    if stream:
        desk.publish(order.account, "Order", view)


def order_view(desk: Desk, order: Order) -> JsonObject:
    """Return the JSON object of an order."""
    status = order.shown_status or order.status
    view: JsonObject = {
        "id": order.id,
        "account-number": order.account,
        "time-in-force": order.time_in_force,
        "order-type": order.order_type,
        "size": order.size,
        "underlying-symbol": order.underlying,
        "underlying-instrument-type": order.underlying_type,
    }
    if order.gtc_date is not None:
        view["gtc-date"] = order.gtc_date.isoformat()
    if order.price is not None:
        view |= {"price": amount(order.price), "price-effect": order.effect}
    if order.is_replacement:
        view["value-effect"] = order.effect or ""
    if order.stop_trigger is not None:
        view["stop-trigger"] = amount(order.stop_trigger)
    view["status"] = status
    if order.contingent_status is not None and order.status == "Contingent":
        view["contingent-status"] = order.contingent_status
    changeable = not order.is_terminal and order.status not in {"Cancel Requested", "Replace Requested"}
    view |= {"cancellable": changeable, "editable": changeable, "edited": order.edited}
    in_sandbox = desk.settings.environment is Environment.SANDBOX
    times = {
        "cancelled-at": order.cancelled_at,
        "in-flight-at": order.in_flight_at if in_sandbox else None,
        "live-at": order.live_at if in_sandbox else None,
        "terminal-at": order.terminal_at,
    }
    view |= {key: moment(at) for key, at in times.items() if at is not None}
    more: JsonObject = {
        "ext-exchange-order-number": order.exchange_number,
        "ext-client-order-id": order.client_number,
        "ext-global-order-number": order.global_number,
        "external-identifier": order.identifier if order.identifier_shown else None,
        "source": order.source,
        "reject-reason": order.reject_reason,
        "replaces-order-id": order.replaces,
        "replacing-order-id": order.replacing,
        "complex-order-id": order.complex_id,
        "complex-order-tag": order.complex_tag,
    }
    view |= {key: value for key, value in more.items() if value is not None}
    view |= {"received-at": moment(order.received_at), "updated-at": order.updated_ms}
    view["legs"] = [leg_view(desk, order, leg) for leg in order.legs]
    if order.rules is not None:
        view["rules"] = rules_view(order.rules)
    return _disturbed(desk, order, view)


def leg_view(desk: Desk, order: Order, leg: Leg) -> JsonObject:
    """Return the JSON object of a leg with the fills that are shown."""
    remaining = leg.quantity - leg.filled_as_shown
    if order.status == "Cancelled" and desk.settings.environment is Environment.SANDBOX:
        remaining = 0  # the sandbox was seen to count what was cancelled as done
    fills = [_fill_view(fill) for fill in leg.fills[: leg.shown]]
    if len(fills) > 1 and desk.faults.strike("fills_unsorted", account=order.account) is not None:
        desk.faults.shuffle("fills_unsorted", fills)
    return {
        "instrument-type": leg.instrument_type,
        "symbol": leg.symbol,
        "quantity": leg.quantity,
        "remaining-quantity": remaining,
        "action": leg.action,
        "fills": fills,
    }


def _fill_view(fill: Fill) -> JsonObject:
    view: JsonObject = {} if fill.group_id is None else {"ext-group-fill-id": fill.group_id}
    if fill.exec_id is not None:
        view["ext-exec-id"] = fill.exec_id
    return view | {
        "fill-id": fill.fill_id,
        "quantity": str(fill.quantity),
        "fill-price": amount(fill.price),
        "filled-at": moment(fill.at),
        "destination-venue": fill.venue,
    }


def rules_view(rules: Rules) -> JsonObject:
    """Return the JSON object of an order's rules."""
    view: JsonObject = {"conditions": [_condition_view(condition) for condition in rules.conditions]}
    if rules.route_after is not None:
        view["route-after"] = moment(rules.route_after)
    if rules.cancel_at is not None:
        view["cancel-at"] = moment(rules.cancel_at)
    return view


def _condition_view(condition: Condition) -> JsonObject:
    view: JsonObject = {"id": condition.id} if condition.id else {}
    return view | {
        "action": condition.action,
        "symbol": condition.symbol,
        "instrument-type": condition.instrument_type,
        "indicator": condition.indicator,
        "comparator": condition.comparator,
        "threshold": amount(condition.threshold),
        "is-threshold-based-on-notional": False,
        "price-components": [
            {
                "symbol": condition.symbol,
                "instrument-type": condition.instrument_type,
                "quantity": 1,
                "quantity-direction": "Long",
            }
        ],
    }


def _disturbed(desk: Desk, order: Order, view: JsonObject) -> JsonObject:
    """Return the object with the faults of shape that are on."""
    if desk.faults.strike("fields_added", account=order.account, message="Order") is not None:
        view |= {
            "global-request-id": f"{order.id:032x}",
            "user-id": "99",
            "username": "double",
            "leg-count": len(order.legs),
            "preferred-venue-rationale": {"reason": "this field is not published"},
        }
    if desk.faults.strike("fields_left_out", account=order.account, message="Order") is not None:
        for name in LEFT_OUT:
            view.pop(name, None)
    if desk.faults.is_on("types_mixed", account=order.account):
        mix_types(desk, view)
    return view


def mix_types(desk: Desk, view: JsonObject) -> None:
    """Write the quantities of an object and of its legs and fills as numbers, texts or floats, by chance."""
    for key, value in view.items():
        if key in MIXED and isinstance(value, int | str):
            if desk.faults.strike("types_mixed", symbol=key) is not None:
                number = Decimal(value)
                forms: list[object] = [int(number), str(int(number)), float(number), f"{number:.1f}"]
                desk.faults.shuffle("types_mixed", forms)
                view[key] = forms[0]
        elif key in {"legs", "fills"}:
            for part in cast("list[JsonObject]", value):
                mix_types(desk, part)
