"""Simulated market: a whole option chain that moves with a seeded random walk on the server's clock.

The path of the market is a function of the seed and of the steps alone. Steps lie on a fixed grid of market time, so
that a run on a busy machine, which sees fewer of them, sees the same market.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from mesolive.clock import Clock
from mesolive.market.book import MUTE_AFTER, QuoteBook
from mesolive.market.calendar import ExchangeCalendar, us_options_calendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.history import DailySeries
from mesolive.market.listing import Listing
from mesolive.market.provider import ProviderStatus
from mesolive.market.providers.simulated.futures_market import FuturesMarket
from mesolive.market.providers.simulated.history import go_on, invent, opening_price
from mesolive.market.providers.simulated.models import ExportMarket, MarketModel, SurfaceMarket
from mesolive.market.providers.simulated.random_walk import RandomWalk, WalkParameters
from mesolive.market.providers.simulated.variance_time import OVERNIGHT_SHARE, SESSION_SECONDS, TRADING_DAYS
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import TradingHours, trading_hours
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.records import replace
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType

if TYPE_CHECKING:  # a generated market needs no reader of chain files
    from mesolive.market.providers.chain_files import ChainExport

STEP: Final = timedelta(seconds=1)
# After so many steps without an update the quotes of the simulation count as stale.
MUTE_STEPS: Final = 5
YEAR_SECONDS: Final = 365.0 * 86400.0


class Hours(enum.Enum):
    """When a simulated market moves."""

    SESSION = "session"  # in the exchange's sessions, with a gap at each opening
    ALWAYS = "always"  # around the clock, the year's variance spread evenly


class SimulatedProvider:
    """A simulated market of one underlying.

    Parameters
    ----------
    model
        The quote model.
    clock
        Market time.
    calendar
        The exchange's sessions.
    seed
        Of the random walk: the same seed gives the same market.
    step
        Market time between two moves. At high speeds of the clock choose a longer one: every step reprices the chain.
    hours
        When the market moves.
    source
        Name of the market; its stored days are keyed by it.
    begin_at
        Sets the starting price of the model from stored days; `None` when the model always starts at its own.
    trading_hours
        When its options trade; by default in the calendar's sessions.
    """

    def __init__(
        self,
        model: MarketModel,
        clock: Clock,
        calendar: ExchangeCalendar | None = None,
        *,
        seed: int = 1,
        step: timedelta = STEP,
        hours: Hours = Hours.SESSION,
        source: str = "Simulated",
        begin_at: Callable[[float], None] | None = None,
        trading_hours: TradingHours | None = None,
    ) -> None:
        if step <= timedelta(0):
            raise ValueError(f"step must be longer than zero, got {step}")
        self.status_changes = ChangeSignal()
        self.quality = QuoteQuality.LIVE
        self.source = source
        self._begin_at = begin_at
        self._past = DailySeries()
        self._open_listing: Listing | None = None
        self._model = model
        self._clock = clock
        self._calendar = calendar or us_options_calendar()
        self._seed = seed
        self._step = step
        self._hours = hours
        now = clock.now()
        listing = model.listing(now, model.spot, None)
        self._book = QuoteBook(
            listing, clock, self._calendar, hours=trading_hours, mute_after=max(MUTE_AFTER, MUTE_STEPS * step)
        )
        self._books = {listing.underlying.symbol: self._book}
        self._status = ProviderStatus(AgentStatus.Disconnected, "not started")
        self._walk = RandomWalk(seed, WalkParameters())
        self._ratio_at_start = 1.0
        self._origin = now
        self._done = 0
        self._passed = now
        self._halted = False
        self._prices = UnderlyingPrices()
        self._listed_on = self._calendar.local(now).date()
        self._running = False
        self.tasks = Tasks()

    @classmethod
    def generated(
        cls,
        clock: Clock,
        *,
        seed: int = 1,
        spot: float = 5000.0,
        step: timedelta = STEP,
        hours: Hours = Hours.SESSION,
        calendar: ExchangeCalendar | None = None,
        trading_hours: TradingHours | None = None,
    ) -> SimulatedProvider:
        """Return a market priced from a volatility surface, with expirations and strikes by the exchange's rules."""
        calendar = calendar or us_options_calendar()
        model = SurfaceMarket(calendar, spot=spot, moves_always=hours is Hours.ALWAYS)
        return cls(
            model,
            clock,
            calendar,
            seed=seed,
            step=step,
            hours=hours,
            begin_at=model.begin_at,
            trading_hours=trading_hours,
        )

    @classmethod
    def futures(
        cls,
        clock: Clock,
        symbol: str = "ES",
        *,
        seed: int = 1,
        spot: float = 5000.0,
        step: timedelta = STEP,
        calendar: ExchangeCalendar | None = None,
    ) -> SimulatedProvider:
        """Return a market of options on E-mini (`ES`) or Micro E-mini (`MES`) futures.

        It moves around the clock, and its options trade in the sessions of Globex.
        """
        calendar = calendar or us_options_calendar()
        model = FuturesMarket(symbol, calendar, spot=spot)
        return cls(
            model,
            clock,
            calendar,
            seed=seed,
            step=step,
            hours=Hours.ALWAYS,
            source=f"Simulated/{symbol}",
            begin_at=lambda price: model.begin_at(clock.now(), price),
            trading_hours=trading_hours(symbol, calendar),
        )

    @classmethod
    def from_export(
        cls,
        export: ChainExport,
        clock: Clock,
        *,
        seed: int = 1,
        step: timedelta = STEP,
        hours: Hours = Hours.ALWAYS,
        calendar: ExchangeCalendar | None = None,
    ) -> SimulatedProvider:
        """Return a market that starts with exactly the quotes of an exchange's chain export and moves from there.

        The clock should start at `export.exported_at`. Exports are mostly taken after the close, so this market moves
        around the clock unless `hours` is set otherwise.
        """
        calendar = calendar or us_options_calendar()
        source = f"Simulated/{export.exported_at:%Y-%m-%dT%H:%M:%S}"
        return cls(ExportMarket(export, calendar), clock, calendar, seed=seed, step=step, hours=hours, source=source)

    @property
    def name(self) -> DataProviderType:
        """The kind of provider: `Simulated`."""
        return DataProviderType.Simulated

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The one underlying."""
        return (self._book.listing.underlying,)

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The one quote book."""
        return self._books

    @property
    def status(self) -> ProviderStatus:
        """How the simulation is doing."""
        return self._status

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing: the whole chain is there, and costs nothing until it is read."""

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Do nothing, as `subscribe`."""

    def resume_from(self, past: Mapping[str, DailySeries], open_contracts: Sequence[OptionContract]) -> None:
        """Restore the stored days and list the contracts that accounts hold; called before `start`."""
        listing = self._book.listing
        self._past = past.get(listing.underlying.symbol, DailySeries())
        strikes: dict[Expiration, set[Decimal]] = {}
        for contract in open_contracts:
            place = listing.position(contract.root, contract.day)
            if contract.underlying == listing.underlying.symbol and place is not None:
                strikes.setdefault(listing.expirations[place], set()).add(contract.strike)
        self._open_listing = Listing(
            listing.underlying, {expiration: {Right.CALL: own} for expiration, own in strikes.items()}
        )

    async def start(self) -> None:
        """Fill the book and let the market move.

        Raises
        ------
        RuntimeError
            When it runs already.
        """
        if self._running:
            raise RuntimeError("the simulated market runs already")
        now = self._clock.now()
        self._origin, self._done, self._passed, self._halted = now, 0, now, False
        past = self._past.known_at(now, self._calendar)
        seed, history = self._seed, None
        if self._begin_at is not None:
            gone_on = go_on(past, seed, self._calendar, now, volatility=self._model.volatility)
            if gone_on is not None:
                history, spot = gone_on
                self._begin_at(spot)
                seed ^= int(now.timestamp())  # not the path of the start before once more
        if history is not None or self._open_listing:
            # What is held stays listed, wherever its strike lies by now.
            self._relist(now, self._level, self._open_listing)
        self._model.fill(self._book, now)
        if self.quality is not QuoteQuality.LIVE:
            self._book.update(now, slice(None), {}, self.quality)
        self._walk = RandomWalk(seed, WalkParameters(volatility=self._model.volatility))
        self._ratio_at_start = self._model.price(now, 1.0)
        self._remember(now, self._invented(now, past) if history is None else history)
        self._book.pull = self._catch_up
        self._set_status(ProviderStatus(AgentStatus.Connected, connected_at=now))
        self._running = True
        self.tasks.start_loop("simulated market", self._run, failed=self._failed)
        await asyncio.sleep(0)  # the task now waits for its first step

    async def stop(self) -> None:
        """Stop the steps of the market; the status becomes disconnected."""
        if not self._running:
            return
        self._running = False
        await self.tasks.stop()
        self._book.pull = None
        self._note_last()
        self._set_status(ProviderStatus(AgentStatus.Disconnected, "stopped"))

    def halt(self) -> None:
        """Withdraw all quotes and let nothing move, as in a trading halt; last prices stay."""
        now = self._clock.now()
        self._catch_up(now)
        self._halted = True
        self._book.update(now, slice(None), {"bid": np.nan, "ask": np.nan})

    def resume(self) -> None:
        """End a halt; the market continues from where it was halted."""
        now = self._clock.now()
        self._skip(now)
        self._halted = False
        today = self._calendar.local(now).date()
        known = self._book.history.of_day(today)
        if self._calendar.is_open(now) and (known is None or known.open is None):
            self._open(today)  # it was halted at the opening
        self._publish(now)

    def gap(self, fraction: float) -> None:
        """Let the underlying jump by `fraction` (-0.03: down 3 percent); volatility moves as it usually does then."""
        if not -0.5 <= fraction <= 1.0:
            raise ValueError(f"a gap lies between -0.5 and 1.0, got {fraction}")
        now = self._clock.now()
        self._catch_up(now)
        self._walk.gap(fraction)
        if not self._halted and self._connected:
            self._publish(now)

    def disconnect(self, message: str = "the connection was cut on request") -> None:
        """Die as a real provider does: nothing arrives any more, quotes grow old."""
        self._catch_up(self._clock.now())
        self._set_status(ProviderStatus(AgentStatus.Disconnected, message))

    def reconnect(self) -> None:
        """Come back: the market has moved on in the meantime."""
        now = self._clock.now()
        self._set_status(ProviderStatus(AgentStatus.Connected, connected_at=now))
        self._move(now)
        if not self._halted:
            self._publish(now)

    @property
    def _connected(self) -> bool:
        return self._status.state is AgentStatus.Connected

    def _set_status(self, status: ProviderStatus) -> None:
        self._status = status
        self.status_changes.bump()

    async def _run(self, turns: Turns) -> None:
        if self._status.state is AgentStatus.Error:
            # Started again after a failure: the market has moved on in the meantime.
            self._book.pull = self._catch_up
            self.reconnect()
        while True:
            now = self._clock.now()
            upcoming = self._origin + ((now - self._origin) // self._step + 1) * self._step
            await self._clock.sleep((upcoming - now).total_seconds())
            now = self._clock.now()
            self._catch_up(now)
            if self._connected and not self._halted:
                self._book.note_volatility(now)
            turns.turned()

    def _failed(self, error: BaseException | None) -> None:
        """Show a failure as the provider's status until the market goes on."""
        self._book.pull = None
        self._set_status(ProviderStatus(AgentStatus.Error, f"the simulation failed: {type(error).__name__}"))

    def _catch_up(self, now: datetime) -> None:
        """Move to `now` and update the book, unless the provider is cut off or the market halted."""
        if not self._connected:
            return
        if self._halted:
            self._skip(now)
            self._book.mark_received(now)
        elif self._move(now):
            self._publish(now)
        else:
            self._book.mark_received(now)

    def _skip(self, now: datetime) -> None:
        """Pass the time until `now` without a move: sessions end at the current price, and open when it moves."""
        for boundary, opens in self._boundaries(self._passed, now):
            if opens:
                previous = self._book.history.previous_close(self._calendar.local(boundary).date())
                self._prices = replace(self._prices, previous_close=previous, today_open=None)
                shown = replace(self._book.prices, previous_close=previous, today_open=None)
                self._book.set_underlying(boundary, shown, self.quality)
            else:
                self._close(boundary)
        self._done = max((now - self._origin) // self._step, self._done)
        self._passed = max(now, self._passed)

    def _move(self, now: datetime) -> bool:
        """Let the walk make all steps up to `now`, and sessions begin and end; return whether prices have changed.

        A session begins and ends at its instant and not with the next step: a read of the opening price at the opening
        must not return that of the day before.
        """
        if now <= self._passed:
            return False
        before = self._walk.factor
        opened = self._calendar.is_open(self._passed)
        for boundary, opens in self._boundaries(self._passed, now):
            # A step exactly on a boundary belongs to the session: the first move after an opening is its own, and the
            # last move before a close makes the close.
            steps = (boundary - self._origin) // self._step
            on_boundary = self._origin + steps * self._step == boundary
            self._advance(steps - 1 if opens and on_boundary else steps, moving=opened)
            opened = opens
            if opens:
                self._open(self._calendar.local(boundary).date())
            else:
                self._close(boundary)
        self._advance((now - self._origin) // self._step, moving=opened)
        self._passed = now
        return self._walk.factor != before

    def _boundaries(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, bool]]:
        """Yield the openings (True) and closes (False) after `start` up to `end`."""
        day, last = self._calendar.local(start).date(), self._calendar.local(end).date()
        while day <= last:
            session = self._calendar.session(day)
            for boundary, opens in zip(session or (), (True, False), strict=False):
                if start < boundary <= end:
                    yield boundary, opens
            day += timedelta(days=1)

    def _advance(self, target: int, *, moving: bool) -> None:
        steps = target - self._done
        if steps <= 0:
            return
        self._done = target
        seconds = self._step.total_seconds()
        if self._hours is Hours.ALWAYS:
            self._walk.advance(steps, seconds / YEAR_SECONDS)
        elif moving:
            self._walk.advance(steps, seconds * (1.0 - OVERNIGHT_SHARE) / SESSION_SECONDS / TRADING_DAYS)

    def _open(self, day: date) -> None:
        """Begin the session of `day`, with what has happened since the last close as a gap."""
        if self._hours is Hours.SESSION:
            self._walk.advance(1, OVERNIGHT_SHARE / TRADING_DAYS)
        session = self._calendar.session(day)
        assert session is not None  # noqa: S101 - it begins now
        opening = round(self._model.price(session[0], self._level), 2)
        self._prices = replace(self._prices, previous_close=self._book.history.previous_close(day), today_open=opening)
        self._book.history = self._book.history.record(day, opening=opening)

    def _close(self, moment: datetime) -> None:
        day = self._calendar.local(moment).date()
        self._book.history = self._book.history.record(day, close=round(self._model.price(moment, self._level), 2))

    def _note_last(self) -> None:
        """Note the price of this moment: the market goes on from it when it is started again."""
        day = self._calendar.local(self._passed).date()
        price = self._model.price(self._passed, self._level)
        self._book.history = self._book.history.record(day, last=round(price, 2))

    def _invented(self, now: datetime, past: DailySeries) -> DailySeries:
        """Return a past that leads up to the first prices; what was kept of it stays."""
        state = self._book.view().underlying
        history = invent(
            self._seed,
            self._calendar,
            now,
            spot=self._model.price(now, self._model.spot),
            volatility=state.iv if state.iv is not None else self._model.volatility,
            previous_close=state.previous_close,
        )
        return DailySeries.of([*history.days, *past.days])

    def _remember(self, now: datetime, history: DailySeries) -> None:
        """Give the underlying its past."""
        today = self._calendar.local(now).date()
        known = history.of_day(today)
        opening = None if known is None else known.open
        if opening is None:
            opening = opening_price(history, self._model.price(now, self._model.spot), now, self._calendar)
        quote = self._book.view().underlying.quote
        self._book.history = history if opening is None else history.record(today, opening=opening)
        self._prices = UnderlyingPrices(
            bid=quote.bid,
            ask=quote.ask,
            last=quote.last,
            today_open=opening,
            previous_close=history.previous_close(today),
        )
        self._book.set_underlying(now if quote.last_time is None else quote.last_time, self._prices, self.quality)

    @property
    def _level(self) -> float:
        return self._model.spot * self._walk.factor

    def _publish(self, now: datetime) -> None:
        """Mark the book as changed; the quotes are computed on the next read."""
        self._book.defer(now, partial(self._reprice, now, self._level, self._walk.factor, self._walk.deviation))

    def _reprice(self, now: datetime, spot: float, factor: float, shock: float) -> None:
        if self._new_day(now):
            self._relist(now, spot, self._book.listing)
        listing = self._book.listing
        alive = listing.first_alive(now)
        if alive < len(listing.expirations):
            quotes = self._model.quotes
            self._book.publish(now, alive, lambda positions: quotes(listing, positions, now, spot, shock), self.quality)
        price = self._model.price(now, spot)
        factor *= price / (spot * self._ratio_at_start)
        bid_side, ask_side = self._prices.bid, self._prices.ask
        prices = replace(
            self._prices,
            bid=None if bid_side is None else round(bid_side * factor, 2),
            ask=None if ask_side is None else round(ask_side * factor, 2),
            last=round(price, 2),
        )
        self._book.set_underlying(now, prices, self.quality)

    def _relist(self, now: datetime, spot: float, previous: Listing | None) -> None:
        listing = self._model.listing(now, spot, previous)
        if listing is self._book.listing:
            return
        self._book.relist(listing)
        sizes = self._model.sizes(listing, spot)
        if sizes is not None:
            self._book.update(now, slice(None), {"bid_size": sizes[0], "ask_size": sizes[1]})

    def _new_day(self, now: datetime) -> bool:
        """Whether the exchange lists anew: on the first publication of a day."""
        day = self._calendar.local(now).date()
        new = day != self._listed_on
        self._listed_on = day
        return new
