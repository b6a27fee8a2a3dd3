"""Simulated market behind a few market data lines: what a chain looks like from a broker that quotes 100 contracts.

Takes the quotes of a whole simulated market as the truth, and shows those of the contracts that have a line: the first
one after a wait, as brokers send so many first quotes per second, and every change from then on. The rest of the chain
is modelled (`mesolive.market.partial_chain`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from mesolive.clock import Clock
from mesolive.market.book import QuoteBook
from mesolive.market.change_signal import ChangeSignal
from mesolive.market.contracts import OptionContract, Underlying
from mesolive.market.lines import LineAllocator, LinePriority, LineUse
from mesolive.market.partial_chain import MODEL_EVERY, PartialChain
from mesolive.market.provider import ProviderStatus
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.quality import QuoteQuality
from mesolive.tasks import Tasks, Turns
from mesolive_sdk.models import AgentStatus, DataProviderType

TURN: Final = timedelta(milliseconds=50)
WAITING_SECONDS: Final = 0.2
"""How long the queue of first quotes of rolling lines is."""


class LimitedProvider:
    """A provider of one underlying with few market data lines. Implements `mesolive.market.provider.PartialProvider`.

    Parameters
    ----------
    truth
        The whole market; started and stopped with this provider.
    clock
        Market time, that of `truth`.
    lines
        How many contracts may be quoted at a time.
    first_quotes_per_second
        How many lines get their first quote per second of market time.
    quality
        What the provider says of its quotes.
    model_every
        Market time between two fits of the surface.
    spread
        Whether a fit is spread over several turns.
    turn
        Market time between two looks at the market: what came in between is shown together.
    """

    def __init__(
        self,
        truth: SimulatedProvider,
        clock: Clock,
        *,
        lines: int = 100,
        first_quotes_per_second: float = 60.0,
        quality: QuoteQuality = QuoteQuality.LIVE,
        model_every: timedelta = MODEL_EVERY,
        spread: bool = False,
        turn: timedelta = TURN,
    ) -> None:
        self.status_changes = ChangeSignal()
        self.tasks = Tasks()
        self._truth = truth
        self._clock = clock
        self._rate = first_quotes_per_second
        self._turn = turn.total_seconds()
        self.quality = quality
        (full,) = truth.books.values()
        self._full = full
        self._book = QuoteBook(full.listing, clock, full.calendar, hours=full.hours)
        # First quotes come one after another: few rolling lines wait for theirs, so that pinned ones get it soon.
        waiting = max(int(first_quotes_per_second * WAITING_SECONDS), 1)
        allocator = LineAllocator(lines, first_quotes_per_second, max_waiting=waiting)
        self._chain = PartialChain(self._book, allocator, model_every, spread=spread)
        self._waiting: deque[OptionContract] = deque()
        self._quoted: set[OptionContract] = set()
        self._credit = 0.0
        self._turned_at: datetime | None = None
        self._shown = -1
        self._connected = False
        self._silent = False
        self._logged_status = ""
        self.not_entitled: set[OptionContract] = set()
        self._missing = ""
        self.requests: list[tuple[datetime, str, OptionContract]] = []
        """What was asked of the broker: `start` and `stop` of each line, for tests."""
        truth.status_changes.lead(self.status_changes)

    @property
    def name(self) -> DataProviderType:
        """The kind of provider: `Simulated`."""
        return DataProviderType.Simulated

    @property
    def underlyings(self) -> Sequence[Underlying]:
        """The one underlying."""
        return (self._book.listing.underlying,)

    @property
    def books(self) -> Mapping[str, QuoteBook]:
        """The one quote book."""
        return {self._book.listing.underlying.symbol: self._book}

    @property
    def truth(self) -> SimulatedProvider:
        """The whole market."""
        return self._truth

    @property
    def chain(self) -> PartialChain:
        """The chain as it is quoted and modelled."""
        return self._chain

    @property
    def line_use(self) -> LineUse:
        """How the lines are used."""
        return self._chain.use

    @property
    def status(self) -> ProviderStatus:
        """The connection, and what the trader should know of the lines."""
        status = self._truth.status
        if status.state is not AgentStatus.Connected:
            return status
        message = self.line_use.message
        if self._missing:
            message = f"{message}; {self._missing}".removeprefix("; ")
        return ProviderStatus(status.state, message, status.connected_at)

    def subscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Keep a market data line for subscribed contracts; `pin` gives the priority."""
        self._chain.pin(contracts, LinePriority.WATCHED)

    def unsubscribe(self, contracts: Sequence[OptionContract]) -> None:
        """Let the lines of contracts roll on."""
        self._chain.unpin(contracts)

    def pin(self, contracts: Sequence[OptionContract], priority: LinePriority) -> None:
        """Keep a line for contracts, by their priority."""
        self._chain.pin(contracts, priority)

    def note_interest(self, symbol: str, expirations: Iterable[tuple[str, date]]) -> None:
        """Quote the contracts of expirations oftener."""
        del symbol
        self._chain.note_interest(expirations)

    async def start(self) -> None:
        """Connect: the underlying is quoted at once, the contracts one after another."""
        await self._truth.start()
        self._connected = True
        self._book.history = self._full.history
        self._follow(self._clock.now())
        self.go_on()

    def go_on(self) -> None:
        """Let the lines follow the market, after `tasks` were stopped."""
        self.tasks.start_loop("limited market", self._run)

    async def stop(self) -> None:
        """Disconnect; safe to call twice, and without `start`."""
        await self.tasks.stop()
        await self._truth.stop()
        self._connected = False

    def fall_silent(self) -> None:
        """Send nothing any more, without a word: the connection looks alive."""
        self._silent = True

    def speak_again(self) -> None:
        """End the silence."""
        self._silent = False

    def disconnect(self, message: str = "the connection was cut on request") -> None:
        """Lose the connection and all lines."""
        self._truth.disconnect(message)
        self._lose_lines()

    def reconnect(self) -> None:
        """Come back without any line, as brokers do."""
        self._truth.reconnect()
        self._connected = True

    def revoke(self, contracts: Sequence[OptionContract]) -> None:
        """End the permission for contracts: their quotes stop, and their lines are refused."""
        self.not_entitled |= set(contracts)
        now = self._clock.now()
        for contract in contracts:
            index = self._book.listing.find(contract)
            if index is not None:
                self._book.release(now, index)
        self._quoted -= self.not_entitled
        named = min(self.not_entitled, key=lambda contract: contract.symbol).symbol
        self._missing = f"no permission for {len(self.not_entitled)} contracts, {named} first"
        self.status_changes.bump()

    def permit(self) -> None:
        """Give back all permissions."""
        self.not_entitled.clear()
        self._missing = ""
        self._waiting.extend(contract for contract in self._chain.active if contract not in self._quoted)
        self.status_changes.bump()

    def _lose_lines(self) -> None:
        self._connected = False
        self._chain.disconnected(self._clock.now())
        self._waiting.clear()
        self._quoted.clear()

    async def _run(self, turns: Turns) -> None:
        while True:
            await self._clock.sleep(self._turn)
            self._follow(self._clock.now())
            turns.turned()

    def _follow(self, now: datetime) -> None:
        """Show what the broker sends in one turn."""
        elapsed = 0.0 if self._turned_at is None else (now - self._turned_at).total_seconds()
        self._turned_at = now
        connected = self._truth.status.state is AgentStatus.Connected
        if self._connected and not connected:
            self._lose_lines()
        self._connected = connected
        if not connected or self._silent:
            return
        view = self._full.view()
        if view.listing is not self._book.listing:
            self._chain.relist(view.listing)
            self._waiting = deque(contract for contract in self._waiting if view.listing.find(contract) is not None)
            self._quoted = {contract for contract in self._quoted if view.listing.find(contract) is not None}
        if self._book.history is not self._full.history:
            self._book.history = self._full.history
        self._book.set_underlying(now, self._full.prices, self.quality)
        # What was not sent in time is not sent faster later.
        self._credit = min(self._credit + elapsed * self._rate, max(2.0 * self._rate * self._turn, 1.0))
        while self._waiting and self._credit >= 1.0:
            contract = self._waiting.popleft()
            if contract not in self._chain.active or contract in self.not_entitled:
                continue
            self._credit -= 1.0
            self._quoted.add(contract)
            self._apply_tick(now, contract)
        if view.version != self._shown:
            self._shown = view.version
            for contract in self._quoted:
                self._apply_tick(now, contract)
        self._book.mark_received(now)
        changes = self._chain.advance(now)
        for contract in changes.stop:
            self.requests.append((now, "stop", contract))
            self._quoted.discard(contract)
        for contract in changes.start:
            self.requests.append((now, "start", contract))
            self._waiting.append(contract)
        if self.status.message != self._logged_status:
            self._logged_status = self.status.message
            self.status_changes.bump()

    def _apply_tick(self, now: datetime, contract: OptionContract) -> None:
        """Send the present quote of a contract."""
        index = self._book.listing.find(contract)
        if index is None or contract in self.not_entitled:
            return
        values = self._full.view().columns.values
        bid, ask = float(values["bid"][index]), float(values["ask"][index])
        if np.isnan(bid) and np.isnan(ask):
            return
        self._chain.quoted(
            now,
            index,
            bid,
            ask,
            self.quality,
            bid_size=float(values["bid_size"][index]),
            ask_size=float(values["ask_size"][index]),
        )
