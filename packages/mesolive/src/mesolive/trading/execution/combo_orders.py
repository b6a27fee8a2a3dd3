"""Combo order validation: whether an order's legs and quantities match its exec plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from mesolive.errors import conflict, not_found, validation
from mesolive.trading.portfolio.accounting import group_quantity
from mesolive.trading.portfolio.plans import Plan, PlanKind, PlanState, leg_groups
from mesolive.trading.portfolio.positions import Position
from mesolive.venues.base import VenueLeg
from mesolive_sdk import models
from mesolive_sdk.ticks import on_tick, tick_of

MAX_QUANTITY = Decimal(1_000_000)
MAX_PRICE = Decimal(10_000_000)
MAX_DECIMALS = 10
"""Most decimals of a multiplier. Rounding one with more could make whole contracts, and the store would change it."""

LIMITED = {models.OrderType.Limit, models.OrderType.StopLimit}
STOPPED = {models.OrderType.Stop, models.OrderType.StopLimit}


class GroupOrder(Struct, frozen=True):
    """A combo order: one leg group of an exec plan.

    Attributes
    ----------
    multiplier
        The plan's quantities times this are what is traded.
    whole
        Combos of the whole group; 0 for a group of marker legs.
    qty
        Combos that are still to be ordered.
    ratios
        Signed whole contracts per combo by leg name; marker legs are not in it.
    """

    group: int
    multiplier: Decimal
    whole: Decimal
    qty: Decimal
    ratios: Mapping[str, Decimal]
    legs: tuple[VenueLeg, ...]

    @property
    def sold(self) -> bool:
        """Whether the group is a single leg that is sold: then its quantity is shown negative."""
        return len(self.legs) == 1 and self.legs[0].ratio < 0


def plan_multiplier(plan: Plan, asked: Decimal | None) -> Decimal:
    """Return what the plan's quantities are multiplied with; `ValidationError` for a multiplier that cannot be."""
    if plan.kind is not PlanKind.ENTRY:
        if asked is not None and asked != 1:
            text = f"an {plan.kind.value.lower()} trades the quantities of its plan; leave it out"
            raise validation({"QtyMultiplier": [text]})
        return Decimal(1)
    multiplier = plan.qty_multiplier if asked is None else asked
    if multiplier is None:
        return Decimal(1)
    fits = multiplier.is_finite() and 0 < multiplier <= MAX_QUANTITY
    if not fits or round(multiplier, MAX_DECIMALS) != multiplier:
        expected = f"expected a number greater than 0 up to {MAX_QUANTITY}, with at most {MAX_DECIMALS} decimals"
        raise validation({"QtyMultiplier": [f"{expected}, got {multiplier}"]})
    return multiplier


def checked_order(args: models.SendOrderArgs, plan: Plan, multiplier: Decimal, filled: Decimal) -> GroupOrder:
    """Return the combo order of a `SendOrder` call.

    Parameters
    ----------
    multiplier
        As `plan_multiplier` gives it.
    filled
        Combos of the group that earlier orders have filled.

    Raises
    ------
    ServiceError
        `NotFound` when the plan is not of the account that the call names; `ValidationError` naming every field that
        does not fit the plan, the order type or the tick; `Conflict` when the group is filled already. A group of
        marker legs may be ordered after the plan was executed: nothing is traded, and its position has these legs.
    """
    if plan.broker_account_id != args.BrokerAccountId:
        raise not_found(f"exec plan {plan.id} on account {args.BrokerAccountId!r}")
    groups = leg_groups(plan.legs)
    if not groups:
        raise validation({"ExecPlanId": [f"exec plan {plan.id} sets variables only; there is nothing to order"]})
    if args.LegGroupId not in groups:
        known = ", ".join(str(group) for group in groups)
        raise validation({"LegGroupId": [f"exec plan {plan.id} has the groups {known}, got {args.LegGroupId}"]})
    by_name = {leg.name: leg for leg in plan.legs}
    quantity = group_quantity({name: by_name[name].qty * multiplier for name in groups[args.LegGroupId]})
    ratios = {name: ratio for name, ratio in quantity.ratios.items() if ratio != 0}
    legs = tuple(
        VenueLeg(name=name, contract=by_name[name].traded.contract, ratio=ratio) for name, ratio in ratios.items()
    )
    wrong = _leg_problems(args.LegGroupOrder.LegNames, groups[args.LegGroupId], ratios)
    if legs:
        wrong |= price_problems(args.LegGroupOrder, [leg.contract.root for leg in legs])
    problems = {f"LegGroupOrder.{field}": texts for field, texts in wrong.items()}
    if quantity.qty % 1 != 0:
        problems["QtyMultiplier"] = [f"a venue trades whole combos, and this is {quantity.qty}"]
    if problems:
        raise validation(problems)
    if legs and filled >= quantity.qty:
        raise conflict(f"group {args.LegGroupId} of exec plan {plan.id} is filled already", code="GroupFilled")
    if legs and plan.state is not PlanState.PREPARED:
        raise conflict(f"exec plan {plan.id} was executed already; prepare again to trade again", code="PlanExecuted")
    return GroupOrder(args.LegGroupId, multiplier, quantity.qty, quantity.qty - filled, ratios, legs)


def fits(position: Position, plan: Plan, group: GroupOrder) -> bool:
    """Whether a position still matches a group of an exit or an adjustment plan.

    Legs that the group closes must be held in the quantity still to be closed. Legs that it opens must be held as far
    as they were filled, and before the first fill no other leg may have their name. An exit must close all holdings.
    """
    open_legs = {leg.id: leg for leg in position.open_legs}
    for leg in plan.legs:
        if leg.name not in group.ratios:
            continue
        ratio = group.ratios[leg.name]
        if leg.leg_id is not None:
            result, expected = open_legs.get(leg.leg_id), -ratio * group.qty
        elif leg.opened_id is not None:
            result, expected = open_legs.get(leg.opened_id), ratio * (group.whole - group.qty)
        else:
            continue
        if result is None or result.holding.qty != expected:
            return False
    closed = {leg.leg_id for leg in plan.legs}
    others = [leg for leg in position.open_legs if leg.id not in closed]
    if plan.kind is PlanKind.EXIT:
        return all(leg.holding.qty == 0 for leg in others)
    opening = {leg.name for leg in plan.legs if leg.leg_id is None and leg.opened_id is None}
    return opening.isdisjoint(leg.name for leg in others)


def price_problems(order: models.LegGroupOrder, roots: list[str]) -> dict[str, list[str]]:
    """Return the price problems of an order by field: prices its type needs, no others, on the tick."""
    problems: dict[str, list[str]] = {}
    if order.OrderType is models.OrderType.Unknown:
        problems["OrderType"] = ["expected one of Market, Limit, Stop, StopLimit"]
        return problems
    for field, price, needed in (
        ("LimitPrice", order.LimitPrice, order.OrderType in LIMITED),
        ("StopPrice", order.StopPrice, order.OrderType in STOPPED),
    ):
        if price is None:
            if needed:
                problems[field] = [f"a {order.OrderType.name} order needs it"]
        elif not needed:
            problems[field] = [f"a {order.OrderType.name} order has none; leave it out"]
        elif not price.is_finite() or abs(price) > MAX_PRICE:
            problems[field] = [f"expected a price up to {MAX_PRICE}, got {price}"]
        elif not on_tick(roots, price):
            problems[field] = [f"expected a multiple of {tick_of(roots, price)}, got {price}"]
    return problems


def _leg_problems(named: list[str], group: list[str], traded: Mapping[str, Decimal]) -> dict[str, list[str]]:
    texts: list[str] = []
    if len(set(named)) != len(named):
        texts.append("a leg is named twice")
    texts += [f"{name!r} is not a leg of the group; it has {', '.join(group)}" for name in named if name not in group]
    texts += [f"leg {name!r} of the group is missing: a group is ordered whole" for name in traded if name not in named]
    return {"LegNames": texts} if texts else {}
