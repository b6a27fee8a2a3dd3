"""Agents: the connections to data providers and brokers, those that the server starts with and those of the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.market.service import Market
from mesolive.store.database import Database
from mesolive.store.tables.trading import accounts
from mesolive_sdk import models

SERVED = (models.BrokerType.MesoLive.name, models.BrokerType.Simulated.name)
"""Types of accounts that trade, without a connection, on the quotes of the server's default provider."""


class Agents:
    """Agent queries of the Control Hub."""

    def __init__(
        self,
        database: Database,
        market: Market,
        connected: Callable[[UserContext], Awaitable[Sequence[models.AgentInfo]]],
    ) -> None:
        self._database = database
        self._market = market
        self._connected = connected

    async def list(self, user: UserContext, args: models.ListAgentsArgs) -> models.ListAgentsResult:  # noqa: ARG002 - the method's model has no fields
        """Return the agents with their status.

        The one that brings the default market data lists the accounts that have no broker: they trade on its quotes.
        """
        async with self._database.read() as tx:
            rows = await tx.all(
                select(accounts.c.broker_account_id)
                .where(
                    accounts.c.user_id == user.user_id,
                    accounts.c.broker_type.in_(SERVED),
                    accounts.c.connection_id.is_(None),
                )
                .order_by(accounts.c.id)
            )
        served = [row.broker_account_id for row in rows]
        result: list[models.AgentInfo] = []
        for kind in self._market.built_in:
            provider = self._market.provider(kind)
            status = self._market.status(kind)
            result.append(
                models.AgentInfo(
                    AgentId=f"{kind.name.lower()}-1",
                    Name=f"{kind.name} market: {', '.join(underlying.symbol for underlying in provider.underlyings)}",
                    Status=status.state,
                    Connector=models.AgentConnector[kind.name],
                    DataProvider=kind,
                    BrokerAccountIds=served if kind is self._market.default else [],
                    ConnectedAt=status.connected_at,
                    LastSnapshotAt=self._market.last_received_at(kind),
                    Message=status.message or None,
                )
            )
        for agent in await self._connected(user):
            if agent.DataProvider is not None and agent.DataProvider is self._market.default:
                agent.BrokerAccountIds.extend(served)
            result.append(agent)
        return models.ListAgentsResult(Agents=result)
