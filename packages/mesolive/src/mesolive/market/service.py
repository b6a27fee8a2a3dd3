"""Market data service: the quote books of all providers, by provider and symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from mesolive.clock import Clock
from mesolive.market.book import QuoteBook
from mesolive.market.chain_view import BookView
from mesolive.market.change_signal import ChangeSignal, Subscription
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.history_store import HistoryKeeper, MarketMemory
from mesolive.market.provider import Provider, ProviderStatus
from mesolive.market.subscriptions import SubscriptionHandle, SubscriptionRegistry
from mesolive.market.wire import candidates, live_contract, live_underlying
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType, LiveContract, LiveUnderlying

WATCH_EVERY_SECONDS: Final = 10.0


class UnknownUnderlyingError(KeyError):
    """No provider has data for the symbol, or the requested provider has none."""

    def __init__(self, symbol: str, provider: DataProviderType) -> None:
        super().__init__(symbol)
        self.symbol = symbol
        self.provider = provider

    def __str__(self) -> str:
        return f"the {self.provider} provider has no data for {self.symbol!r}"


class UnknownProviderError(KeyError):
    """The server runs no such provider."""

    def __init__(self, provider: DataProviderType) -> None:
        super().__init__(provider)
        self.provider = provider

    def __str__(self) -> str:
        return f"this server has no {self.provider} provider"


class UnknownContractError(KeyError):
    """The contract is not listed."""

    def __init__(self, contract: OptionContract | str) -> None:
        super().__init__(contract)
        self.contract = contract

    def __str__(self) -> str:
        return f"{self.contract} is not listed"


class Market:
    """All providers of the server.

    Parameters
    ----------
    providers
        At least one, each of another kind.
    default
        The provider that is used when a call names none; by default the first.
    notes
        Anomalies in the providers' data files, a line each.
    """

    def __init__(
        self, providers: Sequence[Provider], default: DataProviderType | None = None, notes: Sequence[str] = ()
    ) -> None:
        if not providers:
            raise ValueError("a market needs a provider")
        self.notes = tuple(notes)
        self._providers = {provider.name: provider for provider in providers}
        if len(self._providers) != len(providers):
            raise ValueError("two providers are of the same kind")
        self.default = default if default is not None else providers[0].name
        if self.default not in self._providers:
            raise UnknownProviderError(self.default)
        self._changes = ChangeSignal()
        self._status_changes = ChangeSignal()
        self._ledgers = {kind: SubscriptionRegistry(provider) for kind, provider in self._providers.items()}
        self._reported: dict[DataProviderType, AgentStatus] = {}
        self._started: list[Provider] = []
        self.tasks = Tasks()
        self._keeper: HistoryKeeper | None = None
        for provider in providers:
            provider.status_changes.lead(self._status_changes)

    @property
    def providers(self) -> Mapping[DataProviderType, Provider]:
        """The providers by kind."""
        return self._providers

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
            self.tasks.start_loop("market status", partial(self._watch, clock))

    async def stop(self) -> None:
        """Stop all providers; safe to call twice."""
        await self.tasks.stop()
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
        try:
            return self._providers[wanted]
        except KeyError:
            raise UnknownProviderError(wanted) from None

    def status(self, kind: DataProviderType | None = None) -> ProviderStatus:
        """Return how a provider is doing; one that is connected but has been silent for too long is in error."""
        provider = self.provider(kind)
        status, books = provider.status, provider.books.values()
        if status.state is not AgentStatus.Connected or not books or not all(book.stale for book in books):
            return status
        heard = max((book.heard_at for book in books if book.heard_at is not None), default=None)
        since = "yet" if heard is None else f"since {heard:%Y-%m-%d %H:%M:%S} UTC"
        return ProviderStatus(AgentStatus.Error, f"connected, but no data {since}", status.connected_at)

    def heard_at(self, kind: DataProviderType | None = None) -> datetime | None:
        """Return the time of a provider's last update, or `None` before the first."""
        heard = [book.heard_at for book in self.provider(kind).books.values()]
        return max((moment for moment in heard if moment is not None), default=None)

    def status_changed(self) -> Subscription:
        """Return an async iterator that yields whenever a provider's status may have changed."""
        return self._status_changes.subscribe()

    def subscribe(
        self, contracts: Iterable[OptionContract], provider: DataProviderType | None = None
    ) -> SubscriptionHandle:
        """Subscribe contracts with a provider until the lease is closed.

        A contract with several leases is subscribed once; it is subscribed again after a reconnect.

        Raises
        ------
        UnknownProviderError
            When the server runs none of this kind.
        TooManySubscriptionsError
            When the subscription would exceed the limit of contracts per provider.
        """
        return self._ledgers[self.provider(provider).name].acquire(contracts)

    async def _watch(self, clock: Clock, turns: Turns) -> None:
        """Notice providers that come, go, or fall silent."""
        while True:
            for kind in self._providers:
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
        """Return the quote book of an underlying; raises as `underlying` does."""
        chosen = self.provider(provider)
        try:
            return chosen.books[symbol]
        except KeyError:
            raise UnknownUnderlyingError(symbol, chosen.name) from None

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
            Whose book; `None` for the default provider's.
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
