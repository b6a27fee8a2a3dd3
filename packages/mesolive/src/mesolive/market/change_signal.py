"""Change notification with conflation: a slow reader sees only the latest change, and the writer never waits."""

from __future__ import annotations

import asyncio
import weakref
from types import TracebackType
from typing import Self


class Subscription:
    """An async iterator of versions. A slow reader receives the newest version once, not each missed one.

    Use it as `async with signal.subscribe() as changes: async for version in changes`, or close it. One reader per
    subscription.
    """

    def __init__(self, signal: ChangeSignal) -> None:
        self._signal = signal
        self._seen = signal.version
        self._woken = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> int:
        while not self._closed:
            if self._signal.version != self._seen:
                self._seen = self._signal.version
                return self._seen
            self._woken.clear()
            await self._woken.wait()
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wake(self) -> None:
        """Let the reader look at the version again."""
        self._woken.set()

    def close(self) -> None:
        """End the iteration; a waiting reader stops."""
        self._closed = True
        self._signal.forget(self)
        self._woken.set()


class ChangeSignal:
    """A version number that others can wait for. Belongs to one event loop; not for threads.

    Subscriptions are weakly referenced: a dropped one is removed by garbage collection.
    """

    def __init__(self) -> None:
        self.version = 0
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()
        self._followers: list[ChangeSignal] = []

    def bump(self) -> None:
        """Count one change and wake the readers, those of followers too."""
        self.version += 1
        for subscription in list(self._subscriptions):
            subscription.wake()
        for follower in self._followers:
            follower.bump()

    def subscribe(self) -> Subscription:
        """Return a subscription that yields every later version, the newest only."""
        subscription = Subscription(self)
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Drop a subscription that was closed."""
        self._subscriptions.discard(subscription)

    def lead(self, follower: ChangeSignal) -> None:
        """Bump `follower` whenever this signal is bumped."""
        self._followers.append(follower)

    def release(self, follower: ChangeSignal) -> None:
        """Bump `follower` no more; one that was not led is left alone."""
        if follower in self._followers:
            self._followers.remove(follower)
