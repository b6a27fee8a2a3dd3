"""Keeps the days of underlyings beyond the process, in a memory that the market knows only by what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Protocol, runtime_checkable

import structlog

from mesolive.market.book import QuoteBook
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract
from mesolive.market.history import DailySeries, Day
from mesolive.market.provider import Provider
from mesolive.tasks import Tasks, Turns

log = structlog.get_logger(__name__)

KEPT: Final = timedelta(days=3 * 366)
"""How long days are kept."""

ANSWER_SECONDS: Final = 10.0
"""How long the memory may take."""

PAUSE_SECONDS: Final = 1.0
"""Real time between two writes: a market at a thousand times the usual speed has a day in half a minute."""


class MarketMemory(Protocol):
    """Where days are kept, by the source that they are of and the underlying's symbol."""

    async def load(self, source: str, symbol: str, since: date) -> Sequence[Day]:
        """Return the days from `since` on, and forget those before."""
        ...

    async def save(self, source: str, symbol: str, days: Sequence[Day]) -> None:
        """Keep days in place of what was kept of them."""
        ...

    async def held(self, symbol: str) -> Sequence[OptionContract]:
        """Return the contracts on an underlying that somebody holds: they must stay listed."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A provider that makes its market itself, and needs to know before its start what it was.

    Attributes
    ----------
    source
        Names the market: days of another one are none of its own.
    """

    source: str

    def resume_from(self, past: Mapping[str, DailySeries], held: Sequence[OptionContract]) -> None:
        """Take the days that were kept, and what is held: the past of the market that starts next."""
        ...


class HistoryKeeper:
    """Hands providers the days that were kept, and keeps those that they tell."""

    def __init__(self, memory: MarketMemory) -> None:
        self._memory = memory
        self._books: dict[tuple[str, str], QuoteBook] = {}
        self._kept: dict[tuple[str, str], Mapping[date, Day]] = {}
        self._changes = ChangeSignal()
        self._following = False
        self.tasks = Tasks()

    async def prepare(self, provider: Provider) -> None:
        """Hand a provider that goes on by itself its past, before its start."""
        if isinstance(provider, Resumable):
            symbols = [underlying.symbol for underlying in provider.underlyings]
            past = {symbol: await self._load(provider, symbol) for symbol in symbols}
            async with asyncio.timeout(ANSWER_SECONDS):
                held = [contract for symbol in symbols for contract in await self._memory.held(symbol)]
            provider.resume_from(past, held)

    async def follow(self, provider: Provider) -> None:
        """Keep the days of a provider that was started; what it does not know itself is added to them."""
        for symbol, book in provider.books.items():
            if not isinstance(provider, Resumable):
                past = (await self._load(provider, symbol)).known_at(book.clock.now(), book.calendar)
                book.history = DailySeries.of([*past.days, *book.history.days])
            self._books[_source(provider), symbol] = book
            book.history_changes.lead(self._changes)

    async def start(self) -> None:
        """Keep what there is, and then what comes."""
        await self._save()
        self.tasks.start_loop("market history", self._run)
        self._following = True

    async def stop(self) -> None:
        """Keep what came last."""
        if not self._following:
            return
        self._following = False
        await self.tasks.stop()
        await self._save()

    async def _run(self, turns: Turns) -> None:
        async with self._changes.subscribe() as changes:
            async for _ in changes:
                await self._save()
                turns.turned()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _load(self, provider: Provider, symbol: str) -> DailySeries:
        source = _source(provider)
        clock = next(iter(provider.books.values())).clock
        async with asyncio.timeout(ANSWER_SECONDS):
            days = await self._memory.load(source, symbol, clock.now().date() - KEPT)
        self._kept[source, symbol] = {day.day: day for day in days}
        return DailySeries.of(days)

    async def _save(self) -> None:
        for (source, symbol), book in self._books.items():
            kept = self._kept.get((source, symbol), {})
            days = book.history.days
            changed = [day for day in days if kept.get(day.day) != day]
            if not changed:
                continue
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._memory.save(source, symbol, changed)
            except Exception:
                # Prices go on all the same; what was not kept is tried again with the next change.
                log.exception("market.history_not_kept", symbol=symbol, days=len(changed))
            else:
                self._kept[source, symbol] = {day.day: day for day in days}


def _source(provider: Provider) -> str:
    return provider.source if isinstance(provider, Resumable) else provider.name.name
