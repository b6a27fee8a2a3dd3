"""Calls about orders: each is stored as an `Intent` before it is made, and resolved when its answer was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from mesolive_sdk import models, wire
from mesolive_sdk.automation.memory import Memory
from mesolive_sdk.automation.notices import Category
from mesolive_sdk.automation.order_plans import GroupState, GroupToOrder, PlanToOrder
from mesolive_sdk.automation.tasks import OUT_OF_HOURS, Intent, IntentKind, IntentOutcome, Task
from mesolive_sdk.automation.walking import OrderPolicy, PriceStep
from mesolive_sdk.clients import MesoLiveControlHubClient
from mesolive_sdk.exceptions import MesoLiveApiException

PASSING = frozenset({models.StatusCode.RateLimited, models.StatusCode.ProviderUnavailable, models.StatusCode.Timeout})
"""Refusals that pass by themselves."""

Say = Callable[[Category, Task, str, Mapping[str, Decimal | int | str | None]], None]


class OrderCalls:
    """Sends and cancels orders, each call at most once under its key.

    Parameters
    ----------
    control
        A connected client.
    memory
        The state file that stores intents.
    now
        The time.
    say
        Called with a description of each action.
    """

    def __init__(
        self, control: MesoLiveControlHubClient, memory: Memory, now: Callable[[], datetime], say: Say
    ) -> None:
        self._control = control
        self._memory = memory
        self._now = now
        self._log = say

    async def send(
        self,
        task: Task,
        plan: PlanToOrder,
        group: GroupState,
        replaced: models.Order | None,
        price_step: PriceStep,
    ) -> None:
        """Note and send an order of a group at a price step, in place of `replaced` where there is one."""
        todo = group.todo
        limit = models.OrderType.Market if price_step.price is None else models.OrderType.Limit
        number = len(group.intents)
        key = _key(task, todo, number)
        args = models.SendOrderArgs(
            IdempotencyKey=key,
            ReplacesOrder=None if replaced is None else replaced.OrderId,
            BrokerAccountId=plan.account,
            ExecPlanId=plan.plan,
            LegGroupId=todo.group,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=price_step.price,
                LegNames=todo.names,
            ),
        )
        intent = _intent(task, todo, number, IntentKind.SEND, key, price_step, wire.encode_json(args).decode())
        self._memory.intend(intent)
        await self._call_send(task, intent, args)

    async def cancel(self, task: Task, group: GroupState, order: models.Order, why: str) -> None:
        """Note and send the cancel of an order."""
        number = len(group.intents)
        key = _key(task, group.todo, number)
        args = models.CancelOrderArgs(IdempotencyKey=key, LiveOrderId=order.OrderId)
        last = group.sends[-1].price_step
        price_step = PriceStep(self._now(), last.stage, None, None)
        request = wire.encode_json(args).decode()
        intent = _intent(task, group.todo, number, IntentKind.CANCEL, key, price_step, request, order.OrderId)
        self._memory.intend(intent)
        self._report(Category.ORDER, task, f"order {order.OrderId}: cancel, {why}", Order=order.OrderId)
        await self._call_cancel(task, intent, args)

    async def find_out(self, task: Task, policy: OrderPolicy, intent: Intent) -> None:
        """Resolve a call whose answer was lost, and make it if it was never made."""
        if await self._learn_from_record(intent):
            return
        if intent.kind is IntentKind.CANCEL:
            await self._call_cancel(task, intent, wire.decode_json(intent.request.encode(), models.CancelOrderArgs))
        elif self._now() < intent.price_step.at + policy.patience:
            # The same key: if the first call is still in flight, only one of the two is executed.
            await self._call_send(task, intent, wire.decode_json(intent.request.encode(), models.SendOrderArgs))
        else:
            self._memory.learn(intent, IntentOutcome.NEVER_SENT, None, "it was not sent in time")

    async def _call_send(self, task: Task, intent: Intent, args: models.SendOrderArgs) -> None:
        try:
            result = await self._control.send_order(args)
        except MesoLiveApiException as error:
            if isinstance(error.data, models.SendOrderResult):
                self._memory.learn(intent, IntentOutcome.TAKEN, error.data.LiveOrderId)
            elif not await self._learn_from_record(intent):
                self._refused(task, intent, error)
            return
        self._memory.learn(intent, IntentOutcome.TAKEN, result.LiveOrderId)
        price = args.LegGroupOrder.LimitPrice
        at = "at the market" if price is None else f"limit {price:f} ({intent.price_step.stage.value})"
        replaces = "" if args.ReplacesOrder is None else f" in place of order {args.ReplacesOrder}"
        names = ", ".join(args.LegGroupOrder.LegNames)
        self._report(
            Category.ORDER,
            task,
            f"order {result.LiveOrderId}: {names} {at}{replaces}, {result.State.value}",
            Order=result.LiveOrderId,
            Limit=price,
            Replaces=args.ReplacesOrder,
            Plan=args.ExecPlanId,
            Group=args.LegGroupId,
        )

    async def _call_cancel(self, task: Task, intent: Intent, args: models.CancelOrderArgs) -> None:
        try:
            await self._control.cancel_order(args)
        except MesoLiveApiException as error:
            if error.status in PASSING:
                # Asked again as it is, by the next look.
                self._report(Category.TROUBLE, task, f"order {args.LiveOrderId} could not be cancelled yet: {error}")
                return
            if error.status is not models.StatusCode.DuplicateRequest and not await self._learn_from_record(intent):
                self._memory.learn(intent, IntentOutcome.REFUSED, None, str(error))
                self._report(Category.TROUBLE, task, f"order {args.LiveOrderId} was not cancelled: {error}")
                return
        self._memory.learn(intent, IntentOutcome.TAKEN, None)

    def _refused(self, task: Task, intent: Intent, error: MesoLiveApiException) -> None:
        if error.status in PASSING:
            outcome = IntentOutcome.PUT_OFF
        elif error.status is models.StatusCode.Conflict:
            outcome = IntentOutcome.OUT_OF_DATE
        elif error.error is not None and error.error.Code == OUT_OF_HOURS:
            outcome = IntentOutcome.OUT_OF_HOURS
        else:
            outcome = IntentOutcome.REFUSED
        self._memory.learn(intent, outcome, None, str(error))
        self._report(Category.TROUBLE, task, f"the order was refused: {error}")

    async def _learn_from_record(self, intent: Intent) -> bool:
        """Ask what a key was used for; return whether the server has it."""
        try:
            record = await self._control.get_idempotency_record(
                models.GetIdempotencyRecordArgs(IdempotencyKey=intent.key)
            )
        except MesoLiveApiException as error:
            if error.status is models.StatusCode.NotFound:
                return False
            raise
        result = record.LiveOrderIds or [] if intent.order_id is None else [intent.order_id]
        if result:
            self._memory.learn(intent, IntentOutcome.TAKEN, result[0])
        return True

    def _report(self, category: Category, task: Task, text: str, **details: Decimal | int | str | None) -> None:
        self._log(category, task, text, details)


def _intent(
    task: Task,
    todo: GroupToOrder,
    number: int,
    kind: IntentKind,
    key: str,
    price_step: PriceStep,
    request: str,
    order_id: int | None = None,
) -> Intent:
    return Intent(task.event_id, task.step, task.attempt, todo.group, number, kind, key, price_step, request, order_id)


def _key(task: Task, todo: GroupToOrder, number: int) -> str:
    return f"{task.key('o')}.{todo.group}.{number}"
