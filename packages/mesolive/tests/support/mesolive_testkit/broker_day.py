"""A market day at the double of a broker at full speed: a server with the broker's venue, the autopilot on its account.

`ibkr_day` and `tastytrade.day` are the brokers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Protocol

import msgspec

from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.backtest.moments import moments, scheduled, steps
from mesolive.backtest.runner import StepClock
from mesolive.backtest.trading import UNDISTURBED
from mesolive.doubles.markets import Markets
from mesolive.language import parse_definition
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.market.trading_hours import trading_hours
from mesolive.records import replace
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.store.tables.trading import accounts
from mesolive.trading.execution.risk_limits import UNLIMITED, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.venues.base import Venue
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.automation import POLICIES, Autopilot, Memory, Notice, Orders
from mesolive_testkit.broker_crash.drivers import BrokerTruth
from mesolive_testkit.paths import DOCS
from mesolive_testkit.signals import Json
from mesolive_testkit.venues.crash_checks import Books, books_of

CASH = Decimal(10_000_000)
EVERY = timedelta(minutes=5)
BOOKED_SECONDS = 60.0
MONDAY = date(2026, 1, 5)
ENTERS_ON = {
    "ratio-with-protective-leg": date(2026, 1, 6),
    "vega-hedged-theta": date(2026, 1, 7),
    "broken-wing-butterfly": date(2026, 1, 9),
}
"""A day of each example's schedule, where that has no Mondays."""
EXAMPLES = sorted((DOCS / "strategies").glob("*.json"))


class Broker(Protocol):
    """The double of a broker, and the venue that trades at it."""

    @property
    def account(self) -> str:
        """The account that is traded."""
        ...

    @property
    def venue(self) -> Venue:
        """The venue; the server starts and stops it."""
        ...

    def step(self) -> None:
        """Let the double look at its market."""
        ...

    async def heard(self) -> None:
        """Wait until the venue has received what was sent before, where it can know."""
        ...

    def filled(self) -> int:
        """Return how many fills of legs the books will have."""
        ...

    def truth(self) -> BrokerTruth:
        """Return what the double did."""
        ...


Opened = Callable[[Path, StepClock, Markets], AbstractAsyncContextManager[Broker]]


@dataclass
class BrokerDay:
    """A server whose account is at the double of a broker.

    Attributes
    ----------
    notices
        What the autopilot reported.
    """

    application: Application
    broker: Broker
    clock: StepClock
    control: MesoLiveControlHubClient
    pilot: Autopilot
    events: MesoLiveEventHubClient
    notices: list[Notice] = field(default_factory=list[Notice])

    async def trade(self, definition: Json) -> None:
        """Trade a strategy over the day that the clock is at the beginning of."""
        made = models.CreateStrategyArgs(StrategyDefinition=definition, ActiveOnAccounts=[self.broker.account])
        await self.control.create_strategy(made)
        calendar = us_options_calendar()
        session = calendar.session(calendar.local(self.clock.now()).date())
        assert session is not None
        instants = scheduled(parse_definition(definition), calendar, *session).all
        hours = trading_hours("SPX", calendar)
        for moment, until in steps(list(moments(hours, *session, int(EVERY.total_seconds()), instants)), hours):
            await self.clock.leap(moment)
            await self.settle()
            await self.application.signals.evaluate()
            await self.pilot.catch_up()
            while True:
                await self.settle()
                await self.pilot.catch_up()
                due = self.pilot.due
                if due is None or due >= until:
                    break
                await self.clock.leap(max(due, self.clock.now()))

    async def settle(self) -> None:
        """Let the double look at its market, and wait until the books have what it filled."""
        self.broker.step()
        await self.broker.heard()
        await self.application.desk.wait_idle()
        async with asyncio.timeout(BOOKED_SECONDS):
            while len(await self._booked()) < self.broker.filled():
                await asyncio.sleep(0.002)  # the venue gathers a fill from its legs, and the server books it
                await self.application.desk.wait_idle()

    async def books(self) -> Books:
        """Return what the books say."""
        return await books_of(self.application.database)

    def truth(self) -> BrokerTruth:
        """Return what the double did."""
        return self.broker.truth()

    async def errors(self) -> list[str]:
        """Return the problems that were reported."""
        page = await self.events.get_events_since(models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=1000))
        events = [envelope.Event for envelope in page.Events]
        return [f"{event.EventTime:%H:%M} {event.Message}" for event in events if isinstance(event, models.ErrorEvent)]

    async def _booked(self) -> list[object]:
        return list((await self.books()).booked)


def read_example(strategy: Path) -> tuple[Json, Path]:
    """Return an example, and the file of its external data, where it reads any."""
    definition = msgspec.json.decode(strategy.read_bytes(), type=Json)
    data = strategy.with_suffix(".csv")
    if data.exists():
        definition["ExternalData"]["CsvUrl"] = data.as_uri()
    return definition, data


@asynccontextmanager
async def broker_day(
    opened: Opened, directory: Path, day: date, external_folder: Path | None = None
) -> AsyncGenerator[BrokerDay]:
    """Run a server with a broker's venue at its double, both on one simulated market."""
    session_of_day = us_options_calendar().session(day)
    assert session_of_day is not None
    clock = StepClock(session_of_day[0])
    markets = Markets.simulated(clock, seed=1, symbols=("SPX",), step=EVERY)
    notices: list[Notice] = []
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(opened(directory, clock, markets))
        application = await stack.enter_async_context(
            serving(
                Settings(
                    port=0, database=f"sqlite:///{directory / 'mesolive.sqlite3'}", external_folder=external_folder
                ),
                Overrides(
                    (Market([markets.provider("SPX")]), clock),
                    [broker.venue],
                    UNDISTURBED,
                    replay=lambda name: Random(f"1/{name}"),  # noqa: S311 - to be repeated
                    transient=True,
                ),
            )
        )
        token = (await application.access.create_key("trader")).token
        owner = await application.access.user("trader")
        await application.accounts.create_simulated(owner, "SIM1000", CASH)
        async with application.database.write() as tx:
            # As the account of a connection that was discovered, without the connection.
            account = await find_account(tx, owner.user_id, "SIM1000")
            changed = {"broker_account_id": broker.account, "broker_type": broker.venue.kind.name}
            await tx.execute(accounts.update().where(accounts.c.id == account.id).values(**changed))
            await set_limits(tx, account.id, replace(UNLIMITED, allow_live=True))
        for supervisor in application.desk.supervisors:
            await supervisor.reconciled()
        control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
        data = await stack.enter_async_context(MesoLiveDataHubClient(application.url, token))
        events = await stack.enter_async_context(MesoLiveEventHubClient(application.url, token))
        pilot = Autopilot(
            control,
            events,
            stack.enter_context(Memory(":memory:")),
            orders=Orders(data, (broker.account,), real_money=True, policies=POLICIES),
            now=clock.now,
            listener=notices.append,
        )
        yield BrokerDay(application, broker, clock, control, pilot, events, notices)
