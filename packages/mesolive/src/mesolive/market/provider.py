"""The protocol of a market data provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from mesolive.market.book import QuoteBook
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.lines import LinePriority, LineUse
from mesolive_sdk.models import AgentStatus, DataProviderType


class ProviderStatus(Struct, frozen=True):
    """Connection status of a provider.

    Attributes
    ----------
    state
        Connected, disconnected or failed.
    message
        One line for the trader; empty when all is well.
    connected_at
        Market time since which it is connected, `None` while it is not.
    """

    state: AgentStatus
    message: str = ""
    connected_at: datetime | None = None


class Provider(Protocol):
    """A source of market data: keeps one quote book per underlying up to date.

    A provider belongs to one event loop. After `start` its books hold a first snapshot of the market. Failures after
    `start` appear in `status`; they never raise in a caller.
    """

    @property
    def name(self) -> DataProviderType:
        """The kind of provider."""
        ...

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The underlyings with data."""
        ...

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The quote books by the underlying's symbol; complete after `start`."""
        ...

    @property
    def status(self) -> ProviderStatus:
        """The connection status."""
        ...

    @property
    def status_changes(self) -> ChangeSignal:
        """Signals every change of `status`."""
        ...

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Start updates of contracts that were not subscribed.

        Called once per contract, whatever the number of leases, and again for all contracts after a reconnect. A
        provider that receives the whole chain has nothing to do.
        """
        ...

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Stop updates of contracts without a lease."""
        ...

    async def start(self) -> None:
        """Connect and fill the books."""
        ...

    async def stop(self) -> None:
        """Disconnect; safe to call twice, and without `start`."""
        ...


@runtime_checkable
class PartialProvider(Provider, Protocol):
    """A provider that quotes fewer contracts at a time than it lists, and models the rest (`market.partial_chain`)."""

    @property
    def line_use(self) -> LineUse:
        """How its market data lines are used; its `status` says so in words when they run out."""
        ...

    def pin(self, contracts: Sequence[OptionContract], priority: LinePriority) -> None:
        """Quote contracts without a break, by their priority, until `unsubscribe`. A second call sets the priority."""
        ...

    def note_interest(self, symbol: str, expirations: Iterable[tuple[str, date]]) -> None:
        """Quote the contracts of an underlying's expirations (root and day) oftener than others for a while."""
        ...
