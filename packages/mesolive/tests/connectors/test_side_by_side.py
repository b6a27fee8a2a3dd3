"""Two connectors side by side: each account has its own quotes and market time, and nothing mixes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.assembly import Overrides
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.protocol import Connector, ConnectorRequest
from mesolive.connectors.registry import KINDS
from mesolive.connectors.simulated import SIMULATED
from mesolive.connectors.simulated.connector import SimulatedConnector
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.venues.simulated.venue import SimulatedVenue
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key, wait_for_job
from mesolive_testkit.connectors import QUICK, until
from mesolive_testkit.server import SPX, Kit, definition

Provider = models.DataProviderType


class OtherProvider(SimulatedProvider):
    """A market of another provider."""

    @property
    def name(self) -> models.DataProviderType:
        return Provider.Ibkr


class OtherVenue(SimulatedVenue):
    """A venue of another broker."""

    kind = models.BrokerType.Ibkr


def other(request: ConnectorRequest) -> Connector:
    """Return a connector that looks like another broker's."""
    connector = SimulatedConnector(request)
    connector._market_provider.__class__ = OtherProvider
    connector.venue.__class__ = OtherVenue
    return connector


OTHER: ConnectorKind = replace(
    SIMULATED,
    name="other",
    agent=models.AgentConnector.Ibkr,
    data_provider=Provider.Ibkr,
    broker=models.BrokerType.Ibkr,
    open=other,
)
CONNECTIONS = {
    "sim": ("simulated", {"start": "2026-01-05T16:00:00Z", "spot": "5000", "accounts": "SIM1000"}),
    "broker": ("other", {"start": "2027-03-01T16:00:00Z", "spot": "6000", "accounts": "SIM2000"}),
}


@asynccontextmanager
async def both(directory: Path) -> AsyncGenerator[Kit]:
    """Run a live server with both connectors enabled, and their accounts."""
    settings = Settings(port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}")
    overrides = Overrides(kinds={**KINDS, "other": OTHER}, supervision=replace(QUICK, facts_seconds=0.2))
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(serving(settings, overrides))
        made = await application.access.create_key("trader")
        kit = Kit(application, made.token, stack)
        kit.control = await kit.client(MesoLiveControlHubClient)
        for name, (kind, given) in CONNECTIONS.items():
            await kit.control.add_connector(
                models.AddConnectorArgs(Name=name, Kind=kind, Settings={**given, "hours": "always"}, Secrets={})
            )
            await kit.control.enable_connector(models.ConnectorArgs(Name=name))
            shown = await until(kit, lambda item: bool(item.Accounts) and item.State.value == "Connected", name)
            args = models.EnableBrokerAccountArgs(Name=name, BrokerAccountId=shown.Accounts[0].BrokerAccountId)
            await kit.control.enable_broker_account(args)
        yield kit


async def entered(kit: Kit, strategy: int, account: str) -> models.LivePosition:
    """Enter a position at the market and return it once it is open."""
    job = await kit.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName=account,
            StrategyId=strategy,
            BrokerAccountId=account,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    status = await wait_for_job(lambda: kit.control.get_prepare_position_entry_status(args))
    assert status.Result is not None, status.Error
    for group, names in status.Result.LegGroups.items():
        order = models.LegGroupOrder(
            OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day, LegNames=names
        )
        await kit.control.send_order(
            models.SendOrderArgs(
                IdempotencyKey=new_idempotency_key(),
                BrokerAccountId=account,
                ExecPlanId=status.Result.ExecPlanId,
                LegGroupId=group,
                LegGroupOrder=order,
            )
        )
    async with asyncio.timeout(60):
        while True:
            page = await kit.control.list_positions(models.ListPositionsArgs(BrokerAccountId=account))
            if page.Positions and page.Positions[0].State is models.LivePositionState.Open:
                return page.Positions[0]
            await asyncio.sleep(0.05)


async def test_each_account_trades_on_its_own_quotes_in_its_own_market_time(tmp_path: Path) -> None:
    async with both(tmp_path) as kit:
        data = await kit.data()
        for provider, spot in ((Provider.Simulated, 5000), (Provider.Ibkr, 6000)):
            args = models.GetUnderlyingSnapshotArgs(Underlying=SPX, Provider=provider)
            prices = (await data.get_underlying_snapshot(args)).Prices
            assert prices is not None
            assert prices.Mark == pytest.approx(spot, rel=0.2)
        accounts = ["SIM1000", "SIM2000"]
        strategy = await kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=accounts)
        )
        positions = [await entered(kit, strategy.Id, account) for account in accounts]
        assert [position.CreatedAt.year for position in positions] == [2026, 2027]
        strikes: list[Decimal] = []
        for position, provider in zip(positions, (Provider.Simulated, Provider.Ibkr), strict=True):
            detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position.Id))
            strikes.append(max(leg.LiveContract.Strike or Decimal(0) for leg in detail.Legs))
            assert all(leg.LiveContract.Expiration is not None for leg in detail.Legs)
            days = [(leg.LiveContract.Expiration or position.CreatedAt) - position.CreatedAt for leg in detail.Legs]
            assert all(timedelta(0) < left < timedelta(days=120) for left in days), "expirations of its own market"
            assert detail.PositionPrice.Mark is not None
            own = models.GetPositionSnapshotArgs(PositionId=position.Id)
            asked = models.GetPositionSnapshotArgs(PositionId=position.Id, Provider=provider)
            for args in (own, asked):
                shown = (await data.get_position_snapshot(args)).PositionPrices
                assert shown is not None
                assert shown.Mark is not None
                assert shown.SnapshotTime is not None
                assert shown.SnapshotTime.year == position.CreatedAt.year
        assert strikes[1] - strikes[0] > 500, "each selected from its own chain"


async def test_an_underlying_asked_for_without_a_provider_is_the_live_one(tmp_path: Path) -> None:
    async with both(tmp_path) as kit:
        market = kit.application.market
        assert market.default is Provider.Ibkr
        assert market.view("SPX").underlying.quote.mark == pytest.approx(6000, rel=0.2)
        agents = {agent.Name: agent for agent in (await kit.control.list_agents()).Agents}
        assert agents["sim"].BrokerAccountIds == ["SIM1000"]
        assert agents["broker"].BrokerAccountIds == ["SIM2000"]


async def test_the_loss_of_one_connector_leaves_the_other_trading(tmp_path: Path) -> None:
    async with both(tmp_path) as kit:
        await kit.control.disable_connector(models.ConnectorArgs(Name="broker"))
        strategy = await kit.control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=definition(), ActiveOnAccounts=["SIM1000"])
        )
        assert (await entered(kit, strategy.Id, "SIM1000")).CreatedAt.year == 2026
