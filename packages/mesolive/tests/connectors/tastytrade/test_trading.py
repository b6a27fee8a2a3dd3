"""A whole entry and its exit over the tastytrade connector of a running server, at the double of the broker."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesolive.clock import ScaledClock
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.doubles.markets import Markets
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive_sdk import models, new_idempotency_key, wait_for_job
from mesolive_testkit.connectors import running_live, until
from mesolive_testkit.server import SPX, Kit, definition

SESSION = datetime(2026, 1, 5, 15, 30, tzinfo=UTC)
ACCOUNT = "5WX00001"
NAME = "tasty"


async def connected(kit: Kit, double: TastytradeDouble, offset: float) -> None:
    """Add the connector, enable it, and use its account."""
    secrets = {
        "client_secret": double.desk.settings.client_secret,
        "refresh_token": double.desk.settings.refresh_token,
    }
    settings = {
        "rest_url": double.url,
        "stream_url": double.stream_url,
        "clock_offset": f"{offset:.3f}",
        "days": "60",
        "strikes_percent": "15",
        "dry_run": "always",
    }
    await kit.control.add_connector(
        models.AddConnectorArgs(Name=NAME, Kind="tastytrade", Settings=settings, Secrets=secrets)
    )
    await kit.control.enable_connector(models.ConnectorArgs(Name=NAME))
    await until(kit, lambda item: item.State.value == "Connected" and bool(item.Accounts), NAME)
    await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name=NAME, BrokerAccountId=ACCOUNT))


async def send(kit: Kit, plan_id: int, groups: dict[int, list[str]]) -> list[int]:
    """Send the groups of a plan; return the ids of their orders."""
    sent = [
        await kit.control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(),
                BrokerAccountId=ACCOUNT,
                ExecPlanId=plan_id,
                LegGroupId=group,
                LegGroupOrder=models.LegGroupOrder(
                    OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=names
                ),
            )
        )
        for group, names in groups.items()
    ]
    return [order.LiveOrderId for order in sent]


async def is_filled(kit: Kit, order_id: int) -> bool:
    """Wait until an order has ended; return whether it was filled."""
    async with asyncio.timeout(60):
        while True:
            order = await kit.control.get_order(models.GetOrderArgs(LiveOrderId=order_id))
            if order.State.is_final:
                return order.State is models.OrderState.Filled
            await asyncio.sleep(0.1)


async def trade(kit: Kit, plan_id: int, groups: dict[int, list[str]]) -> None:
    """Send the groups of a plan until all are filled.

    On a busy machine the server may be too late for one, or the broker's ledger may be: then it certainly was not sent.
    """
    while groups:
        orders = await send(kit, plan_id, groups)
        groups = {
            group: names
            for order, (group, names) in zip(orders, groups.items(), strict=True)
            if not await is_filled(kit, order)
        }


async def position_in(kit: Kit, state: models.LivePositionState) -> models.LivePosition:
    async with asyncio.timeout(60):
        while True:
            for position in (await kit.control.list_positions()).Positions:
                if position.State is state:
                    return position
            await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_an_entry_and_its_exit_are_traded_and_the_books_are_the_brokers(tmp_path: Path) -> None:
    clock = ScaledClock(SESSION)
    markets = Markets.simulated(clock, seed=5, symbols=("SPX",))
    double = TastytradeDouble(markets, clock, DoubleSettings(accounts=(ACCOUNT,)))
    await markets.start()
    await double.start()
    try:
        async with running_live(tmp_path) as kit:
            offset = (clock.now() - datetime.now(UTC)).total_seconds()
            await connected(kit, double, offset)
            strategy = await kit.control.create_strategy(
                models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=[ACCOUNT])
            )
            job = await kit.control.start_prepare_position_entry(
                models.PreparePositionEntryArgs(
                    IdempotencyKey=new_idempotency_key(),
                    PositionName="over tastytrade",
                    StrategyId=strategy.Id,
                    BrokerAccountId=ACCOUNT,
                    LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
                    Underlying=SPX,
                )
            )
            args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
            entry = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
            assert entry.Result is not None, entry.Error
            await trade(kit, entry.Result.ExecPlanId, entry.Result.LegGroups)
            position = await position_in(kit, models.LivePositionState.Open)
            held = {
                contract_of(symbol): item.quantity
                for symbol, item in double.desk.account(ACCOUNT).positions.items()
                if item.quantity
            }
            assert held
            compared = await kit.control.get_reconciliation(
                models.GetReconciliationArgs(BrokerAccountId=ACCOUNT, Refresh=True)
            )
            assert len(compared.Contracts) == len(held)
            assert all(item.Difference == 0 for item in compared.Contracts)
            leaving = await kit.control.start_prepare_position_exit(
                models.PreparePositionExitArgs(IdempotencyKey=new_idempotency_key(), PositionId=position.Id)
            )
            exit_args = models.GetPreparePositionExitStatusArgs(JobId=leaving.JobId)
            left = await wait_for_job(lambda: kit.control.get_prepare_position_exit_status(exit_args))
            assert left.Result is not None, left.Error
            await trade(kit, left.Result.ExecPlanId, left.Result.LegGroups)
            await position_in(kit, models.LivePositionState.Closed)
            assert not any(item.quantity for item in double.desk.account(ACCOUNT).positions.values())
    finally:
        await double.stop()
        await markets.stop()
