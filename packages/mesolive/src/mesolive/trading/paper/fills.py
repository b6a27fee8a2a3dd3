"""Client-reported fills of paper accounts: checked against the plan, and booked as filled orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.errors import not_found, validation
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.market.contracts import FRACTIONAL_UNDERLYINGS
from mesolive.store.database import WriteTransaction
from mesolive.trading.orders.repository import FilledOrder, insert_filled_order
from mesolive.trading.portfolio.accounting import Fill, GroupQuantity, combo_price, round_average
from mesolive.trading.portfolio.booking import FillContext, LegFill, book_fills
from mesolive.trading.portfolio.plans import Plan, PlanKind, PlanLeg, group_quantities
from mesolive.trading.portfolio.positions import Leg
from mesolive.trading.portfolio.repository import executions_of_plan
from mesolive_sdk import models

ZERO = Decimal(0)
MAX_QUANTITY = Decimal(1_000_000)
MAX_AMOUNT = Decimal(10_000_000)
MAX_DECIMALS = 10
"""Of prices, commissions and multipliers. With these bounds every product and sum of a booking is exact: it fits the 28
digits that decimal arithmetic keeps."""


class BookedGroups(Struct, frozen=True):
    """The bookings of one call's fills.

    Attributes
    ----------
    orders
        Events of the orders, one for each group that was traded.
    legs
        Events of the legs, in the plan's order.
    """

    order_ids: list[int]
    execution_ids: list[int]
    orders: list[models.OrderUpdateEvent]
    legs: list[models.LegUpdateEvent]

    def result(self, context: FillContext) -> models.ApplyPaperFillsResult:
        """Return the bookings as the wire model."""
        return models.ApplyPaperFillsResult(
            ExecPlanId=context.plan.id,
            PositionId=context.position_id,
            LiveOrderIds=self.order_ids,
            ExecutionIds=self.execution_ids,
        )


async def book_groups(
    tx: WriteTransaction, context: FillContext, fills: Sequence[LegFill], now: datetime
) -> BookedGroups:
    """Record one filled order per traded leg group and book its fills; marker legs open and close with them."""
    plan = context.plan
    by_name = {fill.leg.name: fill for fill in fills}
    markers = [fill for fill in fills if fill.fill is None]
    order_ids: list[int] = []
    order_events: list[models.OrderUpdateEvent] = []
    leg_events = dict((await book_fills(tx, context, markers, None, opens=True)).events) if markers else {}
    for group, quantity in group_quantities(plan.legs, context.multiplier).items():
        if quantity.qty == 0:
            continue
        traded = [by_name[name] for name, ratio in quantity.ratios.items() if ratio != 0]
        prices = {item.leg.name: item.fill.price for item in traded if item.fill is not None}
        side, qty = combo_side(quantity)
        price = round_average(combo_price(quantity.ratios, prices))
        order = FilledOrder(
            account_id=context.account.id,
            plan_id=plan.id,
            position_id=context.position_id,
            strategy_id=plan.strategy_id,
            group=group,
            side=side,
            qty=qty,
            price=price,
            filled_at=max(item.at for item in traded),
        )
        order_id = await insert_filled_order(tx, context.user_id, order, now)
        order_ids.append(order_id)
        leg_events |= (await book_fills(tx, context, traded, order_id, opens=True)).events
        order_events.append(
            models.OrderUpdateEvent(
                EventTime=UNSTAMPED,
                OrderId=order_id,
                BrokerAccountId=plan.broker_account_id,
                ExecPlanId=plan.id,
                LegGroupId=group,
                StrategyId=plan.strategy_id,
                StrategyName=plan.strategy_name,
                State=models.OrderState.Filled,
                FilledQty=qty,
                RemainingQty=ZERO,
                FillPrice=price,
                AvgFillPrice=price,
                Rejection=None,
            )
        )
    in_order = [leg_events[fill.leg.name] for fill in fills]
    return BookedGroups(order_ids, await executions_of_plan(tx, plan.id), order_events, in_order)


def last_fill(fills: Iterable[LegFill], now: datetime) -> datetime:
    """Return when the last leg was filled; `now` where nothing was traded."""
    return max((fill.at for fill in fills if fill.fill is not None), default=now)


def checked_fills(args: models.ApplyPaperFillsArgs, plan: Plan, now: datetime) -> tuple[Decimal, list[LegFill]]:
    """Return the quantity multiplier and the plan's legs with their fills.

    Raises
    ------
    ServiceError
        `NotFound` when the plan is not of the account that the call names; `ValidationError` naming every fill that is
        missing, unknown or impossible.
    """
    if plan.broker_account_id != args.BrokerAccountId:
        raise not_found(f"exec plan {plan.id} on account {args.BrokerAccountId!r}")
    problems: dict[str, list[str]] = {}
    multiplier = plan.qty_multiplier if plan.qty_multiplier is not None else Decimal(1)
    if args.QtyMultiplier is not None:
        if plan.kind is PlanKind.ENTRY:
            multiplier = args.QtyMultiplier
        elif args.QtyMultiplier != 1:
            problems["QtyMultiplier"] = [
                f"an {plan.kind.value.lower()} trades the quantities of its plan; leave it out"
            ]
    if plan.kind is not PlanKind.ENTRY:
        multiplier = Decimal(1)
    traded = {leg.name: leg for leg in plan.legs if leg.qty != 0}
    wrong = _multiplier_problem(multiplier, traded.values())
    if wrong is not None:
        raise validation(problems | {"QtyMultiplier": [wrong]})
    for name in args.PaperLegFills.keys() - traded.keys():
        marker = any(leg.name == name for leg in plan.legs)
        why = "is a marker leg without a quantity; it has no fill" if marker else f"is not a leg of exec plan {plan.id}"
        problems[f"PaperLegFills[{name}]"] = [f"{name!r} {why}; expected: {', '.join(traded)}"]
    fills: list[LegFill] = []
    for leg in plan.legs:
        reported = args.PaperLegFills.get(leg.name)
        if leg.qty == 0:
            fills.append(LegFill(leg, now))
        elif reported is None:
            problems[f"PaperLegFills[{leg.name}]"] = [f"the fill of leg {leg.name!r} is missing"]
        else:
            wrong_fields = _fill_problems(reported, plan, now)
            problems |= {f"PaperLegFills[{leg.name}].{field}": [text] for field, text in wrong_fields.items()}
            fill = Fill(
                price=reported.Price,
                qty=leg.qty * multiplier,
                multiplier=leg.traded.contract.multiplier,
                commission=reported.Commission,
                at=reported.FilledAt if reported.FilledAt is not None else now,
            )
            fills.append(LegFill(leg, fill.at, fill))
    if problems:
        raise validation(problems)
    return multiplier, fills


def _multiplier_problem(multiplier: Decimal, legs: Iterable[PlanLeg]) -> str | None:
    if not multiplier.is_finite() or not 0 < multiplier <= MAX_QUANTITY or _is_too_fine(multiplier):
        bounds = f"greater than 0 up to {MAX_QUANTITY}, with at most {MAX_DECIMALS} decimals"
        return f"expected a number {bounds}, got {multiplier}"
    for leg in legs:
        qty = leg.qty * multiplier
        if abs(qty) > MAX_QUANTITY:
            return f"leg {leg.name!r} would be {qty} contracts; at most {MAX_QUANTITY} are booked"
        if qty % 1 != 0 and leg.traded.contract.underlying not in FRACTIONAL_UNDERLYINGS:
            return f"leg {leg.name!r} would be {qty} contracts; they trade whole"
    return None


def _fill_problems(reported: models.PaperLegFill, plan: Plan, now: datetime) -> dict[str, str]:
    problems: dict[str, str] = {}
    decimals = f"with at most {MAX_DECIMALS} decimals"
    if not reported.Price.is_finite() or not 0 <= reported.Price <= MAX_AMOUNT or _is_too_fine(reported.Price):
        problems["Price"] = f"expected a price per unit from 0 to {MAX_AMOUNT}, {decimals}, got {reported.Price}"
    if (
        not reported.Commission.is_finite()
        or abs(reported.Commission) > MAX_AMOUNT
        or _is_too_fine(reported.Commission)
    ):
        problems["Commission"] = f"expected an amount up to {MAX_AMOUNT}, {decimals}, got {reported.Commission}"
    # Whole seconds: a client may cut what it reports to them, and the plan was stored within one.
    earliest = plan.created_at.replace(microsecond=0)
    if reported.FilledAt is not None and not earliest <= reported.FilledAt <= now:
        problems["FilledAt"] = (
            f"expected a time from the preparation of exec plan {plan.id} ({earliest.isoformat()}) until now "
            f"({now.isoformat()}), got {reported.FilledAt.isoformat()}"
        )
    return problems


def _is_too_fine(number: Decimal) -> bool:
    return round(number, MAX_DECIMALS) != number


def too_early(fills: Iterable[LegFill], open_legs: Mapping[str, Leg]) -> dict[str, list[str]]:
    """Return the errors in the times of closing fills: a leg cannot be closed before it was opened."""
    problems: dict[str, list[str]] = {}
    for reported in fills:
        opened = open_legs[reported.leg.name].created_at
        if reported.fill is not None and reported.fill.at < opened:
            text = (
                f"expected a time after the leg was opened ({opened.isoformat()}), got {reported.fill.at.isoformat()}"
            )
            problems[f"PaperLegFills[{reported.leg.name}].FilledAt"] = [text]
    return problems


def combo_side(quantity: GroupQuantity) -> tuple[str, Decimal]:
    """Return side and signed quantity of a group's order.

    A combo is bought, its ratios say what that means for each leg, and a credit is a negative price. A group of one leg
    is that leg: sold when its ratio is negative, with a negative quantity.
    """
    traded = [ratio for ratio in quantity.ratios.values() if ratio != 0]
    return ("S", -quantity.qty) if len(traded) == 1 and traded[0] < 0 else ("B", quantity.qty)
