"""Control Hub methods of market data: agents, underlyings, expirations, chains."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class MarketMethods(ControlMethods):
    """Methods of market data."""

    @hub_method(name="ListAgents")
    async def list_agents(self, args: Payload | None = None) -> Answer:
        """List the agents: the connections to market data and brokers."""
        return await self._answer("ListAgents", models.ListAgentsArgs, args, self._services.agents.list)

    @hub_method(name="ListUnderlyings")
    async def list_underlyings(self, args: Payload | None = None) -> Answer:
        """List the underlyings that there are quotes of."""
        return await self._answer(
            "ListUnderlyings", models.ListUnderlyingsArgs, args, self._services.chains.underlyings
        )

    @hub_method(name="GetExpirations")
    async def get_expirations(self, args: Payload | None = None) -> Answer:
        """Return the expirations of an underlying."""
        return await self._answer("GetExpirations", models.GetExpirationsArgs, args, self._services.chains.expirations)

    @hub_method(name="GetChain")
    async def get_chain(self, args: Payload | None = None) -> Answer:
        """Return the strikes of an expiration around the money, with quotes and greeks."""
        return await self._answer("GetChain", models.GetChainArgs, args, self._services.chains.window)
