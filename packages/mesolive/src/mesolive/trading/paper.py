"""Paper accounts: the user tells the fills, and they become positions, legs, executions, cash and events.

Everything that one call tells is booked in one transaction, together with its events and its idempotency record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import LegState, PositionState
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.trading import executions, legs, orders, positions
from mesolive.trading.accounts import Account, find_account, move_cash, must_be_paper
from mesolive.trading.booking import Fill, GroupQuantity, Holding, apply_fill, combo_price, round_average, total
from mesolive.trading.freezing import Freezer, Frozen
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.plans import Plan, PlanKind, PlanLeg, PlanState, find_plan, group_quantities, mark_executed
from mesolive.trading.positions import Leg, find_position
from mesolive.trading.rows import insert
from mesolive_sdk import models

ZERO = Decimal(0)
LARGEST_QUANTITY = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class LegFill:
    """A plan's leg with what was told about it; `fill` is `None` for a marker leg."""

    leg: PlanLeg
    fill: Fill | None

    @property
    def holding(self) -> Holding:
        """What the fill alone makes: the leg of an entry."""
        empty = Holding(ZERO, ZERO, self.leg.traded.contract.multiplier)
        return empty if self.fill is None else apply_fill(empty, self.fill)[0]

    @property
    def entry_price(self) -> Decimal:
        """Average entry price with commission; a marker leg's is its mark at preparation."""
        if self.fill is None:
            return ZERO if self.leg.mark is None else self.leg.mark
        return self.holding.average_price


class PaperExecution:
    """Carries out plans on paper accounts."""

    def __init__(
        self, database: Database, journal: Journal, idempotency: Idempotency, freezer: Freezer, clock: Clock
    ) -> None:
        self._database = database
        self._journal = journal
        self._idempotency = idempotency
        self._freezer = freezer
        self._clock = clock

    async def apply(
        self, user: UserContext, args: models.ApplyPaperFillsArgs
    ) -> models.MesoLiveApiResponse[models.ApplyPaperFillsResult]:
        """Book the fills of a plan.

        Raises
        ------
        ServiceError
            `NotFound` for a plan or an account that the user does not have, or a plan of another account;
            `NotSupported` for an account that is not paper; `Conflict` for a plan that was executed, or whose position
            has changed since; `ValidationError` for fills that do not match the plan's legs.
        """
        frozen = await self._freeze(user, args)

        async def book(tx: WriteTransaction) -> models.ApplyPaperFillsResult:
            now = self._clock.now()
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_paper(account)
            plan = await find_plan(tx, user.user_id, args.ExecPlanId)
            multiplier, fills = checked_fills(args, plan, now)
            if plan.state is not PlanState.PREPARED:
                raise conflict(f"exec plan {plan.id} was executed already; prepare again to trade again")
            if plan.kind is PlanKind.ENTRY:
                return await self._enter(tx, user, account, plan, multiplier, fills, frozen, now)
            return await self._exit(tx, user, account, plan, fills, now)

        return await self._idempotency.run(
            user, args.IdempotencyKey, models.IdempotencyOperation.ApplyPaperFills, args, book
        )

    async def _freeze(self, user: UserContext, args: models.ApplyPaperFillsArgs) -> Frozen | None:
        """Evaluate what an entry freezes before the transaction begins, so that no writer waits for it.

        Whatever is wrong with the call is not judged here: the transaction does, on the state that it then finds.
        """
        now = self._clock.now()
        async with self._database.read() as tx:
            try:
                account = await find_account(tx, user.user_id, args.BrokerAccountId)
                plan = await find_plan(tx, user.user_id, args.ExecPlanId)
                multiplier, fills = checked_fills(args, plan, now)
            except ServiceError:
                return None
            if plan.kind is not PlanKind.ENTRY or plan.state is not PlanState.PREPARED:
                return None
            context = await self._freezer.context(tx, user.user_id, account, plan.strategy_id)
        return await self._freezer.freeze(context, preview(fills, multiplier, now), plan.data_provider)

    async def _enter(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        multiplier: Decimal,
        fills: Sequence[LegFill],
        frozen: Frozen | None,
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        opened_at = min((told.fill.at for told in fills if told.fill is not None), default=now)
        variables = {} if frozen is None else dict(frozen.variables)
        position_id = await insert(
            tx,
            positions,
            user_id=user.user_id,
            account_id=account.id,
            strategy_id=plan.strategy_id,
            entry_plan_id=plan.id,
            name=plan.position_name,
            state=models.LivePositionState.Open.name,
            qty_multiplier=multiplier,
            variables=variables,
            realized_pnl=ZERO,
            adjustment_count=0,
            created_at=opened_at,
        )
        events: list[models.MesoLiveEvent] = []
        leg_ids: dict[str, int] = {}
        for told in fills:
            at = opened_at if told.fill is None else told.fill.at
            holding = told.holding
            leg_ids[told.leg.name] = leg_id = await insert(
                tx,
                legs,
                user_id=user.user_id,
                account_id=account.id,
                position_id=position_id,
                name=told.leg.name,
                **told.leg.traded.columns,
                status=models.LegStatus.Open.name,
                qty=holding.qty,
                held_qty=holding.qty,
                cost=holding.cost,
                average_entry_price=told.entry_price,
                leg_group_id=told.leg.leg_group_id,
                expiration_name=told.leg.expiration_name,
                tracked_realized_pnl=ZERO,
                created_at=at,
            )
            events.append(_leg_event(plan, position_id, leg_id, told.leg, models.LegStatus.Open, holding.qty, ZERO))
        order_ids, execution_ids, order_events = await self._record_orders(
            tx, user, account, plan, multiplier, fills, leg_ids, position_id, now
        )
        await move_cash(tx, account, _cash_change(fills), now)
        await mark_executed(tx, plan.id, now, position_id)
        events.append(_position_event(plan, position_id, models.PositionStatus.Created, ZERO))
        errors = [] if frozen is None else frozen.error_events(plan, position_id)
        await self._journal.append(tx, user.user_id, [*order_events, *events, *errors])
        return models.ApplyPaperFillsResult(
            ExecPlanId=plan.id, PositionId=position_id, LiveOrderIds=order_ids, ExecutionIds=execution_ids
        )

    async def _exit(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        fills: Sequence[LegFill],
        now: datetime,
    ) -> models.ApplyPaperFillsResult:
        if plan.position_id is None:
            raise not_found(f"the position of exec plan {plan.id}")
        position = await find_position(tx, user.user_id, plan.position_id)
        held = {leg.id: leg for leg in position.open_legs}
        changed = [
            told.leg.name
            for told in fills
            if told.leg.leg_id not in held or held[told.leg.leg_id].holding.qty != -told.leg.qty
        ]
        if changed or len(held) != len(fills):
            raise conflict(
                f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the exit again"
            )
        events: list[models.MesoLiveEvent] = []
        realized_now: list[Decimal] = []
        leg_ids: dict[str, int] = {}
        for told in fills:
            leg = held[_leg_id(told.leg)]
            leg_ids[leg.name] = leg.id
            realized = await self._close_leg(tx, leg, told.fill, now)
            realized_now.append(realized - leg.realized_pnl)
            events.append(_leg_event(plan, position.id, leg.id, told.leg, models.LegStatus.Closed, leg.qty, realized))
        order_ids, execution_ids, order_events = await self._record_orders(
            tx, user, account, plan, Decimal(1), fills, leg_ids, position.id, now
        )
        realized_pnl = position.realized_pnl + total(realized_now)
        await tx.execute(
            positions.update()
            .where(positions.c.id == position.id)
            .values(state=models.LivePositionState.Closed.name, realized_pnl=realized_pnl, closed_at=now)
        )
        await move_cash(tx, account, _cash_change(fills), now)
        await mark_executed(tx, plan.id, now, position.id)
        events.append(_position_event(plan, position.id, models.PositionStatus.Closed, realized_pnl))
        await self._journal.append(tx, user.user_id, [*order_events, *events])
        return models.ApplyPaperFillsResult(
            ExecPlanId=plan.id, PositionId=position.id, LiveOrderIds=order_ids, ExecutionIds=execution_ids
        )

    async def _close_leg(self, tx: WriteTransaction, leg: Leg, fill: Fill | None, now: datetime) -> Decimal:
        """Close a leg and return its realised PnL; a marker leg realises nothing."""
        after, realized = (leg.holding, ZERO) if fill is None else apply_fill(leg.holding, fill)
        closed = leg.realized_pnl + realized
        await tx.execute(
            legs.update()
            .where(legs.c.id == leg.id)
            .values(
                status=models.LegStatus.Closed.name,
                held_qty=after.qty,
                cost=after.cost,
                tracked_realized_pnl=closed,
                closed_at=now if fill is None else fill.at,
            )
        )
        return closed

    async def _record_orders(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        plan: Plan,
        multiplier: Decimal,
        fills: Sequence[LegFill],
        leg_ids: Mapping[str, int],
        position_id: int,
        now: datetime,
    ) -> tuple[list[int], list[int], list[models.MesoLiveEvent]]:
        """Record one filled order per traded leg group with the executions of its legs."""
        order_ids: list[int] = []
        execution_ids: list[int] = []
        events: list[models.MesoLiveEvent] = []
        by_name = {told.leg.name: told for told in fills}
        for group, quantity in group_quantities(plan.legs, multiplier).items():
            if quantity.qty == 0:
                continue
            traded = [by_name[name] for name, ratio in quantity.ratios.items() if ratio != 0]
            side, qty = combo_side(quantity)
            price = round_average(combo_price(quantity.ratios, {t.leg.name: _price(t) for t in traded}))
            filled_at = max(told.fill.at for told in traded if told.fill is not None)
            order_id = await insert(
                tx,
                orders,
                user_id=user.user_id,
                account_id=account.id,
                plan_id=plan.id,
                position_id=position_id,
                strategy_id=plan.strategy_id,
                leg_group_id=group,
                state=models.OrderState.Filled.name,
                side=side,
                qty=qty,
                filled_qty=qty,
                average_fill_price=price,
                last_fill_price=price,
                order_type=models.OrderType.Market.name,
                time_in_force=models.TimeInForce.Day.name,
                created_at=now,
                filled_at=filled_at,
                last_updated=now,
            )
            order_ids.append(order_id)
            for told in traded:
                assert told.fill is not None  # noqa: S101 - a leg with a ratio has a quantity, and so a fill
                execution_ids.append(
                    await insert(
                        tx,
                        executions,
                        user_id=user.user_id,
                        account_id=account.id,
                        plan_id=plan.id,
                        order_id=order_id,
                        position_id=position_id,
                        leg_id=leg_ids[told.leg.name],
                        leg_name=told.leg.name,
                        **told.leg.traded.columns,
                        qty=told.fill.qty,
                        price=told.fill.price,
                        commission=told.fill.commission,
                        executed_at=told.fill.at,
                    )
                )
            events.append(
                models.OrderUpdateEvent(
                    OrderId=order_id,
                    BrokerAccountId=account.broker_account_id,
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
        return order_ids, execution_ids, events


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
            problems["QtyMultiplier"] = [f"an {plan.kind.value.lower()} closes what is held; leave it out"]
    if plan.kind is not PlanKind.ENTRY:
        multiplier = Decimal(1)
    if not multiplier.is_finite() or not 0 < multiplier <= LARGEST_QUANTITY:
        problems["QtyMultiplier"] = [f"expected a number greater than 0 up to {LARGEST_QUANTITY}, got {multiplier}"]
        raise validation(problems)
    traded = {leg.name: leg for leg in plan.legs if leg.qty != 0}
    for name in args.PaperLegFills.keys() - traded.keys():
        marker = any(leg.name == name for leg in plan.legs)
        why = "is a marker leg without a quantity; it has no fill" if marker else f"is not a leg of exec plan {plan.id}"
        problems[f"PaperLegFills.{name}"] = [f"{name!r} {why}; expected: {', '.join(traded)}"]
    fills: list[LegFill] = []
    for leg in plan.legs:
        told = args.PaperLegFills.get(leg.name)
        if leg.qty == 0:
            fills.append(LegFill(leg, None))
        elif told is None:
            problems[f"PaperLegFills.{leg.name}"] = [f"the fill of leg {leg.name!r} is missing"]
        else:
            found = _fill_problems(told, now)
            if found:
                problems |= {f"PaperLegFills.{leg.name}.{field}": [text] for field, text in found.items()}
            fill = Fill(
                price=told.Price,
                qty=leg.qty * multiplier,
                multiplier=leg.traded.contract.multiplier,
                commission=told.Commission,
                at=told.FilledAt if told.FilledAt is not None else now,
            )
            fills.append(LegFill(leg, fill))
    if problems:
        raise validation(problems)
    return multiplier, fills


def _fill_problems(told: models.PaperLegFill, now: datetime) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not told.Price.is_finite() or told.Price < 0:
        problems["Price"] = f"expected a price per unit of 0 or more, got {told.Price}"
    if not told.Commission.is_finite():
        problems["Commission"] = f"expected an amount, got {told.Commission}"
    if told.FilledAt is not None and told.FilledAt > now:
        problems["FilledAt"] = (
            f"expected a time that has passed (it is {now.isoformat()}), got {told.FilledAt.isoformat()}"
        )
    return problems


def preview(fills: Sequence[LegFill], multiplier: Decimal, now: datetime) -> PositionState:
    """Return the position that the fills make, as the language reads it when it freezes the entry's variables."""
    return PositionState(
        legs=tuple(
            LegState(
                name=told.leg.name,
                contract=told.leg.traded.contract,
                qty=told.holding.qty,
                opened_at=now if told.fill is None else told.fill.at,
                entry_price=told.entry_price,
                leg_group_id=told.leg.leg_group_id,
                expiration_name=told.leg.expiration_name,
            )
            for told in fills
        ),
        opened_at=min((told.fill.at for told in fills if told.fill is not None), default=now),
        qty_multiplier=multiplier,
    )


def combo_side(quantity: GroupQuantity) -> tuple[str, Decimal]:
    """Return side and signed quantity of a group's order.

    A combo is bought, its ratios say what that means for each leg, and a credit is a negative price. A group of one leg
    is that leg: sold when its ratio is negative, with a negative quantity.
    """
    traded = [ratio for ratio in quantity.ratios.values() if ratio != 0]
    return ("S", -quantity.qty) if len(traded) == 1 and traded[0] < 0 else ("B", quantity.qty)


def _price(told: LegFill) -> Decimal:
    return ZERO if told.fill is None else told.fill.price


def _leg_id(leg: PlanLeg) -> int:
    assert leg.leg_id is not None  # noqa: S101 - checked against the position's open legs before
    return leg.leg_id


def _cash_change(fills: Sequence[LegFill]) -> Decimal:
    return total(told.fill.cash_change for told in fills if told.fill is not None)


def _position_event(
    plan: Plan, position_id: int, status: models.PositionStatus, realized: Decimal
) -> models.PositionUpdateEvent:
    return models.PositionUpdateEvent(
        PositionId=position_id,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        PositionName=plan.position_name,
        BrokerAccountId=plan.broker_account_id,
        Status=status,
        RealizedPnL=realized,
    )


def _leg_event(
    plan: Plan,
    position_id: int,
    leg_id: int,
    leg: PlanLeg,
    status: models.LegStatus,
    qty: Decimal,
    realized: Decimal,
) -> models.LegUpdateEvent:
    return models.LegUpdateEvent(
        BrokerAccountId=plan.broker_account_id,
        PositionId=position_id,
        PositionName=plan.position_name,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        LegId=leg_id,
        LegName=leg.name,
        Contract=leg.traded.live,
        Status=status,
        Qty=qty,
        RealizedPnL=realized,
    )
