"""Booking of fills: the only code that changes legs, cash and realised PnL, in the caller's transaction.

Paper fills, fills of venues, settlements and corrections by hand go the same way:

* `open_position` and `open_legs` create a position and legs, still without a fill.
* `book_fills` books fills of a plan's legs, `write_off` and `correct_pnl` manual corrections. All
  three end in `post`, which keeps books in balance: cash + cost of what is held = start + realised PnL.
* `complete_entry` opens a position, and `conclude` closes a flat position.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec import Struct, field

from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language.decision import LegState
from mesolive.records import replace
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.trading.portfolio.accounting import Fill, Holding, apply_fill, total
from mesolive.trading.portfolio.accounts import Account, move_cash
from mesolive.trading.portfolio.plans import Plan, PlanLeg
from mesolive.trading.portfolio.repository import (
    LegRecord,
    NewExecution,
    NewLeg,
    NewPosition,
    add_realized,
    change_legs,
    change_position,
    insert_executions,
    insert_legs,
    insert_position,
    is_flat,
    leg_records,
    open_leg_records,
    position_record,
)
from mesolive.trading.portfolio.variable_errors import resolved_events
from mesolive_sdk import models
from mesolive_sdk.models import LegStatus, LivePositionState, PositionStatus

ZERO = Decimal(0)

BALANCE_TOLERANCE = Decimal("0.000001")
"""In account currency. Decimals keep 28 digits: amounts with ten decimals are exact up to 10^18."""


class UnbalancedPostingError(RuntimeError):
    """A change of legs and cash does not balance: a fault of this program; its transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class FillContext:
    """What fills belong to: the user, the account, the plan, and the position that is opened or closed.

    Attributes
    ----------
    leg_ids
        Ids of the position's legs by the plan's leg names.
    multiplier
        What the plan's quantities are multiplied with.
    """

    user_id: int
    account: Account
    plan: Plan
    position_id: int
    leg_ids: Mapping[str, int]
    multiplier: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class LegFill:
    """One fill of one leg of a plan.

    Attributes
    ----------
    at
        When the leg was filled, opened or closed.
    fill
        `None` for a leg of which nothing is traded, such as a marker: it only opens or closes.
    broker_execution_id
        The venue's id of the execution, where a venue filled or settled it.
    """

    leg: PlanLeg
    at: datetime
    fill: Fill | None = None
    broker_execution_id: str | None = None

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

    def opened_leg(self, name: str) -> LegState:
        """Return the leg that the fill opens, as strategies read it under a name."""
        return LegState(
            name=name,
            contract=self.leg.traded.contract,
            qty=self.holding.qty,
            opened_at=self.at,
            entry_price=self.entry_price,
            leg_group_id=self.leg.leg_group_id,
            expiration_name=self.leg.expiration_name,
        )


class BookedFills(Struct, frozen=True):
    """The changes made by fills.

    Attributes
    ----------
    events
        Events of the legs, by the plan's leg names, in the order of the fills.
    realized
        Realised PnL of the fills, in account currency.
    reopened
        Whether a late fill has reopened a closed leg.
    """

    events: Mapping[str, models.LegUpdateEvent] = field(default_factory=dict[str, models.LegUpdateEvent])
    realized: Decimal = ZERO
    reopened: bool = False


async def open_position(
    tx: WriteTransaction, user_id: int, account: Account, plan: Plan, multiplier: Decimal, at: datetime
) -> FillContext:
    """Make the position of an entry with all legs of its plan, still without a fill."""
    position_id = await insert_position(
        tx,
        NewPosition(
            user_id=user_id,
            account_id=account.id,
            strategy_id=plan.strategy_id,
            entry_plan_id=plan.id,
            name=plan.position_name,
            qty_multiplier=multiplier,
            created_at=at,
        ),
    )
    leg_ids = await open_legs(tx, user_id, account, position_id, plan.legs, at)
    return FillContext(user_id, account, plan, position_id, leg_ids, multiplier)


async def open_legs(
    tx: WriteTransaction, user_id: int, account: Account, position_id: int, opened: Sequence[PlanLeg], at: datetime
) -> dict[str, int]:
    """Make legs of a position, still without a fill, and return their ids by the plan's names.

    Marker legs are complete from the start: their entry price is their mark at preparation.
    """
    new = [
        NewLeg(
            name=leg.own_name,
            traded=leg.traded,
            leg_group_id=leg.leg_group_id,
            expiration_name=leg.expiration_name,
            is_marker=leg.qty == 0,
            entry_price=leg.mark if leg.qty == 0 and leg.mark is not None else ZERO,
        )
        for leg in opened
    ]
    ids = await insert_legs(tx, user_id, account.id, position_id, new, at)
    return {leg.name: ids[leg.own_name] for leg in opened}


async def book_fills(
    tx: WriteTransaction, context: FillContext, fills: Sequence[LegFill], order_id: int | None, *, opens: bool
) -> BookedFills:
    """Book fills of one order, at most one of each leg: holdings, executions, realised PnL, and the account's cash.

    A leg that is closed is `Closing`, and `Closed` when it is flat. A leg that was closed and is
    held again by a late fill is open again. A leg that is opened dates from its last fill.

    Parameters
    ----------
    order_id
        `None` for a settlement.
    opens
        Whether a leg of which all is filled is `Open` from then on. At a venue, the legs of an entry stay `Opening`
        until the last of them is filled and the position opens.

    Raises
    ------
    ConcurrentChangeError
        When a leg, the position or the account were changed between being read and being written.
    """
    records = await leg_records(tx, [context.leg_ids[fill.leg.name] for fill in fills])
    changes = [
        (before, _after(before, fill, context.multiplier, opens=opens))
        for fill in fills
        for before in [records[context.leg_ids[fill.leg.name]]]
    ]
    filled = [fill.fill for fill in fills if fill.fill is not None]
    realized = ZERO
    if filled:
        cash = total(fill.cash_change for fill in filled)
        at = max(fill.at for fill in filled)
        realized = await post(tx, context.account, context.position_id, changes, cash, at)
        await insert_executions(tx, [_execution(context, fill, order_id) for fill in fills if fill.fill is not None])
    else:
        await change_legs(tx, changes)
    return BookedFills(
        events={
            fill.leg.name: leg_update(context, fill.leg, after.status, after.qty, after.shown_pnl)
            if fill.fill is not None
            else leg_update(context, fill.leg, after.status, ZERO, ZERO)
            for fill, (_, after) in zip(fills, changes, strict=True)
        },
        realized=realized,
        reopened=any(before.closed_at is not None and after.closed_at is None for before, after in changes),
    )


async def write_off(
    tx: WriteTransaction, user_id: int, account: Account, position_id: int, at: datetime
) -> list[models.MesoLiveEvent]:
    """Write off all holdings of a position at cost, and close it; return the errors that end."""
    changes = [
        (leg, replace(leg, holding=replace(leg.holding, qty=ZERO, cost=ZERO)))
        for leg in await open_leg_records(tx, position_id)
    ]
    await post(tx, account, position_id, changes, total(leg.holding.cost for leg, _ in changes), at)
    return await close_position(tx, user_id, position_id, at)


async def correct_pnl(
    tx: WriteTransaction, account: Account, position_id: int, leg_id: int, realized: Decimal | None, at: datetime
) -> Decimal:
    """Set what a leg has realised so far in place of what was tracked; cash moves by the difference.

    Parameters
    ----------
    realized
        In account currency; `None` goes back to what was tracked.

    Returns
    -------
    What the position has realised with it.
    """
    leg = (await leg_records(tx, [leg_id]))[leg_id]
    after = replace(leg, user_realized_pnl=realized)
    await post(tx, account, position_id, [(leg, after)], after.shown_pnl - leg.shown_pnl, at)
    return (await position_record(tx, position_id)).realized_pnl


async def post(
    tx: WriteTransaction,
    account: Account,
    position_id: int,
    changes: Sequence[tuple[LegRecord, LegRecord]],
    cash: Decimal,
    at: datetime,
) -> Decimal:
    """Write changes of a position's legs with the account's cash and the position's realised PnL; nothing else does.

    Parameters
    ----------
    changes
        Each leg as it was and as it shall be.
    cash
        What the account's cash changes by, in account currency.
    at
        When that happened.

    Returns
    -------
    What was realised by it.

    Raises
    ------
    UnbalancedPostingError
        When cash and the cost of what is held do not change by what is realised.
    """
    realized = total(after.shown_pnl - before.shown_pnl for before, after in changes)
    cost = total(after.holding.cost - before.holding.cost for before, after in changes)
    if abs(cash + cost - realized) > BALANCE_TOLERANCE:
        raise UnbalancedPostingError(
            f"position {position_id}: cash changes by {cash}, cost by {cost}, and realised PnL by {realized}"
        )
    await change_legs(tx, changes)
    await add_realized(tx, position_id, realized)
    await move_cash(tx, account, cash, at)
    return realized


async def complete_entry(tx: WriteTransaction, position_id: int, variables: Mapping[str, Decimal]) -> bool:
    """Open a position and its legs with the variables that its entry has captured.

    Returns
    -------
    Whether it was `Opening`; else nothing is done.
    """
    record = await position_record(tx, position_id)
    if record.state is not LivePositionState.Opening:
        return False
    await change_position(tx, record, replace(record, state=LivePositionState.Open, variables=variables))
    await mark_legs_open(tx, position_id, {LegStatus.Opening})
    return True


async def mark_legs_open(tx: WriteTransaction, position_id: int, statuses: Collection[LegStatus]) -> set[int]:
    """Set the position's legs of some statuses to `Open`, and return their ids."""
    result = [leg for leg in await open_leg_records(tx, position_id) if leg.status in statuses]
    await change_legs(tx, [(leg, replace(leg, status=LegStatus.Open)) for leg in result])
    return {leg.id for leg in result}


async def conclude(
    tx: WriteTransaction,
    context: FillContext,
    at: datetime,
    otherwise: PositionStatus | None = None,
    state: LivePositionState | None = None,
) -> list[models.MesoLiveEvent]:
    """Close a flat position, and return the position's event.

    Parameters
    ----------
    at
        When it was closed.
    otherwise, state
        The event and the next state of a position that still holds something; `None` for no event, and no change.
    """
    record = await position_record(tx, context.position_id)
    if await is_flat(tx, context.position_id):
        closed = position_event(context, PositionStatus.Closed, record.realized_pnl)
        return [closed, *await close_position(tx, context.user_id, context.position_id, at)]
    if state is not None:
        await change_position(tx, record, replace(record, state=state))
    return [] if otherwise is None else [position_event(context, otherwise, record.realized_pnl)]


async def close_position(
    tx: WriteTransaction, user_id: int, position_id: int, at: datetime
) -> list[models.MesoLiveEvent]:
    """Close a position with all its legs, marker legs too; return the errors that end: nothing waits for variables."""
    legs = await open_leg_records(tx, position_id)
    await change_legs(tx, [(leg, replace(leg, status=LegStatus.Closed, closed_at=at)) for leg in legs])
    record = await position_record(tx, position_id)
    await change_position(tx, record, replace(record, state=LivePositionState.Closed, closed_at=at))
    return await resolved_events(tx, user_id, position_id)


async def reopen_position(tx: WriteTransaction, position_id: int) -> None:
    """Set a closed position back to `Closing`, because a late fill has left a holding."""
    record = await position_record(tx, position_id)
    if record.state is LivePositionState.Closed:
        await change_position(tx, record, replace(record, state=LivePositionState.Closing, closed_at=None))


async def realized_of(tx: Transaction, position_id: int) -> Decimal:
    """Return the realised PnL of a position, in account currency."""
    return (await position_record(tx, position_id)).realized_pnl


def leg_update(
    context: FillContext, leg: PlanLeg, status: LegStatus, qty: Decimal, realized: Decimal
) -> models.LegUpdateEvent:
    """Return the event of a changed leg, also of a marker leg."""
    plan = context.plan
    return models.LegUpdateEvent(
        EventTime=UNSTAMPED,
        BrokerAccountId=plan.broker_account_id,
        PositionId=context.position_id,
        PositionName=plan.position_name,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        LegId=context.leg_ids[leg.name],
        LegName=leg.own_name,
        Contract=leg.traded.live,
        Status=status,
        Qty=qty,
        RealizedPnL=realized,
    )


def position_event(context: FillContext, status: PositionStatus, realized: Decimal) -> models.PositionUpdateEvent:
    """Return the event of a position that was opened, changed or closed."""
    plan = context.plan
    return models.PositionUpdateEvent(
        EventTime=UNSTAMPED,
        PositionId=context.position_id,
        StrategyId=plan.strategy_id,
        StrategyName=plan.strategy_name,
        PositionName=plan.position_name,
        BrokerAccountId=plan.broker_account_id,
        Status=status,
        RealizedPnL=realized,
    )


def _after(before: LegRecord, fill: LegFill, multiplier: Decimal, *, opens: bool) -> LegRecord:
    """Return a leg after a fill."""
    is_opening = fill.leg.leg_id is None
    if fill.fill is None:
        # A marker that is opened is complete from the start.
        return before if is_opening else replace(before, status=LegStatus.Closed, closed_at=fill.at)
    holding, realized = apply_fill(before.holding, fill.fill)
    is_closed = not is_opening and holding.qty == 0
    is_reopened = before.closed_at is not None and holding.qty != 0
    qty = before.qty + fill.fill.qty if is_opening else before.qty
    if is_opening:
        is_whole = abs(qty) >= abs(fill.leg.qty * multiplier)
        opened_now = is_reopened or (opens and is_whole and before.status is LegStatus.Opening)
        status = LegStatus.Open if opened_now else before.status
    else:
        status = LegStatus.Closed if is_closed else LegStatus.Closing
    return replace(
        before,
        status=status,
        qty=qty,
        holding=holding,
        entry_price=holding.average_price if is_opening else before.entry_price,
        realized_pnl=before.realized_pnl + realized,
        # The PnL that the owner has set counts up to now; later realised PnL is added.
        user_realized_pnl=None if before.user_realized_pnl is None else before.user_realized_pnl + realized,
        created_at=fill.fill.at if is_opening else before.created_at,
        closed_at=fill.fill.at if is_closed else None if is_reopened else before.closed_at,
    )


def _execution(context: FillContext, fill: LegFill, order_id: int | None) -> NewExecution:
    assert fill.fill is not None  # noqa: S101 - what has no fill is not an execution
    return NewExecution(
        user_id=context.user_id,
        account_id=context.account.id,
        plan_id=context.plan.id,
        order_id=order_id,
        position_id=context.position_id,
        leg_id=context.leg_ids[fill.leg.name],
        leg_name=fill.leg.own_name,
        traded=fill.leg.traded,
        broker_execution_id=fill.broker_execution_id,
        qty=fill.fill.qty,
        price=fill.fill.price,
        commission=fill.fill.commission,
        executed_at=fill.fill.at,
    )
