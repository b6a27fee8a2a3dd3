"""Streams of chain windows: strikes around the money of one expiration, at most one item a second.

Followers of the same window share its items: it is read once per version of the book. Like `GetChain` it asks no
provider for more than the quote book has.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.trading.valuation.chain_windows import ChainWindows
from mesolive_sdk import models
from signalr_asyncio import Shared

SECONDS = 1.0
KEEP_ALIVE = 15.0


@dataclass(slots=True)
class _Window:
    """A window that is followed: its latest item, when it was made, and the version of the book that it shows."""

    followers: int = 0
    version: int | None = None
    made_at: datetime | None = None
    item: Shared | None = None


class ChainStreams:
    """Streams windows of chains.

    Parameters
    ----------
    market
        The quotes.
    pace
        Real time.
    """

    def __init__(self, market: Market, pace: Clock) -> None:
        self._market = market
        self._pace = pace
        self._chains = ChainWindows(market)
        self._windows: dict[Hashable, _Window] = {}

    def follow(self, user: UserContext, args: models.StreamChainDataArgs) -> ChainStream:
        """Return the stream of a window; its first item raises `ServiceError` as `GetChain` does."""
        return ChainStream(self, user, args)

    async def push(self, user: UserContext, args: models.StreamChainDataArgs, put: Callable[[Shared], None]) -> None:
        """Call `put` with the latest item, and with each later one, until cancelled."""
        key = msgspec.structs.astuple(args)
        window = self._windows.setdefault(key, _Window())
        window.followers += 1
        sent: Shared | None = None
        try:
            while True:
                item = await self._latest(user, args, window)
                if item is not sent:
                    put(item)
                    sent = item
                await self._pace.sleep(SECONDS)
        finally:
            window.followers -= 1
            if window.followers == 0:
                self._windows.pop(key, None)

    async def _latest(self, user: UserContext, args: models.StreamChainDataArgs, window: _Window) -> Shared:
        version, now = self._version(args), self._pace.now()
        # Read anew after a while also where no quote has changed: that they stand still makes them stale.
        old = window.made_at is None or (now - window.made_at).total_seconds() >= KEEP_ALIVE
        if window.item is None or old or version is None or version != window.version:
            chain = await self._chains.window(user, args)
            names = models.GetChainResult.__struct_fields__
            window.item = Shared(models.ChainDataEntry(**{name: getattr(chain, name) for name in names}))
            window.version, window.made_at = version, now
        return window.item

    def _version(self, args: models.StreamChainDataArgs) -> int | None:
        try:
            return self._market.view(args.Symbol, args.DataProvider).version
        except (UnknownUnderlyingError, UnknownProviderError):
            return None


class ChainStream:
    """The stream of a window, to have pushed into connections.

    Parameters
    ----------
    streams
        Where its items come from.
    user, args
        Who follows which window.
    """

    def __init__(self, streams: ChainStreams, user: UserContext, args: models.StreamChainDataArgs) -> None:
        self._streams = streams
        self._user = user
        self._args = args

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Call `put` with each item until the stream ends."""
        await self._streams.push(self._user, self._args, put)
