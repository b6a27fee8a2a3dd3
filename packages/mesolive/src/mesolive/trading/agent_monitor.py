"""Tells the users when a data provider goes away and when it is back: an agent event, and an error while it is away."""

from __future__ import annotations

import asyncio
import uuid

import structlog
from sqlalchemy import select

from mesolive.journal.journal import Journal
from mesolive.market.change_signal import Subscription
from mesolive.market.provider import ProviderStatus
from mesolive.market.service import Market
from mesolive.store.database import Database, Transaction
from mesolive.store.tables.access import users
from mesolive.store.tables.journal import active_events
from mesolive_sdk import models

LOOK_SECONDS = 5.0
"""How often, while a provider is away, it is looked for users who are new and have not been told."""

RETRY_SECONDS = 1.0
"""How long to wait after the store failed, before the same is tried again."""

_log = structlog.get_logger(__name__)


class AgentMonitor:
    """Follows the status of every data provider.

    What was told is in the journal: a provider that was lost before a restart, and is there after it, is told as back.
    Users who come into being while a provider is away are told of it, too.

    Parameters
    ----------
    look_seconds
        How often it is looked for such users, in real time.
    """

    def __init__(
        self, database: Database, journal: Journal, market: Market, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._look_seconds = look_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Compare what is with what was told last, and follow from then on."""
        changes = self._market.status_changed()  # before comparing: nothing falls between the two
        await self._tell()
        self._task = asyncio.create_task(self._follow(changes), name="agent-watch")

    async def stop(self) -> None:
        """Follow no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _follow(self, subscription: Subscription) -> None:
        async with subscription as changes:
            while True:
                try:
                    async with asyncio.timeout(self._look_seconds if self._some_are_away() else None):
                        await anext(changes)
                except TimeoutError:
                    pass
                except StopAsyncIteration:
                    return
                await self._tell_until_told()

    def _some_are_away(self) -> bool:
        states = (self._market.status(kind).state for kind in self._market.providers)
        return any(state is not models.AgentStatus.Connected for state in states)

    async def _tell_until_told(self) -> None:
        while True:
            try:
                await self._tell()
            except Exception:  # noqa: BLE001 - the watch goes on whatever the store does; the log has the trace
                _log.exception("agent_status_not_told")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _tell(self) -> None:
        """Bring what every user was told in line with every provider's status."""
        for kind in self._market.providers:
            status = self._market.status(kind)
            away = status.state is not models.AgentStatus.Connected
            async with self._database.read() as tx:
                untold = [user for user in await _users(tx) if await _is_told(tx, user, kind) != away]
            for user in untold:
                async with self._database.write(user) as tx:
                    if await _is_told(tx, user, kind) != away:
                        await self._journal.append(tx, user, status_events(kind, status))


def status_events(kind: models.DataProviderType, status: ProviderStatus) -> list[models.MesoLiveEvent]:
    """Return what tells a user how a provider is doing: its agent's status, and its error that begins or ends."""
    away = status.state is not models.AgentStatus.Connected
    message = status.message or f"the {kind.name} provider is {status.state.name.lower()}"
    return [
        models.AgentStatusEvent(Status=status.state, Message=message, Connector=models.AgentConnector[kind.name]),
        models.ErrorEvent(
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


async def _is_told(tx: Transaction, user_id: int, kind: models.DataProviderType) -> bool:
    """Whether the user was told that the provider is away, and not yet that it is back."""
    found = await tx.first(
        select(active_events.c.subject).where(
            active_events.c.user_id == user_id, active_events.c.subject == f"error:{error_id(kind)}"
        )
    )
    return found is not None
