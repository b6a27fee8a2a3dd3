"""Agent monitor: publishes an event when a data provider disconnects or returns, and an error in between."""

from __future__ import annotations

import asyncio
import uuid

from sqlalchemy import select

from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.market.provider import ProviderStatus
from mesolive.market.service import Market
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.access import users
from mesolive.store.tables.journal import active_events
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive_sdk import models

LOOK_SECONDS = 5.0
"""Seconds between checks for new users while a provider is disconnected."""

RETRY = BackOff(first=1.0, longest=LOOK_SECONDS)
"""Pauses before the comparison is repeated after the store failed."""


class AgentMonitor:
    """Follows the status of every data provider that the server starts with; connections report theirs to their owner.

    Published states are in the journal: a provider that was lost before a restart and is connected after it is
    published as returned. Users who are created while a provider is disconnected get the error too.

    Parameters
    ----------
    look_seconds
        Interval between two checks for such users, in real time.
    """

    def __init__(
        self, database: Database, journal: Journal, market: Market, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._look_seconds = look_seconds
        self.tasks = Tasks()

    async def start(self) -> None:
        """Compare the providers' states with the last published ones, then follow changes."""
        await self._publish()
        self.tasks.start_loop("provider status", self._follow, back_off=RETRY)

    async def stop(self) -> None:
        """Follow no more."""
        await self.tasks.stop()

    async def _follow(self, turns: Turns) -> None:
        # Subscribed before the comparison: a change that comes between the two is in the subscription.
        async with self._market.status_changed() as changes:
            while True:
                await self._publish()
                turns.turned()
                try:
                    async with asyncio.timeout(self._look_seconds if self._some_are_away() else None):
                        await anext(changes)
                except TimeoutError:
                    pass
                except StopAsyncIteration:
                    return

    def _some_are_away(self) -> bool:
        states = (self._market.status(kind).state for kind in self._market.built_in)
        return any(state is not models.AgentStatus.Connected for state in states)

    async def _publish(self) -> None:
        """Publish each provider's status to every user whose last published status differs."""
        for kind in self._market.built_in:
            status = self._market.status(kind)
            away = status.state is not models.AgentStatus.Connected
            async with self._database.read() as tx:
                unreported = [user for user in await _users(tx) if await _is_reported(tx, user, kind) != away]
            for user in unreported:
                async with self._database.write(user) as tx:
                    if await _is_reported(tx, user, kind) != away:
                        await self._journal.append(tx, user, status_events(kind, status))


def status_events(kind: models.DataProviderType, status: ProviderStatus) -> list[models.MesoLiveEvent]:
    """Return the events of a provider's status for a user: the agent event, and the error that begins or ends."""
    away = status.state is not models.AgentStatus.Connected
    message = status.message or f"the {kind.name} provider is {status.state.name.lower()}"
    return [
        models.AgentStatusEvent(
            EventTime=UNSTAMPED, Status=status.state, Message=message, Connector=models.AgentConnector[kind.name]
        ),
        models.ErrorEvent(
            EventTime=UNSTAMPED,
            State=models.ErrorState.Active if away else models.ErrorState.Resolved,
            ErrorId=error_id(kind),
            Message=f"market data of the {kind.name} provider: {message}",
        ),
    ]


def error_id(kind: models.DataProviderType) -> uuid.UUID:
    """Return the id of a provider's error: one cause, one id."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/provider/{kind.name}")


async def _users(tx: Transaction) -> list[int]:
    return [row.id for row in await tx.all(select(users.c.id).order_by(users.c.id))]


async def _is_reported(tx: Transaction, user_id: int, kind: models.DataProviderType) -> bool:
    """Whether the user's last published status of the provider is disconnected."""
    row = await tx.first(
        select(active_events.c.subject).where(
            active_events.c.user_id == user_id, active_events.c.subject == f"error:{error_id(kind)}"
        )
    )
    return row is not None
