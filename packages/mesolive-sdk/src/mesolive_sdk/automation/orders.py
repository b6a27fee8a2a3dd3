"""Executes a plan by orders at a venue: leg groups in sequence, one working order per group.

The outcome of each call (`order_calls`) is resolved before any other step, from the idempotency record and from the
server's orders of the plan. No method waits: each `look` runs the steps that are due and returns the time of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from mesolive_sdk import models
from mesolive_sdk.automation.memory import Memory
from mesolive_sdk.automation.notices import Category
from mesolive_sdk.automation.order_calls import OrderCalls, Say
from mesolive_sdk.automation.order_plans import GroupState, GroupToOrder, PlanToOrder
from mesolive_sdk.automation.tasks import Intent, IntentOutcome, Task, TaskKind
from mesolive_sdk.automation.walking import (
    Cancel,
    ComboQuote,
    HalfFilled,
    OrderPolicy,
    PriceStep,
    Progress,
    Stage,
    Wait,
    decide,
)
from mesolive_sdk.clients import MesoLiveControlHubClient, MesoLiveDataHubClient
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError

PAGE = 500
LOOK_AGAIN = timedelta(seconds=5)
"""When an order is looked at again of which nothing is due, if no event about it comes before."""

LOOK_SOON = timedelta(seconds=1)
"""When what was just sent is looked at again."""

UNANSWERED = frozenset({models.OrderState.PendingSubmit, models.OrderState.PendingCancel})
"""Nothing may be asked of an order before the venue has answered what was asked last."""


class Why(StrEnum):
    """Why the execution of a plan stops."""

    OVER = "over"
    """It was not filled in time and was cancelled by us."""
    OTHERS = "others"
    """Another program or person cancelled the order."""
    EXPIRED = "expired"
    REFUSED = "refused"
    OUT_OF_HOURS = "out of hours"
    """Its option class takes no orders now."""
    OUT_OF_DATE = "out of date"
    PASSING = "passing"


@dataclass(frozen=True, slots=True)
class Working:
    """The plan is being executed; the next `look` is due at this time."""

    again: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """All groups are filled."""


@dataclass(frozen=True, slots=True)
class Ended:
    """No order of the plan works any more, and the plan is not completely filled.

    Attributes
    ----------
    filled
        Whether any of it is.
    """

    why: Why
    text: str
    filled: bool


Verdict = Working | Carried | Ended


class OrderRunner:
    """Executes plans by orders.

    Parameters
    ----------
    control, data
        Connected clients. The quotes of each step come from the Data Hub, because the plan's quotes age.
    memory
        The state file that stores intents.
    policies
        The order policy per kind of signal.
    provider
        Whose quotes are used; `None` for those of the agent that serves the account.
    now
        The time.
    say
        Called with a description of each action.
    """

    def __init__(
        self,
        control: MesoLiveControlHubClient,
        data: MesoLiveDataHubClient,
        memory: Memory,
        policies: Mapping[TaskKind, OrderPolicy],
        *,
        provider: models.DataProviderType | None,
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        self._control = control
        self._data = data
        self._memory = memory
        self._policies = policies
        self._provider = provider
        self._providers: dict[str, models.DataProviderType] = {}
        self._now = now
        self._log = say
        self._calls = OrderCalls(control, memory, now, say)
        self._seen: dict[int, tuple[Decimal, datetime]] = {}
        self._others: set[int] = set()
        self._unexplained: set[int] = set()

    async def look(self, task: Task, plan: PlanToOrder, *, urgent: bool = False) -> Verdict:
        """Run the steps of a plan that are due now.

        Parameters
        ----------
        urgent
            End the plan: working orders are cancelled, and no more are sent.

        Raises
        ------
        MesoLiveSignalRError
            When the connection failed. The next look resolves the stored intents.
        """
        policy = self._policies[task.kind]
        for intent in self._memory.intents(task):
            if intent.outcome is None:
                await self._calls.find_out(task, policy, intent)
        if any(intent.outcome is None for intent in self._memory.intents(task)):
            return Working(self._now() + LOOK_AGAIN)  # nothing may start before the outcome is known
        orders = await self._orders(plan)
        groups = self._groups(task, plan, orders)
        partly = any(group.filled > 0 for group in groups)
        for group in groups:
            if group.is_filled:
                continue
            foreign = self._foreign(group)
            if foreign is not None:
                if foreign.OrderId not in self._others:
                    self._others.add(foreign.OrderId)
                    number = group.todo.group
                    text = f"order {foreign.OrderId} of another program works for group {number}: it is waited for"
                    self._report(Category.TROUBLE, task, text, Order=foreign.OrderId)
                return Working(self._now() + LOOK_AGAIN)
            return await self._advance(task, policy, plan, group, partly=partly, urgent=urgent)
        return Carried()

    # -- one group

    async def _advance(
        self, task: Task, policy: OrderPolicy, plan: PlanToOrder, group: GroupState, *, partly: bool, urgent: bool
    ) -> Verdict:
        now = self._now()
        working = group.working
        if not working:
            if self._is_reason_awaited(group):
                return Working(now + LOOK_SOON)
            ended = self._ended(policy, group, partly=partly) or self._too_old(task, policy, plan, group, partly=partly)
            if ended is not None:
                return ended
            if urgent:
                return Ended(Why.OVER, "it gives way to an exit", partly)
        elif any(order.State in UNANSWERED for order in working) or len(working) > 1:
            return Working(now + LOOK_AGAIN)  # the venue has not answered yet: nothing may be asked of it
        order = working[0] if working else None
        if order is not None and group.cancelled_by_us(order.OrderId):
            return Working(now + LOOK_AGAIN)
        progress = Progress(
            price_steps=[intent.price_step for intent in group.sends],
            price=None if order is None else order.LimitPrice,
            works=order is not None,
            filled_at=self._seen[order.OrderId][1] if order is not None and order.OrderId in self._seen else None,
        )
        if order is not None and urgent:
            step: PriceStep | Cancel | Wait = Cancel("it gives way to an exit")
        elif not group.todo.combo:
            step = PriceStep(now, Stage.WALKING, None, None)
        else:
            quote = await self._quote(task, group.todo)
            step = decide(policy, progress, quote, group.todo.roots, now, partly=partly)
        match step:
            case Wait():
                return Working(step.until)
            case Cancel():
                if order is not None:
                    await self._calls.cancel(task, group, order, step.why)
            case PriceStep():
                await self._calls.send(task, plan, group, order, step)
        return Working(now + LOOK_SOON)

    def _ended(self, policy: OrderPolicy, group: GroupState, *, partly: bool) -> Ended | None:
        """Return why no order is sent for a group without a working order; `None` where one is to be sent."""
        sends = group.sends
        if not sends:
            return None
        # What never reached the venue says nothing of the market: the same is sent again, at the price of then.
        unsent = {order.OrderId for order in group.orders if self._was_not_sent(group, order)}
        arrived = [order for order in group.orders if order.OrderId not in unsent]
        if arrived:
            return self._after(group, max(arrived, key=lambda order: order.OrderId), partly=partly)
        last = sends[-1]
        is_put_off = last.outcome is IntentOutcome.PUT_OFF or last.order_id in unsent
        if is_put_off and self._now() < _begun(sends) + policy.patience:
            return None
        if last.order_id in unsent:
            return self._after(group, group.orders[-1], partly=partly)
        why = {
            IntentOutcome.OUT_OF_DATE: Why.OUT_OF_DATE,
            IntentOutcome.OUT_OF_HOURS: Why.OUT_OF_HOURS,
            IntentOutcome.REFUSED: Why.REFUSED,
        }
        text = last.note or "the order could not be sent"
        return Ended(why.get(last.outcome or IntentOutcome.PUT_OFF, Why.PASSING), text, partly)

    def _was_not_sent(self, group: GroupState, order: models.Order) -> bool:
        """Whether an order certainly never reached the venue, and was not to be cancelled."""
        if order.State is not models.OrderState.Rejected or group.cancelled_by_us(order.OrderId):
            return False
        rejection = self._memory.rejection(order.OrderId)
        return rejection is not None and rejection.was_not_sent

    def _is_reason_awaited(self, group: GroupState) -> bool:
        """Whether an order was rejected since the log was read: the event with the reason is behind the next read."""
        new = {
            order.OrderId
            for order in group.orders
            if order.State is models.OrderState.Rejected and self._memory.rejection(order.OrderId) is None
        } - self._unexplained
        if len(self._unexplained) > PAGE:
            self._unexplained.clear()
        self._unexplained |= new
        return bool(new)

    def _too_old(
        self, task: Task, policy: OrderPolicy, plan: PlanToOrder, group: GroupState, *, partly: bool
    ) -> Ended | None:
        """Stop a group from starting long after the others: after a pause the plan's prices are out of date."""
        if group.sends or (partly and policy.half_filled is HalfFilled.FINISH):
            return None
        last = max([plan.fixed_at, *(intent.price_step.at for intent in self._memory.intents(task))])
        if self._now() <= last + 2 * policy.patience:
            return None
        return Ended(Why.OUT_OF_DATE, f"the plan is of {plan.fixed_at:%Y-%m-%d %H:%M:%S} and out of date", partly)

    def _after(self, group: GroupState, latest: models.Order, *, partly: bool) -> Ended:
        """Return how a group ended, by its latest order."""
        name = f"order {latest.OrderId}"
        by_us = any(group.cancelled_by_us(order.OrderId) for order in group.orders)
        match latest.State:
            case _ if by_us:
                return Ended(Why.OVER, "it was not filled in time", partly)
            case models.OrderState.Rejected:
                rejection = self._memory.rejection(latest.OrderId)
                reason = "no reason is known" if rejection is None else rejection.reason
                return Ended(Why.REFUSED, f"{name} was rejected: {reason}", partly)
            case models.OrderState.Expired:
                return Ended(Why.EXPIRED, f"{name} expired with the session", partly)
            case models.OrderState.Cancelled:
                return Ended(Why.OTHERS, f"{name} was cancelled by another program or person", partly)
            case _:
                return Ended(Why.OTHERS, f"{name} is {latest.State.value}", partly)

    # -- small things

    async def _orders(self, plan: PlanToOrder) -> list[models.Order]:
        result: list[models.Order] = []
        token: str | None = None
        while True:
            page = await self._control.list_orders(
                models.ListOrdersArgs(ExecPlanId=plan.plan, Limit=PAGE, ContinuationToken=token)
            )
            result += page.Orders
            token = page.ContinuationToken
            if token is None:
                return result

    def _groups(self, task: Task, plan: PlanToOrder, orders: Sequence[models.Order]) -> list[GroupState]:
        intents = self._memory.intents(task)
        groups = [
            GroupState(
                todo,
                sorted((order for order in orders if order.LegGroupId == todo.group), key=lambda item: item.OrderId),
                [intent for intent in intents if intent.group == todo.group],
            )
            for todo in plan.groups
        ]
        for group in groups:
            for order in group.orders:
                if order.CumQty != 0 and self._seen.get(order.OrderId, (None,))[0] != order.CumQty:
                    self._seen[order.OrderId] = order.CumQty, self._now()
                    price = "an unknown price" if order.AvgFillPrice is None else f"{order.AvgFillPrice:f}"
                    self._report(
                        Category.FILL,
                        task,
                        f"order {order.OrderId}: {abs(order.CumQty):f} of {abs(order.Qty):f} at {price}",
                        Order=order.OrderId,
                        Filled=order.CumQty,
                        Price=order.AvgFillPrice,
                    )
        if len(self._others) > PAGE:
            self._others.clear()
        while len(self._seen) > PAGE:
            del self._seen[next(iter(self._seen))]
        return groups

    def _foreign(self, group: GroupState) -> models.Order | None:
        """Return a working order of the group that this autopilot did not send. Its sender manages it."""
        ours = {intent.order_id for intent in group.intents}
        return next((order for order in group.working if order.OrderId not in ours), None)

    async def _quote(self, task: Task, todo: GroupToOrder) -> ComboQuote | None:
        provider = await self._provider_of(task.account)
        if provider is None:
            return None
        try:
            result = await self._data.get_combo_contracts_snapshot(
                models.GetComboContractsSnapshotArgs(
                    Combo=todo.combo,
                    PriceFields=models.LiveQuoteFields.Bid | models.LiveQuoteFields.Ask,
                    GreekFields=models.LiveQuoteFields.None_,
                    Include=models.LiveDataInclude.Prices,
                    Provider=provider,
                )
            )
        except (MesoLiveApiException, MesoLiveSignalRError) as error:
            # Without quotes no price is computed, but an order that has worked too long is cancelled all the same.
            self._report(Category.TROUBLE, task, f"no quotes: {error}")
            return None
        prices = result.ComboPrices
        if prices is None or prices.Bid is None or prices.Ask is None or prices.Bid > prices.Ask:
            return None
        return ComboQuote(prices.Bid, prices.Ask)

    async def _provider_of(self, account: str) -> models.DataProviderType | None:
        if self._provider is not None:
            return self._provider
        if account not in self._providers:
            agents = [agent for agent in (await self._control.list_agents()).Agents if agent.DataProvider is not None]
            serving = [agent for agent in agents if account in agent.BrokerAccountIds] or agents
            if not serving or serving[0].DataProvider is None:
                return None
            self._providers[account] = serving[0].DataProvider
        return self._providers[account]

    def _report(self, category: Category, task: Task, text: str, **details: Decimal | int | str | None) -> None:
        self._log(category, task, text, details)


def _begun(sends: Sequence[Intent]) -> datetime:
    """Return when the present stage of a group's execution began."""
    natural = (intent.price_step.at for intent in sends if intent.price_step.stage is Stage.NATURAL)
    return next(natural, sends[0].price_step.at)
