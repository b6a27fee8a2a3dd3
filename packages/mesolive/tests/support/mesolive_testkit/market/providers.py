"""A provider that does what a test tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesolive.market.book import QuoteBook
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.provider import ProviderStatus
from mesolive_sdk.models import AgentStatus, DataProviderType


class ObedientProvider:
    """Has the books that it is given, and remembers what was asked of it."""

    def __init__(
        self, *books: QuoteBook, name: DataProviderType = DataProviderType.Ibkr, failure: Exception | None = None
    ) -> None:
        self.name = name
        self.books: Mapping[str, QuoteBook] = {book.listing.underlying.symbol: book for book in books}
        self.status = ProviderStatus(AgentStatus.Disconnected, "not started")
        self.status_changes = ChangeSignal()
        self.calls: list[tuple[str, Sequence[OptionContract]]] = []
        self._failure = failure

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The books' underlyings."""
        return tuple(book.listing.underlying for book in self.books.values())

    def become(self, state: AgentStatus, message: str = "") -> None:
        """Change the status."""
        self.status = ProviderStatus(state, message)
        self.status_changes.bump()

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Note what is wanted."""
        self.calls.append(("subscribe", tuple(contracts)))

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Note what is not wanted any more."""
        self.calls.append(("unsubscribe", tuple(contracts)))

    async def start(self) -> None:
        """Connect, or fail on request."""
        self.calls.append(("start", ()))
        if self._failure is not None:
            raise self._failure
        self.become(AgentStatus.Connected)

    async def stop(self) -> None:
        """Disconnect."""
        self.calls.append(("stop", ()))
        self.become(AgentStatus.Disconnected, "stopped")
