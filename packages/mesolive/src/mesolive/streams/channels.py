"""Streaming channels: the latest item of one subscription, shared by all its followers (conflation).

The turn that makes an item hands it to the connection of each follower (`push`), whose queue keeps the newest items for
a slow client. Whoever iterates (`follow`) is woken and takes the latest item. A slow follower skips items and never
reads an old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from mesolive.errors import ServiceError
from mesolive.market.columns import QualityArray
from mesolive.market.subscriptions import SubscriptionHandle
from mesolive.trading.valuation.engine import Valuation, Wanted
from mesolive.trading.valuation.json_template import ItemTemplates
from mesolive.trading.valuation.subjects import FloatArray, Subject
from mesolive.trading.valuation.wire_items import Build
from mesolive_sdk.models import DataProviderType
from signalr_asyncio import Shared


@dataclass(frozen=True, slots=True)
class Form:
    """How a channel's subject becomes items.

    Attributes
    ----------
    wanted
        On which bases.
    greeks
        Whether any block has greeks: then a move of the underlying is a change.
    bases
        (4,) the bases on which a price's change is a change of the item.
    build
        Makes the builder of an item's fields from the subject and its values.
    type_
        The wire's model of an item.
    every
        At most one item in so many seconds; 0 for one per window. Those of the former are few and have numbers that are
        derived from the values, so they are encoded without a template.
    """

    wanted: Wanted
    greeks: bool
    bases: tuple[bool, bool, bool, bool]
    build: Callable[[Subject, Valuation], Build]
    type_: type[msgspec.Struct]
    every: float = 0.0


@dataclass(slots=True, eq=False)
class Channel:
    """The state that all followers of one subscription share.

    Attributes
    ----------
    key
        The subject, its user where it belongs to one, and the form.
    user_id
        Whose it is; `None` for market data.
    provider
        Whose quotes; `None` for those that value each entry's account.
    subject
        The legs that are valued; replaced when legs open or close.
    templates
        Write its items as JSON; made with the first item of a subject.
    item, sequence
        The latest item, and how many there were.
    sent_at
        When it was made, in seconds of the pace.
    ended, failure
        No item follows: in order, or because of an error.
    followers
        How many there are.
    number, round
        Say in which turn of a window it is valued, and in which window it had its last turn.
    loading, stale, reload
        The task that reads the subject, whether it must be read again, and the callback that requests it.
    lease
        Keeps its contracts subscribed.
    seen
        The prices (entries, 4) from which the latest item was made.
    seen_spot, seen_quality
        The underlying's price and the quality of each quote (entries,) from which it was made.
    """

    key: Hashable
    user_id: int | None
    provider: DataProviderType | None
    form: Form
    subject: Subject = field(default_factory=Subject)
    templates: ItemTemplates | None = None
    item: Shared | None = None
    sequence: int = 0
    sent_at: float = 0.0
    ended: bool = False
    failure: ServiceError | None = None
    followers: int = 0
    number: int = 0
    round: int = 0
    loading: asyncio.Task[None] | None = None
    stale: bool = False
    reload: Callable[[], None] | None = None
    lease: SubscriptionHandle | None = None
    seen: FloatArray = field(default_factory=lambda: np.empty((0, 4)))
    seen_spot: FloatArray = field(default_factory=lambda: np.empty(0))
    seen_quality: QualityArray = field(default_factory=lambda: np.empty(0, dtype=np.int8))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _puts: list[Callable[[Shared], None]] = field(default_factory=list[Callable[[Shared], None]])
    _overs: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def forget(self) -> None:
        """Count every value as changed."""
        size = len(self.subject.entries)
        self.seen, self.seen_spot = np.full((size, 4), np.nan), np.full(size, np.nan)
        self.seen_quality = np.zeros(size, dtype=np.int8)

    def publish(self, item: Shared, at: float) -> None:
        """Make `item` the latest and wake the followers."""
        self.item = item
        self.sequence += 1
        self.sent_at = at
        # A copy: a callback may end its follower, which detaches.
        for put in tuple(self._puts):
            put(item)
        self._wake()

    def end(self, failure: ServiceError | None = None) -> None:
        """End the stream of all followers after the latest item, with an error if one is given."""
        self.ended = True
        self.failure = failure
        self._over.set()
        for over in tuple(self._overs):
            over()
        self._wake()

    def _wake(self) -> None:
        # A new event for each item: one that was set and cleared would be missed by a follower that has not run yet.
        event, self._changed = self._changed, asyncio.Event()
        event.set()

    def attach(self, put: Callable[[Shared], None], over: Callable[[], None]) -> None:
        """Have `put` called with each item when it is made, and `over` at the end; `detach` must follow.

        It needs no task, for those who follow hundreds of channels.
        """
        self._puts.append(put)
        self._overs.append(over)

    def detach(self, put: Callable[[Shared], None], over: Callable[[], None]) -> None:
        """Call them no more."""
        self._puts.remove(put)
        self._overs.remove(over)

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Call `put` with the latest item at once and with each later one when it is made; return at the end.

        Raises
        ------
        ServiceError
            When the channel failed.
        """
        # No await between the two: an item that is published in between would be lost, or be sent before the older one.
        if self.item is not None:
            put(self.item)
        self._puts.append(put)
        try:
            await self._over.wait()
        finally:
            self._puts.remove(put)
        if self.failure is not None:
            raise self.failure

    async def follow(self) -> AsyncIterator[Shared]:
        """Yield the latest item at once, and each later one that is the latest when it is asked for.

        Raises
        ------
        ServiceError
            When the channel failed.
        """
        taken = 0
        while True:
            # The item before the end: a channel that ends with a last item shows it.
            if self.item is not None and self.sequence != taken:
                taken = self.sequence
                yield self.item
            elif self.ended:
                if self.failure is not None:
                    raise self.failure
                return
            else:
                await self._changed.wait()
