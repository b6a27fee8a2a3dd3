"""Invocation slots: limits the concurrent calls of one connection and queues the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")


class SlotHolder(Protocol):
    """A running call that occupies a slot of its connection."""

    def lend_slot(self) -> None:
        """Free the slot while the call waits for a client."""
        ...

    async def reclaim_slot(self) -> None:
        """Wait until the call has its slot again; one that is cancelled meanwhile goes on without."""
        ...


# A context variable, because a hub method may wait for the client in tasks of its own (`asyncio.gather`).
current_holder: ContextVar[SlotHolder | None] = ContextVar("signalr_asyncio_slot_holder", default=None)


async def without_slot(work: Awaitable[T]) -> T:
    """Await `work`; the slot of the call that runs here is free meanwhile.

    A client may have to call the hub before it can answer. With the default limit of one call that call would wait for
    the slot, and the slot for the client.
    """
    holder = current_holder.get()
    if holder is None:
        return await work
    holder.lend_slot()
    try:
        return await work
    finally:
        # After a cancellation too: a method may handle it and go on. A second one ends this wait.
        await holder.reclaim_slot()


class Slots:
    """Counts the slots in use, and remembers the calls that lent theirs and want it back.

    Parameters
    ----------
    limit
        How many calls run at once.
    begin_next
        Begins the call that waits next, on the slot that is free; returns False when no call waits.
    """

    __slots__ = ("_begin_next", "in_use", "limit", "returning")

    def __init__(self, limit: int, begin_next: Callable[[], bool]) -> None:
        self.limit = limit
        self.in_use = 0
        """How many are in use; `Calls` counts itself where no call waits, since a call more would be felt."""
        # Most connections never wait for a client: they need no queue.
        self.returning: deque[asyncio.Future[None]] | None = None
        self._begin_next = begin_next

    def release(self) -> None:
        """Pass a slot on: to calls that want theirs back, then to those that have not begun."""
        returning = self.returning
        while returning:
            waiter = returning.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        if not self._begin_next():
            self.in_use -= 1

    async def reclaim(self) -> None:
        """Take a slot, waiting for it if need be."""
        if self.in_use < self.limit:
            self.in_use += 1
            return
        if self.returning is None:
            self.returning = deque()
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.returning.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # The slot arrived in the same turn of the loop as the cancellation, and has no other owner.
                self.release()
            raise
