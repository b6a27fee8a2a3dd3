"""Trading over a connector: the account's own quotes, its own market time, and the broker's figures."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.records import replace
from mesolive_sdk import MesoLiveApiException, models
from mesolive_testkit.connectors import ACCOUNT, QUICK, enabled, prepared, running_live, send
from mesolive_testkit.server import Kit

FACTS_SOON = replace(QUICK, facts_seconds=0.1)


async def account_enabled(kit: Kit, name: str = ACCOUNT) -> models.LiveAccount:
    return await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name="sim", BrokerAccountId=name))


async def test_a_whole_entry_is_traded_over_a_connector_and_valued_by_its_own_quotes(tmp_path: Path) -> None:
    async with running_live(tmp_path, supervision=FACTS_SOON) as kit:
        await enabled(kit)
        await account_enabled(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        (position,) = (await kit.control.list_positions()).Positions
        assert position.CreatedAt.year == 2026, "in the market time of the connector"
        detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position.Id))
        assert detail.PositionPrice.Mark is not None
        snapshot = await (await kit.data()).get_position_snapshot(
            models.GetPositionSnapshotArgs(PositionId=position.Id)
        )
        assert snapshot.PositionPrices is not None
        assert snapshot.PositionPrices.Mark is not None
        async with asyncio.timeout(60):
            while True:
                account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
                assert account.BrokerFacts is not None
                if account.BrokerFacts.Cash != Decimal(100_000):
                    break
                await asyncio.sleep(0.05)
        assert account.Cash == account.BrokerFacts.Cash
        assert account.Books is None or account.Books.Cash == account.Cash, "books and broker agree on the cash"


async def test_an_account_of_real_money_sends_nothing_before_its_owner_allows_it(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, live_accounts=ACCOUNT)
        await account_enabled(kit)
        owner = await kit.application.access.user("trader")
        async with kit.application.database.read() as tx:
            from mesolive.trading.execution.risk_limits import CAREFUL_LIMITS, limits_of
            from mesolive.trading.portfolio.accounts import find_account

            assert await limits_of(tx, (await find_account(tx, owner.user_id, ACCOUNT)).id) == CAREFUL_LIMITS
        assert not CAREFUL_LIMITS.allow_live


@pytest.mark.parametrize("quality", ["delayed", "frozen"])
async def test_nothing_is_prepared_on_quotes_that_are_not_live(tmp_path: Path, quality: str) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, quality=quality)
        await account_enabled(kit)
        status = await prepared(kit)
        assert status.Status is models.PreparationStatus.Failed
        message = re.search(
            rf"the quotes of SPX are {quality} and \d+ seconds old, and only live quotes are used", status.Error or ""
        )
        assert message is not None, status.Error


async def test_an_account_that_accepts_delayed_quotes_trades_on_them_and_they_show_their_quality(
    tmp_path: Path,
) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit, quality="delayed")
        await account_enabled(kit)
        await kit.control.set_account_market_data(
            models.SetAccountMarketDataArgs(BrokerAccountId=ACCOUNT, AcceptDelayed=True)
        )
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        assert status.Result.UnderlyingPrice.Quality is models.QuoteQuality.Delayed
        await send(kit, status.Result)
        (position,) = (await kit.control.list_positions()).Positions
        detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position.Id))
        args = models.GetPositionSnapshotArgs(PositionId=position.Id)
        data = await kit.data()
        snapshot = await data.get_position_snapshot(args)
        stream = data.stream_position_data(models.StreamPositionDataArgs(PositionId=position.Id))
        first = await anext(aiter(stream))
        shown = [detail.PositionPrice, *detail.LegPrices.values(), *detail.LegGreeks.values(), *detail.LegPnLs.values()]
        for answer in (snapshot, first):
            shown += [answer.PositionPrices, answer.PositionGreeks, answer.PositionPnLs]
            shown += [*(answer.LegPrices or {}).values(), *(answer.LegGroupPrices or {}).values()]
        assert len(shown) > 10
        assert {None if item is None else item.Quality for item in shown} == {models.QuoteQuality.Delayed}


async def test_without_its_connection_an_account_sends_nothing_and_says_why(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await account_enabled(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await kit.control.disable_connector(models.ConnectorArgs(Name="sim"))
        with pytest.raises(MesoLiveApiException, match="the connection of account SIM1000 is not connected"):
            await send(kit, status.Result)


async def test_a_connector_whose_account_holds_a_position_is_not_removed(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await account_enabled(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        with pytest.raises(MesoLiveApiException, match="account SIM1000 holds open positions; close them first"):
            await kit.control.remove_connector(models.ConnectorArgs(Name="sim"))


async def test_figures_of_the_books_stand_beside_the_brokers_where_they_differ(tmp_path: Path) -> None:
    async with running_live(tmp_path, supervision=FACTS_SOON) as kit:
        await enabled(kit)
        await account_enabled(kit)
        await kit.control.update_connector(
            models.UpdateConnectorArgs(Name="sim", Settings={"cash": "90000"}, Secrets={})
        )
        async with asyncio.timeout(60):
            while True:
                account = await kit.control.get_account(models.GetAccountArgs(BrokerAccountId=ACCOUNT))
                if account.Cash == Decimal(90_000):
                    break
                await asyncio.sleep(0.05)
        assert account.Books is not None
        assert account.Books.Cash == Decimal(100_000)


async def test_an_account_of_a_connector_is_compared_with_its_own_broker(tmp_path: Path) -> None:
    async with running_live(tmp_path) as kit:
        await enabled(kit)
        await account_enabled(kit)
        status = await prepared(kit)
        assert status.Result is not None, status.Error
        await send(kit, status.Result)
        args = models.GetReconciliationArgs(BrokerAccountId=ACCOUNT, Refresh=True)
        compared = await kit.control.get_reconciliation(args)
        assert compared.ComparedAt is not None
        assert len(compared.Contracts) == len(status.Result.SelectedLegs)
