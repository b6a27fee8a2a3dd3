"""Regrouping exec plans (`RegroupExecPlan`): which legs of a plan are ordered together, as one combo, and which apart.

Exec plans never change, so a regrouped plan is a new one in the old one's place: in one transaction it is stored, the
preparation's result is made anew for it, and the old plan is deleted. So a trade cannot be sent by both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import conflict, unavailable, validation
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import Right
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.pricing.payoff import LeastPayoff, PayoffLeg, least_payoff
from mesolive.records import replace
from mesolive.store.database import Database, WriteTransaction
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.orders.repository import orders_of_plans
from mesolive.trading.portfolio.accounts import account_by_id
from mesolive.trading.portfolio.adjustments import find_adjustment_step, store_adjustment_step
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import (
    NewPlan,
    Plan,
    PlanKind,
    PlanLeg,
    PlanState,
    delete_plans,
    executed_already,
    find_plan,
    group_quantities,
    leg_groups,
    store_plan,
    wire_groups,
)
from mesolive.trading.portfolio.positions import Position, find_position
from mesolive.trading.preparation.exec_plans import shown_plan
from mesolive.trading.preparation.jobs import Job, JobKind, job_of_plan, replace_result
from mesolive.trading.preparation.plan_builder import underlying_prices, value_plan
from mesolive.venues.combo_limits import MAX_COMBO_LEGS
from mesolive_sdk import models, wire

ZERO, ONE = Decimal(0), Decimal(1)

Prepared = models.PreparePositionEntryResult | models.PreparePositionExitResult | models.PreparePositionAdjustmentResult
_RESULTS: Mapping[JobKind, type[Prepared]] = MappingProxyType(
    {
        JobKind.ENTRY: models.PreparePositionEntryResult,
        JobKind.EXIT: models.PreparePositionExitResult,
        JobKind.ADJUSTMENT: models.PreparePositionAdjustmentResult,
    }
)


class Regrouping:
    """Answers `RegroupExecPlan`.

    Parameters
    ----------
    database, idempotency, clock
        Where plans are stored, and the time of it.
    market
        Prices the new groups.
    """

    def __init__(self, database: Database, idempotency: Idempotency, market: Market, clock: Clock) -> None:
        self._database = database
        self._idempotency = idempotency
        self._market = market
        self._clock = clock

    async def regroup(
        self, user: UserContext, args: models.RegroupExecPlanArgs
    ) -> models.MesoLiveApiResponse[models.RegroupExecPlanResult]:
        """Put a plan with other leg groups in the place of one that nothing was ordered of.

        Raises
        ------
        ServiceError
            `NotFound` for a plan that the user does not have; `Conflict` for one that was executed or ordered of, and
            for a liquidation; `ValidationError` for groups that do not have each leg once or are too large for the
            broker; `ProviderUnavailable` without a market of the underlying.
        """

        async def action(tx: WriteTransaction) -> models.RegroupExecPlanResult:
            return await self._regroup(tx, user, args)

        operation = models.IdempotencyOperation.RegroupExecPlan
        return await self._idempotency.run(user, args.IdempotencyKey, operation, args, action)

    async def _regroup(
        self, tx: WriteTransaction, user: UserContext, args: models.RegroupExecPlanArgs
    ) -> models.RegroupExecPlanResult:
        plan = await find_plan(tx, user.user_id, args.ExecPlanId)
        if plan.state is not PlanState.PREPARED:
            raise executed_already(plan.id)
        if await orders_of_plans(tx, [plan.id]):
            raise conflict(f"exec plan {plan.id} has orders; prepare again to group it otherwise", code="PlanOrdered")
        job = await job_of_plan(tx, user.user_id, plan.id)
        if job is None or job.result is None:
            raise conflict(f"exec plan {plan.id} has no preparation to regroup", code="PlanWithoutPreparation")
        account = await account_by_id(tx, user.user_id, plan.account_id)
        groups = checked_groups(plan.legs, args.Groups, MAX_COMBO_LEGS.get(account.broker_type))
        legs = tuple(replace(leg, leg_group_id=groups[leg.name]) for leg in plan.legs)
        position = None if plan.position_id is None else await find_position(tx, user.user_id, plan.position_id)
        view = self._view(plan, plan.data_provider or account.provider)
        new_id = await store_plan(tx, user.user_id, _new(plan, legs))
        if plan.kind is PlanKind.ADJUSTMENT:
            await store_adjustment_step(tx, new_id, await find_adjustment_step(tx, plan.id))
        result = _regrouped(job, replace(plan, id=new_id, legs=legs), view)
        await replace_result(tx, job.id, self._clock.now(), wire.encode_json(result).decode(), new_id)
        await delete_plans(tx, user.user_id, [plan.id])
        return models.RegroupExecPlanResult(
            Plan=shown_plan(await find_plan(tx, user.user_id, new_id), ()),
            JobId=job.id,
            Entry=result if isinstance(result, models.PreparePositionEntryResult) else None,
            Exit=result if isinstance(result, models.PreparePositionExitResult) else None,
            Adjustment=result if isinstance(result, models.PreparePositionAdjustmentResult) else None,
            Warnings=order_warnings(legs, position),
        )

    def _view(self, plan: Plan, provider: models.DataProviderType | None) -> BookView:
        symbol = plan.legs[0].traded.contract.underlying
        try:
            return self._market.view(symbol, provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            raise unavailable(f"there is no market of {symbol}", code="PriceMissing") from None


def checked_groups(legs: Sequence[PlanLeg], wanted: Sequence[Sequence[str]], max_legs: int | None) -> dict[str, int]:
    """Return the group of each leg by its name, counted from 1.

    Parameters
    ----------
    legs
        All legs of the plan. Marker legs, which are never traded, may be left out: they go with the first group.
    wanted
        The names of each group's legs.
    max_legs
        How many legs the broker takes in one order; `None` where it states no number.

    Raises
    ------
    ServiceError
        `ValidationError`.
    """
    names = {leg.name: leg for leg in legs}
    traded = [leg.name for leg in legs if leg.qty != 0]
    problems: dict[str, list[str]] = {}
    result: dict[str, int] = {}
    for place, group in enumerate(wanted):
        where = f"Groups[{place}]"
        size = sum(name in traded for name in group)
        if not size:
            problems[where] = ["expected at least one leg that is traded, got none"]
        elif max_legs is not None and size > max_legs:
            problems[where] = [
                f"expected at most {max_legs} legs, which is what the broker takes in one order, got {size}"
            ]
        for number, name in enumerate(group):
            if name not in names:
                expected = ", ".join(names)
                problems[f"{where}[{number}]"] = [f"expected a leg of the plan ({expected}), got {name[:100]!r}"]
            elif name in result:
                problems[f"{where}[{number}]"] = [f"expected each leg once, got {name!r} again"]
            result.setdefault(name, place + 1)
    missing = [name for name in traded if name not in result]
    if missing:
        problems["Groups"] = [f"expected every leg of the plan once; not there: {', '.join(missing)}"]
    if problems:
        raise validation(problems)
    return {name: result.get(name, 1) for name in names}


def order_warnings(legs: Sequence[PlanLeg], position: Position | None) -> list[str]:
    """Return what is risky about ordering the groups one after another: what is sold before what covers it.

    Parameters
    ----------
    legs
        Those of the plan, in their groups.
    position
        What is held already; `None` for an entry.
    """
    held = [] if position is None else [_payoff_leg(leg.traded, leg.holding.qty) for leg in position.open_legs]
    traded = {
        group: [_payoff_leg(leg.traded, leg.qty) for leg in legs if leg.leg_group_id == group and leg.qty != 0]
        for group in leg_groups(legs)
    }
    before, after = _least(held), _least([*held, *(leg for group in traded.values() for leg in group)])
    floor = LeastPayoff(min(before.value, after.value), max(before.uncovered_calls, after.uncovered_calls))
    warnings: list[str] = []
    for group, its in traded.items():
        first = _least([*held, *its])
        if first.uncovered_calls > floor.uncovered_calls:
            warnings.append(
                f"group {group} ordered first sells calls that nothing covers yet: order its cover before it"
            )
        elif first.value < floor.value:
            warnings.append(f"group {group} ordered first can lose more than the whole plan: order its cover before it")
    return warnings


def _least(legs: Sequence[PayoffLeg]) -> LeastPayoff:
    netted: dict[tuple[object, ...], PayoffLeg] = {}
    for leg in legs:
        key = (leg.expires, leg.is_call, leg.strike)
        known = netted.get(key)
        netted[key] = leg if known is None else replace(known, quantity=known.quantity + leg.quantity)
    return least_payoff(netted.values())


def _payoff_leg(traded: TradedContract, contracts: Decimal) -> PayoffLeg:
    contract = traded.contract
    return PayoffLeg(traded.settles_at, contract.right is Right.CALL, contract.strike, contracts * contract.multiplier)


def _new(plan: Plan, legs: tuple[PlanLeg, ...]) -> NewPlan:
    return NewPlan(
        kind=plan.kind,
        strategy_id=plan.strategy_id,
        account_id=plan.account_id,
        position_id=plan.position_id,
        position_name=plan.position_name,
        data_provider=plan.data_provider,
        qty_multiplier=plan.qty_multiplier,
        legs=legs,
        created_at=plan.created_at,
    )


def _regrouped(job: Job, plan: Plan, view: BookView) -> Prepared:
    """Return the preparation's result with the new groups, and all prices of the orders as they are now."""
    assert job.result is not None  # noqa: S101 - the caller has looked
    result = wire.decode_json(job.result, _RESULTS[job.kind])
    multiplier = plan.qty_multiplier or ONE
    values = value_plan(plan.legs, {leg.name: leg.qty * multiplier for leg in plan.legs}, view)
    result.ExecPlanId = plan.id
    result.LegGroups = leg_groups(plan.legs)
    result.LegGroupQtys = wire_groups(group_quantities(plan.legs, multiplier))
    result.LegPrices = values.leg_prices
    result.LegGroupPrices = values.group_prices
    result.UnderlyingPrice = underlying_prices(view)
    match result:
        case models.PreparePositionExitResult():
            # Greeks are those of what is held: the reverse of the orders.
            held = value_plan(plan.legs, {leg.name: -leg.qty for leg in plan.legs}, view)
            result.LegGreeks, result.LegGroupGreeks = held.leg_greeks, held.group_greeks
            result.PositionGreeks, result.PositionPrice = held.position_greeks, held.position_price
        case models.PreparePositionEntryResult():
            result.LegGreeks, result.LegGroupGreeks = values.leg_greeks, values.group_greeks
            result.PositionGreeks, result.PositionPrice = values.position_greeks, values.position_price
            _number(result.SelectedLegs, plan)
        case models.PreparePositionAdjustmentResult():
            result.LegGreeks, result.LegGroupGreeks = values.leg_greeks, values.group_greeks
            _number(result.OrderLegs, plan)
    return result


def _number(legs: dict[str, models.LiveLeg], plan: Plan) -> None:
    groups = {leg.name: leg.leg_group_id for leg in plan.legs}
    for name, leg in legs.items():
        legs[name] = replace(leg, LegGroupId=groups[name])
