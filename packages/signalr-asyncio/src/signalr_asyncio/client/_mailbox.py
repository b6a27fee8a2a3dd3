"""Bounded queue with back-pressure between a connection's reader and one consumer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A bounded queue that pauses its producer when full and resumes it when there is room again.

    Parameters
    ----------
    capacity
        Items kept before the filler pauses, or before the oldest go.
    latest_only
        Drop the oldest item instead of pausing the filler.
    made_room
        Called when the consumer took so much that a paused filler may go on.
    """

    __slots__ = (
        "capacity",
        "dropped",
        "ended",
        "error",
        "items",
        "latest_only",
        "made_room",
        "paused",
        "taken",
        "waiter",
    )

    def __init__(self, capacity: int, made_room: Callable[[], None], *, latest_only: bool = False) -> None:
        if capacity < 1:
            raise ValueError(f"a buffer holds at least one item, not {capacity}")
        self.items: deque[T] = deque()
        self.capacity = capacity
        self.latest_only = latest_only
        self.made_room = made_room
        self.paused = False
        self.ended = False
        self.error: Exception | None = None
        self.dropped = 0
        self.taken = 0
        self.waiter: asyncio.Future[None] | None = None

    def put(self, item: T) -> bool:
        """Add an item; return whether the filler should pause."""
        items = self.items
        if self.latest_only and len(items) >= self.capacity:
            items.popleft()
            self.dropped += 1
        items.append(item)
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        return not self.latest_only and len(items) >= self.capacity

    def end(self, error: Exception | None = None) -> None:
        """Let the consumer take what is there, and then end, with `error` if there is one. The first end counts."""
        if self.ended:
            return
        self.ended = True
        self.error = error
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
        self.made_room()

    def discard(self) -> None:
        """Discard the queued items."""
        self.items.clear()
        self.end()

    async def get(self) -> T:
        """Take the next item.

        Raises
        ------
        StopAsyncIteration
            When all is taken and the end came without an error.
        Exception
            The error of the end, once; then StopAsyncIteration.
        """
        items = self.items
        while not items:
            if self.ended:
                error, self.error = self.error, None
                if error is not None:
                    raise error
                raise StopAsyncIteration
            if self.waiter is not None:
                raise RuntimeError("only one task at a time may take from this")
            self.waiter = asyncio.get_running_loop().create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None
        return self.take()

    def take(self) -> T:
        """Take the next item, of which there must be one."""
        item = self.items.popleft()
        self.taken += 1
        if self.paused and len(self.items) <= self.capacity // 2:
            self.paused = False
            self.made_room()
        return item
