"""What the server asks of a source of market data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mesolive.market.book import QuoteBook
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive_sdk.models import AgentStatus, DataProviderType


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """How a provider is doing.

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

    A provider belongs to one event loop. After `start` its books hold a first picture of the market, and `status` says
    how it is doing; what goes wrong later is a status, never an exception in somebody else's call.
    """

    @property
    def name(self) -> DataProviderType:
        """Which kind of provider this is."""
        ...

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """What it has data for."""
        ...

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The quote books by the underlying's symbol; complete after `start`."""
        ...

    @property
    def status(self) -> ProviderStatus:
        """How it is doing."""
        ...

    @property
    def status_changes(self) -> ChangeSignal:
        """Bumped whenever `status` changes."""
        ...

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Begin to keep some contracts up to date that nobody wanted before.

        Called once per contract however many want it, and again for all of them after a reconnect. A provider that has
        the whole chain anyway has nothing to do.
        """
        ...

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Let go of contracts that nobody wants any more."""
        ...

    async def start(self) -> None:
        """Connect and fill the books."""
        ...

    async def stop(self) -> None:
        """Disconnect; safe to call twice, and without `start`."""
        ...
