"""Provider host: the agent's end of market data. Sends conflated batches of changes, one at a time.

While a batch is on its way, changes gather in the books; the next batch has the newest value of each contract. So a
slow link carries fewer batches, and never old ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from mesolive.clock import Clock, ScaledClock
from mesolive.connectors.remote.book_parts import SentBook
from mesolive.connectors.remote.messages import (
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
from mesolive.connectors.remote.peer import LinkLostError, Peer
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LinePriority
from mesolive.market.provider import PartialProvider, Provider
from mesolive.tasks import Tasks, Turns

PAUSE_SECONDS: Final = 0.004
"""Shortest time between two batches: what a tick waits for others, at most."""
BUSY_SHARE: Final = 4.0
"""After a batch at least this many times its own duration is left to everything else."""
HEARTBEAT_SECONDS: Final = 0.5
"""How often the provider's last sign of life is sent while no quote changes."""
PICTURE_SECONDS: Final = 60.0


class ProviderHost:
    """The provider of a hosted connector, through any number of links.

    Parameters
    ----------
    provider
        The connector's.
    clock
        Market time.
    wall
        The computer's time; market time is something else where it is another clock.
    shift
        Returns by how much the server's clock is ahead of this computer's.
    """

    def __init__(
        self, provider: Provider, clock: Clock, wall: Clock, shift: Callable[[], timedelta], name: str
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._wall = wall
        self._shift = shift
        self._name = name
        self._news = ChangeSignal()
        self._link: tuple[Peer, int] | None = None
        self._stream: int | None = None
        self._number = 0
        self._taken = asyncio.Event()
        self._books: dict[str, SentBook] = {}
        self._state: ProviderState | None = None
        self._complete = asyncio.Event()
        self._idle = asyncio.Event()
        self._wanted: dict[OptionContract, int | None] = {}
        self.tasks = Tasks()

    @property
    def own_time(self) -> bool:
        """Whether market time is not the computer's."""
        return self._clock is not self._wall

    async def start(self) -> None:
        """Follow the provider's books, which are complete."""
        for book in self._provider.books.values():
            book.changes.lead(self._news)
            book.history_changes.lead(self._news)
        self._provider.status_changes.lead(self._news)
        self.tasks.start_loop(f"quotes {self._name}", self._run)

    async def stop(self) -> None:
        """Send no more; the provider is stopped by its connector."""
        await self.tasks.stop()
        for book in self._provider.books.values():
            book.changes.release(self._news)
            book.history_changes.release(self._news)
        self._provider.status_changes.release(self._news)

    def attach(self, peer: Peer, connection: int) -> None:
        """Take a link; quotes are sent when the server asks for them."""
        self._link = (peer, connection)
        self._stream = None

    def detach(self, peer: Peer) -> None:
        """Lose a link; what is subscribed stays so: the server comes back for it."""
        if self._link is not None and self._link[0] is peer:
            self._link = self._stream = None
            self._taken.set()
            self._news.bump()

    # --- messages of the server ---------------------------------------------------------------------------------------

    async def open(self, peer: Peer, question: OpenQuotes) -> None:
        """Begin a stream, and return when the other side has the whole picture."""
        if self._link is None or self._link[0] is not peer:
            raise LinkLostError("another link has taken its place")
        self._want(question)
        self._stream = question.stream
        self._books = {symbol: SentBook(book) for symbol, book in self._provider.books.items()}
        self._state = None
        self._complete.clear()
        self._taken.set()
        self._news.bump()
        async with asyncio.timeout(PICTURE_SECONDS):
            await self._complete.wait()

    def _want(self, question: OpenQuotes) -> None:
        wanted = {contract: item.priority for item in question.wanted for contract in item.contracts}
        gone = [contract for contract in self._wanted if contract not in wanted]
        if gone:
            self._unsubscribe(gone)
        for item in question.wanted:
            new = [contract for contract in item.contracts if self._wanted.get(contract, -1) != item.priority]
            if new:
                self._subscribe(new, item.priority)

    def notified(self, peer: Peer, notice: Notice) -> None:
        """Take a notice of the server."""
        if self._link is None or self._link[0] is not peer:
            return
        match notice:
            case QuotesTaken():
                if notice.stream == self._stream and notice.number == self._number:
                    self._taken.set()
            case CloseQuotes():
                if notice.stream == self._stream:
                    self._stream = None
                    self._taken.set()
            case Subscribe():
                self._subscribe(list(notice.contracts), notice.priority)
            case Unsubscribe():
                self._unsubscribe(list(notice.contracts))
            case Interest():
                if isinstance(self._provider, PartialProvider):
                    self._provider.note_interest(notice.symbol, notice.expirations)
            case _:
                pass

    def _subscribe(self, contracts: list[OptionContract], priority: int | None) -> None:
        self._wanted.update(dict.fromkeys(contracts, priority))
        if priority is None or not isinstance(self._provider, PartialProvider):
            self._provider.subscribe(contracts)
        else:
            self._provider.pin(contracts, LinePriority(priority))

    def _unsubscribe(self, contracts: list[OptionContract]) -> None:
        for contract in contracts:
            self._wanted.pop(contract, None)
        self._provider.unsubscribe(contracts)

    # --- batches ------------------------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until the server has everything that has changed so far: for tests."""
        self._idle.clear()
        self._news.bump()
        await self._idle.wait()

    async def _run(self, turns: Turns) -> None:
        async with self._news.subscribe() as changes:
            while True:
                turns.turned()
                began = time.perf_counter()
                if self._send():
                    spent = time.perf_counter() - began
                    await self._taken.wait()
                    # Quotes may change without an end: the picture is complete when every contract was sent once.
                    if self._stream is not None and all(book.is_complete for book in self._books.values()):
                        self._complete.set()
                    await asyncio.sleep(max(PAUSE_SECONDS, BUSY_SHARE * spent))
                    continue
                if self._stream is not None:
                    self._complete.set()
                self._idle.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await anext(changes)

    def _send(self) -> bool:
        """Send what the server does not know; return whether there was anything."""
        if self._link is None or self._stream is None:
            return False
        shift = timedelta(0) if self.own_time else self._shift()
        parts = [part for sent in self._books.values() if (part := sent.next_part(shift)) is not None]
        state = self._provider_state()
        changed, self._state = (None if state == self._state else state), state
        if not parts and changed is None:
            return False
        self._number += 1
        self._taken.clear()
        batch = Quotes(
            stream=self._stream,
            number=self._number,
            books=tuple(parts),
            provider=changed,
            market_time=self._market_time() if self.own_time else None,
        )
        peer, connection = self._link
        if not peer.notify(connection, batch):
            self._taken.set()
        return True

    def _provider_state(self) -> ProviderState:
        status = self._provider.status
        use = self._provider.line_use if isinstance(self._provider, PartialProvider) else None
        return ProviderState(
            state=status.state,
            message=status.message,
            connected_at=status.connected_at,
            lines=None if use is None else use.lines,
            pinned=0 if use is None else use.pinned,
            without=() if use is None else tuple(use.without),
        )

    def _market_time(self) -> MarketTime:
        speed = self._clock.speed if isinstance(self._clock, ScaledClock) else 1.0
        return MarketTime(market=self._clock.now(), computer=self._wall.now() + self._shift(), speed=speed)
