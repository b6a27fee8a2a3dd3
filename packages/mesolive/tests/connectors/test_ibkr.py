"""The connector of Interactive Brokers on a running server: added, enabled, its account discovered, its end told."""

from __future__ import annotations

from pathlib import Path

from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_sdk import models
from mesolive_testkit.connectors import running_live, until
from mesolive_testkit.ibkr import happens
from mesolive_testkit.tws import running_double

State = models.ConnectorStateType


async def test_a_connection_to_tws_is_added_and_enabled_and_brings_its_account(tmp_path: Path) -> None:
    async with running_double(DoubleSettings(messages_per_second=0)) as tws, running_live(tmp_path) as kit:
        settings = {"port": str(tws.double.port), "market_data": "false", "restart_window": ""}
        await kit.control.add_connector(models.AddConnectorArgs(Kind="ibkr", Name="ib", Settings=settings, Secrets={}))
        await kit.control.enable_connector(models.ConnectorArgs(Name="ib"))
        shown = await until(kit, lambda item: item.State is State.Connected and bool(item.Accounts), "ib")
        assert [account.BrokerAccountId for account in shown.Accounts] == ["DU1234567"]
        account = await kit.control.enable_broker_account(
            models.EnableBrokerAccountArgs(Name="ib", BrokerAccountId="DU1234567")
        )
        assert account.BrokerType is models.BrokerType.Ibkr
        happens(tws, "lose_link")
        shown = await until(kit, lambda item: item.State is State.Disconnected, "ib")
        assert "1100" in (shown.Message or "")
