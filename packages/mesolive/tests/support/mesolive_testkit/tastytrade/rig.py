"""The provider of tastytrade at the double of the broker, as the acceptance list of providers runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from mesolive.clock import ManualClock
from mesolive.connectors.tastytrade.provider import ProviderConfig, TastytradeProvider
from mesolive.doubles.tastytrade.double import TastytradeDouble
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.records import replace
from mesolive.tastytrade_client import DxLinkConfig, FeedConfig, RestApi
from mesolive_sdk.models import AgentStatus
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tastytrade.bench import QUICK_SETTINGS, client_of
from mesolive_testkit.tastytrade.sockets import until
from mesolive_testkit.tws import few_options

STEP = timedelta(seconds=10)
QUICK = ProviderConfig(
    strikes=10.0,
    flush_seconds=0.01,
    start_seconds=60.0,
    still_seconds=30.0,
    quiet_seconds=3600.0,
    miss_seconds=0.01,
    feed=FeedConfig(
        connection=DxLinkConfig(
            connect_seconds=60.0, action_seconds=60.0, aggregation_seconds=0.0, frame_pause_seconds=0.0
        ),
        first_pause_seconds=0.02,
        max_pause_seconds=0.02,
    ),
)
QUIET_SECONDS = 0.15


class TastytradeRig:
    """The provider, the double behind it, and what its tests do to the double."""

    is_connected_to_a_broker = True

    def __init__(self, directory: Path, begin: datetime) -> None:
        del directory
        self._leaping = JumpingClock(begin)
        self.clock: ManualClock = self._leaping
        self._markets = few_options(self.clock, ("SPX",), seed=3, step=STEP)
        self.double = TastytradeDouble(self._markets, self.clock, QUICK_SETTINGS, step=STEP)
        self.quoted = _DoubledProvider(self)
        self.provider: Provider = self.quoted

    async def start_double(self) -> RestApi:
        await self._markets.start()
        await self.double.start()
        self.transport = client_of(self.double)
        return RestApi(self.transport)

    async def stop_double(self) -> None:
        await self.transport.close()
        await self.double.stop()
        await self._markets.stop()

    async def arrived(self) -> None:
        """Wait until what the double has sent is in the book, and nothing more comes."""
        book = self.provider.books["SPX"]
        version = -1
        async with asyncio.timeout(60):
            while version != book.version or not self._is_all_taken():
                version = book.version
                await asyncio.sleep(QUIET_SECONDS)

    def _is_all_taken(self) -> bool:
        """Return whether the double has every subscription, and the book every frame.

        Silence alone is no evidence: it may be that of a busy machine.
        """
        feed, server = self.quoted.feed, self.double.market_data
        if self.provider.status.state is not AgentStatus.Connected:
            return True
        if feed.pending or server.subscriptions != feed.subscribed:
            return False
        return feed.frames == server.frames and self.quoted.is_flushed

    async def open(self) -> None:
        """Do nothing: the double starts with the provider."""

    async def close(self) -> None:
        """Do nothing: the double ends with the provider."""

    async def quote_all(self) -> None:
        await self.change()

    async def until(self, moment: datetime) -> None:
        await self._leaping.jump(moment, lambda: None)
        await self.clock.advance(0)
        await self.arrived()

    async def change(self) -> None:
        await self.clock.advance(STEP.total_seconds())
        await self.arrived()

    async def cut(self) -> None:
        self.double.faults.switch_on("feed_upgrade_refused")
        self.double.market_data.cut_all()
        await until(lambda: self.provider.status.state is not AgentStatus.Connected)

    async def restore(self) -> None:
        self.double.faults.switch_off("feed_upgrade_refused")
        await until(lambda: self.provider.status.state is AgentStatus.Connected)

    async def fall_silent(self) -> None:
        self.double.faults.switch_on("feed_silent")
        await self.arrived()

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        del contracts
        return False

    async def flood(self, count: int) -> None:
        market = self._markets.provider("SPX")
        assert isinstance(market, SimulatedProvider)
        for number in range(count // 20):
            market.gap(0.0002 if number % 2 else -0.0002)
            self.double.market_data.step()

    async def list_more(self) -> None:
        """Let the exchange list new strikes, and ask for one of them: the chain is read again on a miss."""
        market = self._markets.provider("SPX")
        assert isinstance(market, SimulatedProvider)
        market.gap(0.25)
        day = us_options_calendar().next_trading_day(self.clock.now().date())
        opening = us_options_calendar().session(day)
        assert opening is not None
        await self.until(opening[0] + timedelta(minutes=30))
        await self.change()
        listing = market.books["SPX"].listing
        known = self.provider.books["SPX"].listing
        new = next(
            listing.contract(place) for place in range(len(listing)) if known.find(listing.contract(place)) is None
        )
        self.provider.subscribe([new])
        await until(lambda: self.provider.books["SPX"].listing.find(new) is not None)


class _DoubledProvider(TastytradeProvider):
    """The provider, whose double starts and stops with it."""

    def __init__(self, rig: TastytradeRig) -> None:
        self._rig = rig
        self._is_running = False
        api = RestApi(client_of(rig.double))  # replaced at the start, when the double has its port
        super().__init__(api, ["SPX"], rig.clock, us_options_calendar(), replace(QUICK))

    @property
    def is_flushed(self) -> bool:
        """Whether all events that have come are in the books."""
        return not self._data.is_set()

    async def start(self) -> None:
        self._api = await self._rig.start_double()
        self._is_running = True
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        if self._is_running:
            self._is_running = False
            await self._rig.stop_double()
