"""Preparation through the provider of Interactive Brokers, on 100 lines at the double: on quotes, not on the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive.connectors.ibkr.pacing import Priority
from mesolive.connectors.ibkr.provider import DataConfig
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.market.contracts import OptionContract
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive_sdk import MesoLiveApiException, models, new_idempotency_key
from mesolive_testkit.ibkr_rig import CLIENT_ID, TwsWorld
from mesolive_testkit.server import SPX, START, definition
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server

LINES = 100
UNDERLYING = 1
"""The line of the index itself, which is beside those of its options."""
DAYS_TO_EXPIRATION = "10"
"""The double lists the third Friday's week, and three days."""
FIRST_REQUESTS = 7
"""For the underlying, and the calls and puts of the three days that are read before the provider has started."""


@asynccontextmanager
async def ibkr_desk(directory: Path, *, read: bool = True) -> AsyncGenerator[tuple[Desk, TwsWorld]]:
    """Run a server on the quotes of the provider, when some quotes have come.

    Unless the chain is `read`, TWS works on contracts only while the world lets it, but for those of the first days.
    """
    config = DataConfig(lines=LINES, model_every=timedelta(seconds=5))
    settings = DoubleSettings(messages_per_second=0, delayed_enabled=False)
    world = TwsWorld(
        folder=directory / "contracts", config=config, settings=settings, start=START, step=timedelta(seconds=5)
    )
    await world.open()
    if not read:
        world.double.gateway.faults.switch_on("details_slow", skip=FIRST_REQUESTS)
    try:
        async with desk_server(directory, market=(Market([world.provider]), world.clock)) as desk:
            if read:
                await world.chains()
            await world.clock.advance(20)
            yield desk, world
    finally:
        await world.close()


def short_dated() -> dict[str, Any]:
    """Return the sample structure, at an expiration that the double lists."""
    structure = definition()["Structure"]
    return {
        **structure,
        "Expirations": [
            {**expiration, "DTE": DAYS_TO_EXPIRATION, "Min": "5", "Max": "14"}
            for expiration in structure["Expirations"]
        ],
    }


async def prepared(
    desk: Desk, world: TwsWorld, step: float = 0.1, tws_works: Callable[[], bool] = lambda: False
) -> models.GetPreparePositionEntryStatusResult:
    """Prepare an entry while market time goes on, and TWS works; at no moment more lines are open than there are."""
    strategy = await desk.strategy(Structure=short_dated())
    job = await desk.control.start_prepare_position_entry(
        models.PreparePositionEntryArgs(
            IdempotencyKey=new_idempotency_key(),
            PositionName="a position",
            StrategyId=strategy.Id,
            BrokerAccountId=SIM,
            LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
            Underlying=SPX,
        )
    )
    args = models.GetPreparePositionEntryStatusArgs(JobId=job.JobId)
    async with asyncio.timeout(60):
        while True:
            must_be_within_the_lines(world)
            status = await desk.control.get_prepare_position_entry_status(args)
            if status.Status not in {models.PreparationStatus.Pending, models.PreparationStatus.Running}:
                return status
            await world.clock.advance(step)
            if tws_works():
                await world.work(1.0)


def must_be_within_the_lines(world: TwsWorld) -> None:
    assert len(world.double.data.subscriptions(CLIENT_ID)) <= LINES + UNDERLYING


def chosen(desk: Desk, status: models.GetPreparePositionEntryStatusResult) -> list[OptionContract]:
    assert status.Result is not None, status.Error
    return [desk.application.market.resolve(leg.LiveContract) for leg in status.Result.SelectedLegs.values()]


async def test_an_entry_is_prepared_and_filled_on_quotes_that_keep_their_lines(tmp_path: Path) -> None:
    async with ibkr_desk(tmp_path) as (desk, world):
        book = world.provider.books["SPX"]
        modelled = book.view().columns.quality == QuoteQuality.MODELLED
        assert modelled.sum() > 0.7 * len(book.listing)
        status = await prepared(desk, world)
        contracts = chosen(desk, status)
        assert len(contracts) == 4
        view = book.view()
        for contract in contracts:
            location = view.find(contract)
            assert location is not None
            quote = location[0].quote(location[1])
            assert quote.quality is QuoteQuality.LIVE, contract.symbol
        lines = {item.legs[0][0].con_id for item in world.double.data.subscriptions(CLIENT_ID)}
        assert {world.provider.con_id(contract) for contract in contracts} <= lines
        assert status.Result is not None
        sent = await desk.send(at_venue(status.Result))
        await desk.order_in(sent.LiveOrderId, models.OrderState.Filled)
        await world.clock.advance(5)
        must_be_within_the_lines(world)


def unread_days(world: TwsWorld) -> list[int]:
    return [expiration.day.day for expiration in world.provider.books["SPX"].listing.unread]


def requests_noted(world: TwsWorld, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Return what keeps class, last trading day and right of each request for contracts from now on."""
    asked: list[tuple[str, str, str]] = []
    details = world.session.contract_details

    async def noted(query: Contract, *, priority: Priority, seconds: float) -> list[ContractDetails]:
        asked.append((query.trading_class, query.last_trade, query.right))
        return await details(query, priority=priority, seconds=seconds)

    monkeypatch.setattr(world.session, "contract_details", noted)
    return asked


async def test_a_preparation_has_the_expiration_that_it_asks_for_read_first_and_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: set[tuple[str, date]] = set()
    async with ibkr_desk(tmp_path, read=False) as (desk, world):
        asked = requests_noted(world, monkeypatch)

        def interest(symbol: str, expirations: Iterable[tuple[str, date]]) -> None:
            wanted.update(result := list(expirations))
            note_interest(symbol, result)

        note_interest = world.provider.note_interest
        monkeypatch.setattr(world.provider, "note_interest", interest)
        assert unread_days(world) == [12, 13, 14, 15, 16, 16]
        status = await prepared(desk, world, tws_works=lambda: bool(wanted) and 15 in unread_days(world))
        assert {contract.day.day for contract in chosen(desk, status)} == {15}
        assert asked[:2] == [("SPXW", "20260115", "C"), ("SPXW", "20260115", "P")], (
            "calls of the 12th were being read already"
        )


async def test_what_was_read_is_listed_as_soon_as_a_preparation_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ibkr_desk(tmp_path, read=False) as (desk, world):
        asked = requests_noted(world, monkeypatch)
        # Market time stands still, so nothing is listed by itself; then TWS answers no more.
        while ("SPXW", "20260115", "P") not in asked[:-1]:
            await world.work(0.5)
        assert 15 in unread_days(world)
        status = await prepared(desk, world)
        assert {contract.day.day for contract in chosen(desk, status)} == {15}


async def test_a_preparation_says_which_contracts_do_not_come(tmp_path: Path) -> None:
    async with ibkr_desk(tmp_path, read=False) as (desk, world):
        status = await prepared(desk, world, step=2.0)
        assert status.Result is None
        asked = "Ibkr was asked for them 40 s ago, and has sent 3 of 9 expirations"
        assert f"the contracts of SPXW 2026-01-15 are not read yet: {asked}" in str(status.Error)


async def test_nothing_is_prepared_on_what_ib_does_not_quote(tmp_path: Path) -> None:
    async with ibkr_desk(tmp_path) as (desk, world):
        world.double.gateway.faults.switch_on("not_subscribed", symbol="SPX")
        for subscription in world.double.data.subscriptions(CLIENT_ID):
            if subscription.legs[0][0].option is not None:
                world.double.data.cancel(subscription.client, subscription.req_id)
                subscription.client.error(subscription.req_id, 354)
        world.double.gateway.commit()
        await world.clock.advance(12)
        status = await prepared(desk, world)
        assert status.Result is None
        assert "is modelled" in (status.Error or "")


async def test_a_prepared_entry_is_not_sent_once_its_quotes_are_the_models(tmp_path: Path) -> None:
    async with ibkr_desk(tmp_path) as (desk, world):
        status = await prepared(desk, world)
        contracts = chosen(desk, status)
        assert status.Result is not None
        world.refuse(contracts)
        await world.clock.advance(12)
        view = world.provider.books["SPX"].view()
        index = view.listing.find(contracts[0])
        assert index is not None
        assert view.columns.quality[index] == QuoteQuality.MODELLED
        with pytest.raises(MesoLiveApiException, match=r"is modelled.*QuotesNotLive"):
            await desk.send(at_venue(status.Result, kind=models.OrderType.Limit, limit=Decimal("-0.05")))
