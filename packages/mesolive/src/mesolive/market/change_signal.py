"""Change notification with conflation: a slow reader sees only the latest change, and the writer never waits."""

from __future__ import annotations

import asyncio
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
            self._signal.wake_next(self)
            try:
                await self._woken.wait()
            finally:
                self._signal.forget(self)
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wake(self) -> None:
        """Wake the reader, so that it reads the version again."""
        self._woken.set()

    def close(self) -> None:
        """End the iteration; a waiting reader stops."""
        self._closed = True
        self._signal.forget(self)
        self._woken.set()


class ChangeSignal:
    """A version number that others can wait for. Belongs to one event loop; not for threads.

    A signal knows those readers only that wait at the moment: one that still handles an earlier change looks at the
    version itself. Most of ten thousand ticks a second find no waiter.
    """

    def __init__(self) -> None:
        self.version = 0
        self._waiting: set[Subscription] = set()
        self._followers: list[ChangeSignal] = []

    def bump(self) -> None:
        """Count one change and wake the readers, those of followers too."""
        self.version += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, set()
            for subscription in waiting:
                subscription.wake()
        for follower in self._followers:
            follower.bump()

    def subscribe(self) -> Subscription:
        """Return a subscription that yields every later version, the newest only."""
        return Subscription(self)

    def wake_next(self, subscription: Subscription) -> None:
        """Wake a reader at the next change."""
        self._waiting.add(subscription)

    def forget(self, subscription: Subscription) -> None:
        """Wake a reader no more: it has been woken, has stopped waiting, or is closed."""
        self._waiting.discard(subscription)

    def lead(self, follower: ChangeSignal) -> None:
        """Bump `follower` whenever this signal is bumped."""
        self._followers.append(follower)

    def release(self, follower: ChangeSignal) -> None:
        """Bump `follower` no more; one that was not led is left alone."""
        if follower in self._followers:
            self._followers.remove(follower)
