"""Market data of Interactive Brokers: cached chains, streamed underlyings, options on a limited number of lines.

Pinned contracts stream, the other lines roll over the rest of the chain, and what is not quoted is modelled
(`mesolive.market.partial_chain`). Ticks are conflated: the books are written once a turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.chain_cache import ChainCache
from mesolive.connectors.ibkr.chain_reader import ChainReader
from mesolive.connectors.ibkr.chain_upkeep import ChainUpkeep, Source
from mesolive.connectors.ibkr.data_codes import LineOutcome
from mesolive.connectors.ibkr.data_conditions import DataConditions, shared_lines
from mesolive.connectors.ibkr.line_ticks import IbGreeks
from mesolive.connectors.ibkr.option_lines import OptionLines
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import SessionLostError, TwsError
from mesolive.connectors.ibkr.settlement_prices import note_close
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.underlying_line import UnderlyingLine
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.lines import LinePriority, LineUse
from mesolive.market.listing import Listing
from mesolive.market.option_classes import underlying_of
from mesolive.market.partial_chain import MODEL_EVERY
from mesolive.market.provider import ProviderStatus
from mesolive.market.quality import QuoteQuality
from mesolive.market.trading_hours import trading_hours
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType

_log = structlog.get_logger(__name__)

TURN_SECONDS: Final = 0.05
FIRST_PRICE_SECONDS: Final = 20.0
SILENT_AFTER_MEND: Final = timedelta(seconds=10)
"""How long after an outage lines that are still silent are asked for again."""
SHARE_BESIDE_CHAINS: Final = 0.5
"""Part of the lines' messages that they have while chains are read."""
LIVE_AND_FROZEN: Final = (1, 2)
DELAYED_AT_LEAST: Final = (3, 4)


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What of IB's market data is used.

    Attributes
    ----------
    lines
        Market data lines that this provider may use, of those that the login shares with TWS' windows.
    delayed
        Whether delayed data are shown where there is no subscription for live ones; nothing is traded on them.
    model_every
        Time between two fits of the surface.
    """

    lines: int = 90
    delayed: bool = True
    model_every: timedelta = MODEL_EVERY


class IbkrProvider:
    """Quotes of underlyings and options by one data session. Implements `mesolive.market.provider.PartialProvider`.

    Parameters
    ----------
    session
        The data connection; its owner connects it, and connects it again.
    folder
        Where contracts are kept; `None` for nowhere.
    timer
        Time of waiting for TWS.
    """

    def __init__(
        self,
        session: TwsSession,
        symbols: Sequence[str],
        folder: Path | None,
        *,
        clock: Clock,
        timer: Clock,
        calendar: ExchangeCalendar,
        config: DataConfig | None = None,
    ) -> None:
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()
        self._session = session
        self._clock = clock
        self._timer = timer
        self._calendar = calendar
        self._config = config or DataConfig()
        self._conditions = DataConditions(self._config.lines)
        self._wanted: dict[OptionContract, LinePriority] = {}
        self._running = False
        self._stopped_because = "not started"
        self._status_reported: ProviderStatus | None = None
        self._connected_at: datetime | None = None
        self._data_type = 0
        self._seen_restores: int = 0
        self._seen_losses: int = 0
        self._farms_broken: tuple[str, ...] = ()
        self._mended_at: datetime | None = None
        self._turned_at: datetime | None = None
        self._news = asyncio.Event()
        cache = ChainCache(folder)
        self._sources = {symbol: self._source(underlying_of(symbol), cache) for symbol in symbols}
        self._chains = ChainUpkeep(
            self._sources, self._wanted, clock=clock, timer=timer, calendar=calendar, tasks=self.tasks
        )
        session.changes.lead(self.status_changes)

    def _source(self, underlying: Underlying, cache: ChainCache) -> Source:
        symbol = underlying.symbol
        hours = trading_hours(symbol, self._calendar)
        book = QuoteBook(Listing(underlying, {}), self._clock, self._calendar, hours=hours)
        return Source(
            underlying,
            book,
            ChainReader(self._session, underlying, cache, self._calendar),
            OptionLines(
                book,
                self._session,
                self._clock,
                partial(self._reported, symbol),
                self._config.lines,
                self._config.model_every,
            ),
            UnderlyingLine(book, self._session, partial(self._reported, symbol), self._news),
        )

    # --- the interface ------------------------------------------------------------------------------------------------

    @property
    def name(self) -> DataProviderType:
        """The kind of provider: `Ibkr`."""
        return DataProviderType.Ibkr

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The configured underlyings."""
        return tuple(source.underlying for source in self._sources.values())

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """One book per underlying, the same ones for ever."""
        return {symbol: source.book for symbol, source in self._sources.items()}

    @property
    def line_use(self) -> LineUse:
        """How the lines for options are used."""
        uses = [source.lines.chain.use for source in self._sources.values()]
        without = [contract for use in uses for contract in use.without]
        return LineUse(sum(use.lines for use in uses), sum(use.pinned for use in uses), without)

    @property
    def status(self) -> ProviderStatus:
        """The connection, and what the trader should know of the data."""
        state = self._session.state
        if not self._running:
            return ProviderStatus(AgentStatus.Disconnected, self._stopped_because)
        if not state.connected:
            return ProviderStatus(AgentStatus.Disconnected, state.loss or "there is no connection to TWS")
        if not state.link:
            return ProviderStatus(
                AgentStatus.Disconnected, "TWS has lost the connection to IB's servers (1100): quotes are stale"
            )
        farms = state.data_farms_broken
        if farms:
            words = f"IB's market data farm {', '.join(farms)} is broken (2103): its quotes are stale"
            return ProviderStatus(AgentStatus.Error, words, self._connected_at)
        return ProviderStatus(AgentStatus.Connected, "; ".join(self._messages()), self._connected_at)

    def _messages(self) -> list[str]:
        messages = [self.line_use.message, *self._conditions.messages, self._chains.problem]
        for source in self._sources.values():
            messages += [source.reader.problem, source.line.problem, source.lines.refusals.message]
        return [message for message in messages if message]

    @property
    def unknown_classes(self) -> str:
        """Which listed classes are left out because their terms are not known, in words; empty for none."""
        return "; ".join(filter(None, (source.reader.unknown for source in self._sources.values())))

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Keep a market data line for subscribed contracts; `pin` gives the priority."""
        self.pin(contracts, LinePriority.WATCHED)

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Let the lines of contracts roll on."""
        for contract in contracts:
            self._wanted.pop(contract, None)
            source = self._sources.get(contract.underlying)
            if source is not None:
                source.lines.chain.unpin([contract])

    def pin(self, contracts: Sequence[OptionContract], priority: LinePriority) -> None:
        """Keep a line for contracts, by their priority; one that is not listed yet gets it as soon as it is."""
        for contract in contracts:
            source = self._sources.get(contract.underlying)
            if source is None:
                continue
            self._wanted[contract] = priority
            if source.book.listing.find(contract) is None:
                self._chains.missed(source, contract)
            else:
                source.lines.chain.pin([contract], priority)

    def note_interest(self, symbol: str, expirations: Iterable[tuple[str, date]]) -> None:
        """Quote the contracts of expirations oftener, and read them first."""
        source = self._sources.get(symbol)
        if source is not None:
            wanted = list(expirations)
            self._chains.want(source, wanted)
            source.lines.chain.note_interest(wanted)

    def con_id(self, contract: OptionContract) -> int | None:
        """Return the conId of a contract that the chains have."""
        source = self._sources.get(contract.underlying)
        return None if source is None else source.lines.con_id(contract)

    def exchange(self, symbol: str) -> str:
        """Return where data of an underlying's options are asked for."""
        return self._sources[symbol].reader.exchange

    def quality(self, symbol: str) -> QuoteQuality | None:
        """Return what the price of an underlying is worth; `None` without a line."""
        ticks = self._sources[symbol].line.ticks
        return None if ticks is None else ticks.quality

    def greeks(self, symbol: str) -> list[tuple[OptionContract, IbGreeks]]:
        """Return IB's option model of an underlying's contracts that are quoted now, beside which ours stand."""
        source = self._sources.get(symbol)
        return [] if source is None else source.lines.greeks()

    async def start(self) -> None:
        """Read the nearest expirations, and return once the underlyings have a price, or are refused one.

        Raises
        ------
        mesolive.connectors.ibkr.session_errors.TwsError
            When TWS is not connected, or does not answer.
        TimeoutError
            When an underlying gets no price.
        """
        if self._running:
            raise RuntimeError("the provider runs already")
        self._running = True
        try:
            now = self._clock.now()
            self._begin_connection(now)
            await self._chains.find(now, first=True)
            await self._wait_for_prices()
            self.go_on()
        except BaseException:
            await self.stop()
            raise

    def go_on(self) -> None:
        """Let the books follow the market, after `tasks` were stopped."""
        self.tasks.start_loop("ibkr quotes", self._run)
        self.tasks.start_loop("ibkr chains", self._chains.run)
        self._chains.due.set()

    async def stop(self) -> None:
        """End all lines; quotes stay and grow old. Safe to call twice, and without `start`."""
        if not self._running:
            return
        self._running = False
        self._stopped_because = "stopped"
        await self.tasks.stop()
        self._drop_lines(self._clock.now())
        self.status_changes.bump()

    async def _wait_for_prices(self) -> None:
        try:
            async with limited(self._timer, FIRST_PRICE_SECONDS, "the underlyings have no price"):
                while not self._flush_underlyings(self._clock.now()):
                    await self._news.wait()
                    self._news.clear()
        except TwsError as error:
            raise TimeoutError("; ".join(self._messages()) or str(error)) from error

    def _flush_underlyings(self, now: datetime) -> bool:
        """Write the underlyings' prices into the books; return whether each has one, or will have none."""
        for source in self._sources.values():
            if source.line.flush(now):
                ticks = source.line.ticks
                if ticks is not None:
                    self._conditions.note_quality(source.underlying.symbol, ticks.quality)
        return all(
            source.book.spot is not None or source.reader.problem or source.line.problem
            for source in self._sources.values()
        )

    @property
    def chains_are_read(self) -> bool:
        """Whether everything that IB lists was read today."""
        return self._chains.is_read

    # --- turns --------------------------------------------------------------------------------------------------------

    async def _run(self, turns: Turns) -> None:
        while True:
            await self._clock.sleep(TURN_SECONDS)
            self.turn(self._clock.now())
            turns.turned()

    def turn(self, now: datetime) -> None:
        """Write what has come into the books, and let the lines follow the allocation."""
        before, self._turned_at = self._turned_at, now
        state = self._session.state
        if not state.connected:
            self._connected_at = None
        elif self._connected_at is None:
            self._begin_connection(now)
        if state.connected and state.link:
            self._notice_outages(now)
            self._follow_lines(now)
        elif self._connected_at is not None and not state.link:
            self._release(now)
        self._follow_days(before, now)
        status = self.status
        if status != self._status_reported:
            self._status_reported = status
            self.status_changes.bump()

    def _begin_connection(self, now: datetime) -> None:
        """Begin without any line, as TWS does."""
        state = self._session.state
        if not state.connected:
            raise SessionLostError(state.loss or "there is no connection to TWS")
        self._connected_at = now
        self._conditions.forget()
        self._seen_restores, self._seen_losses = state.restores, state.subscriptions_lost
        self._farms_broken, self._mended_at, self._data_type = (), None, 0
        self._choose_data_type(now)
        self._chains.due.set()

    def _choose_data_type(self, now: datetime) -> None:
        """Ask for frozen quotes while the market is closed, and for delayed ones where there are no live ones."""
        is_open = any(source.book.hours.is_open(now) for source in self._sources.values())
        kinds = DELAYED_AT_LEAST if self._config.delayed else LIVE_AND_FROZEN
        wanted = kinds[0] if is_open else kinds[1]
        if wanted == self._data_type:
            return
        changed, self._data_type = bool(self._data_type), wanted
        self._session.set_market_data_type(wanted)
        if changed:
            self._drop_lines(now)  # the type counts for requests that are made after it

    def _notice_outages(self, now: datetime) -> None:
        """Take the end of an outage: what IB lost is asked for again, what stays silent a little later."""
        state = self._session.state
        if state.subscriptions_lost != self._seen_losses:
            self._drop_lines(now)
        farms = state.data_farms_broken
        if farms and farms != self._farms_broken:
            self._release(now)
        if state.restores != self._seen_restores or (self._farms_broken and not farms):
            self._mended_at = now
        self._seen_restores, self._seen_losses, self._farms_broken = state.restores, state.subscriptions_lost, farms
        if self._mended_at is not None and now - self._mended_at >= SILENT_AFTER_MEND:
            mended, self._mended_at = self._mended_at, None
            for source in self._sources.values():
                if source.book.hours.is_open(now) and (count := source.lines.reopen_silent(mended, now)):
                    _log.info("ibkr_silent_lines_reopened", symbol=source.underlying.symbol, lines=count)

    def _follow_lines(self, now: datetime) -> None:
        self._choose_data_type(now)
        sources = list(self._sources.values())
        self._flush_underlyings(now)
        for source in sources:
            source.lines.flush(now)
            if not source.book.hours.is_open(now) and not self._farms_broken:
                source.book.mark_received(now)  # no quotes are sent then
        if not self._conditions.may_ask(now):
            return
        for source in sources:
            if source.reader.quoted is not None:
                source.line.follow(source.reader.quoted, now)
        budget = self._conditions.lines_now(now) - sum(source.line.is_open for source in sources)
        shares = shared_lines(budget, [source.lines.chain.use.pinned for source in sources])
        messages = SHARE_BESIDE_CHAINS if self._chains.reading else 1.0
        changes = [
            source.lines.advance(
                now, share, messages / len(sources), modelling=not self._farms_broken and not source.book.stale
            )
            for source, share in zip(sources, shares, strict=True)
        ]
        # All lines that end are closed first: the limit is one of the login.
        for source, change in zip(sources, changes, strict=True):
            source.lines.close(change.stop)
        for source, change in zip(sources, changes, strict=True):
            source.lines.open(change.start, now)

    def _follow_days(self, before: datetime | None, now: datetime) -> None:
        """Keep the close of each day, and let the chains follow days and large moves."""
        for source in self._sources.values():
            note_close(source.book, source.line.ticks, before, now, is_index=source.underlying.is_index)
        self._chains.follow(before, now)

    def _release(self, now: datetime) -> None:
        """Let all quotes grow old, though the lines are there: what comes again is fresh again."""
        for source in self._sources.values():
            if len(source.book.listing):
                source.book.release(now, slice(None))

    def _drop_lines(self, now: datetime) -> None:
        for source in self._sources.values():
            source.lines.drop_all(now)
            source.line.close()

    def _reported(self, symbol: str, outcome: LineOutcome, code: int, contract: OptionContract | None = None) -> None:
        now = self._clock.now()
        used = sum(source.lines.count + source.line.is_open for source in self._sources.values())
        self._conditions.note(outcome, code, used, now)
        _log.info("ibkr_line_ended", symbol=symbol, outcome=outcome.value, code=code)
        if outcome is LineOutcome.COMPETING:
            self._drop_lines(now)
        elif outcome is LineOutcome.UNKNOWN and contract is not None:
            self._sources[symbol].reader.outdate([(contract.root, contract.day)])
            self._chains.due.set()
