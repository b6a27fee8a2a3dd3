"""What an account's owner does to his books by hand: close a position that is gone, correct its PnL, liquidate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError, conflict, unavailable, validation
from mesolive.journal.journal import Journal
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.trading import exec_plans, legs, orders, positions
from mesolive.trading.accounts import account_by_id, find_account, must_be_at_a_venue
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.order_rows import OPEN
from mesolive.trading.plans import find_plan, leg_groups, store_plan
from mesolive.trading.positions import CLOSED, Leg, Position, Positions, find_position
from mesolive.trading.prepared import exit_plan
from mesolive.trading.sending import OrderSending
from mesolive_sdk import models

ZERO = Decimal(0)
LARGEST_PNL = Decimal(10) ** 12


class AccountActions:
    """Closes, corrects and liquidates positions; every one is audited and told by events.

    Parameters
    ----------
    doubtful
        Called with the id of an account whose books were changed by hand: they are compared with its venue.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        market: Market,
        positions: Positions,
        sending: OrderSending,
        clock: Clock,
        doubtful: Callable[[int], None],
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._positions = positions
        self._sending = sending
        self._clock = clock
        self._doubtful = doubtful

    async def set_closed(self, user: UserContext, position_id: int) -> models.LivePosition:
        """Close a position in the books without a trade: it was closed elsewhere.

        Nothing is realised and no cash moves: what it brought is told with `adjust_pnl`.

        Raises
        ------
        ServiceError
            `NotFound` for a position that the user does not have; `Conflict` when it is closed or its order works.
        """
        now = self._clock.now()
        async with self._database.write(user.user_id) as tx:
            position = await find_position(tx, user.user_id, position_id)
            await _must_be_at_rest(tx, position)
            await tx.execute(
                legs.update()
                .where(legs.c.position_id == position.id, legs.c.closed_at.is_(None))
                .values(status=models.LegStatus.Closed.name, closed_at=now, held_qty=ZERO, cost=ZERO)
            )
            await tx.execute(
                positions.update()
                .where(positions.c.id == position.id)
                .values(state=models.LivePositionState.Closed.name, closed_at=now)
            )
            held = {leg.name: str(leg.holding.qty) for leg in position.open_legs}
            await self._audit(tx, user, position, "SetClosed", {"position": position.id, "held": held})
            events: list[models.MesoLiveEvent] = [
                _leg_event(position, leg, models.LegStatus.Closed) for leg in position.open_legs
            ]
            events.append(_position_event(position, models.PositionStatus.Closed, position.realized_pnl))
            await self._journal.append(tx, user.user_id, events)
        self._doubtful(position.account_id)
        return (await self._positions.read(user.user_id, position_id)).live

    async def adjust_pnl(self, user: UserContext, leg_id: int, realized: Decimal | None) -> models.LiveLeg:
        """Set what a leg has realised, in place of what was tracked; `None` goes back to that.

        Raises
        ------
        ServiceError
            `NotFound` for a leg that the user does not have; `ValidationError` for an amount that cannot be.
        """
        if realized is not None and (not realized.is_finite() or abs(realized) > LARGEST_PNL):
            raise validation({"RealizedPnL": [f"expected an amount up to {LARGEST_PNL}, got {realized}"]})
        async with self._database.write(user.user_id) as tx:
            owner = await tx.scalar(
                select(legs.c.position_id).where(legs.c.user_id == user.user_id, legs.c.id == leg_id)
            )
            position = await find_position(tx, user.user_id, owner or 0)
            before = next(leg for leg in position.legs if leg.id == leg_id)
            await tx.execute(legs.update().where(legs.c.id == leg_id).values(user_realized_pnl=realized))
            total = position.realized_pnl - _shown(before) + (before.realized_pnl if realized is None else realized)
            await tx.execute(positions.update().where(positions.c.id == position.id).values(realized_pnl=total))
            detail = {"leg": leg_id, "realized": None if realized is None else str(realized)}
            await self._audit(tx, user, position, "AdjustPnL", detail)
            event = _position_event(position, models.PositionStatus.RealizedPnLChanged, total)
            await self._journal.append(tx, user.user_id, [event])
        (leg,) = await self._positions.read_legs(user.user_id, [leg_id])
        return leg.live

    async def liquidate(self, user: UserContext, position_id: int, key: str) -> list[models.SendOrderResult]:
        """Send market orders that close all of a position, one per leg group.

        Parameters
        ----------
        key
            Makes a retry safe: the orders' idempotency keys are this with the group's number behind it.

        Raises
        ------
        ServiceError
            As `OrderSending.send`; `ProviderUnavailable` when the underlying has no market.
        """
        async with self._database.read() as tx:
            position = await find_position(tx, user.user_id, position_id)
            account = await find_account(tx, user.user_id, position.broker_account_id)
            must_be_at_a_venue(account)
            await _must_be_at_rest(tx, position)
        try:
            view = self._market.view(position.legs[0].traded.contract.underlying)
        except UnknownUnderlyingError as error:
            raise unavailable(str(error)) from None
        args = models.PreparePositionExitArgs(IdempotencyKey=key, PositionId=position_id)
        async with self._database.write(user.user_id) as tx:
            plan_id = await store_plan(tx, user.user_id, exit_plan(position, args, view))
            plan = await find_plan(tx, user.user_id, plan_id)
            await self._audit(tx, user, position, "Liquidate", {"position": position.id, "plan": plan_id})
        traded = {leg.name for leg in plan.legs if leg.qty != 0}
        sent: list[models.SendOrderResult] = []
        for group, names in leg_groups(plan.legs).items():
            if traded.isdisjoint(names):
                continue
            answer = await self._sending.send(
                user,
                models.SendOrderArgs(
                    IdempotencyKey=f"{key}-{group}",
                    BrokerAccountId=position.broker_account_id,
                    ExecPlanId=plan_id,
                    LegGroupId=group,
                    LegGroupOrder=models.LegGroupOrder(
                        OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=names
                    ),
                ),
            )
            if answer.Data is None:
                raise ServiceError(answer.Status, answer.Message or "the order was not sent", answer.Error)
            sent.append(answer.Data)
        return sent

    async def _audit(
        self, tx: WriteTransaction, user: UserContext, position: Position, action: str, detail: Mapping[str, object]
    ) -> None:
        account = await account_by_id(tx, user.user_id, position.account_id)
        entry = AuditEntry(user.user_id, account.id, None, self._clock.now(), user.key_id, action, detail=detail)
        await audit(tx, [entry])


async def _must_be_at_rest(tx: Transaction, position: Position) -> None:
    if position.state is CLOSED:
        raise conflict(f"position {position.id} is closed")
    of_position = select(exec_plans.c.id).where(exec_plans.c.position_id == position.id)
    row = await tx.first(select(orders.c.id).where(orders.c.plan_id.in_(of_position), orders.c.state.in_(sorted(OPEN))))
    if row is not None:
        raise conflict(f"order {row.id} of position {position.id} has not ended; cancel it first")


def _shown(leg: Leg) -> Decimal:
    return leg.realized_pnl if leg.user_realized_pnl is None else leg.user_realized_pnl


def _position_event(position: Position, status: models.PositionStatus, realized: Decimal) -> models.PositionUpdateEvent:
    return models.PositionUpdateEvent(
        PositionId=position.id,
        StrategyId=position.strategy_id,
        StrategyName=position.strategy_name,
        PositionName=position.name,
        BrokerAccountId=position.broker_account_id,
        Status=status,
        RealizedPnL=realized,
    )


def _leg_event(position: Position, leg: Leg, status: models.LegStatus) -> models.LegUpdateEvent:
    return models.LegUpdateEvent(
        BrokerAccountId=position.broker_account_id,
        PositionId=position.id,
        PositionName=position.name,
        StrategyId=position.strategy_id,
        StrategyName=position.strategy_name,
        LegId=leg.id,
        LegName=leg.name,
        Contract=leg.traded.live,
        Status=status,
        Qty=leg.qty,
        RealizedPnL=_shown(leg),
    )
