"""Upkeep of the chains of one login: read in the background, each day and after large moves, and listed in the books.

One request is made at a time, what is wanted first; the listing grows while more is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from mesolive.clock import Clock
from mesolive.connectors.ibkr.chain_reader import ChainReader
from mesolive.connectors.ibkr.chain_reading import SliceKey
from mesolive.connectors.ibkr.option_lines import OptionLines
from mesolive.connectors.ibkr.pacing import Priority
from mesolive.connectors.ibkr.session_errors import SessionLostError, TwsError
from mesolive.connectors.ibkr.underlying_line import UnderlyingLine
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.lines import LinePriority
from mesolive.tasks import Tasks, Turns

_log = structlog.get_logger(__name__)

LISTED_BEFORE_OPENING: Final = timedelta(hours=1)
RELIST_EVERY: Final = timedelta(seconds=3)
RETRY_SECONDS: Final = 60.0
MISS_EVERY: Final = timedelta(minutes=10)
"""Between two reads of an expiration because a contract was not listed."""
SPOT_MOVE: Final = 0.02
"""The nearest expirations are read again when the underlying has moved by this part: new strikes are listed."""


@dataclass(slots=True)
class Source:
    """What belongs to one underlying."""

    underlying: Underlying
    book: QuoteBook
    reader: ChainReader
    lines: OptionLines
    line: UnderlyingLine
    listed_at: float | None = None
    missed_at: datetime | None = None


class ChainUpkeep:
    """Reads the chains of all underlyings, and keeps them up to date.

    Parameters
    ----------
    wanted
        Contracts whose lines are kept, by their priority: they are pinned again when their chain is listed anew.
    tasks
        Owns what lists chains beside the reading.

    Attributes
    ----------
    due
        Set when something is to be read.
    problem
        Why the chains are not complete; empty when all is well.
    reading
        Whether contracts are being read now.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        wanted: Mapping[OptionContract, LinePriority],
        *,
        clock: Clock,
        timer: Clock,
        calendar: ExchangeCalendar,
        tasks: Tasks,
    ) -> None:
        self.due = asyncio.Event()
        self.problem = ""
        self.reading = False
        self._sources = sources
        self._wanted = wanted
        self._clock = clock
        self._timer = timer
        self._calendar = calendar
        self._listed_on: date | None = None
        self._listing = asyncio.Lock()
        self._unlisted: dict[str, Source] = {}  # of which more was read than is listed
        self._tasks = tasks

    async def find(self, now: datetime, *, first: bool) -> None:
        """Find what IB lists; the `first` time the nearest expirations are read, too.

        Raises
        ------
        mesolive.connectors.ibkr.session_errors.TwsError
            When TWS gives no answer.
        """
        today = self._today(now)
        for source in self._sources.values():
            await source.reader.find(now)
            if source.reader.quoted is not None and not source.line.is_open:
                source.line.follow(source.reader.quoted, now)
            if first:
                for key in source.reader.first_keys(today):
                    await source.reader.read(key, today, Priority.INTERACTIVE)
            await self._relist(source)
        self._listed_on = today

    async def _relist(self, source: Source) -> None:
        async with self._listing:
            listing, ids = await source.reader.listing(self._clock.now())
            source.lines.relist(listing, ids, source.reader.exchange)
        source.listed_at = source.book.spot
        for contract, priority in self._wanted.items():
            if contract.underlying == source.underlying.symbol:
                source.lines.chain.pin([contract], priority)

    @property
    def is_read(self) -> bool:
        """Whether everything that IB lists was read today."""
        today = self._today(self._clock.now())
        return self._listed_on == today and not any(source.reader.due(today) for source in self._sources.values())

    async def run(self, turns: Turns) -> None:
        """Read what is due in the background: one request at a time, and none while there is no connection."""
        while True:
            await self.due.wait()
            self.due.clear()
            turns.turned()
            try:
                if self._listed_on != self._today(self._clock.now()):
                    await self.find(self._clock.now(), first=False)
                await self._read_due(turns)
                self.problem = ""
            except SessionLostError:
                continue  # the next connection sets the event again
            except TwsError as error:
                self.problem = f"the chains are not complete: {error}"
                _log.warning("ibkr_chain_not_read", reason=str(error))
                await self._timer.sleep(RETRY_SECONDS)
                self.due.set()

    async def _read_due(self, turns: Turns) -> None:
        listed_at = self._clock.now()
        try:
            while (item := self._next(self._today(self._clock.now()))) is not None:
                source, key = item
                reader, today = source.reader, self._today(self._clock.now())
                self.reading = True
                awaited = reader.rank(key) < 0 and not reader.is_read(key)
                await reader.read(key, today, Priority.INTERACTIVE if awaited else Priority.BULK)
                self._unlisted[source.underlying.symbol] = source
                turns.turned()
                # A preparation may wait for an expiration that was wanted and is whole now.
                complete = not reader.due(today)
                if complete or (awaited and reader.is_read(key)) or self._clock.now() - listed_at >= RELIST_EVERY:
                    await self._list_what_was_read()
                    listed_at = self._clock.now()
                if complete:
                    await asyncio.to_thread(reader.save, today)
        finally:
            self.reading = False
        for source in self._sources.values():  # what was read before the start
            await asyncio.to_thread(source.reader.save, self._today(self._clock.now()))

    def _next(self, today: date) -> tuple[Source, SliceKey] | None:
        """Return what is read next: of all underlyings what was wanted last, else the first one's nearest."""
        due = [(source, keys[0]) for source in self._sources.values() if (keys := source.reader.due(today))]
        return min(due, key=lambda item: item[0].reader.rank(item[1]), default=None)

    async def _list_what_was_read(self) -> None:
        while self._unlisted:
            await self._relist(self._unlisted.popitem()[1])

    def want(self, source: Source, expirations: Iterable[tuple[str, date]]) -> None:
        """Read expirations before others, and list what is read of them at once: the next answer may take minutes."""
        source.reader.want(expirations)
        if source.underlying.symbol in self._unlisted:
            self._tasks.spawn("ibkr listing", self._list_what_was_read())

    def missed(self, source: Source, contract: OptionContract) -> None:
        """Read an expiration first, or again, because a contract was asked for that it lacks."""
        now = self._clock.now()
        expiration = (contract.root, contract.day)
        if source.book.listing.position(*expiration) is None:
            self.want(source, [expiration])
        elif source.missed_at is None or now - source.missed_at >= MISS_EVERY:
            source.missed_at = now
            source.reader.outdate([expiration])
            self.due.set()

    def follow(self, before: datetime | None, now: datetime) -> None:
        """Let the chains be read again before each opening and after a future's end, the nearest after a large move.

        Parameters
        ----------
        before
            The moment of the call before this; `None` for none.
        """
        today = self._today(now)
        session = self._calendar.session(today)
        if session is not None and self._listed_on != today and now >= session[0] - LISTED_BEFORE_OPENING:
            self.due.set()
        for source in self._sources.values():
            until = source.reader.quoted_until
            if until is not None and before is not None and before < until <= now:
                self._listed_on = None  # the next future is the underlying from now on
                self.due.set()
            spot = source.book.spot
            if spot is not None and source.listed_at is None:
                source.listed_at = spot
            elif spot is not None and source.listed_at and abs(spot / source.listed_at - 1.0) >= SPOT_MOVE:
                source.listed_at = spot
                source.reader.outdate_first()
                self.due.set()

    def _today(self, now: datetime) -> date:
        return self._calendar.local(now).date()
