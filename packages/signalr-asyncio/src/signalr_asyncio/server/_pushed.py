"""Pushed streams: a source hands each item to many connections at once, and no task of a connection has to wake."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PushedItems(ABC, Generic[T]):
    """What a streaming hub method may return in place of an async iterator.

    An async iterator wakes the task of its stream for each item. A source with a thousand followers does better to
    call each follower's `put`: a `Shared` item is then encoded once and queued in each connection, and all of it goes
    out together.
    """

    @abstractmethod
    async def push(self, put: Callable[[T], None]) -> None:
        """Hand over items until the stream ends.

        It runs in the stream's task: what it raises ends the stream with an error, and when the client cancels the
        stream or leaves, it is cancelled.

        Parameters
        ----------
        put
            Queues an item; may be called from any task of the loop, never waits and never raises. An item that cannot
            be encoded ends the stream with an error. With `latest_only` the oldest waiting items make room; without it
            a client that reads too slowly loses its connection once `maximum_outgoing_bytes` wait.
        """
