"""Backtest runner: steps the server through market days at full speed, with the autopilot on an account."""

from __future__ import annotations

import asyncio
import gc
import heapq
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from mesolive.access.context import UserContext
from mesolive.app import Application
from mesolive.assembly import Overrides
from mesolive.backtest.decisions import Decision, DecisionRecorder
from mesolive.backtest.moments import moments, scheduled, steps
from mesolive.backtest.trading import UNDISTURBED, AccountKind, BacktestDesk, BacktestTerms
from mesolive.clock import ManualClock
from mesolive.language import parse_definition
from mesolive.market.calendar import us_options_calendar
from mesolive.market.service import Market
from mesolive.operations.resources import return_free_memory
from mesolive.server import serving
from mesolive.settings import Settings
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.positions import Position, open_positions_of_account
from mesolive.trading.valuation.engine import Wanted, value
from mesolive.trading.valuation.from_positions import position_subject
from mesolive.trading.valuation.wire_items import EXACT, GREEKS, position_fields
from mesolive_sdk import MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient, models
from mesolive_sdk.automation import Memory, Notice
from mesolive_sdk.models import MesoLiveEvent

USER = "replay"
PAGE = 500
POINT_INTERVAL = timedelta(minutes=5)
"""The minimum market time between two recorded values of the account."""

CENT = Decimal("0.01")
ON_MARK = 8
"""The bit of the mark among the bases of a valuation."""

SIGNALS = (
    models.EntrySignalEvent,
    models.ExitSignalEvent,
    models.AdjustmentSignalEvent,
    models.ErrorEvent,
    models.AutoUpdateVarsAdjustmentCompletedEvent,
    models.AutoUpdateVarsAdjustmentFailedEvent,
    models.PositionUpdateEvent,
)
"""The event types that the report of a replay lists, besides its trades."""

HOLDING_STATES = {
    AccountKind.paper: (models.LivePositionState.Open,),
    AccountKind.simulated: (
        models.LivePositionState.Opening,
        models.LivePositionState.Open,
        models.LivePositionState.Closing,
    ),
}
"""States of positions that may hold legs, by kind of account."""


class StepClock(ManualClock):
    """A clock that jumps from one moment to the next; each sleeper wakes once, at the new moment."""

    async def leap(self, moment: datetime) -> None:
        """Set the clock to a moment and wake the tasks whose sleep has ended."""
        self._now = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Request:
    """The parameters of a replay.

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
        The initial cash of the account.
    commission
        Per contract.
    seed
        Of the strategy's own randomness.
    external_folder
        Where files of external data may lie; `None` for nowhere.
    terms
        The account kind, the fill model and the order policies.
    days
        The exchange-local dates that there is a market of; `None` for all.
    enforce_max_adjustments
        Whether the adjustment after the last that `MaxAdjustmentCount` allows closes the position.
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
    days: frozenset[date] | None = None
    enforce_max_adjustments: bool = True


@dataclass(frozen=True, slots=True)
class Point:
    """The account at one moment.

    Attributes
    ----------
    value
        Net liquidation value; `None` while a held leg has no price.
    underlying
        The price of the strategy's underlying.
    """

    at: datetime
    value: Decimal | None
    cash: Decimal
    positions: int
    delta: Decimal | None
    gamma: Decimal | None
    theta: Decimal | None
    vega: Decimal | None
    underlying: float | None = None


@dataclass(slots=True)
class Outcome:
    """The outcome of a replay.

    Attributes
    ----------
    notices
        The notices of the autopilot: its actions and their reasons.
    decisions
        Every evaluation at a scheduled time, with its evidence.
    silent
        Scheduled instants at which nothing was evaluated, for no quotes were coming in.
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
    decisions: list[Decision] = field(default_factory=list[Decision])
    silent: list[datetime] = field(default_factory=list[datetime])
    gap: Decimal | None = None

    @property
    def balances(self) -> bool:
        """Whether the books balance to the cent."""
        return self.gap is not None and abs(self.gap) < CENT


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay has come: the moment that begins, and how many of all moments lie behind it."""

    moment: datetime
    done: int
    total: int


async def replay(request: Request, on_progress: Callable[[Progress], None] | None = None) -> Outcome:
    """Run a replay.

    Parameters
    ----------
    on_progress
        Called at every moment before its evaluation.

    Raises
    ------
    DefinitionError, MesoLiveError
        When the strategy is refused.
    NoMarketError
        When the market lacks the strategy's underlying.
    """
    try:
        return await _replay(request, on_progress)
    finally:
        # The server's parts refer to each other; the report of the replay is to come.
        gc.collect()
        return_free_memory()


async def _replay(request: Request, on_progress: Callable[[Progress], None] | None) -> Outcome:
    definition = parse_definition(request.definition)
    must_have_market(request.market, definition.symbol)
    calendar = us_options_calendar()
    instants = scheduled(definition, calendar, request.first, request.last)
    recorder = DecisionRecorder(instants)

    def randomness(name: str) -> Random:
        # A signal and the plan prepared for it share one name, and so the same random numbers.
        return Random(f"{request.seed}/{name}")  # noqa: S311 - a simulation, not a secret

    def noticed(notice: Notice) -> None:
        outcome.notices.append(notice)
        recorder.noticed(notice)

    outcome = Outcome(decisions=recorder.decisions)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mesolive-replay-"))
        database = f"sqlite:///{Path(folder) / 'replay.sqlite3'}"
        settings = Settings(
            port=0,
            database=database,
            external_folder=request.external_folder,
            enforce_max_adjustments=request.enforce_max_adjustments,
        )
        market = (request.market, request.clock)
        venue = request.terms.venue(*market, request.commission)
        application = await stack.enter_async_context(
            serving(
                settings,
                Overrides(
                    market,
                    [venue],
                    UNDISTURBED,
                    replay=randomness,
                    transient=True,
                    evaluation_listener=recorder.evaluated,
                ),
            )
        )
        token = (await application.access.create_key(USER)).token
        desk = BacktestDesk(request.terms, application, venue, request.clock, noticed)
        user = await application.access.user(USER)
        await desk.open(user, request.cash)
        control = await stack.enter_async_context(MesoLiveControlHubClient(application.url, token))
        data = await stack.enter_async_context(MesoLiveDataHubClient(application.url, token))
        events = await stack.enter_async_context(MesoLiveEventHubClient(application.url, token))
        desk.employ(control, data, events, stack.enter_context(Memory(":memory:")), request.commission)
        account = request.terms.account
        await control.create_strategy(
            models.CreateStrategyArgs(StrategyDefinition=dict(request.definition), ActiveOnAccounts=[account])
        )
        hours = request.market.hours(definition.symbol, None, calendar)
        result = list(moments(hours, request.first, request.last, request.every, instants.all, request.days))
        day: date | None = None
        for done, (moment, until) in enumerate(steps(result, hours)):
            await request.clock.leap(moment)
            recorder.begin(moment)
            if day != moment.date():
                day = moment.date()
                return_free_memory()  # a replay's day takes seconds: the server's own turn, once an hour, does not come
            if on_progress is not None:
                on_progress(Progress(moment, done, len(result)))
            view = request.market.view(definition.symbol)
            if view.stale:
                # Stale quotes allow no decision: an evaluation would only report an error.
                if moment in instants.all:
                    outcome.silent.append(moment)
                continue
            await desk.settle()
            await application.signals.evaluate()
            await desk.trade(until)
            if not outcome.points or moment - outcome.points[-1].at >= POINT_INTERVAL:
                price = view.underlying.quote.mark
                outcome.points.append(await _point(application, user, moment, request.terms, price))
        recorder.finish()
        await _collect(control, events, outcome, request)
    return outcome


class NoMarketError(Exception):
    """The market lacks the strategy's underlying; the text lists the underlyings it has."""


def must_have_market(market: Market, symbol: str) -> None:
    """Refuse a strategy whose underlying is not in the market.

    Raises
    ------
    NoMarketError
        When it is not.
    """
    known = sorted(underlying.symbol for provider in market.providers.values() for underlying in provider.underlyings)
    if symbol not in known:
        raise NoMarketError(f"Symbol: the strategy trades {symbol}, and the market has {', '.join(known)} only")


async def _point(
    application: Application, user: UserContext, moment: datetime, terms: BacktestTerms, underlying: float | None
) -> Point:
    """Return the account at a moment; of its positions only what is shown is valued."""
    account = await application.accounts.get(user, models.GetAccountArgs(BrokerAccountId=terms.account))
    greeks: list[models.GreekValues | None] = []
    if account.ActivePositions:
        async with application.database.read() as tx:
            account_id = (await find_account(tx, user.user_id, terms.account)).id
            positions = await open_positions_of_account(tx, user.user_id, account_id)
        greeks = [
            _greeks_of(position, application.market)
            for position in positions
            if position.state in HOLDING_STATES[terms.kind]
        ]
    return Point(
        at=moment,
        value=account.NetLiquidationValue,
        cash=account.Cash if account.Cash is not None else Decimal(0),
        positions=account.ActivePositions,
        delta=_sum(greeks, "Delta"),
        gamma=_sum(greeks, "Gamma"),
        theta=_sum(greeks, "Theta"),
        vega=_sum(greeks, "Vega"),
        underlying=underlying,
    )


def _greeks_of(position: Position, market: Market) -> models.GreekValues | None:
    """Return a position's greeks on the mark, as the wire has them; `None` where nothing of it is held."""
    if not position.open_legs:
        return None
    subject = position_subject(position)
    view = market.view(position.open_legs[0].traded.contract.underlying)
    valuation = value(subject, view, Wanted(prices=ON_MARK, greeks=ON_MARK, pnl=0))
    greeks: models.LiveGreeks = position_fields(subject, valuation, GREEKS, 0, 0)(EXACT)["PositionGreeks"]
    return greeks.Mark


def _sum(greeks: list[models.GreekValues | None], name: str) -> Decimal | None:
    """Return the sum of one greek over positions; `None` when one of them has none."""
    total = Decimal(0)
    for greek in greeks:
        value: Decimal | None = None if greek is None else getattr(greek, name)
        if value is None:
            return None
        total += value
    return total


async def _collect(
    control: MesoLiveControlHubClient, events: MesoLiveEventHubClient, outcome: Outcome, request: Request
) -> None:
    """Read orders, executions and events page by page, and check that the books balance."""
    token: str | None = None
    while True:
        page = await control.list_executions(models.ListExecutionsArgs(Limit=PAGE, ContinuationToken=token))
        outcome.executions += page.Executions
        token = page.ContinuationToken
        if token is None:
            break
    while request.terms.kind is AccountKind.simulated:  # orders add nothing to the fills of a paper account
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
        outcome.events += [item.Event for item in replayed.Events if isinstance(item.Event, SIGNALS)]
        token = replayed.ContinuationToken
        if not token:
            break
    outcome.gap = await _gap(control, outcome, request)


async def _gap(control: MesoLiveControlHubClient, outcome: Outcome, request: Request) -> Decimal | None:
    """Return the account's value less initial cash, realised PnL and unrealised PnL."""
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
