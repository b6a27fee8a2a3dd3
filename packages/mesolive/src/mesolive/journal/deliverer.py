"""Event delivery: sends committed events to subscribed connections, in order per user, without gaps.

The bus only wakes the deliverer. Events that this process committed, and that directly follow the last delivered event,
come from the journal's cache; all others are read from the database. The delivery position is kept in memory only: a
crash ends the connections too, and clients fetch the events they missed by `GetEventsSince`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

import structlog

from mesolive.journal.bus import Bus, Subscription
from mesolive.journal.journal import Journal
from mesolive.tasks import BackOff, Tasks, Turns
from mesolive_sdk.models import MesoLiveEventEnvelope

_log = structlog.get_logger(__name__)

BATCH = 256
"""How many events are read at once."""

RETRY = BackOff(first=0.05, longest=5.0)
"""Pauses between attempts to deliver an event after a failure."""


class EventSink(Protocol):
    """The receiver of events: the Event Hub."""

    async def deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
        """Send an event to the subscribed connections of the user."""
        ...


class Pause:
    """Handle on a paused delivery of one user.

    Parameters
    ----------
    deliver_up_to
        Delivers events up to a number.
    """

    def __init__(self, deliver_up_to: Callable[[int], Awaitable[None]]) -> None:
        self._deliver_up_to = deliver_up_to

    async def catch_up(self, last: int) -> None:
        """Deliver the user's committed events up to and including the number `last` now."""
        await self._deliver_up_to(last)


class Deliverer:
    """Follows the bus and hands committed events to the sink.

    Parameters
    ----------
    journal
        Where events are read.
    bus
        Announces which users have new events.
    sink
        Gets them; when it fails, the same event is tried again after a pause.
    heard
        Says whether the sink would send an event to any connection now; an event without receivers costs no more
        than this question.
    deliver_seconds
        The longest that the sink may take for one event.
    sweep_seconds
        Seconds between two queries for events that the bus did not announce, such as those of another process.
    sleep
        Waits between attempts.
    """

    def __init__(
        self,
        journal: Journal,
        bus: Bus,
        sink: EventSink,
        *,
        heard: Callable[[int, MesoLiveEventEnvelope], bool] = lambda _user_id, _event: True,
        deliver_seconds: float = 10.0,
        sweep_seconds: float = 5.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._bus = bus
        self._sink = sink
        self._heard = heard
        self._deliver_seconds = deliver_seconds
        self._sweep_seconds = sweep_seconds
        self._sleep = sleep
        self._delivered: dict[int, int] = {}
        self._wanted: dict[int, int] = {}
        self._catching_up: set[int] = set()
        self._locks: dict[int, asyncio.Lock] = {}
        self._subscription: Subscription | None = None
        self.tasks = Tasks()

    async def start(self) -> None:
        """Start to deliver the events that are committed from now on."""
        self._subscription = (
            self._bus.subscribe()
        )  # Subscribe before reading: an event committed in between is not missed.
        try:
            self._delivered = dict(await self._journal.latest_of_all())
        except BaseException:
            self._subscription.close()
            raise
        self.tasks.start_loop("event delivery", partial(self._follow, self._subscription))

    async def stop(self) -> None:
        """Stop the delivery and wait for deliveries under way."""
        if self._subscription is not None:
            self._subscription.close()
        await self.tasks.stop()
        self._catching_up.clear()

    @property
    def behind(self) -> int:
        """The number of announced events that are not delivered yet, over all users."""
        return sum(max(0, wanted - self._delivered.get(user_id, 0)) for user_id, wanted in self._wanted.items())

    def paused(self, user_id: int) -> AbstractAsyncContextManager[Pause]:
        """Return a context that pauses the delivery to a user, except for explicitly requested events.

        In this context a new connection gets the active signals and errors and subscribes, after the other
        connections have caught up with that state: it then gets exactly the events that follow.
        """
        return self._paused(user_id)

    @asynccontextmanager
    async def _paused(self, user_id: int) -> AsyncGenerator[Pause]:
        async with self._lock(user_id):
            yield Pause(partial(self._deliver_up_to, user_id))

    def _lock(self, user_id: int) -> asyncio.Lock:
        return self._locks.setdefault(user_id, asyncio.Lock())

    async def _follow(self, subscription: Subscription, turns: Turns) -> None:
        while True:
            try:
                async with asyncio.timeout(self._sweep_seconds):
                    news = await subscription.changed()
            except TimeoutError:
                try:
                    news = await self._journal.latest_of_all()
                except Exception as error:  # noqa: BLE001 - the next sweep tries again; the log has the trace
                    turns.failed(error, "event_sweep_failed")
                    continue
            for user_id, latest in news.items():
                self._want(user_id, latest)
            turns.turned()

    def _want(self, user_id: int, latest: int) -> None:
        if latest <= self._delivered.get(user_id, 0):
            return
        self._wanted[user_id] = max(latest, self._wanted.get(user_id, 0))
        if user_id not in self._catching_up:
            self._catching_up.add(user_id)
            self.tasks.spawn("event delivery to user", self._catch_up(user_id), detail=user_id)

    async def _catch_up(self, user_id: int) -> None:
        """Deliver until no event is pending, then end; a failure is logged and retried without limit."""
        pauses = RETRY.pauses()
        while self._delivered.get(user_id, 0) < self._wanted[user_id]:
            try:
                delivered = await self._deliver_batch(user_id)
            except Exception:  # noqa: BLE001 - an event is never skipped; the log has the trace
                _log.exception("event_delivery_failed", user_id=user_id, after=self._delivered.get(user_id, 0))
                delivered = False
            if delivered:
                pauses = RETRY.pauses()
            else:
                await self._sleep(next(pauses))
        # No await between the comparison and this line: a later wake-up then starts a new worker.
        self._catching_up.discard(user_id)

    async def _deliver_batch(self, user_id: int) -> bool:
        """Deliver the next events and return whether there were any."""
        events = await self._next(user_id, BATCH)
        lock = self._lock(user_id)
        for event in events:
            # While a connection is being added the lock is held, and it may be about to follow the event.
            if not lock.locked() and not self._heard(user_id, event):
                self._delivered[user_id] = max(event.EventSeqId, self._delivered.get(user_id, 0))
                continue
            async with lock:
                await self._deliver(user_id, event)
        return bool(events)

    async def _deliver_up_to(self, user_id: int, last: int) -> None:
        """Deliver all events up to a number; the caller holds the user's lock."""
        while (position := self._delivered.get(user_id, 0)) < last:
            for event in await self._next(user_id, min(BATCH, last - position)):
                await self._deliver(user_id, event)

    async def _next(self, user_id: int, limit: int) -> Sequence[MesoLiveEventEnvelope]:
        position = self._delivered.get(user_id, 0)
        fresh = self._journal.fresh(user_id, position)[:limit]
        return fresh or (await self._journal.since(user_id, position, limit))[0]

    async def _deliver(self, user_id: int, event: MesoLiveEventEnvelope) -> None:
        if event.EventSeqId <= self._delivered.get(user_id, 0):
            return  # another task has delivered it already
        async with asyncio.timeout(self._deliver_seconds):
            await self._sink.deliver(user_id, event)
        self._delivered[user_id] = event.EventSeqId
