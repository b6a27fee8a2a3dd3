"""A market day at the double of TWS: see `broker_day`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from mesolive.backtest.runner import StepClock
from mesolive.clock import MonotonicClock
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.venue import IbkrVenue
from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.double import TwsDouble
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.broker_crash.drivers import BrokerTruth
from mesolive_testkit.broker_crash.ibkr import truth_of
from mesolive_testkit.broker_day import CASH, EVERY

ACCOUNT = "DU1234567"


@dataclass
class Ibkr:
    """The double of TWS and IB's venue; implements `Broker`."""

    double: TwsDouble
    session: TwsSession
    venue: IbkrVenue
    account: str = ACCOUNT

    def step(self) -> None:
        self.double.step()

    async def heard(self) -> None:
        """Wait until everything that was written before is read."""
        await self.session.current_time()

    def filled(self) -> int:
        """Return how many executions of contracts there were."""
        return sum(not execution.of_bag for execution in self.double.state.executions)

    def truth(self) -> BrokerTruth:
        return truth_of(self.double, ACCOUNT)


@asynccontextmanager
async def ibkr(directory: Path, clock: StepClock, markets: Markets) -> AsyncGenerator[Ibkr]:
    """Run the double of TWS, and connect IB's venue to it."""
    # The autopilot concedes half of the half spread at most, and TWS rounds each leg against the trader.
    settings = DoubleSettings(accounts=(ACCOUNT,), cash=CASH, messages_per_second=0, slippage=Decimal("0.25"))
    double = TwsDouble(markets, clock, settings, step=EVERY)
    timer = MonotonicClock()
    await double.start()
    try:
        session = TwsSession("orders", "127.0.0.1", double.port, 10, clock=clock, timer=timer, messages_per_second=0)
        await session.connect()
        try:
            venue = IbkrVenue(session, directory, clock=clock, timer=timer, prices=lambda _contract, _settles_at: None)
            yield Ibkr(double, session, venue)
        finally:
            session.disconnect()
    finally:
        await double.stop()
