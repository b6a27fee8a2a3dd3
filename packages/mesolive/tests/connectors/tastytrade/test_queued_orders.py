"""Orders that wait at tastytrade for the next session, where their account lets them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mesolive.cli.root import app
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key, wait_for_job
from mesolive_testkit.broker_crash.run import check_against
from mesolive_testkit.broker_day import MONDAY, BrokerDay, broker_day
from mesolive_testkit.server import SPX, definition
from mesolive_testkit.tastytrade.day import ACCOUNT, Tastytrade, tastytrade

pytestmark = pytest.mark.slow  # a connection, its double and a market for each: a third of a second

NEAR_THE_CLOSE = datetime(2026, 1, 5, 20, 50, tzinfo=UTC)
EVENING = datetime(2026, 1, 5, 22, 0, tzinfo=UTC)
SECONDS = 60.0
NEXT_OPENING = datetime(2026, 1, 6, 14, 30, tzinfo=UTC)


async def prepared(day: BrokerDay) -> models.PreparePositionEntryResult:
    strategy = await day.control.create_strategy(
        models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT])
    )
    job = await day.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="over night",
            StrategyId=strategy.Id,
            BrokerAccountId=ACCOUNT,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    entry = await wait_for_job(lambda: day.control.get_prepare_position_entry_status(args))
    assert entry.Result is not None, entry.Error
    return entry.Result


async def send(day: BrokerDay, plan: models.PreparePositionEntryResult) -> models.SendOrderResult:
    """Send the plan's only group at a limit that is filled at any opening like this close."""
    ((group, names),) = plan.LegGroups.items()
    ask = plan.LegGroupPrices[group].Ask
    assert ask is not None
    return await day.control.send_order(
        models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=ACCOUNT,
            ExecPlanId=plan.ExecPlanId,
            LegGroupId=group,
            LegGroupOrder=models.LegGroupOrder(
                OrderType=models.OrderType.Limit,
                TimeInForce=models.TimeInForce.Day,
                LimitPrice=ask.quantize(Decimal("0.1")) + 3,
                LegNames=names,
            ),
        )
    )


async def sent_at_last(day: BrokerDay, plan: models.PreparePositionEntryResult) -> models.Order:
    """Send the plan's group until the broker has it.

    On a busy machine the answer may come before the broker's, or the order is too late: then it was not sent.
    """
    sent: models.SendOrderResult | models.Order = await send(day, plan)
    async with asyncio.timeout(SECONDS):
        while True:
            order = await order_of(day, sent)
            if order.State is models.OrderState.Rejected:
                sent = await send(day, plan)
            elif order.State is not models.OrderState.PendingSubmit:
                return order
            await asyncio.sleep(0.01)  # the double is asked over sockets


async def order_of(day: BrokerDay, sent: models.SendOrderResult | models.Order) -> models.Order:
    number = sent.LiveOrderId if isinstance(sent, models.SendOrderResult) else sent.OrderId
    return await day.control.get_order(models.GetOrderArgs(LiveOrderId=number))


async def test_an_order_of_the_evening_is_refused_until_the_account_queues_orders_and_is_filled_at_the_opening(
    tmp_path: Path,
) -> None:
    async with broker_day(tastytrade, tmp_path, MONDAY) as day:
        assert isinstance(day.broker, Tastytrade)
        orders = day.broker.double.desk.orders
        await day.clock.leap(NEAR_THE_CLOSE)
        await day.settle()
        plan = await prepared(day)
        await day.clock.leap(EVENING)
        await day.settle()
        with pytest.raises(MesoLiveApiException, match="SPXW are taken from 09:30") as refused:
            await send(day, plan)
        assert refused.value.error is not None
        assert refused.value.error.Code == "OutsideTradingHours"
        assert not orders
        with pytest.raises(MesoLiveApiException, match="no orders are sent to TastyTrade in the night sessions"):
            await day.control.set_account_limits(
                models.SetAccountLimitsArgs(BrokerAccountId=ACCOUNT, NightSessions=True)
            )
        url = f"sqlite:///{tmp_path / 'mesolive.sqlite3'}"
        allow = ["account", "limits", "--user", "trader", "--id", ACCOUNT, "--queue-orders", "--database", url]
        changed = await asyncio.to_thread(CliRunner().invoke, app, allow)
        assert "wait for the session" in changed.output, changed.output
        sent = await sent_at_last(day, plan)
        assert sent.State is models.OrderState.Submitted
        ((number, queued),) = orders.items()
        assert (queued.status, queued.filled) == ("Received", 0)
        for step in range(1, 60):  # it is as large as several displayed sizes
            await day.clock.leap(NEXT_OPENING + timedelta(minutes=5 * step))
            await day.settle()
            if orders[number].filled == queued.size:
                break
        assert (await order_of(day, sent)).State is models.OrderState.Filled
        check_against(await day.books(), day.truth())
