"""Agents: the connections to data providers and brokers. Each data provider has one, within the server."""

from __future__ import annotations

from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.market.service import Market
from mesolive.store.database import Database
from mesolive.store.tables.trading import accounts
from mesolive_sdk import models

SERVED = (models.BrokerType.MesoLive.name, models.BrokerType.Simulated.name)
"""Types of accounts that trade on the quotes of the server's default provider."""


class Agents:
    """Agent queries of the Control Hub."""

    def __init__(self, database: Database, market: Market) -> None:
        self._database = database
        self._market = market

    async def list(self, user: UserContext, args: models.ListAgentsArgs) -> models.ListAgentsResult:  # noqa: ARG002 - the method's model has no fields
        """Return the data providers with their status; the default one lists paper and simulated accounts."""
        async with self._database.read() as tx:
            rows = await tx.all(
                select(accounts.c.broker_account_id)
                .where(accounts.c.user_id == user.user_id, accounts.c.broker_type.in_(SERVED))
                .order_by(accounts.c.id)
            )
        served = [row.broker_account_id for row in rows]
        result: list[models.AgentInfo] = []
        for kind, provider in self._market.providers.items():
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
                    LastSnapshotAt=self._market.heard_at(kind),
                    Message=status.message or None,
                )
            )
        return models.ListAgentsResult(Agents=result)
