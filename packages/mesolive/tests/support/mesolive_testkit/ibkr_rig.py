"""Rig of the acceptance list for the provider of Interactive Brokers: over a real socket, at the double of TWS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mesolive.clock import ManualClock
from mesolive.connectors.ibkr.provider import DataConfig, IbkrProvider
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.actions import act
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.market.calendar import us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive_testkit.tws import WAIT_SECONDS, few_options

BEGIN = datetime(2024, 3, 14, 10, 0, tzinfo=ZoneInfo("America/New_York"))
NEXT_DAY = BEGIN + timedelta(days=1)
CLIENT_ID = 11
STEP = timedelta(seconds=10)


class ExchangingClock(ManualClock):
    """Market time that goes on only when what both sides of a socket have written was read."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.exchange: Callable[[], Awaitable[None]] | None = None

    async def advance(self, seconds: float) -> None:
        """Move time on, a second at a time."""
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            await super().advance(step)
            left -= step
            if self.exchange is not None:
                await self.exchange()


@dataclass
class TwsWorld:
    """A double of TWS with a provider at it."""

    folder: Path | None = None
    symbols: Sequence[str] = ("SPX",)
    settings: DoubleSettings = field(default_factory=lambda: DoubleSettings(messages_per_second=0))
    config: DataConfig = field(default_factory=lambda: DataConfig(lines=40, model_every=timedelta(seconds=5)))
    start: datetime = BEGIN
    step: timedelta = STEP
    whole_chain: bool = False
    seed: int = 3

    clock: ExchangingClock = field(init=False)
    double: TwsDouble = field(init=False)
    session: TwsSession = field(init=False)
    provider: IbkrProvider = field(init=False)

    def __post_init__(self) -> None:
        self.clock = ExchangingClock(self.start)
        self._timer = ManualClock(self.start)
        self._stack = AsyncExitStack()
        if self.whole_chain or "ES" in self.symbols:
            self.markets = Markets.simulated(self.clock, seed=self.seed, symbols=self.symbols, step=self.step)
        else:
            self.markets = few_options(self.clock, self.symbols, self.seed, self.step)
        self.double = TwsDouble(
            self.markets, self.clock, self.settings, timer=self._timer, seed=self.seed, step=self.step
        )

    async def open(self) -> None:
        """Start the double, connect the session, and make the provider, which is not started."""
        await self.markets.start()
        self._stack.push_async_callback(self.markets.stop)
        await self.double.start()
        self._stack.push_async_callback(self.double.stop)
        self.session = TwsSession(
            "data",
            "127.0.0.1",
            self.double.port,
            CLIENT_ID,
            clock=self.clock,
            timer=self._timer,
            messages_per_second=0,
        )
        await self.session.connect()
        self.provider = self.new_provider()
        self.clock.exchange = self.exchange

    def new_provider(self) -> IbkrProvider:
        """Return another provider at the session."""
        return IbkrProvider(
            self.session,
            self.symbols,
            self.folder,
            clock=self.clock,
            timer=self._timer,
            calendar=us_options_calendar(),
            config=self.config,
        )

    async def close(self) -> None:
        """End everything."""
        self.clock.exchange = None
        self.session.disconnect()
        await self._stack.aclose()

    async def exchange(self) -> None:
        """Return once both sides have read what was written."""
        if self.session.state.connected:
            await self.session.current_time()

    async def work(self, seconds: float) -> None:
        """Let TWS work on what it was asked for."""
        await self._timer.advance(seconds)
        await self.exchange()

    def act(self, action: str, **arguments: object) -> None:
        """Let something happen at the double."""
        act(self.double, action, {name: str(value) for name, value in arguments.items()})

    async def cut(self) -> None:
        """Reset the socket."""
        self.act("cut", client=CLIENT_ID)
        await self.until_true(lambda: not self.session.state.connected)

    async def restore(self) -> None:
        """Connect again."""
        await self.session.connect()

    async def until_true(self, done: Callable[[], bool]) -> None:
        """Let the loop turn until something is true."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not done():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0)

    async def chains(self) -> None:
        """Let time pass until all chains are read."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.provider.chains_are_read:
                await self.clock.advance(0.1)
                await asyncio.sleep(0.001)  # threads assemble listings

    def refuse(self, contracts: Sequence[OptionContract]) -> None:
        """End the subscriptions of contracts with 354, and refuse others."""
        for contract in contracts:
            con_id = self.provider.con_id(contract)
            self.double.gateway.faults.switch_on("not_subscribed", con_id=str(con_id))
            for subscription in self.double.data.subscriptions(CLIENT_ID):
                if subscription.legs[0][0].con_id == con_id:
                    self.double.data.cancel(subscription.client, subscription.req_id)
                    subscription.client.error(subscription.req_id, 354)
        self.double.gateway.commit()


class IbkrRig(TwsWorld):
    """The provider at the double, on forty lines, as the acceptance list wants it."""

    is_connected_to_a_broker = True

    def __init__(self, directory: Path) -> None:
        super().__init__(folder=directory / "contracts")

    async def quote_all(self) -> None:
        await self.chains()
        await self.clock.advance(12)  # forty lines are quoted, and the rest was modelled twice

    async def change(self) -> None:
        await self.clock.advance(10)

    async def until(self, moment: datetime) -> None:
        seconds = (moment - self.clock.now()).total_seconds()
        if seconds > 60:
            # Nothing happens for hours: the ticks of forty lines need not be written all the time.
            await self.cut()
            await self.provider.tasks.stop()
            await ManualClock.advance(self.clock, seconds - 30)
            await self.restore()
            self.provider.go_on()
            seconds = (moment - self.clock.now()).total_seconds()
        await self.clock.advance(seconds)

    async def fall_silent(self) -> None:
        self.double.data.broken |= {"usopt", "usfarm"}

    def revoke(self, contracts: Sequence[OptionContract]) -> bool:
        self.refuse(contracts)
        return True

    async def flood(self, count: int) -> None:
        self.act("burst", ticks=count)

    async def list_more(self) -> None:
        self.act("gap", fraction=0.25)
        await self.until(NEXT_DAY)
        await self.chains()
