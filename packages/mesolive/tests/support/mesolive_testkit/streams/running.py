"""The streams over a market that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from mesolive.access.context import UserContext
from mesolive.clock import ManualClock
from mesolive.journal.bus import LocalBus
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.dividends import DividendSchedule
from mesolive.market.service import Market
from mesolive.streams.service import Streams
from mesolive_sdk import wire
from mesolive_testkit.market import Chain, ObedientProvider, flat_chain
from mesolive_testkit.streams.positions import FakePositions
from signalr_asyncio import JsonHubProtocol, Shared
from signalr_asyncio.protocol import StreamItem

T = TypeVar("T")

DAY = date(2024, 4, 19)
JSON = JsonHubProtocol(enc_hook=wire.enc_hook)


def contract(right: Right, strike: int, day: date = DAY, root: str = "SPXW") -> OptionContract:
    """Return a contract of `flat_chain`."""
    return OptionContract("SPX", root, day, right, Decimal(strike))


async def settled() -> None:
    """Let every task that can go on do so: a window of a hundred streams pauses for some turns after every few."""
    for _ in range(200):
        await asyncio.sleep(0)


def item(shared: Shared, type_: type[T]) -> T:
    """Return an item as a client reads it from JSON."""
    record = JSON.encode(StreamItem("1", shared))
    (message,) = JSON.parser(None).feed(record)
    assert isinstance(message, StreamItem)
    return wire.decode_reply(message.item, type_, "json") if isinstance(message.item, bytes) else decode(message, type_)


def decode(message: StreamItem, type_: type[T]) -> T:
    """Decode a parsed item."""
    payload: Any = message.item
    return payload.decode(type_)


def field(model: Any, path: str) -> Any:
    """Return what lies at a dotted path of attributes and keys."""
    for name in path.split("."):
        model = model[int(name)] if name.isdigit() else getattr(model, name)
    return model


@dataclass
class Running:
    """The streams and what they stand on."""

    chain: Chain
    provider: ObedientProvider
    market: Market
    positions: FakePositions
    bus: LocalBus
    pace: ManualClock
    streams: Streams
    user: UserContext

    def quote(self, traded: OptionContract, bid: float, ask: float) -> None:
        """Change a quote at the market's present moment."""
        index = self.chain.listing.find(traded)
        assert index is not None
        self.chain.book.update(self.chain.clock.now(), index, {"bid": bid, "ask": ask})

    async def window(self, seconds: float = 0.1) -> None:
        """Let real time pass and everything that follows from it happen."""
        await settled()
        await self.pace.advance(seconds)
        await settled()

    async def tell(self, user_id: int = 1) -> None:
        """Announce that a user's positions changed."""
        self.bus.publish(user_id, 1)
        await settled()


@asynccontextmanager
async def running(
    positions: FakePositions | None = None,
    *,
    chain: Chain | None = None,
    dividends: Mapping[str, DividendSchedule] | None = None,
    **options: Any,
) -> AsyncGenerator[Running]:
    """Run streams over a chain, by default `flat_chain`, whose clock and pace stand still."""
    chain = flat_chain() if chain is None else chain
    provider = ObedientProvider(chain.book)
    market = Market([provider], dividends=dividends)
    await market.start()
    bus = LocalBus()
    pace = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
    source = positions if positions is not None else FakePositions()
    # No turn takes any time of the processor unless a test says so: windows are widened where turns take long.
    options.setdefault("processor_time", lambda: 0.0)
    streams = Streams(source, market, bus, chain.clock, pace=pace, **options)
    try:
        yield Running(chain, provider, market, source, bus, pace, streams, UserContext(1, "trader", "key"))
    finally:
        await streams.close()
        await market.stop()
