"""A grant with the scope `read` alone: quotes, balances and positions, and orders that are refused in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mesolive.clock import ScaledClock
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.doubles.tastytrade.settings import DoubleSettings
from mesolive_sdk import MesoLiveApiException, models
from mesolive_sdk.models import ConnectorCheck, StatusCode
from mesolive_testkit.connectors import prepared, running_live, until
from mesolive_testkit.server import SPX, Kit
from mesolive_testkit.tws import few_options
from mesolive_testkit.venues import at_venue

SESSION = datetime(2026, 1, 5, 15, 30, tzinfo=UTC)
ACCOUNT = "5WX00001"
NAME = "tasty"
REASON = "the grant has no scope trade"


@pytest.fixture(params=[False, True], ids=["scopes untold", "scopes told"])
async def double(request: pytest.FixtureRequest) -> AsyncGenerator[TastytradeDouble]:
    """Run a double whose token call names the scopes of its tokens, or does not."""
    clock = ScaledClock(SESSION)
    markets = few_options(clock, ("SPX",), seed=5, step=timedelta(seconds=1), days=range(40, 50))
    settings = DoubleSettings(accounts=(ACCOUNT,), rate_limits=False, token_scope=request.param)
    made = TastytradeDouble(markets, clock, settings)
    await markets.start()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
        await markets.stop()


async def add(kit: Kit, double: TastytradeDouble) -> None:
    settings = double.desk.settings
    offset = double.desk.clock.now() - datetime.now(UTC)
    await kit.control.add_connector(
        models.AddConnectorArgs(
            Name=NAME,
            Kind="tastytrade",
            Settings={
                "rest_url": double.url,
                "stream_url": double.stream_url,
                "clock_offset": f"{offset.total_seconds():.3f}",
            },
            Secrets={"client_secret": settings.client_secret, "refresh_token": settings.refresh_token},
        )
    )


async def connected(kit: Kit, state: str) -> models.ConnectorInfo:
    await kit.control.enable_connector(models.ConnectorArgs(Name=NAME))
    return await until(kit, lambda item: item.State.value == state and bool(item.Accounts), NAME)


async def health_of(kit: Kit) -> Any:
    async with httpx.AsyncClient(timeout=60) as http:
        return (await http.get(f"{kit.url}/health")).json()


async def test_it_quotes_and_says_everywhere_why_no_order_can_be_sent(tmp_path: Path, double: TastytradeDouble) -> None:
    double.tokens.scopes = frozenset({"read"})
    async with running_live(tmp_path) as kit:
        await add(kit, double)
        tested = await kit.control.test_connector(models.ConnectorArgs(Name=NAME))
        (finding,) = [item for item in tested.Findings if item.Topic == f"account {ACCOUNT}"]
        assert finding.Check is ConnectorCheck.Warning
        assert REASON in finding.Detail
        assert "scopes read and trade" in finding.Remedy
        assert not any(item.Check is ConnectorCheck.Failed for item in tested.Findings)

        shown = await connected(kit, "Restricted")
        assert f"orders are refused: {REASON}" in shown.Message
        assert "scopes read and trade" in shown.Remedy
        (account,) = shown.Accounts
        assert not account.CanTrade
        assert shown.DataProvider is models.DataProviderType.TastyTrade
        asked = any(entry["operation"] == "cancel" for entry in double.desk.truth.of("request"))
        assert asked is not double.desk.settings.token_scope, "nothing shaped like an order where the scopes are told"
        book = kit.application.market.view(SPX.Symbol, models.DataProviderType.TastyTrade)
        assert book.underlying.quote.mark is not None
        assert (await health_of(kit))["connectors"] == {"tastytrade": {"Restricted": 1}}

        with pytest.raises(MesoLiveApiException) as refused:
            await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name=NAME, BrokerAccountId=ACCOUNT))
        assert refused.value.status is StatusCode.Conflict
        assert REASON in str(refused.value)
    assert not double.desk.orders


async def test_an_order_of_an_account_whose_grant_lost_the_scope_ends_as_refused_with_the_reason(
    tmp_path: Path, double: TastytradeDouble
) -> None:
    async with running_live(tmp_path) as kit:
        await add(kit, double)
        await connected(kit, "Connected")
        await kit.control.enable_broker_account(models.EnableBrokerAccountArgs(Name=NAME, BrokerAccountId=ACCOUNT))
        double.tokens.scopes = frozenset({"read"})
        await kit.control.disable_connector(models.ConnectorArgs(Name=NAME))
        await connected(kit, "Restricted")
        entry = await prepared(kit, ACCOUNT)
        assert entry.Result is not None, entry.Error
        sent = await kit.control.send_order(at_venue(entry.Result, account=ACCOUNT))
        order = await kit.control.get_order(models.GetOrderArgs(LiveOrderId=sent.LiveOrderId))
        assert order.State is models.OrderState.Rejected
        assert REASON in (order.Reason or "")
    assert not double.desk.orders
