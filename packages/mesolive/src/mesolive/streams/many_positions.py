"""One stream of many positions: what a table of positions follows, in place of a stream for each row.

Each position keeps a channel of its own, shared by all who follow it in this way: its item is made and encoded once,
however many streams send it. The stream itself counts once against its user's `max_streams`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from mesolive.errors import validation
from mesolive.streams.channels import Channel
from mesolive.streams.sources import StreamSource
from mesolive_sdk import models
from signalr_asyncio import Shared

MAX_POSITIONS = 500
"""Positions of one stream at most."""


class Channels(Protocol):
    """Where channels are followed; `mesolive.streams.service.Streams` is one."""

    def join(self, source: StreamSource) -> Channel:
        """Follow a source; `leave` must follow."""
        ...

    def leave(self, channel: Channel) -> None:
        """Follow it no more."""
        ...


def check_many(args: models.StreamPositionsDataArgs) -> None:
    """Raise `ValidationError` for a request of no positions or of too many."""
    count = len(args.PositionIds)
    if not 1 <= count <= MAX_POSITIONS:
        raise validation({"PositionIds": [f"must name 1 to {MAX_POSITIONS} positions; {count} are named"]})


class ManyPositions:
    """The stream of many positions: at most the latest item of each waits for the client.

    A client that reads slowly misses items of a position and never a position: an item takes the place of the one of
    the same position that waits, and keeps its turn, so that positions which change often push out no others.

    Parameters
    ----------
    channels
        Where its positions' channels are.
    sources
        One for each position.
    """

    def __init__(self, channels: Channels, sources: Sequence[StreamSource]) -> None:
        self._channels = channels
        self._sources = sources

    async def items(self) -> AsyncGenerator[Shared]:
        """Yield the latest item of each position at once and when it changes, until all positions are closed.

        Raises
        ------
        ServiceError
            When none of the positions can be read, such as `NotFound`; one that cannot be read has no items, for those
            who look at a table of positions want to see the others.
        """
        followed: list[_Followed] = []
        turns = _Turns()
        try:
            # Those that were joined before one is refused are left again.
            followed.extend(_Followed(self._channels.join(source), turns) for source in self._sources)
            while True:
                while turns.waiting:
                    channel = next(iter(turns.waiting))
                    del turns.waiting[channel]
                    if channel.item is not None:
                        yield channel.item
                if all(each.channel.ended for each in followed):
                    break
                await turns.next()
            failures = [each.channel.failure for each in followed]
            if failures[0] is not None and None not in failures:
                raise failures[0]
        finally:
            for each in followed:
                each.close()
                self._channels.leave(each.channel)


class _Turns:
    """The channels whose latest item waits, in the order in which they have begun to wait."""

    def __init__(self) -> None:
        self.waiting: dict[Channel, None] = {}
        self._changed = asyncio.Event()

    def add(self, channel: Channel) -> None:
        """Let a channel wait; one that waits keeps its turn."""
        self.waiting[channel] = None
        self._changed.set()

    def wake(self) -> None:
        """Have `next` return: a channel has ended."""
        self._changed.set()

    async def next(self) -> None:
        """Return when a channel waits or has ended."""
        await self._changed.wait()
        self._changed.clear()


class _Followed:
    """One channel of the stream; `close` must follow."""

    def __init__(self, channel: Channel, turns: _Turns) -> None:
        self.channel = channel
        self._turns = turns
        channel.attach(self._put, turns.wake)
        if channel.item is not None:
            turns.add(channel)

    def close(self) -> None:
        """Follow the channel no more."""
        self.channel.detach(self._put, self._turns.wake)

    def _put(self, _item: Shared) -> None:
        self._turns.add(self.channel)
