"""Persists the daily history of underlyings behind a storage protocol."""

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

RETENTION: Final = timedelta(days=3 * 366)
"""Retention of daily history."""

ANSWER_SECONDS: Final = 10.0
"""Timeout of one storage call, in seconds."""

PAUSE_SECONDS: Final = 1.0
"""Real time between two writes: a market at a thousand times the usual speed has a day in half a minute."""


class MarketMemory(Protocol):
    """Storage of daily history, keyed by data source and the underlying's symbol."""

    async def load(self, source: str, symbol: str, since: date) -> Sequence[Day]:
        """Return the days from `since` on, and delete earlier ones."""
        ...

    async def save(self, source: str, symbol: str, days: Sequence[Day]) -> None:
        """Insert days, replacing the stored values of the same dates."""
        ...

    async def open_contracts(self, symbol: str) -> Sequence[OptionContract]:
        """Return the contracts on an underlying with an open position: they must stay listed."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A synthetic provider that is restored from stored history before its start.

    Attributes
    ----------
    source
        Name of the market; stored days are keyed by it.
    """

    source: str

    def resume_from(self, past: Mapping[str, DailySeries], open_contracts: Sequence[OptionContract]) -> None:
        """Restore the stored days and list the contracts that accounts hold; called before `start`."""
        ...


class HistoryKeeper:
    """Loads stored daily history into providers, and stores the days that they publish."""

    def __init__(self, memory: MarketMemory) -> None:
        self._memory = memory
        self._books: dict[tuple[str, str], QuoteBook] = {}
        self._stored: dict[tuple[str, str], Mapping[date, Day]] = {}
        self._changes = ChangeSignal()
        self._following = False
        self.tasks = Tasks()

    async def prepare(self, provider: Provider) -> None:
        """Restore a synthetic provider from stored history, before its start."""
        if isinstance(provider, Resumable):
            symbols = [underlying.symbol for underlying in provider.underlyings]
            past = {symbol: await self._load(provider, symbol) for symbol in symbols}
            async with asyncio.timeout(ANSWER_SECONDS):
                open_contracts = [
                    contract for symbol in symbols for contract in await self._memory.open_contracts(symbol)
                ]
            provider.resume_from(past, open_contracts)

    async def follow(self, provider: Provider) -> None:
        """Track the days of a started provider; merge stored days into its books."""
        for symbol, book in provider.books.items():
            if not isinstance(provider, Resumable):
                past = (await self._load(provider, symbol)).known_at(book.clock.now(), book.calendar)
                book.history = DailySeries.of([*past.days, *book.history.days])
            self._books[_source(provider), symbol] = book
            book.history_changes.lead(self._changes)

    async def forget(self, provider: Provider) -> None:
        """Store a provider's days a last time, and track them no more."""
        await self._save()
        for symbol, book in provider.books.items():
            self._books.pop((_source(provider), symbol), None)
            book.history_changes.release(self._changes)

    async def start(self) -> None:
        """Store the current days, then start the loop that stores changes."""
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
            days = await self._memory.load(source, symbol, clock.now().date() - RETENTION)
        self._stored[source, symbol] = {day.day: day for day in days}
        return DailySeries.of(days)

    async def _save(self) -> None:
        for (source, symbol), book in self._books.items():
            stored = self._stored.get((source, symbol), {})
            days = book.history.days
            changed = [day for day in days if stored.get(day.day) != day]
            if not changed:
                continue
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._memory.save(source, symbol, changed)
            except Exception:
                # Prices go on all the same; what was not kept is tried again with the next change.
                log.exception("market_history_not_stored", symbol=symbol, days=len(changed))
            else:
                self._stored[source, symbol] = {day.day: day for day in days}


def _source(provider: Provider) -> str:
    return provider.source if isinstance(provider, Resumable) else provider.name.name
