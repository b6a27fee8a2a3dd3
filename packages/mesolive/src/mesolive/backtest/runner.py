"""One replay: the server over days of market at full speed, with the autopilot on an account."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from mesolive.app import Overrides
from mesolive.backtest.trading import UNDISTURBED, AccountKind, BacktestDesk, BacktestTerms
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.service import Market
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.automation import Memory, Notice
from mesolive_sdk.models.events import MesoLiveEvent

USER = "replay"
PAGE = 500
SHOWN_EVERY = timedelta(minutes=5)
"""The account's value is noted so often at most."""

CENT = Decimal("0.01")

SIGNALS = (
    models.EntrySignalEvent,
    models.ExitSignalEvent,
    models.AdjustmentSignalEvent,
    models.ErrorEvent,
    models.AutoUpdateVarsAdjustmentCompletedEvent,
    models.AutoUpdateVarsAdjustmentFailedEvent,
    models.PositionUpdateEvent,
)
"""What is told of a replay, besides its trades."""

HELD = {
    AccountKind.paper: (models.LivePositionState.Open,),
    AccountKind.simulated: (
        models.LivePositionState.Opening,
        models.LivePositionState.Open,
        models.LivePositionState.Closing,
    ),
}
"""States of positions that hold something."""


class StepClock:
    """Market time that leaps from one moment to the next; what sleeps wakes once, at the moment that is leapt to."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the moment that was last leapt to."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until a leap has gone so far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), woken))
        await woken

    async def leap(self, moment: datetime) -> None:
        """Go to a moment and let those who have slept until then go on."""
        self._now = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay.

    Attributes
    ----------
    definition
        The strategy.
    market, clock
        The days; the clock stands at their beginning.
    first, last
        Where to begin and to end.
    every
        Seconds of market time between evaluations.
    cash
        What the account starts with.
    commission
        Per contract.
    seed
        Of the strategy's own randomness.
    external_folder
        Where files of external data may lie; `None` for nowhere.
    terms
        On what kind of account is traded, and how.
    """

    definition: Mapping[str, object]
    market: Market
    clock: StepClock
    first: datetime
    last: datetime
    every: int
    cash: Decimal
    commission: Decimal
    seed: int
    external_folder: Path | None = None
    terms: BacktestTerms = field(default_factory=BacktestTerms)


@dataclass(frozen=True, slots=True)
class Point:
    """The account at one moment; `value` is `None` while a held leg has no price."""

    at: datetime
    value: Decimal | None
    cash: Decimal
    positions: int
    delta: Decimal | None
    gamma: Decimal | None
    theta: Decimal | None
    vega: Decimal | None


@dataclass(slots=True)
class Outcome:
    """What came of a replay.

    Attributes
    ----------
    notices
        What the autopilot did and why.
    gap
        Account value less what cash, PnL and commissions make it, in account currency; `None` when the value is not
        known.
    """

    points: list[Point] = field(default_factory=list[Point])
    executions: list[models.LiveExecution] = field(default_factory=list[models.LiveExecution])
    orders: list[models.Order] = field(default_factory=list[models.Order])
    events: list[MesoLiveEvent] = field(default_factory=list[MesoLiveEvent])
    positions: list[models.LivePositionDetail] = field(default_factory=list[models.LivePositionDetail])
    notices: list[Notice] = field(default_factory=list[Notice])
    gap: Decimal | None = None

    @property
    def balances(self) -> bool:
        """Whether the books balance to the cent."""
        return self.gap is not None and abs(self.gap) < CENT


def moments(calendar: ExchangeCalendar, first: datetime, last: datetime, every: int) -> Iterator[datetime]:
    """Yield the moments of every session from `first` to `last`: its opening, each step, its close."""
    day: date = calendar.local(first).date()
    while day <= calendar.local(last).date():
        session = calendar.session(day)
        if session is not None:
            at, close = session
            while at < close:
                if first <= at <= last:
                    yield at
                at += timedelta(seconds=every)
            if first <= close <= last:
                yield close
        day += timedelta(days=1)


def steps(
    calendar: ExchangeCalendar, first: datetime, last: datetime, every: int
) -> Iterator[tuple[datetime, datetime]]:
    """Yield each moment with the time until which orders may be worked on there: the next moment of its session."""
    before: datetime | None = None
    for moment in moments(calendar, first, last, every):
        if before is not None:
            same = calendar.local(before).date() == calendar.local(moment).date()
            yield before, moment if same else before
        before = moment
    if before is not None:
        yield before, before


async def replay(request: Request, told: Callable[[datetime], None] | None = None) -> Outcome:
    """Run a replay.

    Parameters
    ----------
    told
        Called at every step with its moment.

    Raises
    ------
    MesoLiveError
        When the strategy is refused.
    """
    numbers = itertools.count()

    def randomness(_name: str) -> Random:
        # By number, not by name: names hold ids that differ from run to run.
        return Random(f"{request.seed}/{next(numbers)}")  # noqa: S311 - a simulation, not a secret

    outcome = Outcome()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mesolive-replay-"))
        database = f"sqlite:///{Path(folder) / 'replay.sqlite3'}"
        settings = Settings(port=0, database=database, external_folder=request.external_folder)
        market = (request.market, request.clock)
        venue = request.terms.venue(*market, request.commission)
        application = await stack.enter_async_context(
            serving(settings, Overrides(market, [venue], UNDISTURBED, replay=randomness))
        )
        token = (await application.access.create_key(USER)).token
        desk = BacktestDesk(request.terms, application, venue, request.clock)
        await desk.open(await application.access.user(USER), request.cash)
        control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
        data = await stack.enter_async_context(MesoLiveDataHubClient(application.url, token))
        events = await stack.enter_async_context(MesoLiveEventHubClient(application.url, token))
        desk.employ(control, data, events, stack.enter_context(Memory(":memory:")), request.commission)
        account = request.terms.account
        await control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=dict(request.definition), ActiveOnAccounts=[account])
        )
        calendar = us_options_calendar()
        for moment, until in steps(calendar, request.first, request.last, request.every):
            await request.clock.leap(moment)
            if told is not None:
                told(moment)
            await desk.settle()
            await application.signals.evaluate()
            await desk.trade(until)
            if not outcome.points or moment - outcome.points[-1].at >= SHOWN_EVERY:
                outcome.points.append(await _point(control, moment, request.terms))
        await _collect(control, events, outcome, request)
        outcome.notices += desk.notices
    return outcome


async def _point(control: MesoLiveControlHubClient, moment: datetime, terms: BacktestTerms) -> Point:
    account = await control.get_account(models.GetAccountArgs(BrokerAccountId=terms.account))
    greeks: list[models.GreekValues | None] = []
    for state in HELD[terms.kind] if account.ActivePositions else ():
        args = models.ListPositionsArgs(State=state, Limit=PAGE)
        for position in (await control.list_positions(args)).Positions:
            detail = await control.get_position(models.GetPositionArgs(PositionId=position.Id))
            greeks.append(detail.PositionGreeks.Mark)
    return Point(
        at=moment,
        value=account.NetLiquidationValue,
        cash=account.Cash if account.Cash is not None else Decimal(0),
        positions=account.ActivePositions,
        delta=_sum(greeks, "Delta"),
        gamma=_sum(greeks, "Gamma"),
        theta=_sum(greeks, "Theta"),
        vega=_sum(greeks, "Vega"),
    )


def _sum(greeks: list[models.GreekValues | None], name: str) -> Decimal | None:
    """Return the sum of one greek over positions; `None` when one of them has none."""
    total = Decimal(0)
    for one in greeks:
        value: Decimal | None = None if one is None else getattr(one, name)
        if value is None:
            return None
        total += value
    return total


async def _collect(
    control: MesoLiveControlHubClient, events: MesoLiveEventHubClient, outcome: Outcome, request: Request
) -> None:
    """Read everything that happened, page by page, and whether the books balance."""
    token: str | None = None
    while True:
        page = await control.list_executions(models.ListExecutionsArgs(Limit=PAGE, ContinuationToken=token))
        outcome.executions += page.Executions
        token = page.ContinuationToken
        if token is None:
            break
    while request.terms.kind is AccountKind.simulated:  # paper fills have no orders that say more than the fills
        ordered = await control.list_orders(models.ListOrdersArgs(Limit=PAGE, ContinuationToken=token))
        outcome.orders += ordered.Orders
        token = ordered.ContinuationToken
        if token is None:
            break
    while True:
        listed = await control.list_positions(models.ListPositionsArgs(Limit=PAGE, ContinuationToken=token))
        for position in listed.Positions:
            outcome.positions.append(await control.get_position(models.GetPositionArgs(PositionId=position.Id)))
        token = listed.ContinuationToken
        if token is None:
            break
    while True:
        args = models.GetEventsSinceArgs(SinceEventSeqId=0, Limit=PAGE, ContinuationToken=token)
        replayed = await events.get_events_since(args)
        outcome.events += [one.Event for one in replayed.Events if isinstance(one.Event, SIGNALS)]
        token = replayed.ContinuationToken
        if not token:
            break
    outcome.gap = await _gap(control, outcome, request)


async def _gap(control: MesoLiveControlHubClient, outcome: Outcome, request: Request) -> Decimal | None:
    """Return the account's value less start, realised PnL and the present gain of what is held."""
    account = await control.get_account(models.GetAccountArgs(BrokerAccountId=request.terms.account))
    expected = request.cash
    for position in outcome.positions:
        expected += position.RealizedPnL
        for leg in position.Legs:
            if leg.ClosedAt is None and leg.Qty != 0:
                mark = position.LegPrices[leg.Id].Mark if leg.Id in position.LegPrices else None
                if mark is None:
                    return None
                multiplier = leg.LiveContract.Multiplier if leg.LiveContract.Multiplier is not None else Decimal(1)
                expected += (mark - leg.AvgEntryPrice) * leg.Qty * multiplier
    return None if account.NetLiquidationValue is None else account.NetLiquidationValue - expected
