"""The Event Hub, `/hubs/event/v1`: subscribing to strategies, replaying, and the events themselves.

An event of a strategy goes to the connections that follow the strategy, every other event to all of the user's
connections. A connection sees events in the order of their `EventSeqId`: first what was active when it connected, then
what is delivered from then on.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mesolive.access.context import UserContext
from mesolive.hubs.envelope import EnvelopeHub
from mesolive.journal.deliverer import Deliverer
from mesolive.journal.events import Events
from mesolive_sdk.models import (
    GetEventsArgs,
    GetEventsResult,
    GetEventsSinceArgs,
    GetEventsSinceResult,
    GetLatestEventSeqIdArgs,
    GetLatestEventSeqIdResult,
    MesoLiveApiResponse,
    MesoLiveEventEnvelope,
    SubscribeToStrategiesArgs,
    SubscribeToStrategiesResult,
    UnsubscribeFromStrategiesArgs,
    UnsubscribeFromStrategiesResult,
)
from signalr_asyncio import HubClients, Payload, hub_method

Answer = MesoLiveApiResponse[Any]

_FOLLOWED = "followed"
_ALL = "all strategies"
_BURST = 16
"""The number of active events that are queued before the connection's writer gets its turn."""


def _user_group(user_id: int) -> str:
    return f"u{user_id}"


def _all_group(user_id: int) -> str:
    return f"u{user_id}:all"


def _strategy_group(user_id: int, strategy_id: int) -> str:
    return f"u{user_id}:s{strategy_id}"


class EventHub(EnvelopeHub):
    """Follows strategies and replays; one object per connection.

    Parameters
    ----------
    events
        Reads the events of users.
    deliverer
        Paused for the user while a new connection gets the active signals and errors.
    """

    def __init__(self, events: Events, deliverer: Deliverer) -> None:
        self._events = events
        self._deliverer = deliverer

    async def on_connected(self) -> None:
        """Send the active signals and errors, then subscribe the connection to the events that follow."""
        caller = self.clients.caller
        async with self._deliverer.paused(self.user.user_id) as pause:
            active, latest = await self._events.active_state(self.user.user_id)
            # Other connections first catch up with this state; the new connection then gets only the events after it.
            await pause.catch_up(latest)
            for count, envelope in enumerate(active, 1):
                await caller.send(envelope.EventType, envelope.Event)
                if count % _BURST == 0:
                    await asyncio.sleep(0)
            await self.groups.add(self.context.connection_id, _user_group(self.user.user_id))

    @hub_method(name="SubscribeToStrategies")
    async def subscribe_to_strategies(self, args: Payload | None = None) -> Answer:
        """Follow strategies; null is all of the user's, those that are created later included."""
        return await self._answer("SubscribeToStrategies", SubscribeToStrategiesArgs, args, self._subscribe)

    @hub_method(name="UnsubscribeFromStrategies")
    async def unsubscribe_from_strategies(self, args: Payload | None = None) -> Answer:
        """Follow strategies no more; null is all that this connection follows."""
        return await self._answer("UnsubscribeFromStrategies", UnsubscribeFromStrategiesArgs, args, self._unsubscribe)

    @hub_method(name="GetLatestEventSeqId")
    async def get_latest_event_seq_id(self, args: Payload | None = None) -> Answer:
        """Return where the user's log ends."""
        return await self._answer("GetLatestEventSeqId", GetLatestEventSeqIdArgs, args, self._latest)

    @hub_method(name="GetEventsSince")
    async def get_events_since(self, args: Payload | None = None) -> Answer:
        """Return events after an id."""
        return await self._answer("GetEventsSince", GetEventsSinceArgs, args, self._since)

    @hub_method(name="GetEvents")
    async def get_events(self, args: Payload | None = None) -> Answer:
        """Return events backwards from an id or the newest, by type and strategy."""
        return await self._answer("GetEvents", GetEventsArgs, args, self._before)

    async def _before(self, user: UserContext, args: GetEventsArgs) -> GetEventsResult:
        return await self._events.before(user.user_id, args)

    async def _latest(self, user: UserContext, _args: GetLatestEventSeqIdArgs) -> GetLatestEventSeqIdResult:
        return await self._events.latest(user.user_id)

    async def _since(self, user: UserContext, args: GetEventsSinceArgs) -> GetEventsSinceResult:
        return await self._events.since(user.user_id, args)

    @property
    def _followed(self) -> set[int]:
        return self.context.items.setdefault(_FOLLOWED, set())

    async def _subscribe(self, user: UserContext, args: SubscribeToStrategiesArgs) -> SubscribeToStrategiesResult:
        asked = args.Strategies
        own = await self._events.own_strategies(user.user_id, asked) if asked is None or asked else []
        if asked is None:
            return await self._subscribe_to_all(user, own)
        joined: set[int] = set(own) if self._follows_all else set()
        for strategy_id in own:
            if strategy_id in joined or not await self._join(_strategy_group(user.user_id, strategy_id)):
                continue
            joined.add(strategy_id)
            self._followed.add(strategy_id)
        wanted = list(dict.fromkeys(asked))
        return SubscribeToStrategiesResult(
            SuccessfulStrategies=[strategy_id for strategy_id in wanted if strategy_id in joined],
            FailedStrategies=[strategy_id for strategy_id in wanted if strategy_id not in joined],
        )

    async def _subscribe_to_all(self, user: UserContext, own: list[int]) -> SubscribeToStrategiesResult:
        if not await self._join(_all_group(user.user_id)):
            return SubscribeToStrategiesResult(SuccessfulStrategies=[], FailedStrategies=own)
        self.context.items[_ALL] = True
        # Joined before the single groups are left: an event in between may come twice, and clients de-duplicate by its
        # id; the other way round it would be lost.
        for strategy_id in sorted(self._followed):
            await self.groups.remove(self.context.connection_id, _strategy_group(user.user_id, strategy_id))
        self._followed.clear()
        return SubscribeToStrategiesResult(SuccessfulStrategies=own, FailedStrategies=[])

    async def _join(self, group: str) -> bool:
        """Join a group; return whether the connection is in it, which it is not when it is in too many."""
        try:
            await self.groups.add(self.context.connection_id, group)
        except ValueError:
            return False
        return True

    @property
    def _follows_all(self) -> bool:
        return self.context.items.get(_ALL, False)

    async def _unsubscribe(
        self, user: UserContext, args: UnsubscribeFromStrategiesArgs
    ) -> UnsubscribeFromStrategiesResult:
        if self._follows_all and (args.Strategies is None or args.Strategies):
            await self._leave_all(user, single=args.Strategies is not None)
        asked = sorted(self._followed) if args.Strategies is None else list(dict.fromkeys(args.Strategies))
        # A strategy may have been deleted since it was followed; one that was not followed must be the user's.
        others = [strategy_id for strategy_id in asked if strategy_id not in self._followed]
        known = self._followed.union(await self._events.own_strategies(user.user_id, others) if others else ())
        for strategy_id in asked:
            await self.groups.remove(self.context.connection_id, _strategy_group(user.user_id, strategy_id))
        self._followed.difference_update(asked)
        return UnsubscribeFromStrategiesResult(
            SuccessfulStrategies=[strategy_id for strategy_id in asked if strategy_id in known],
            FailedStrategies=[strategy_id for strategy_id in asked if strategy_id not in known],
        )

    async def _leave_all(self, user: UserContext, *, single: bool) -> None:
        """Follow the user's present strategies one by one, or none: later ones are not followed any more."""
        for strategy_id in await self._events.own_strategies(user.user_id, None):
            if not single or await self._join(_strategy_group(user.user_id, strategy_id)):
                self._followed.add(strategy_id)
        await self.groups.remove(self.context.connection_id, _all_group(user.user_id))
        self.context.items[_ALL] = False


class HubSink:
    """Hands delivered events to the Event Hub's connections.

    Parameters
    ----------
    clients
        Those of the Event Hub.
    """

    def __init__(self, clients: HubClients) -> None:
        self._clients = clients

    def heard(self, user_id: int, event: MesoLiveEventEnvelope) -> bool:
        """Whether any connection is subscribed to an event."""
        return any(self._clients.has_group(group) for group in _groups_of(user_id, event))

    async def deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
        """Queue an event for each subscribed connection; the queue of a connection keeps the order."""
        for group in _groups_of(user_id, event):
            await self._clients.group(group).send(event.EventType, event.Event)


def _groups_of(user_id: int, event: MesoLiveEventEnvelope) -> tuple[str, ...]:
    """Return the groups of connections that get an event."""
    if event.StrategyId is None:
        return (_user_group(user_id),)
    return _strategy_group(user_id, event.StrategyId), _all_group(user_id)
