"""Market data lines of one underlying's options: opened and closed as the allocation says, their ticks in the book."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from mesolive.clock import Clock
from mesolive.connectors.ibkr.data_codes import PARTLY_PERMITTED, LineOutcome, line_outcome
from mesolive.connectors.ibkr.line_ticks import IbGreeks, LineTicks
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import SessionLostError
from mesolive.connectors.ibkr.subscription import Line
from mesolive.connectors.ibkr.tws_messages import Contract
from mesolive.market.book import QuoteBook
from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LineAllocator, LineChanges
from mesolive.market.listing import Listing
from mesolive.market.partial_chain import MODEL_EVERY, PartialChain

ONE_SIDE_AFTER: Final = timedelta(seconds=1)
"""For how long a quote waits for its other side."""
BOTH_SIDES: Final = 3
REFUSED_FOR: Final = timedelta(minutes=10)
"""For how long a contract without permission, or unknown to IB, is not asked for again."""
FILL_RATE: Final = 36.0
"""Lines per second that are opened while there are free ones: one message each, of the 40 beside heartbeats."""
ROLL_RATE: Final = 18.0
"""Lines per second once there were as many as there may be: another is closed for each."""


@dataclass(slots=True, eq=False)
class OpenLine:
    """A contract that is quoted."""

    contract: OptionContract
    index: int
    opened: datetime
    ticks: LineTicks | None = None
    handle: Line | None = None
    ticked_at: datetime | None = None


@dataclass(slots=True)
class Refusals:
    """Contracts that IB does not quote to this login, with the time until which they are not asked for again."""

    until: dict[OptionContract, datetime] = field(default_factory=dict[OptionContract, datetime])
    without_permission: set[OptionContract] = field(default_factory=set[OptionContract])

    def refuses(self, contract: OptionContract, now: datetime) -> bool:
        """Whether a contract is not asked for now."""
        until = self.until.get(contract)
        if until is None:
            return False
        if now < until:
            return True
        del self.until[contract]
        self.without_permission.discard(contract)
        return False

    @property
    def message(self) -> str:
        """One line for the trader; empty without a missing permission."""
        if not self.without_permission:
            return ""
        first = min(self.without_permission, key=lambda contract: contract.symbol).symbol
        return f"no market data permission for {len(self.without_permission)} contracts (354), {first} first"


class OptionLines:
    """The lines of one book.

    Parameters
    ----------
    report
        Called with what concerns more than one contract: the outcome of an error, its code, and the contract.
    lines
        How many there are, until `advance` says so.
    """

    def __init__(
        self,
        book: QuoteBook,
        session: TwsSession,
        clock: Clock,
        report: Callable[[LineOutcome, int, OptionContract], None],
        lines: int = 100,
        model_every: timedelta = MODEL_EVERY,
    ) -> None:
        self.book = book
        self.allocator = LineAllocator(lines, FILL_RATE)
        self.chain = PartialChain(book, self.allocator, model_every, spread=True)
        self.refusals = Refusals()
        self._session = session
        self._clock = clock
        self._report = report
        self._ids: Sequence[int] = ()
        self._exchange = ""
        self._open: dict[OptionContract, OpenLine] = {}
        self._dirty: list[OpenLine] = []
        self._filled = 0

    @property
    def count(self) -> int:
        """How many lines are open."""
        return len(self._open)

    def con_id(self, contract: OptionContract) -> int | None:
        """Return the conId of a listed contract."""
        index = self.book.listing.find(contract)
        return None if index is None else self._ids[index] or None

    def greeks(self) -> list[tuple[OptionContract, IbGreeks]]:
        """Return IB's option model of the contracts that are quoted now."""
        return [
            (item.contract, item.ticks.greeks)
            for item in self._open.values()
            if item.ticks is not None and item.ticks.greeks is not None
        ]

    def relist(self, listing: Listing, ids: Sequence[int], exchange: str) -> None:
        """Go on with other contracts: those that stay keep their lines and quotes."""
        self._ids, self._exchange = ids, exchange
        self.chain.relist(listing)
        for item in list(self._open.values()):
            index = listing.find(item.contract)
            if index is None:
                self._close(item)
            else:
                item.index = index

    # --- lines --------------------------------------------------------------------------------------------------------

    def advance(self, now: datetime, lines: int, share: float, *, modelling: bool) -> LineChanges:
        """Return what is to be closed and opened with so many lines, and a share of the messages.

        Lines roll as soon as they are quoted, so they may never be all open at a time: what counts is how many were
        opened. At the faster rate for ever, opening and closing would take all messages, and chains would not be read.
        """
        self.allocator.lines = lines
        self.allocator.starts_per_second = share * (FILL_RATE if self._filled < lines else ROLL_RATE)
        return self.chain.advance(now, modelling=modelling, requesting=not self._session.lines_wait)

    def close(self, contracts: Iterable[OptionContract]) -> None:
        """Close lines."""
        for contract in contracts:
            item = self._open.get(contract)
            if item is not None:
                self._close(item)

    def open(self, contracts: Iterable[OptionContract], now: datetime) -> None:
        """Open lines."""
        for contract in contracts:
            index = self.book.listing.find(contract)
            if index is None:
                continue
            con_id = self._ids[index]
            if not con_id or self.refusals.refuses(contract, now):
                self.chain.refused(now, index)
                continue
            item = OpenLine(contract, index, now)
            item.ticks = LineTicks(partial(self._changed, item), partial(self._failed, item), partial(self._lost, item))
            try:
                item.handle = self._session.open_line(Contract(con_id=con_id, exchange=self._exchange), item.ticks)
            except SessionLostError:
                self.chain.dropped(now, index)
                continue
            self._open[contract] = item
            self._filled += 1

    def drop_all(self, now: datetime) -> None:
        """Close all lines; they are opened again from the next `advance` on."""
        for item in list(self._open.values()):
            self._close(item)
        self._filled = 0
        self.chain.disconnected(now)

    def reopen_silent(self, since: datetime, now: datetime) -> int:
        """Close lines that have not ticked since a moment; they are opened again. Return how many."""
        silent = [
            item
            for item in self._open.values()
            if item.opened < since and (item.ticked_at is None or item.ticked_at < since)
        ]
        for item in silent:
            self._close(item)
            self.chain.dropped(now, item.index)
        return len(silent)

    def _close(self, item: OpenLine) -> None:
        if self._open.pop(item.contract, None) is not None and item.handle is not None:
            item.handle.close()

    # --- ticks --------------------------------------------------------------------------------------------------------

    def flush(self, now: datetime) -> None:
        """Write what has come since the last time into the book: of each contract the latest quote."""
        dirty, self._dirty = self._dirty, []
        for item in dirty:
            ticks = item.ticks
            if ticks is None or self._open.get(item.contract) is not item:
                continue
            if not ticks.sides or (ticks.sides != BOTH_SIDES and now - item.opened < ONE_SIDE_AFTER):
                self._dirty.append(item)  # sizes alone are no quote: what was quoted before grows old
                continue
            ticks.take()
            item.ticked_at = now
            bid, ask, bid_size, ask_size = ticks.option_quote
            self.chain.quoted(now, item.index, bid, ask, ticks.quality, bid_size=bid_size, ask_size=ask_size)

    def _changed(self, item: OpenLine, _ticks: LineTicks) -> None:
        self._dirty.append(item)

    def _lost(self, item: OpenLine, _ticks: LineTicks) -> None:
        if self._open.pop(item.contract, None) is not None:
            self.chain.dropped(self._clock.now(), item.index)

    def _failed(self, item: OpenLine, _ticks: LineTicks, code: int, _text: str) -> None:
        outcome, now = line_outcome(code), self._clock.now()
        if outcome is LineOutcome.CONTINUES:
            if code in PARTLY_PERMITTED:
                self._report(outcome, code, item.contract)
            return
        if self._open.get(item.contract) is not item:
            return
        self._close(item)
        if outcome in {LineOutcome.NO_LINE, LineOutcome.COMPETING, LineOutcome.AGAIN}:
            self.chain.dropped(now, item.index)
        else:
            self.refusals.until[item.contract] = now + REFUSED_FOR
            if outcome is LineOutcome.NO_PERMISSION:
                self.refusals.without_permission.add(item.contract)
            self.chain.refused(now, item.index)
        self._report(outcome, code, item.contract)
