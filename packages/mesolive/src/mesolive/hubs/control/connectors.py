"""Control Hub methods of connectors: connections to brokers and data providers, and accounts at brokers."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class ConnectorMethods(ControlMethods):
    """Methods of connectors."""

    @hub_method(name="ListConnectorKinds")
    async def list_connector_kinds(self, args: Payload | None = None) -> Answer:
        """List the kinds of connectors."""
        return await self._answer(
            "ListConnectorKinds", models.ListConnectorKindsArgs, args, self._services.connections.list_kinds
        )

    @hub_method(name="ListConnectors")
    async def list_connectors(self, args: Payload | None = None) -> Answer:
        """List the caller's connections."""
        return await self._answer("ListConnectors", models.ListConnectorsArgs, args, self._services.connections.list)

    @hub_method(name="AddConnector")
    async def add_connector(self, args: Payload | None = None) -> Answer:
        """Store a connection, disabled."""
        return await self._answer("AddConnector", models.AddConnectorArgs, args, self._services.connections.add)

    @hub_method(name="UpdateConnector")
    async def update_connector(self, args: Payload | None = None) -> Answer:
        """Change settings of a connection."""
        return await self._answer(
            "UpdateConnector", models.UpdateConnectorArgs, args, self._services.connections.update
        )

    @hub_method(name="TestConnector")
    async def test_connector(self, args: Payload | None = None) -> Answer:
        """Connect, and report accounts, data quality and problems."""
        return await self._answer("TestConnector", models.ConnectorArgs, args, self._services.connections.test)

    @hub_method(name="EnableConnector")
    async def enable_connector(self, args: Payload | None = None) -> Answer:
        """Connect a connection, now and at every start."""
        return await self._answer("EnableConnector", models.ConnectorArgs, args, self._services.connections.enable)

    @hub_method(name="DisableConnector")
    async def disable_connector(self, args: Payload | None = None) -> Answer:
        """Disconnect a connection."""
        return await self._answer("DisableConnector", models.ConnectorArgs, args, self._services.connections.disable)

    @hub_method(name="RemoveConnector")
    async def remove_connector(self, args: Payload | None = None) -> Answer:
        """Forget a connection and its secrets."""
        return await self._answer("RemoveConnector", models.ConnectorArgs, args, self._services.connections.remove)

    @hub_method(name="GetConnectorLog")
    async def get_connector_log(self, args: Payload | None = None) -> Answer:
        """Return the newest changes of a connection."""
        return await self._answer("GetConnectorLog", models.GetConnectorLogArgs, args, self._services.connections.log)

    @hub_method(name="EnableBrokerAccount")
    async def enable_broker_account(self, args: Payload | None = None) -> Answer:
        """Make a discovered account one of the caller's."""
        return await self._answer(
            "EnableBrokerAccount", models.EnableBrokerAccountArgs, args, self._services.connections.enable_account
        )

    @hub_method(name="DisableBrokerAccount")
    async def disable_broker_account(self, args: Payload | None = None) -> Answer:
        """Use an enabled account no more; refused while it holds positions or has open orders."""
        return await self._answer(
            "DisableBrokerAccount", models.DisableBrokerAccountArgs, args, self._services.connections.disable_account
        )

    @hub_method(name="SetAccountMarketData")
    async def set_account_market_data(self, args: Payload | None = None) -> Answer:
        """Choose whose quotes value an account."""
        return await self._answer(
            "SetAccountMarketData", models.SetAccountMarketDataArgs, args, self._services.connections.set_market_data
        )
