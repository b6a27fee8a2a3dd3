"""Preparation on a provider with few lines: candidates are quoted first, and nothing is prepared on a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.clock import ManualClock
from mesolive.market.lines import LinePriority
from mesolive.market.providers.simulated import spx_listing
from mesolive.market.providers.simulated.limited import LimitedProvider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.trading.preparation import fresh_quotes
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_testkit.server import SPX, START
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

WARM_UP_SECONDS = 40


@pytest.fixture(autouse=True)
def a_short_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """List some thousand contracts in place of twenty thousand: the tests are about which, and not how many."""
    monkeypatch.setattr(spx_listing, "DAILY_DAYS", 2)
    monkeypatch.setattr(spx_listing, "MONTHLY_DAYS", 62)
    monkeypatch.setattr(spx_listing, "DECEMBERS", -1)


@asynccontextmanager
async def limited_desk(directory: Path, lines: int = 100) -> AsyncGenerator[tuple[Desk, LimitedProvider, ManualClock]]:
    clock = ManualClock(START)
    truth = SimulatedProvider.generated(clock, seed=7, step=timedelta(seconds=5))
    provider = LimitedProvider(truth, clock, lines=lines, model_every=timedelta(seconds=5))
    async with desk_server(directory, market=(Market([provider]), clock)) as desk:
        await clock.advance(WARM_UP_SECONDS)
        yield desk, provider, clock


async def prepare(desk: Desk, clock: ManualClock, strategy_id: int) -> models.GetPreparePositionEntryStatusResult:
    """Prepare an entry while market time goes on."""
    job = await desk.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="a position",
            StrategyId=strategy_id,
            BrokerAccountId=SIM,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    async with asyncio.timeout(30):
        while True:
            status = await desk.control.get_prepare_position_entry_status(args)
            if status.Status not in {models.PreparationStatus.Pending, models.PreparationStatus.Running}:
                return status
            await clock.advance(0.025)


async def test_a_condor_is_selected_on_fresh_quotes_and_keeps_its_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Market time goes on while the plan is stored, on a busy machine for many seconds: bench/partial measures how long
    # the quotes are waited for, in market time that waits for the preparation.
    monkeypatch.setattr(fresh_quotes, "RETENTION_SECONDS", 60.0)
    async with limited_desk(tmp_path) as (desk, provider, clock):
        book = provider.books["SPX"]
        assert (book.view().columns.quality == QuoteQuality.MODELLED).sum() > 0.9 * len(book.listing)
        strategy = await desk.strategy()
        status = await prepare(desk, clock, strategy.Id)
        assert status.Result is not None, status.Error
        contracts = [desk.application.market.resolve(leg.LiveContract) for leg in status.Result.SelectedLegs.values()]
        view = book.view()
        for contract in contracts:
            location = view.find(contract)
            assert location is not None
            quote = location[0].quote(location[1])
            assert quote.quality is QuoteQuality.LIVE
            age = quote.age(view.now)
            assert age is not None
            assert age <= timedelta(seconds=0.1)  # the broker sends twenty times a second
            truth = provider.truth.books["SPX"].view().find(contract)
            assert truth is not None
            assert quote.mark == pytest.approx(truth[0].quote(truth[1]).mark, abs=1.0)  # it may have moved since

        sent = await desk.send(at_venue(status.Result))
        await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
        await clock.advance(70)  # the lines of the plan are let go, those of the position are not
        assert {contract for contract in contracts if contract in provider.chain.active} == set(contracts)


async def test_without_a_quote_nothing_is_prepared_and_the_reason_names_the_contract(tmp_path: Path) -> None:
    async with limited_desk(tmp_path) as (desk, provider, clock):
        strategy = await desk.strategy()
        provider.revoke(
            [provider.books["SPX"].listing.contract(at) for at in range(len(provider.books["SPX"].listing))]
        )
        await clock.advance(6)
        status = await prepare(desk, clock, strategy.Id)
        assert status.Result is None
        assert "is modelled" in (status.Error or "")
        assert "SPX" in (status.Error or "")


async def test_the_agent_reports_when_pinned_contracts_outnumber_the_lines(tmp_path: Path) -> None:
    async with limited_desk(tmp_path, lines=12) as (desk, provider, clock):
        view = provider.books["SPX"].view()
        watched = [view.listing.contract(at) for at in range(15)]
        lease = desk.application.market.subscribe(watched)
        await clock.advance(1)
        (agent,) = (await desk.control.list_agents(models.ListAgentsArgs())).Agents
        assert agent.Status is models.AgentStatus.Connected
        assert "there are 12 market data lines: 3 have no quotes" in (agent.Message or "")
        urgent = desk.application.market.subscribe(watched[-1:], priority=LinePriority.ORDERED)
        await clock.advance(1)
        assert watched[-1] in provider.chain.active
        lease.close()
        urgent.close()
        await clock.advance(1)
        (agent,) = (await desk.control.list_agents(models.ListAgentsArgs())).Agents
        assert agent.Message is None


async def test_an_order_is_not_filled_on_a_modelled_quote(tmp_path: Path) -> None:
    async with limited_desk(tmp_path) as (desk, provider, clock):
        strategy = await desk.strategy()
        status = await prepare(desk, clock, strategy.Id)
        assert status.Result is not None, status.Error
        contracts = [desk.application.market.resolve(leg.LiveContract) for leg in status.Result.SelectedLegs.values()]
        provider.revoke(contracts)
        book = provider.books["SPX"]
        at = book.listing.find(contracts[0])
        assert at is not None
        book.grade(clock.now(), at, QuoteQuality.MODELLED)
        with pytest.raises(MesoLiveApiException, match=r"is modelled.*QuotesNotLive"):
            await desk.send(at_venue(status.Result, kind=models.OrderType.Limit, limit=Decimal("-0.05")))


async def test_an_adjustment_opens_what_has_a_quote(tmp_path: Path) -> None:
    async with limited_desk(tmp_path) as (desk, provider, clock):
        moved = {"MoveLegAdjustment": {"LegName": "short_put", "StrikeSelector": {"Delta": "9"}}}
        strategy = await desk.strategy(Adjustment={"ConditionalAdjustments": {"1 > 0": moved}})
        status = await prepare(desk, clock, strategy.Id)
        assert status.Result is not None, status.Error
        await desk.send(at_venue(status.Result))
        position = await desk.position_in(models.LivePositionState.Open)
        job = await desk.control.start_prepare_position_adjustment(
            models.PreparePositionAdjustmentArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionId=position.Id,
                Operation=models.PositionAdjustmentOperation.MoveLeg,
                Condition="1 > 0",
                LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            )
        )
        args = models.GetPreparePositionAdjustmentStatusArgs(JobId=job.JobId)
        async with asyncio.timeout(30):
            while True:
                adjusted = await desk.control.get_prepare_position_adjustment_status(args)
                if adjusted.Status not in {models.PreparationStatus.Pending, models.PreparationStatus.Running}:
                    break
                await clock.advance(0.025)
        assert adjusted.Result is not None, adjusted.Error
        view = provider.books["SPX"].view()
        for leg in adjusted.Result.OrderLegs.values():
            location = view.find(desk.application.market.resolve(leg.LiveContract))
            assert location is not None
            assert location[0].quote(location[1]).quality is QuoteQuality.LIVE
