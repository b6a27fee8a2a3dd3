"""Orders at a venue: a limit at the middle of the market, which goes to the natural price when it is not filled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal

from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveEventHubClient,
    models,
    new_idempotency_key,
)
from mesolive_sdk.ticks import tick_above, tick_below
from mesolive_sdk_examples.common import Failure
from mesolive_sdk_examples.printing import Columns, out, shown

ORDERS: Columns[models.Order] = {
    "Id": lambda item: item.OrderId,
    "Plan": lambda item: item.ExecPlanId,
    "Group": lambda item: item.LegGroupId,
    "Account": lambda item: item.BrokerAccountId,
    "State": lambda item: item.State,
    "Side": lambda item: item.Side,
    "Qty": lambda item: item.Qty,
    "Filled": lambda item: item.CumQty,
    "Type": lambda item: item.OrderType,
    "Limit": lambda item: item.LimitPrice,
    "Average": lambda item: item.AvgFillPrice,
    "Created, market time": lambda item: item.CreatedAt,
}


class GroupTrader:
    """Orders leg groups of a plan, and waits for what comes of them.

    Parameters
    ----------
    control, data, events
        Connected clients; the strategy's events must be subscribed.
    provider
        Whose quotes to use.
    seconds
        How long an order may take to end.
    qty_multiplier
        Overrides the plan's, on entry.
    key
        What the idempotency keys of the orders begin with; else each is new.
    tell
        What hears of each order in a line.
    """

    def __init__(
        self,
        control: MesoLiveControlHubClient,
        data: MesoLiveDataHubClient,
        events: MesoLiveEventHubClient,
        provider: models.DataProviderType,
        *,
        seconds: float,
        qty_multiplier: Decimal | None = None,
        key: str | None = None,
        write: Callable[[str], object] = out.print,
    ) -> None:
        self._qty_multiplier = qty_multiplier
        self._key = key
        self._write = write
        self._control = control
        self._data = data
        self._provider = provider
        self._seconds = seconds
        self._changed = asyncio.Event()
        events.on_order_update(lambda _event: self._changed.set())

    async def try_and_cancel(self, plan: models.PreparedPlan, legs: Mapping[str, models.LiveLeg]) -> None:
        """Send an order of the plan's first group far from the market, and cancel it."""
        group = min(plan.LegGroups)
        quote = await self._quote(plan, legs, group)
        sent = await self._send(plan, group, tick_below(_roots(plan, legs, group), _price(quote.Bid)))
        args = models.CancelOrderArgs(IdempotencyKey=new_idempotency_key("cancel"), LiveOrderId=sent)
        await self._control.cancel_order(args)
        order = await self._until(sent, lambda order: order.State.is_final)
        self._write(f"order {sent} is {order.State.value}")
        if order.CumQty != 0:
            raise Failure(f"order {sent} was filled before it could be cancelled")

    async def trade(self, plan: models.PreparedPlan, legs: Mapping[str, models.LiveLeg], *, rest: float = 2.0) -> None:
        """Order each group at the middle; after `rest` seconds at the natural price; wait until it is filled.

        A group that an earlier run has filled is left alone; an order of it that still works is waited for.

        Raises
        ------
        Failure
            When an order ends otherwise than filled, or a leg has no two-sided market.
        TimeoutError
            When an order does not end in time.
        """
        for group in sorted(plan.LegGroups):
            if any(plan.LegGroupQtys[group].LegRatios.values()):
                await self._trade_group(plan, legs, group, rest)

    async def _trade_group(
        self, plan: models.PreparedPlan, legs: Mapping[str, models.LiveLeg], group: int, rest: float
    ) -> None:
        roots = _roots(plan, legs, group)
        earlier = [order for order in await self._orders(plan) if order.LegGroupId == group]
        if any(order.State is models.OrderState.Filled for order in earlier):
            self._write(f"group {group} is filled already")
            return
        working = [order.OrderId for order in earlier if not order.State.is_final]
        if working:
            sent = working[-1]
        else:
            quote = await self._quote(plan, legs, group)
            middle = (_price(quote.Bid) + _price(quote.Ask)) / 2
            sent = await self._send(plan, group, tick_below(roots, middle))  # rounded in our favour
        try:
            order = await self._until(sent, lambda order: order.State.is_final, rest)
        except TimeoutError:
            quote = await self._quote(plan, legs, group)
            sent = await self._send(plan, group, tick_above(roots, _price(quote.Ask)), replaces=sent)
            order = await self._until(sent, lambda order: order.State.is_final)
        if order.State is not models.OrderState.Filled:
            raise Failure(f"order {sent} of group {group} is {order.State.value}")
        self._write(f"order {sent} is filled at {shown(order.AvgFillPrice)}")

    async def _orders(self, plan: models.PreparedPlan) -> list[models.Order]:
        args = models.ListOrdersArgs(ExecPlanId=plan.ExecPlanId, Limit=500)
        return (await self._control.list_orders(args)).Orders

    async def _send(self, plan: models.PreparedPlan, group: int, limit: Decimal, replaces: int | None = None) -> int:
        key = new_idempotency_key("order")
        if self._key is not None:
            key = f"{self._key}.{group}.{sum(order.LegGroupId == group for order in await self._orders(plan))}"
        sent = await self._control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=key,
                ReplacesOrder=replaces,
                BrokerAccountId=plan.BrokerAccountId,
                ExecPlanId=plan.ExecPlanId,
                QtyMultiplier=self._qty_multiplier,
                LegGroupId=group,
                LegGroupOrder=models.LegGroupOrder(
                    OrderType=models.OrderType.Limit,
                    TimeInForce=models.TimeInForce.Day,
                    LimitPrice=limit,
                    LegNames=plan.LegGroups[group],
                ),
            )
        )
        instead = "" if replaces is None else f" in place of order {replaces}"
        self._write(f"order {sent.LiveOrderId}: group {group} at {shown(limit)}{instead}, {sent.State.value}")
        return sent.LiveOrderId

    async def _until(
        self, order_id: int, condition: Callable[[models.Order], bool], seconds: float | None = None
    ) -> models.Order:
        """Look at an order after each event until the condition holds; `TimeoutError` when it does not in time."""
        async with asyncio.timeout(self._seconds if seconds is None else seconds):
            while True:
                self._changed.clear()
                order = await self._control.get_order(models.GetOrderArgs(LiveOrderId=order_id))
                if condition(order):
                    return order
                await self._changed.wait()

    async def _quote(
        self, plan: models.PreparedPlan, legs: Mapping[str, models.LiveLeg], group: int
    ) -> models.LivePrices:
        """Return the market of one combo now: those of the plan grow old."""
        ratios = plan.LegGroupQtys[group].LegRatios
        combo = [
            models.ComboLeg(Contract=legs[name].LiveContract, Ratio=ratio) for name, ratio in ratios.items() if ratio
        ]
        result = await self._data.get_combo_contracts_snapshot(
            models.GetComboContractsSnapshotArgs(
                Combo=combo, Include=models.LiveDataInclude.Prices, Provider=self._provider
            )
        )
        return result.ComboPrices or models.LivePrices()


async def opened_position(control: MesoLiveControlHubClient, exec_plan_id: int, seconds: float) -> int:
    """Return the position that a plan has opened: it is open a moment after its last fill."""
    args = models.ListPositionsArgs(LiveExecPlanId=exec_plan_id, Limit=1)
    async with asyncio.timeout(seconds):
        while True:
            listed = (await control.list_positions(args)).Positions
            if listed and listed[0].State is not models.LivePositionState.Opening:
                return listed[0].Id
            await asyncio.sleep(0.1)


def _roots(plan: models.PreparedPlan, legs: Mapping[str, models.LiveLeg], group: int) -> list[str]:
    ratios = plan.LegGroupQtys[group].LegRatios
    contracts = [legs[name].LiveContract for name, ratio in ratios.items() if ratio]
    return [contract.Root or contract.Underlying.Symbol for contract in contracts]


def _price(price: Decimal | None) -> Decimal:
    if price is None:
        raise Failure("a leg has no two-sided market now")
    return price
