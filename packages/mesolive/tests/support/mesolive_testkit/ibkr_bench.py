"""Bench of the acceptance matrix for the venue of Interactive Brokers: the connector's venue at the double of TWS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from mesolive.clock import ManualClock
from mesolive.connectors.ibkr.order_entry import EntryRules
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.venue import IbkrVenue
from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.actions import act
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive.doubles.tws.wire_contract import ContractQuery
from mesolive.market.calendar import NEW_YORK, us_options_calendar
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.market.settlement import settlement_price
from mesolive.venues.base import VenueLeg
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.tws import few_options
from mesolive_testkit.venues.benches import ACCOUNT, Bench

CLIENT_ID = 10
AFTER_THE_CLOSE = time(16, 16)


@dataclass
class IbkrBench(Bench):
    """The venue of Interactive Brokers, and the double of TWS that it trades at."""

    markets: Markets = field(kw_only=True)
    timer: ManualClock = field(kw_only=True)
    rules: EntryRules = field(default_factory=EntryRules)
    double: TwsDouble = field(init=False)
    session: TwsSession = field(init=False)

    @classmethod
    def made(cls, directory: Path, start: datetime, symbols: Sequence[str] = ("SPX",)) -> IbkrBench:
        """Return a bench that is not open yet."""
        clock = JumpingClock(start)
        markets = few_options(clock, symbols, seed=7, step=timedelta(seconds=1))
        market = Market([markets.provider(symbol) for symbol in symbols])
        return cls(directory, market, clock, symbols[0], 5, markets=markets, timer=ManualClock(start))

    async def open(self) -> None:
        self.directory.mkdir(exist_ok=True)
        settings = DoubleSettings(
            accounts=(ACCOUNT,),
            messages_per_second=0,
            state_path=self.directory / "tws.json",
        )
        self.double = TwsDouble(self.markets, self.clock, settings, timer=self.timer)
        await self.double.start()
        self.double.faults.switch_on("partial_fills", quantity=2)
        await self.open_venue()

    async def open_venue(self) -> None:
        """Start the venue alone, and connect it."""
        self.session = TwsSession(
            "orders",
            "127.0.0.1",
            self.double.port,
            CLIENT_ID,
            clock=self.clock,
            timer=self.timer,
            messages_per_second=0,
        )
        self.venue = IbkrVenue(
            self.session,
            self.directory,
            clock=self.clock,
            timer=self.timer,
            prices=self._settlement,
            rules=self.rules,
        )
        await self.venue.start()
        await self.session.connect()

    async def close_venue(self) -> None:
        """Stop the venue alone, as a server that ends."""
        await self.venue.stop()
        self.session.disconnect()

    async def close(self) -> None:
        await self.close_venue()
        await self.double.stop()

    async def restart(self) -> None:
        await self.close()
        await self.open()

    async def close_of_session(self) -> None:
        """Let the options' session end, a quarter of an hour after that of the shares."""
        await super().close_of_session()
        day = self.clock.now().astimezone(NEW_YORK).date()
        await self.to(datetime.combine(day, AFTER_THE_CLOSE, NEW_YORK).astimezone(UTC))

    async def settled(self, settles_at: datetime) -> None:
        """Let the night pass in which IB settles, and let the venue look twice."""
        day = settles_at.astimezone(NEW_YORK).date() + timedelta(days=1)
        await self.to(
            datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC) + timedelta(hours=6, minutes=5)
        )
        await self.look_twice()

    async def night(self) -> None:
        await self.settled(self.clock.now())

    async def look_twice(self) -> None:
        """Let the venue read its positions twice, more than half a minute apart."""
        for _ in range(3):
            await self.timer.advance(61)
            async with asyncio.timeout(60):
                await self.session.positions()
                await self.session.current_time()

    def work(self) -> None:
        """Do nothing: IB ends orders by itself."""

    async def trade_by_hand(self) -> None:
        """Trade one contract in TWS' window: the double has no combos by hand."""
        leg = self.legs()[0]
        arguments = {"account": ACCOUNT, "con_id": str(self.con_id(leg.contract)), "quantity": str(leg.ratio)}
        act(self.double, "order_by_hand", arguments)
        await self.tick()

    async def exercise_early(self, contract: OptionContract, qty: Decimal) -> None:
        await self.look_twice()
        act(
            self.double,
            "assign",
            {"account": ACCOUNT, "con_id": str(self.con_id(contract)), "quantity": str(qty)},
        )
        await self.look_twice()

    def american(self) -> IbkrBench:
        """Return a bench that trades options on shares."""
        return IbkrBench.made(self.directory / "american", self.clock.now(), ("SPY",))

    def expiring(self, root: str) -> tuple[VenueLeg, ...]:
        return super().expiring(self.underlying if self.underlying != "SPX" else root)

    def con_id(self, contract: OptionContract) -> int:
        """Return the conId that the double gives a contract."""
        query = ContractQuery(
            symbol=contract.underlying,
            sec_type="OPT",
            trading_class=contract.root,
            right=contract.right.value,
            strike=contract.strike,
        )
        for instrument in self.double.gateway.instruments.find(query, self.clock.now()):
            if instrument.option == contract:
                return instrument.con_id
        raise LookupError(str(contract))

    def _settlement(self, contract: OptionContract, settles_at: datetime) -> Decimal | None:
        book = self.markets.book(contract.underlying)
        return settlement_price(book, us_options_calendar(), contract, settles_at, self.clock.now())


@asynccontextmanager
async def opened(
    directory: Path, start: datetime, rules: EntryRules | None = None, symbols: Sequence[str] = ("SPX",)
) -> AsyncGenerator[IbkrBench]:
    """Run a bench whose orders are filled whole."""
    bench = IbkrBench.made(directory, start, symbols)
    if rules is not None:
        bench.rules = rules
    await bench.market.start()
    await bench.open()
    bench.double.faults.switch_off("partial_fills")
    try:
        yield bench
    finally:
        await bench.close()
        await bench.market.stop()


async def until(bench: IbkrBench, done: Callable[[], bool], *, timer: bool = False) -> None:
    """Let the loop turn, and the timer go on where asked for, until something is true."""
    for turn in range(3000):
        if done():
            return
        await asyncio.sleep(0.001)
        if timer and turn % 20 == 19:
            await bench.timer.advance(1)
    raise AssertionError("it did not happen")


def received(bench: IbkrBench, reference: str) -> int:
    """Return how often the double has received an order of a reference."""
    return sum(entry["order_ref"] == reference for entry in bench.double.truth.of("order_received"))
