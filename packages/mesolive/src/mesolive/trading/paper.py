"""Paper accounts: the user tells the fills, and they become positions, legs, executions, cash and events.

Everything that one call tells is booked in one transaction, together with its events and its idempotency record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, not_found, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import LegState, PositionState
from mesolive.market.contracts import FRACTIONAL_UNDERLYINGS
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.trading import orders
from mesolive.trading.accounts import Account, find_account, must_be_paper
from mesolive.trading.booking import Fill, GroupQuantity, Holding, apply_fill, combo_price, round_average, total
from mesolive.trading.books import (
    Booked,
    Books,
    book_fill,
    close_position,
    complete_entry,
    leg_event,
    leg_update,
    open_position,
    position_event,
    realize,
    set_leg_status,
)
from mesolive.trading.freezing import Freezer, Frozen
from mesolive.trading.idempotency import Idempotency
from mesolive.trading.plans import Plan, PlanKind, PlanLeg, PlanState, find_plan, group_quantities, mark_executed
from mesolive.trading.positions import Leg, find_position
from mesolive.trading.rows import insert
from mesolive_sdk import models

ZERO = Decimal(0)
LARGEST_QUANTITY = Decimal(1_000_000)
LARGEST_AMOUNT = Decimal(10_000_000)
MOST_DECIMALS = 10
"""Of prices, commissions and multipliers. With these bounds every product and sum of a booking is exact: it fits the 28
digits that decimal arithmetic keeps."""
EARLIEST_FILL = datetime(1990, 1, 1, tzinfo=UTC)
"""Where the exchange's calendar begins: days in trade are counted from a fill."""


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
        books = await open_position(tx, user.user_id, account, plan, multiplier, opened_at)
        booked = await self._book(tx, books, multiplier, fills, now)
        events: list[models.MesoLiveEvent] = [*booked.orders]
        for told in fills:
            one = booked.legs.get(told.leg.name)
            if one is None or told.fill is None:
                events.append(leg_update(books, told.leg, models.LegStatus.Open, ZERO, ZERO))
            else:
                await set_leg_status(tx, books.leg_ids[told.leg.name], models.LegStatus.Open, told.fill.at)
                events.append(leg_event(books, one, models.LegStatus.Open))
        await complete_entry(tx, books, {} if frozen is None else frozen.variables)
        await mark_executed(tx, plan.id, now, books.position_id)
        events.append(position_event(books, models.PositionStatus.Created, ZERO))
        if frozen is not None:
            events += frozen.error_events(plan, books.position_id)
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)

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
        held = {leg.name: leg for leg in position.open_legs}
        same = len(held) == len(fills) and all(
            told.leg.name in held and held[told.leg.name].holding.qty == -told.leg.qty for told in fills
        )
        if not same:
            raise conflict(
                f"position {position.id} has changed since exec plan {plan.id} was prepared; prepare the exit again"
            )
        early = _too_early(fills, held)
        if early:
            raise validation(early)
        leg_ids = {name: leg.id for name, leg in held.items()}
        books = Books(user.user_id, account, plan, position.id, leg_ids)
        booked = await self._book(tx, books, Decimal(1), fills, now)
        events: list[models.MesoLiveEvent] = [*booked.orders]
        for told in fills:
            one = booked.legs.get(told.leg.name)
            if one is None or told.fill is None:
                events.append(leg_update(books, told.leg, models.LegStatus.Closed, ZERO, ZERO))
            else:
                await set_leg_status(tx, leg_ids[told.leg.name], models.LegStatus.Closed, told.fill.at)
                events.append(leg_event(books, one, models.LegStatus.Closed))
        realized = await realize(tx, books, total(one.realized for one in booked.legs.values()))
        await close_position(tx, books, max((told.fill.at for told in fills if told.fill is not None), default=now))
        await mark_executed(tx, plan.id, now, position.id)
        events.append(position_event(books, models.PositionStatus.Closed, realized))
        await self._journal.append(tx, user.user_id, events)
        return booked.result(books)

    async def _book(
        self, tx: WriteTransaction, books: Books, multiplier: Decimal, fills: Sequence[LegFill], now: datetime
    ) -> _BookedFills:
        """Record one filled order per traded leg group, and book the fills of its legs."""
        plan = books.plan
        by_name = {told.leg.name: told for told in fills}
        order_ids: list[int] = []
        orders_told: list[models.OrderUpdateEvent] = []
        legs_booked: dict[str, Booked] = {}
        for group, quantity in group_quantities(plan.legs, multiplier).items():
            if quantity.qty == 0:
                continue
            traded = {name: by_name[name].fill for name, ratio in quantity.ratios.items() if ratio != 0}
            told = {name: fill for name, fill in traded.items() if fill is not None}
            side, qty = combo_side(quantity)
            price = round_average(combo_price(quantity.ratios, {name: fill.price for name, fill in told.items()}))
            order_id = await insert(
                tx,
                orders,
                user_id=books.user_id,
                account_id=books.account.id,
                plan_id=plan.id,
                position_id=books.position_id,
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
                filled_at=max(fill.at for fill in told.values()),
                last_updated=now,
            )
            order_ids.append(order_id)
            for name, fill in told.items():
                legs_booked[name] = await book_fill(tx, books, by_name[name].leg, fill, order_id)
            orders_told.append(
                models.OrderUpdateEvent(
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
        return _BookedFills(order_ids, orders_told, legs_booked)


@dataclass(frozen=True, slots=True)
class _BookedFills:
    """What one call's fills became."""

    order_ids: list[int]
    orders: list[models.OrderUpdateEvent]
    legs: Mapping[str, Booked]

    def result(self, books: Books) -> models.ApplyPaperFillsResult:
        return models.ApplyPaperFillsResult(
            ExecPlanId=books.plan.id,
            PositionId=books.position_id,
            LiveOrderIds=self.order_ids,
            ExecutionIds=sorted(booked.execution_id for booked in self.legs.values()),
        )


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
    traded = {leg.name: leg for leg in plan.legs if leg.qty != 0}
    wrong = _multiplier_problem(multiplier, traded.values())
    if wrong is not None:
        raise validation(problems | {"QtyMultiplier": [wrong]})
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


def _multiplier_problem(multiplier: Decimal, legs: Iterable[PlanLeg]) -> str | None:
    if not multiplier.is_finite() or not 0 < multiplier <= LARGEST_QUANTITY or _is_too_fine(multiplier):
        bounds = f"greater than 0 up to {LARGEST_QUANTITY}, with at most {MOST_DECIMALS} decimals"
        return f"expected a number {bounds}, got {multiplier}"
    for leg in legs:
        qty = leg.qty * multiplier
        if abs(qty) > LARGEST_QUANTITY:
            return f"leg {leg.name!r} would be {qty} contracts; at most {LARGEST_QUANTITY} are booked"
        if qty % 1 != 0 and leg.traded.contract.underlying not in FRACTIONAL_UNDERLYINGS:
            return f"leg {leg.name!r} would be {qty} contracts; they trade whole"
    return None


def _fill_problems(told: models.PaperLegFill, now: datetime) -> dict[str, str]:
    problems: dict[str, str] = {}
    decimals = f"with at most {MOST_DECIMALS} decimals"
    if not told.Price.is_finite() or not 0 <= told.Price <= LARGEST_AMOUNT or _is_too_fine(told.Price):
        problems["Price"] = f"expected a price per unit from 0 to {LARGEST_AMOUNT}, {decimals}, got {told.Price}"
    if not told.Commission.is_finite() or abs(told.Commission) > LARGEST_AMOUNT or _is_too_fine(told.Commission):
        problems["Commission"] = f"expected an amount up to {LARGEST_AMOUNT}, {decimals}, got {told.Commission}"
    if told.FilledAt is not None and not EARLIEST_FILL <= told.FilledAt <= now:
        problems["FilledAt"] = (
            f"expected a time that has passed (it is {now.isoformat()}), got {told.FilledAt.isoformat()}"
        )
    return problems


def _is_too_fine(number: Decimal) -> bool:
    return round(number, MOST_DECIMALS) != number


def _too_early(fills: Iterable[LegFill], held: Mapping[str, Leg]) -> dict[str, list[str]]:
    """Return what is wrong with the times of an exit: nothing is closed before it was opened."""
    problems: dict[str, list[str]] = {}
    for told in fills:
        opened = held[told.leg.name].created_at
        if told.fill is not None and told.fill.at < opened:
            text = f"expected a time after the leg was opened ({opened.isoformat()}), got {told.fill.at.isoformat()}"
            problems[f"PaperLegFills.{told.leg.name}.FilledAt"] = [text]
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
