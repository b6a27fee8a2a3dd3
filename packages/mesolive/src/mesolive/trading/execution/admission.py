"""Pre-trade admission of orders: checks account, plan, position, earlier orders and risk limits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, ScalarSelect, bindparam, or_, select

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, conflict, not_found, unavailable, validation
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.market.service import Market
from mesolive.store.database import Transaction
from mesolive.store.tables.trading import account_limits, accounts, halts
from mesolive.trading.audit import AuditEntry
from mesolive.trading.execution import price_checks, risk_limits
from mesolive.trading.execution.batch_quotes import BatchQuotes, risk_of
from mesolive.trading.execution.combo_orders import GroupOrder, checked_order, fits, plan_multiplier
from mesolive.trading.execution.halts import Halt, halt_reason
from mesolive.trading.execution.order_hours import check_hours
from mesolive.trading.execution.order_rate import OrderRate
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import Call
from mesolive.trading.orders.open_orders import open_order_of_position
from mesolive.trading.orders.repository import NewOrder, PlanOrder, StoredOrder, order_of_user, orders_of_plans
from mesolive.trading.orders.state_machine import State
from mesolive.trading.portfolio.accounts import Account, account_of
from mesolive.trading.portfolio.plans import Plan, PlanKind, PlanState, find_plans, is_being_completed, no_plan
from mesolive.trading.portfolio.positions import Position, find_position
from mesolive.trading.preparation.adjustments import being_completed
from mesolive.venues.base import Venue
from mesolive_sdk import models

ZERO = Decimal(0)


class Request(Struct, frozen=True):
    """One call of `SendOrder` that is queued for its commit."""

    user: UserContext
    call: Call
    args: models.SendOrderArgs


class Admitted(Struct, frozen=True):
    """A call that passed all checks, with the order that is to be stored for it.

    Attributes
    ----------
    replaces
        The order that it shall replace, as it is now.
    may_wait
        Whether it may wait at the venue for the session of its class.
    """

    request: Request
    account: Account
    plan: Plan
    group: GroupOrder
    new: NewOrder
    venue: Venue
    replaces: StoredOrder | None
    may_wait: bool = False


@dataclass
class AccountState:
    """An account with the state that decides whether it may send orders.

    Attributes
    ----------
    halted
        Why it is halted; `None` when it is not.
    entries_halted
        Why its entries alone are halted; `None` when they are not.
    sent
        Orders of the last minute.
    """

    account: Account
    limits: risk_limits.Limits
    halted: str | None
    entries_halted: str | None
    sent: int


def _halt_reason_of(scope: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return the subquery for the reason of the oldest halt of an account: its own, its user's or the operator's."""
    return (
        select(halts.c.reason)
        .where(
            halts.c.lifted_at.is_(None),
            or_(halts.c.account_id.is_(None), halts.c.account_id == accounts.c.id),
            or_(halts.c.user_id.is_(None), halts.c.user_id == accounts.c.user_id),
            scope,
        )
        .order_by(halts.c.id)
        .limit(1)
        .scalar_subquery()
    )


_STANDING = (
    select(
        accounts,
        *risk_limits.LIMIT_COLUMNS,
        _halt_reason_of(or_(halts.c.scope.is_(None), halts.c.scope == models.HaltScope.All.value)).label("halted"),
        _halt_reason_of(halts.c.scope == models.HaltScope.Entries.value).label("entries_halted"),
    )
    .outerjoin(account_limits, account_limits.c.account_id == accounts.c.id)
    .where(accounts.c.user_id == bindparam("user"), accounts.c.broker_account_id == bindparam("name"))
)


class Admission:
    """Checks one user's calls within one transaction; earlier calls of the batch count for later ones.

    Parameters
    ----------
    rate
        What the accounts have sent in the last minute.
    noted
        Halts that are in force and not stored yet.
    """

    def __init__(
        self,
        tx: Transaction,
        user_id: int,
        now: datetime,
        market: Market,
        venues: VenueRegistry,
        new_reference: Callable[[], uuid.UUID],
        rate: OrderRate,
        noted: Sequence[Halt] = (),
    ) -> None:
        self._tx = tx
        self._user_id = user_id
        self._now = now
        self._market = market
        self._quotes = BatchQuotes(market)
        self._venues = venues
        self._new_reference = new_reference
        self._rate = rate
        self._noted = noted
        self._accounts: dict[str, AccountState] = {}
        self._admitted: list[Admitted] = []
        self._plans: Mapping[int, Plan] = {}
        self._orders: dict[int, list[PlanOrder]] = {}

    async def read(self, requests: Sequence[Request]) -> None:
        """Read the plans of calls and the orders of these plans, for all calls at once."""
        self._plans = await find_plans(self._tx, self._user_id, {request.args.ExecPlanId for request in requests})
        for order in await orders_of_plans(self._tx, self._plans):
            self._orders.setdefault(order.plan_id, []).append(order)

    async def admit(self, request: Request) -> Admitted:
        """Return the order to store and send for a call that was passed to `read`.

        Raises
        ------
        ServiceError
            As `OrderService.send`.
        """
        args = request.args
        state = await self.account_state(args.BrokerAccountId)
        account, limits = state.account, state.limits
        venue = self._venues.of(account)
        plan = self._plans.get(args.ExecPlanId)
        if plan is None:
            raise no_plan(args.ExecPlanId)
        risk_limits.check_halt(state.halted)
        if plan.kind is PlanKind.ENTRY:
            risk_limits.check_halt(state.entries_halted, "entries are")
        risk_limits.check_live(account.broker_type, limits)
        risk_limits.check_rate(state.sent, limits)
        before = self._orders.get(plan.id, [])
        replaces = await self._replaced(args, plan)
        multiplier = self._multiplier(args, plan, before)
        filled = sum((item.filled for item in before if item.group == args.LegGroupId), ZERO)
        group = checked_order(args, plan, multiplier, filled)
        if group.legs:
            _must_be_connected(venue)
        self._must_be_free(args, plan, before, replaces)
        if plan.strategy_deleted and plan.position_id is None:
            raise conflict(
                f"strategy {plan.strategy_id} was deleted: its positions would not be watched", code="StrategyDeleted"
            )
        position = await self._must_fit_position(plan, group)
        if group.legs:
            self._check_market_and_risk(args.LegGroupOrder, account, plan, group, position, limits)
        new = NewOrder(
            account_id=account.id,
            plan_id=plan.id,
            position_id=plan.position_id,
            strategy_id=plan.strategy_id,
            group=group.group,
            qty=group.qty,
            sold=group.sold,
            multiplier=multiplier,
            asked=args.LegGroupOrder,
            reference=str(self._new_reference()),
            strategy_name=plan.strategy_name,
            sent_by=request.user.key_id,
            send_key=request.call.key,
            replaces_id=args.ReplacesOrder,
        )
        admitted = Admitted(request, account, plan, group, new, venue, replaces, may_wait=limits.queue_orders)
        self._admitted.append(admitted)
        state.sent += 1
        return admitted

    def refusal(self, request: Request, error: ServiceError) -> AuditEntry:
        """Return the audit entry of a refused call."""
        state = self._accounts.get(request.args.BrokerAccountId)
        code = None if error.error is None else error.error.Code
        detail = {
            "status": error.status.name,
            "code": code,
            "message": error.message,
            "plan": request.args.ExecPlanId,
            "group": request.args.LegGroupId,
        }
        return AuditEntry(
            self._user_id,
            None if state is None else state.account.id,
            None,
            self._now,
            request.user.key_id,
            "SendOrderRefused",
            request.call.key,
            detail,
        )

    def refused_event(self, request: Request, error: risk_limits.RefusedError) -> models.OrderRefusedEvent:
        """Return the event of a call that a halt or a limit has refused."""
        plan = self._plans.get(request.args.ExecPlanId)
        return models.OrderRefusedEvent(
            EventTime=UNSTAMPED,
            BrokerAccountId=request.args.BrokerAccountId,
            ExecPlanId=request.args.ExecPlanId,
            LegGroupId=request.args.LegGroupId,
            StrategyId=None if plan is None else plan.strategy_id,
            StrategyName=None if plan is None else plan.strategy_name,
            Code=error.code,
            Message=error.message,
        )

    async def account_state(self, broker_account_id: str) -> AccountState:
        """Return what decides whether an account may send orders; `NotFound` when the user has none of that id."""
        state = self._accounts.get(broker_account_id)
        if state is None:
            row = await self._tx.first(
                _STANDING,
                {"user": self._user_id, "name": broker_account_id},
            )
            if row is None:
                raise not_found(f"account {broker_account_id!r}")
            account = account_of(row)
            halted = halt_reason(self._noted, account) or row.halted
            sent = await self._rate.count(self._tx, account.id, self._now)
            state = AccountState(account, risk_limits.limits_of_row(row), halted, row.entries_halted, sent)
            self._accounts[broker_account_id] = state
        return state

    async def _replaced(self, args: models.SendOrderArgs, plan: Plan) -> StoredOrder | None:
        if args.ReplacesOrder is None:
            return None
        replaced = await order_of_user(self._tx, self._user_id, args.ReplacesOrder)
        if replaced is None or replaced.at_venue is None:
            raise not_found(f"order {args.ReplacesOrder}")
        order = replaced.at_venue
        if (order.plan_id, order.group) != (plan.id, args.LegGroupId):
            text = f"order {order.id} is of group {order.group} of exec plan {order.plan_id}"
            raise validation({"ReplacesOrder": [text]})
        taken = order.replaced_by is not None or any(
            item.replaces is not None and item.replaces.id == order.id for item in self._admitted
        )
        if taken:
            raise conflict(f"order {order.id} is being replaced already", code="OrderBeingReplaced")
        if order.view.state.ended:
            raise conflict(
                f"order {order.id} is {order.view.state.value}; it cannot be replaced any more", code="OrderEnded"
            )
        if order.view.venue_id is None or order.view.unresolved_since is not None or order.view.cancel_wanted:
            raise conflict(
                f"order {order.id} cannot be replaced before the venue has answered what was last asked of it",
                code="OrderInFlight",
            )
        return order

    def _multiplier(self, args: models.SendOrderArgs, plan: Plan, before: Sequence[PlanOrder]) -> Decimal:
        """Return the plan's multiplier: the first order that works or is filled fixes it for all groups."""
        multiplier = plan_multiplier(plan, args.QtyMultiplier)
        # A group of marker legs trades nothing, but it has opened the position.
        fixed = next(
            (item.multiplier for item in before if item.filled or not item.state.ended or item.state is State.FILLED),
            None,
        )
        if fixed is None:
            fixed = next((item.new.multiplier for item in self._admitted if item.plan.id == plan.id), None)
        if fixed is None or fixed == multiplier:
            return multiplier
        if args.QtyMultiplier is None:
            return Decimal(fixed)
        raise conflict(f"exec plan {plan.id} is being executed with a multiplier of {fixed}", code="MultiplierFixed")

    def _must_be_free(
        self, args: models.SendOrderArgs, plan: Plan, before: Sequence[PlanOrder], replaces: StoredOrder | None
    ) -> None:
        """Let one order of a group work at a time."""
        group = args.LegGroupId
        working = [item.id for item in before if item.group == group and not item.state.ended]
        if replaces is not None and replaces.id in working:
            working.remove(replaces.id)
        if working:
            raise conflict(
                f"order {working[0]} of group {group} has not ended; cancel or replace it", code="OrderWorking"
            )
        if any(item.plan.id == plan.id and item.new.group == group for item in self._admitted):
            raise conflict(f"another order of group {group} of exec plan {plan.id} is being sent", code="OrderInFlight")
        if any(item.group == group and item.state is State.FILLED and item.filled == 0 for item in before):
            # A group of marker legs: its order trades nothing.
            raise conflict(f"group {group} of exec plan {plan.id} is filled already", code="GroupFilled")

    def _check_market_and_risk(
        self,
        asked: models.LegGroupOrder,
        account: Account,
        plan: Plan,
        group: GroupOrder,
        position: Position | None,
        limits: risk_limits.Limits,
    ) -> None:
        """Refuse an order outside of its hours, without a market, with a price outside the checks, or beyond a limit.

        An exit may be of any size: a position that was entered within the limits may cost more to close now, and it
        must be possible to close it.
        """
        quoted = self._quotes.quoted(account, group.legs)
        if not quoted.in_hours:
            check_hours(self._market, account, group.legs, limits, self._now)
            quoted.in_hours = True
        terms = (plan.kind, group.qty, asked.OrderType, asked.LimitPrice, asked.StopPrice)
        if position is None and terms in quoted.passed:
            return
        closes = plan.kind is PlanKind.EXIT
        if not closes:
            risk_limits.check_contracts(group, limits)
        quote = quoted.quote
        if quote is None:
            exit_policy = limits.stale_exit_policy if closes else None
            risk_limits.check_unjudged(quoted.code, quoted.why, asked.OrderType, exit_policy)
            return
        price_checks.check_prices(asked, quote, limits.price_band_fraction, [leg.contract.root for leg in group.legs])
        if closes:
            return
        risk_limits.check_premium(group, quote, limits)
        highest = price_checks.highest_price(asked, quote)
        by_name = {leg.name: leg.traded for leg in plan.legs}
        risk = risk_of(quoted, group, [by_name[leg.name] for leg in group.legs], position, highest)
        if plan.kind is PlanKind.ENTRY:
            price_checks.check_worth(highest, risk.most_worth)
        risk_limits.check_risk(risk, limits)
        if position is None:
            quoted.passed.add(terms)

    async def _must_fit_position(self, plan: Plan, group: GroupOrder) -> Position | None:
        """Let a plan be executed only while its position is as it was when the plan was prepared; return it."""
        if plan.position_id is None:
            return None
        if not group.legs and plan.state is not PlanState.PREPARED:
            # The last traded group executed the plan, its marker legs included. A client that sends one order for each
            # group of a plan sends this one too, and its fill changes nothing.
            return None
        working = await open_order_of_position(self._tx, plan.position_id, except_plan=plan.id)
        others = [
            item.plan.id
            for item in self._admitted
            if item.plan.position_id == plan.position_id and item.plan.id != plan.id
        ]
        if working is not None or others:
            raise conflict(
                f"another order of position {plan.position_id} has not ended; cancel it first", code="OrderWorking"
            )
        position = await find_position(self._tx, self._user_id, plan.position_id)
        if plan.kind is PlanKind.ENTRY:
            if position.state is not models.LivePositionState.Opening:
                raise conflict(
                    f"position {position.id} is {position.state.name}; its entry is over", code="PositionNotOpening"
                )
            return position
        if plan.kind is PlanKind.ADJUSTMENT:
            if position.state is not models.LivePositionState.Open:
                raise conflict(
                    f"position {position.id} is {position.state.name}; only an open one is adjusted",
                    code="PositionNotOpen",
                )
            if await is_being_completed(self._tx, position.id):
                raise being_completed(position.id)
        if not fits(position, plan, group):
            raise conflict(
                f"position {position.id} has changed since exec plan {plan.id} was prepared; "
                f"prepare the {plan.kind.value.lower()} again",
                code="PlanOutdated",
            )
        return position


def _must_be_connected(venue: Venue) -> None:
    """Refuse while the venue is disconnected: an order that is stored and not sent would be in doubt."""
    if venue.status.state is not models.AgentStatus.Connected:
        raise unavailable(
            f"the {venue.kind.name} venue is not connected; nothing was sent", venue.kind.name, code="VenueNotConnected"
        )
