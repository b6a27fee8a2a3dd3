"""A trader who prepares, sends, cancels and applies on and on, whatever becomes of the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from mesolive_sdk import MesoLiveControlHubClient, MesoLiveEventHubClient, models, new_idempotency_key, wait_for_job
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import EVENT_MODELS, LivePositionState, OrderState, OrderType, StatusCode
from mesolive_testkit.server import SPX, definition
from mesolive_testkit.venues.desk import SIM, at_venue
from mesolive_testkit.venues.server_process import LIFE_SECONDS, Life

ENDED = {OrderState.Filled, OrderState.Cancelled, OrderState.Rejected, OrderState.Expired, OrderState.Replaced}
WORKING = (OrderState.PendingSubmit, OrderState.Submitted, OrderState.PartiallyFilled, OrderState.PendingCancel)
HELD = (LivePositionState.Opening, LivePositionState.Open, LivePositionState.Closing)
Operation = models.PositionAdjustmentOperation
ADJUSTMENTS: dict[str, tuple[Operation, dict[str, Any]]] = {
    "underlying_price > 1 -- move": (
        Operation.MoveLeg,
        {
            "MoveLegAdjustment": {
                "LegName": "short_put",
                "StrikeSelector": {"StrikePrice": "leg_short_put_strike - 25"},
                "VarDefines": {"moves": "moves + 1"},
            }
        },
    ),
    "underlying_price > 1 -- add": (
        Operation.AddLegs,
        {
            "AddLegsAdjustment": {
                "Legs": [
                    {
                        "Name": "hedge",
                        "Qty": "1",
                        "OptionType": "Put",
                        "ExpirationName": "month",
                        "LegGroupId": "2",
                        "StrikeSelector": {"StrikePrice": "leg_long_put_strike - 50"},
                    }
                ]
            }
        },
    ),
    "underlying_price > 1 -- remove": (Operation.RemoveLegs, {"RemoveLegsAdjustment": {"LegNames": ["hedge"]}}),
}
"""Three conditional adjustments with one operation each: each that is carried out counts."""


def traded() -> dict[str, Any]:
    """Return the sample with two condors at once, so that orders are filled in parts, and with adjustments."""
    entry = definition()["Entry"]
    return definition(
        Entry={**entry, "QtyMultiplier": "2", "VarDefines": {**entry["VarDefines"], "moves": "0"}},
        Adjustment={"ConditionalAdjustments": {condition: rule for condition, (_, rule) in ADJUSTMENTS.items()}},
    )


async def working_orders(control: MesoLiveControlHubClient, account: str = SIM) -> list[models.Order]:
    """Return the orders that have not ended; asked for by their states, for a long day has more orders than a page."""
    orders: list[models.Order] = []
    for state in WORKING:
        args = models.ListOrdersArgs(BrokerAccountId=account, State=state, Limit=500)
        orders += (await control.list_orders(args)).Orders
    return sorted(orders, key=lambda order: order.OrderId)


async def held_positions(control: MesoLiveControlHubClient) -> list[models.LivePosition]:
    """Return the positions that are not closed."""
    positions: list[models.LivePosition] = []
    for state in HELD:
        positions += (await control.list_positions(models.ListPositionsArgs(State=state, Limit=500))).Positions
    return sorted(positions, key=lambda position: position.Id)


@dataclass
class Trader:
    """Enters, adjusts, replaces, cancels and leaves at random; what was not answered he asks with the same key."""

    token: str
    random: Random
    strategy_id: int | None = None
    pending: Callable[[MesoLiveControlHubClient], Awaitable[object]] | None = None
    keys: set[str] = field(default_factory=set[str])
    legs: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    heard: dict[int, models.MesoLiveEvent] = field(default_factory=dict[int, models.MesoLiveEvent])
    actions: Counter[str] = field(default_factory=Counter[str])
    adjusted: Counter[int] = field(default_factory=Counter[int])
    account: str = SIM

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncGenerator[MesoLiveControlHubClient]:
        """Connect to both hubs and keep every event that is heard."""
        async with AsyncExitStack() as stack:
            control = await stack.enter_async_context(
                MesoLiveControlHubClient(url, self.token, reconnect=None, timeout=60)
            )
            if self.strategy_id is None:
                known = (await control.list_strategies(models.ListStrategiesArgs())).Strategies
                if not known:
                    args = models.CreateStrategyArgs(StrategyDefinition=traded(), ActiveOnAccounts=[self.account])
                    known = [await control.create_strategy(args)]
                self.strategy_id = known[0].Id
            listener = MesoLiveEventHubClient(url, self.token, reconnect=None, timeout=60)
            for name in EVENT_MODELS:
                listener._on(name, self._hear)
            await stack.enter_async_context(listener)
            await listener.subscribe_to_strategies()
            yield control

    def _hear(self, event: models.MesoLiveEvent) -> None:
        self.heard[event.EventSeqId] = event

    async def until_gone(self, running: Life) -> None:
        """Trade until the server is gone."""
        with contextlib.suppress(MesoLiveSignalRError):  # the connection broke, or could not be made
            async with asyncio.timeout(LIFE_SECONDS), self.connected(running.url) as control:
                while not running.over:
                    await self.act(control)
        await running.death()

    async def act(self, control: MesoLiveControlHubClient) -> None:
        """Do one thing, or again what was not answered."""
        if self.pending is not None:
            await self.pending(control)
            self.pending = None
            return
        working = await working_orders(control, self.account)
        positions = await held_positions(control)
        # What cannot be done is refused without a trace: a trader who asks for that most of the time tests little.
        replaceable = [order for order in working if order.LimitPrice is not None and order.ExecPlanId in self.legs]
        busy = {order.PositionId for order in working}
        free = [item for item in positions if item.State is LivePositionState.Open and item.Id not in busy]
        dice = self.random.random()
        if working and dice < 0.15:
            await self._cancel(control, self.random.choice(working).OrderId)
        elif replaceable and dice < 0.35:
            await self._replace(control, self.random.choice(replaceable))
        elif free and dice < 0.65:
            await self._adjust(control, self.random.choice(free).Id)
        elif free and (dice < 0.8 or len(free) > 4):
            await self._exit(control, self.random.choice(free).Id)
        else:
            await self._enter(control)

    async def _once(
        self, key: str, name: str, control: MesoLiveControlHubClient, call: Callable[[MesoLiveControlHubClient], Any]
    ) -> None:
        self.keys.add(key)

        async def ask(control: MesoLiveControlHubClient) -> None:
            try:
                await call(control)
                self.actions[name] += 1
            except MesoLiveApiException as error:
                # A refusal, or what the first call came to: in both cases it is over.
                if error.status is StatusCode.InternalError:
                    raise
                self.actions[f"{name}: {error.status.name}"] += 1

        self.pending = ask
        await ask(control)
        self.pending = None

    async def _send(
        self,
        control: MesoLiveControlHubClient,
        plan: (
            models.PreparePositionEntryResult
            | models.PreparePositionExitResult
            | models.PreparePositionAdjustmentResult
        ),
        name: str = "send",
    ) -> None:
        market = self.random.random() < 0.6
        for group in plan.LegGroups:
            limit = None if market else Decimal(round((plan.LegGroupPrices[group].Mark or 0) * 10)) / 10 - 1
            kind = OrderType.Market if market else OrderType.Limit
            key = new_idempotency_key()
            args = at_venue(plan, kind=kind, limit=limit, group=group, key=key, account=self.account)
            self.legs[plan.ExecPlanId] = args.LegGroupOrder.LegNames
            await self._once(args.IdempotencyKey, name, control, lambda control, args=args: control.send_order(args))

    async def _enter(self, control: MesoLiveControlHubClient) -> None:
        assert self.strategy_id is not None
        job = await control.start_prepare_position_entry(
            models.PreparePositionEntryArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionName="a trade",
                StrategyId=self.strategy_id,
                BrokerAccountId=self.account,
                LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
                Underlying=SPX,
            )
        )
        ask = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_entry_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result)

    async def _exit(self, control: MesoLiveControlHubClient, position_id: int) -> None:
        try:
            job = await control.start_prepare_position_exit(
                models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), PositionId=position_id)
            )
        except MesoLiveApiException:
            return  # it was closed meanwhile
        ask = models.GetPreparePositionExitStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_exit_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result)

    async def _adjust(self, control: MesoLiveControlHubClient, position_id: int) -> None:
        condition, (operation, _) = self.random.choice(list(ADJUSTMENTS.items()))
        try:
            job = await control.start_prepare_position_adjustment(
                models.PreparePositionAdjustmentArgs(
                    IdempotencyKey=new_idempotency_key(),
                    PositionId=position_id,
                    Operation=operation,
                    Condition=condition,
                    LegSelectionConstraint=models.LiveLegSelectionConstraint.UniqueInPosition,
                )
            )
        except MesoLiveApiException:
            return  # it is not open, or an order of it works
        ask = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
        status = await wait_for_job(lambda: control.get_prepare_position_adjustment_status(ask))
        if status.Result is not None:
            await self._send(control, status.Result, f"adjust by {operation.name}")

    async def _cancel(self, control: MesoLiveControlHubClient, order_id: int) -> None:
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=order_id)
        await self._once(args.IdempotencyKey, "cancel", control, lambda control: control.cancel_order(args))

    async def _replace(self, control: MesoLiveControlHubClient, order: models.Order) -> None:
        assert order.LimitPrice is not None
        args = models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            ReplacesOrder=order.OrderId,
            BrokerAccountId=self.account,
            ExecPlanId=order.ExecPlanId,
            LegGroupId=order.LegGroupId,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=OrderType.Limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=order.LimitPrice + Decimal("0.50"),
                LegNames=self.legs[order.ExecPlanId],
            ),
        )
        await self._once(args.IdempotencyKey, "replace", control, lambda control: control.send_order(args))

    async def finish(self, control: MesoLiveControlHubClient) -> None:
        """Cancel what works until nothing does."""
        async with asyncio.timeout(LIFE_SECONDS):
            while True:
                if self.pending is not None:
                    await self.pending(control)
                    self.pending = None
                working = await working_orders(control, self.account)
                if not working:
                    return
                for order in working:
                    await self._cancel(control, order.OrderId)
                await asyncio.sleep(0.05)  # the venue is another process: there is nothing to wait on but time
