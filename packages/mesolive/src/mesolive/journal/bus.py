"""Event bus: wakes the deliverer when a user has new committed events; the events stay in the database.

A lost wake-up loses no event: a wake-up carries only a number, later ones replace earlier ones, and the deliverer also
polls the database. `LocalBus` serves one process; a bus between processes
takes its place behind the same protocol.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol


class Subscription(Protocol):
    """One listener's view of the bus."""

    async def changed(self) -> Mapping[int, int]:
        """Wait for new events and return the latest `EventSeqId` of each user that has any since the last call."""
        ...

    def close(self) -> None:
        """End the subscription."""
        ...


class Bus(Protocol):
    """Carries wake-ups from where events are committed to where they are delivered."""

    def publish(self, user_id: int, latest_seq_id: int, *, positions: bool = True) -> None:
        """Say that a user's events up to `latest_seq_id` are committed. Never blocks.

        Parameters
        ----------
        positions
            Whether what they tell of may have changed a position of the user.
        """
        ...

    def subscribe(self, *, positions_only: bool = False) -> Subscription:
        """Return a subscription to all wake-ups published from now on, or to those of positions only."""
        ...


class LocalBus:
    """A bus within one process and one event loop."""

    def __init__(self) -> None:
        self._listeners: set[LocalSubscription] = set()

    def publish(self, user_id: int, latest_seq_id: int, *, positions: bool = True) -> None:
        """Say that a user's events up to `latest_seq_id` are committed."""
        for listener in self._listeners:
            if positions or not listener.positions_only:
                listener.put(user_id, latest_seq_id)

    def subscribe(self, *, positions_only: bool = False) -> LocalSubscription:
        """Return a subscription to all wake-ups published from now on, or to those of positions only."""
        listener = LocalSubscription(self._listeners, positions_only=positions_only)
        self._listeners.add(listener)
        return listener


class LocalSubscription:
    """A listener of `LocalBus`: holds one number per user, however many wake-ups come."""

    def __init__(self, listeners: set[LocalSubscription], *, positions_only: bool = False) -> None:
        self.positions_only = positions_only
        self._listeners = listeners
        self._news: dict[int, int] = {}
        self._some = asyncio.Event()

    def put(self, user_id: int, latest_seq_id: int) -> None:
        """Remember a wake-up."""
        self._news[user_id] = max(latest_seq_id, self._news.get(user_id, 0))
        self._some.set()

    async def changed(self) -> Mapping[int, int]:
        """Wait for wake-ups and return the latest ids."""
        await self._some.wait()
        self._some.clear()
        news, self._news = self._news, {}
        return news

    def close(self) -> None:
        """End the subscription."""
        self._listeners.discard(self)
