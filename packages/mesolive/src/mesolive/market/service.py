"""Market data service: the quote books of all providers, by provider and symbol; chooses a provider for a symbol."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from mesolive.clock import Clock
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.chain_view import BookView
from mesolive.market.change_signal import ChangeSignal, Subscription
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.dividends import DividendSchedule
from mesolive.market.history_store import HistoryKeeper, MarketMemory
from mesolive.market.lines import LinePriority
from mesolive.market.provider import PartialProvider, Provider, ProviderStatus
from mesolive.market.subscriptions import SubscriptionHandle, SubscriptionRegistry
from mesolive.market.trading_hours import TradingHours, trading_hours
from mesolive.market.wire import candidates, live_contract, live_underlying
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType, LiveContract, LiveUnderlying

WATCH_EVERY_SECONDS: Final = 10.0


class UnknownUnderlyingError(KeyError):
    """No provider has data for the symbol, or the requested provider has none."""

    def __init__(self, symbol: str, provider: DataProviderType | None) -> None:
        super().__init__(symbol)
        self.symbol = symbol
        self.provider = provider

    def __str__(self) -> str:
        if self.provider is None:
            return f"no market data provider has data for {self.symbol!r}"
        return f"the {self.provider} provider has no data for {self.symbol!r}"


class UnknownProviderError(KeyError):
    """The server runs no such provider; `None` means that it runs none at all."""

    def __init__(self, provider: DataProviderType | None) -> None:
        super().__init__(provider)
        self.provider = provider

    def __str__(self) -> str:
        if self.provider is None:
            return "this server has no market data provider: see mesolive connector add"
        return f"this server has no {self.provider} provider"


class UnknownContractError(KeyError):
    """The contract is not listed."""

    def __init__(self, contract: OptionContract | str) -> None:
        super().__init__(contract)
        self.contract = contract

    def __str__(self) -> str:
        return f"{self.contract} is not listed"


SYNTHETIC: Final = frozenset({DataProviderType.Simulated, DataProviderType.Recorded})
"""Providers whose prices are not those of the exchanges now: a default is one of them only where there is no other."""


class Market:
    """All providers of the server: those that it starts with, and those that connectors attach while it runs.

    Each provider has its own underlyings and its own market time; a view is of one provider.

    Parameters
    ----------
    providers
        Those that start and stop with the market, each of another kind.
    default
        The provider that is used when a call names none; by default the first that is not synthetic, else the first.
    notes
        Anomalies in the providers' data files, a line each.
    by_symbol
        The provider of an underlying when a call names none, by the underlying's symbol.
    dividends
        The cash dividends that the user has named, by the underlying's symbol: every provider's chain is priced with
        them.
    """

    def __init__(
        self,
        providers: Sequence[Provider] = (),
        default: DataProviderType | None = None,
        notes: Sequence[str] = (),
        by_symbol: Mapping[str, DataProviderType] | None = None,
        dividends: Mapping[str, DividendSchedule] | None = None,
    ) -> None:
        self.notes = tuple(notes)
        self._dividends = dict(dividends or {})
        self._providers = {provider.name: provider for provider in providers}
        if len(self._providers) != len(providers):
            raise ValueError("two providers are of the same kind")
        if default is not None and default not in self._providers:
            raise UnknownProviderError(default)
        self._default = default
        self._by_symbol = dict(by_symbol or {})
        self.built_in: Sequence[DataProviderType] = tuple(self._providers)
        self._changes = ChangeSignal()
        self._status_changes = ChangeSignal()
        self._ledgers = {kind: SubscriptionRegistry(provider) for kind, provider in self._providers.items()}
        self._reported: dict[DataProviderType, AgentStatus] = {}
        self._started: list[Provider] = []
        self._watchers: dict[DataProviderType, Tasks] = {}
        self.tasks = Tasks()
        self._keeper: HistoryKeeper | None = None
        for provider in providers:
            provider.status_changes.lead(self._status_changes)

    @property
    def providers(self) -> Mapping[DataProviderType, Provider]:
        """The providers by kind."""
        return self._providers

    @property
    def default(self) -> DataProviderType | None:
        """The provider that is used when neither call nor underlying names one; `None` while there is none."""
        if self._default is not None:
            return self._default
        if len(self._providers) == 1:  # each look at a market asks for it
            return next(iter(self._providers))
        return min(self._providers, key=_is_synthetic, default=None)

    @property
    def task_owners(self) -> Sequence[object]:
        """The parts that run tasks: the market itself, its providers, and what keeps its history."""
        return [self, *self._providers.values(), *([] if self._keeper is None else [self._keeper])]

    def remember_in(self, memory: MarketMemory) -> None:
        """Keep the days of all underlyings beyond the process, from the next start on."""
        self._keeper = HistoryKeeper(memory)

    async def start(self) -> None:
        """Start all providers; when one fails, those that were started are stopped and its error is raised."""
        keeper = self._keeper
        try:
            for provider in self._providers.values():
                self._started.append(provider)
                self._give_dividends(provider)
                if keeper is not None:
                    await keeper.prepare(provider)
                await provider.start()
                for book in provider.books.values():
                    book.changes.lead(self._changes)
                if keeper is not None:
                    await keeper.follow(provider)
            if keeper is not None:
                await keeper.start()
        except BaseException:
            await self.stop()
            raise
        clock = next((book.clock for item in self._started for book in item.books.values()), None)
        if clock is not None:
            self.tasks.start_loop("market status", partial(self._watch, self.built_in, clock))

    async def prepare(self, provider: Provider) -> None:
        """Restore a synthetic provider's market from its stored days, before it is started and attached."""
        self._give_dividends(provider)
        if self._keeper is not None:
            await self._keeper.prepare(provider)

    async def attach(self, provider: Provider, *, watched: bool = True) -> None:
        """Add a provider that a connector has started. Whoever attaches it stops it, and detaches it before.

        Its books must be complete, and stay the same objects until it is detached.

        Parameters
        ----------
        watched
            Whether its status is looked at regularly, so that silence is noticed.

        Raises
        ------
        ValueError
            When there is one of this kind already.
        """
        kind = provider.name
        if kind in self._providers:
            raise ValueError(f"this server has a {kind} provider already")
        if self._keeper is not None:
            await self._keeper.follow(provider)
        self._providers[kind] = provider
        self._ledgers[kind] = SubscriptionRegistry(provider)
        self._give_dividends(provider)
        for book in provider.books.values():
            book.changes.lead(self._changes)
        provider.status_changes.lead(self._status_changes)
        watcher = self._watchers[kind] = Tasks()
        clock = self.clock(kind)
        if clock is not None and watched:
            watcher.start_loop(f"market status {kind.name}", partial(self._watch, (kind,), clock))
        self._status_changes.bump()
        self._changes.bump()

    def _give_dividends(self, provider: Provider) -> None:
        """Tell a provider's books of the dividends that the user has named."""
        for symbol, book in provider.books.items():
            schedule = self._dividends.get(symbol)
            if schedule is not None:
                book.dividends = schedule

    async def detach(self, kind: DataProviderType) -> None:
        """Remove an attached provider; one that is not there, or started with the market, is left alone."""
        if kind in self.built_in or kind not in self._providers:
            return
        await self._watchers.pop(kind).stop()
        provider = self._providers.pop(kind)
        self._reported.pop(kind, None)
        del self._ledgers[kind]
        for book in provider.books.values():
            book.changes.release(self._changes)
        provider.status_changes.release(self._status_changes)
        if self._keeper is not None:
            await self._keeper.forget(provider)
        self._status_changes.bump()
        self._changes.bump()

    def clock(self, kind: DataProviderType | None = None) -> Clock | None:
        """Return the market time of a provider, or of the default one; `None` where there is none or it has no book."""
        provider = self._providers.get(kind) if kind is not None else None
        if kind is None and self.default is not None:
            provider = self._providers[self.default]
        return None if provider is None else next((book.clock for book in provider.books.values()), None)

    def now(self, kind: DataProviderType | None, otherwise: Clock) -> datetime:
        """Return the present market time of a provider, or of the default one; that of a clock where there is none."""
        return (self.clock(kind) or otherwise).now()

    async def stop(self) -> None:
        """Stop all providers that started with the market; safe to call twice."""
        await self.tasks.stop()
        for kind in [kind for kind in self._providers if kind not in self.built_in]:
            await self.detach(kind)
        while self._started:
            await self._started.pop().stop()
        if self._keeper is not None:
            await self._keeper.stop()

    def provider(self, kind: DataProviderType | None = None) -> Provider:
        """Return the provider of a kind, or the default one.

        Raises
        ------
        UnknownProviderError
            When the server runs none of this kind.
        """
        wanted = self.default if kind is None else kind
        provider = None if wanted is None else self._providers.get(wanted)
        if provider is None:
            raise UnknownProviderError(wanted)
        return provider

    def serving(self, symbol: str, kind: DataProviderType | None = None) -> Provider:
        """Return the provider whose data of an underlying is used.

        The one that is named; else the underlying's own, the default one, or any other that has the underlying.

        Raises
        ------
        UnknownProviderError, UnknownUnderlyingError
            When the server does not run it, or none has data for the underlying; both are `KeyError`s.
        """
        if kind is not None:
            chosen = self.provider(kind)
            if symbol not in chosen.books:
                raise UnknownUnderlyingError(symbol, chosen.name)
            return chosen
        for candidate in (self._by_symbol.get(symbol), self.default):
            provider = None if candidate is None else self._providers.get(candidate)
            if provider is not None and symbol in provider.books:
                return provider
        for candidate in sorted(self._providers, key=_is_synthetic):
            if symbol in self._providers[candidate].books:
                return self._providers[candidate]
        if not self._providers:
            raise UnknownProviderError(None)
        raise UnknownUnderlyingError(symbol, self.default if len(self._providers) == 1 else None)

    def hours(self, symbol: str, kind: DataProviderType | None, otherwise: ExchangeCalendar) -> TradingHours:
        """Return when the options on an underlying trade at a provider; without one, at their exchange.

        Parameters
        ----------
        otherwise
            The trading days where no provider has the underlying.
        """
        try:
            return self.serving(symbol, kind).books[symbol].hours
        except (UnknownProviderError, UnknownUnderlyingError):
            return trading_hours(symbol, otherwise)

    def now_of(self, kind: DataProviderType | None, symbol: str, otherwise: datetime) -> datetime:
        """Return the market time of the provider whose data of an underlying is used; `otherwise` where none is."""
        try:
            return self.serving(symbol, kind).books[symbol].clock.now()
        except (UnknownProviderError, UnknownUnderlyingError):
            return otherwise

    def in_session(self, calendar: ExchangeCalendar, otherwise: Clock, kind: DataProviderType | None = None) -> bool:
        """Return whether strategies on any underlying are evaluated now, in its provider's market time.

        Night sessions of indexes, which some accounts use, do not count.

        Parameters
        ----------
        calendar, otherwise
            The sessions and the time where nothing is quoted.
        kind
            The provider whose underlyings are asked about; `None` for all of them.
        """
        providers = self._providers.values() if kind is None else [self.provider(kind)]
        books = [book for provider in providers for book in provider.books.values()]
        if not books:
            return calendar.is_open(otherwise.now())
        return any(book.hours.decides(book.clock.now()) for book in books)

    def status(self, kind: DataProviderType | None = None) -> ProviderStatus:
        """Return how a provider is doing; one that is connected but has been silent for too long is in error."""
        provider = self.provider(kind)
        status, books = provider.status, provider.books.values()
        if status.state is not AgentStatus.Connected or not books or not all(book.stale for book in books):
            return status
        received = max((book.last_received_at for book in books if book.last_received_at is not None), default=None)
        since = "yet" if received is None else f"since {received:%Y-%m-%d %H:%M:%S} UTC"
        return ProviderStatus(AgentStatus.Error, f"connected, but no data {since}", status.connected_at)

    def last_received_at(self, kind: DataProviderType | None = None) -> datetime | None:
        """Return the time of a provider's last update; `None` before the first, and without such a provider."""
        provider = self._providers.get(wanted) if (wanted := self.default if kind is None else kind) else None
        received = [] if provider is None else [book.last_received_at for book in provider.books.values()]
        return max((moment for moment in received if moment is not None), default=None)

    def status_changed(self) -> Subscription:
        """Return an async iterator that yields whenever a provider's status may have changed."""
        return self._status_changes.subscribe()

    def subscribe(
        self,
        contracts: Iterable[OptionContract],
        provider: DataProviderType | None = None,
        priority: LinePriority = LinePriority.WATCHED,
    ) -> SubscriptionHandle:
        """Subscribe contracts with a provider until the lease is closed.

        A contract with several leases is subscribed once; it is subscribed again after a reconnect. Without a provider
        each contract is subscribed with the one that serves its underlying, and left out where there is none. Of a
        provider with few market data lines the contracts of the most urgent `priority` are quoted; its status says
        which are not.

        Raises
        ------
        UnknownProviderError
            When the server runs none of this kind.
        TooManySubscriptionsError
            When the subscription would exceed the limit of contracts per provider.
        """
        if provider is not None or len(self._providers) == 1:
            return self._ledgers[self.provider(provider).name].acquire(contracts, priority)
        by_kind: dict[DataProviderType, list[OptionContract]] = {}
        for contract in contracts:
            with contextlib.suppress(UnknownUnderlyingError, UnknownProviderError):
                by_kind.setdefault(self.serving(contract.underlying).name, []).append(contract)
        return SubscriptionHandle.joined(
            [self._ledgers[kind].acquire(part, priority) for kind, part in by_kind.items()]
        )

    def partial_provider(self, symbol: str, provider: DataProviderType | None = None) -> PartialProvider | None:
        """Return the provider that serves an underlying where it quotes fewer contracts at a time than it lists.

        Raises
        ------
        UnknownProviderError, UnknownUnderlyingError
            As `serving`.
        """
        chosen = self.serving(symbol, provider)
        return chosen if isinstance(chosen, PartialProvider) else None

    async def _watch(self, kinds: Sequence[DataProviderType], clock: Clock, turns: Turns) -> None:
        """Notice providers that come, go, or fall silent, in their own market time."""
        while True:
            for kind in kinds:
                state = self.status(kind).state
                if self._reported.get(kind) is not state:
                    if state is AgentStatus.Connected and kind in self._reported:
                        self._ledgers[kind].restore()
                    self._reported[kind] = state
                    self._status_changes.bump()
            turns.turned()
            await clock.sleep(WATCH_EVERY_SECONDS)

    def underlyings(self, provider: DataProviderType | None = None) -> Sequence[Underlying]:
        """Return what a provider has data for."""
        return self.provider(provider).underlyings

    def underlying(self, symbol: str, provider: DataProviderType | None = None) -> Underlying:
        """Return the underlying with a symbol.

        Raises
        ------
        UnknownUnderlyingError
            When the provider has no data for it; a `KeyError`.
        """
        return self.book(symbol, provider).listing.underlying

    def book(self, symbol: str, provider: DataProviderType | None = None) -> QuoteBook:
        """Return the quote book of an underlying; raises as `serving` does."""
        return self.serving(symbol, provider).books[symbol]

    def view(self, symbol: str, provider: DataProviderType | None = None) -> BookView:
        """Return the market of one underlying at this moment.

        Raises
        ------
        UnknownUnderlyingError, UnknownProviderError
            When there is no data for it; both are `KeyError`s.
        """
        return self.book(symbol, provider).view()

    def changed(self, symbol: str | None = None, provider: DataProviderType | None = None) -> Subscription:
        """Return an async iterator that yields whenever prices changed, the latest version only.

        Parameters
        ----------
        symbol
            Which book; `None` for any book of any provider.
        provider
            Whose book; `None` for the one that serves the symbol.
        """
        return (self._changes if symbol is None else self.book(symbol, provider).changes).subscribe()

    def resolve(self, contract: LiveContract, provider: DataProviderType | None = None) -> OptionContract:
        """Return the listed option contract that a contract off the wire means.

        Raises
        ------
        ValueError
            When it is not an option contract or incomplete.
        UnknownContractError
            When it is not listed; a `KeyError`.
        UnknownUnderlyingError, UnknownProviderError
            As `view`.
        """
        view = self.view(contract.Underlying.Symbol, provider)
        for candidate in candidates(contract, view.expirations):
            if view.find(candidate) is not None:
                return candidate
        day = contract.Expiration.date() if contract.Expiration is not None else "?"
        raise UnknownContractError(
            f"{contract.Underlying.Symbol} {contract.Root or ''} {day} {contract.Strike} {contract.OptionType}"
        )

    def to_live(self, contract: OptionContract, provider: DataProviderType | None = None) -> LiveContract:
        """Return the wire model of a listed contract.

        Raises
        ------
        UnknownContractError
            When its expiration is not listed (any more); a `KeyError`.
        """
        listing = self.book(contract.underlying, provider).listing
        position = listing.position(contract.root, contract.day)
        if position is None:
            raise UnknownContractError(contract)
        return live_contract(contract, listing.expirations[position], listing.underlying)

    def to_live_underlying(self, symbol: str, provider: DataProviderType | None = None) -> LiveUnderlying:
        """Return the wire model of an underlying."""
        return live_underlying(self.underlying(symbol, provider))


def _is_synthetic(kind: DataProviderType) -> bool:
    return kind in SYNTHETIC
