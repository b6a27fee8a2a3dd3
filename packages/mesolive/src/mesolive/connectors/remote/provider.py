"""Remote provider: the market data of a connector that runs in an agent; implements `mesolive.market.provider`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
import structlog

from mesolive.clock import Clock
from mesolive.connectors.protocol import ConnectorError, Problem
from mesolive.connectors.remote.book_parts import listing_of, take_part
from mesolive.connectors.remote.messages import (
    BookPart,
    CloseQuotes,
    Interest,
    MarketTime,
    Notice,
    OpenQuotes,
    ProviderState,
    Quotes,
    QuotesTaken,
    Subscribe,
    Unsubscribe,
)
from mesolive.connectors.remote.peer import LinkLostError, QuestionFailedError
from mesolive.connectors.remote.slots import Slot
from mesolive.market.book import QuoteBook
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.lines import LinePriority, LineUse
from mesolive.market.provider import ProviderStatus
from mesolive.market.trading_hours import TradingHours, trading_hours
from mesolive_sdk.models import AgentStatus, DataProviderType

_log = structlog.get_logger(__name__)

PICTURE_SECONDS: Final = 50.0
"""How long the first picture of all books may take."""
_NOTHING: Final = msgspec.msgpack.Decoder(None)


class AgentClock:
    """Market time of a connector as its agent reports it, where it is not the computer's. It never decreases.

    Parameters
    ----------
    wall
        The computer's time: market time before the first reading.
    """

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self._reading: MarketTime | None = None
        self._latest: datetime | None = None

    def read(self, reading: MarketTime) -> None:
        """Go on from a reading."""
        self._reading = reading

    def now(self) -> datetime:
        """Return the reading plus the scaled time since."""
        reading = self._reading
        if reading is None:
            return self._wall.now()
        now = reading.market + max(self._wall.now() - reading.computer, timedelta(0)) * reading.speed
        self._latest = now if self._latest is None else max(now, self._latest)
        return self._latest

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of market time."""
        speed = 1.0 if self._reading is None else self._reading.speed
        await self._wall.sleep(max(seconds, 0.0) / speed)


class RemoteProvider:
    """The provider of a connector in an agent.

    Parameters
    ----------
    slot
        The connection.
    name
        The kind of provider.
    clock
        Market time of its quotes.
    """

    def __init__(self, slot: Slot, name: DataProviderType, clock: Clock, calendar: ExchangeCalendar) -> None:
        self._slot = slot
        self._name = name
        self._clock = clock
        self._calendar = calendar
        self._books: dict[str, QuoteBook] = {}
        self._status = ProviderStatus(AgentStatus.Disconnected, "not started")
        self.status_changes = ChangeSignal()
        self._wanted: dict[OptionContract, int | None] = {}
        self._stream: int | None = None
        self._reported: ProviderState | None = None
        self._opening = asyncio.Lock()

    @property
    def name(self) -> DataProviderType:
        """The kind of provider."""
        return self._name

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The underlyings with data."""
        return tuple(book.listing.underlying for book in self._books.values())

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The quote books; the same objects through all links."""
        return self._books

    @property
    def status(self) -> ProviderStatus:
        """The connection status: the provider's own, and lost while the link is."""
        return self._status

    @property
    def is_open(self) -> bool:
        """Whether the books are followed: from the first picture until the link is lost."""
        return self._stream is not None

    @property
    def line_use(self) -> LineUse:
        """How the provider's market data lines are used, where it has few."""
        reported = self._reported
        return (
            LineUse(0, 0, ()) if reported is None else LineUse(reported.lines or 0, reported.pinned, reported.without)
        )

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Start updates of contracts."""
        self._want(contracts, None)

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Stop updates of contracts."""
        for contract in contracts:
            self._wanted.pop(contract, None)
        if self._stream is not None:
            self._slot.notify(Unsubscribe(contracts=tuple(contracts)))

    def _want(self, contracts: Sequence[OptionContract], priority: int | None) -> None:
        self._wanted.update(dict.fromkeys(contracts, priority))
        if self._stream is not None:
            self._slot.notify(Subscribe(contracts=tuple(contracts), priority=priority))

    async def start(self) -> None:
        """Fill the books, and follow them from then on.

        Raises
        ------
        ConnectorError
            When the agent does not send them.
        """
        async with self._opening:
            if self not in self._slot.listeners:
                self._slot.listeners.append(self)
            stream = self._stream = self._slot.number()
            by_priority: dict[int | None, list[OptionContract]] = {}
            for contract, priority in self._wanted.items():
                by_priority.setdefault(priority, []).append(contract)
            wanted = tuple(
                Subscribe(contracts=tuple(contracts), priority=priority) for priority, contracts in by_priority.items()
            )
            try:
                await self._slot.ask(OpenQuotes(stream=stream, wanted=wanted), _NOTHING, PICTURE_SECONDS)
            except (LinkLostError, QuestionFailedError, TimeoutError) as error:
                self._stream = None
                text = str(error) or f"the agent has not sent its quotes within {PICTURE_SECONDS:g} s"
                raise ConnectorError(Problem.INTERRUPTED, text) from None

    async def stop(self) -> None:
        """Follow the books no more; safe to call twice."""
        if self._stream is not None:
            self._slot.notify(CloseQuotes(stream=self._stream))
            self._stream = None
        if self in self._slot.listeners:
            self._slot.listeners.remove(self)
        self._set_status(ProviderStatus(AgentStatus.Disconnected, "stopped"))

    # --- messages of the agent ----------------------------------------------------------------------------------------

    def notified(self, notice: Notice) -> None:
        """Take a batch of changes."""
        if not isinstance(notice, Quotes) or notice.stream != self._stream:
            return
        if notice.market_time is not None and isinstance(self._clock, AgentClock):
            self._clock.read(notice.market_time)
        for part in notice.books:
            book = self._books.get(part.symbol) or self._new_book(part)
            if book is not None:
                take_part(book, part)
        if notice.provider is not None:
            self._reported = notice.provider
            reported = notice.provider
            self._set_status(ProviderStatus(reported.state, reported.message, reported.connected_at))
        self._slot.notify(QuotesTaken(stream=notice.stream, number=notice.number))

    def lost(self, reason: str) -> None:
        """Take the loss of the link: the quotes stay, and grow old."""
        self._stream = None
        self._set_status(ProviderStatus(AgentStatus.Disconnected, reason))

    def _new_book(self, part: BookPart) -> QuoteBook | None:
        if part.underlying is None:
            _log.warning("remote_book_unknown", symbol=part.symbol)
            return None
        hours = trading_hours(part.symbol, self._calendar) if part.exchange_hours else None
        if part.always_open:
            hours = TradingHours(self._calendar, always=True)
        mute = timedelta(seconds=part.mute_seconds or 60.0)
        listing = listing_of(part.underlying, part.listing or (), part.unread)
        book = QuoteBook(listing, self._clock, self._calendar, hours=hours, mute_after=mute)
        self._books[part.symbol] = book
        return book

    def _set_status(self, status: ProviderStatus) -> None:
        if status != self._status:
            self._status = status
            self.status_changes.bump()


class RemotePartialProvider(RemoteProvider):
    """The provider of a connector in an agent that quotes fewer contracts at a time than it lists."""

    def pin(self, contracts: Sequence[OptionContract], priority: LinePriority) -> None:
        """Quote contracts without a break, by their priority."""
        self._want(contracts, int(priority))

    def note_interest(self, symbol: str, expirations: Iterable[tuple[str, date]]) -> None:
        """Quote the contracts of expirations oftener than others for a while."""
        if self._stream is not None:
            self._slot.notify(Interest(symbol=symbol, expirations=tuple(expirations)))
