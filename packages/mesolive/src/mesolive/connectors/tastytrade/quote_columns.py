"""The latest quotes of listed contracts as columns, and their way into quote books.

Whole chains tick by the hundred thousand in a burst. So of an event with a listed symbol no object is kept: frames stay
text until their quotes are wanted (`quote_texts`); those that were decoded are packed into arrays, many at a time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesolive.connectors.tastytrade.quote_texts import Chunk, QuoteTexts, decoded
from mesolive.market.book import QuoteBook
from mesolive.market.columns import Price
from mesolive.market.quality import QuoteQuality
from mesolive.tastytrade_client import EventTable, number
from mesolive.tastytrade_client.dxlink_events import EVENT_SYMBOL, Row

QUOTE_FIELDS: Final = ("bidPrice", "askPrice", "bidSize", "askSize")
WIDTH: Final = len(QUOTE_FIELDS)
ROW: Final = np.dtype((np.void, WIDTH * 8))
"""The numbers of one quote."""
MAX_PENDING: Final = 4096
"""So many events are packed before they are put where they belong; more would not stay in the processor's cache."""


@lru_cache(maxsize=2048)
def _packer(code: str, count: int) -> Callable[..., bytes]:
    return struct.Struct(f"{count}{code}").pack


def packed_numbers(values: Sequence[Any]) -> bytes:
    """Return values of events as doubles; NaN for what is no number."""
    try:
        return _packer("d", len(values))(*values)
    except (struct.error, OverflowError):
        pass  # a text such as NaN, or no value: rare, and slower
    try:
        return np.fromiter(values, np.float64, len(values)).tobytes()
    except (TypeError, ValueError, OverflowError):
        return np.fromiter(map(number, values), np.float64, len(values)).tobytes()


class QuoteColumns(EventTable):
    """The latest quotes: of contracts in books as columns, of other symbols as rows in `changed`.

    Parameters
    ----------
    books
        In the order of the places.
    """

    def __init__(self, books: Sequence[QuoteBook]) -> None:
        self._texts = QuoteTexts({}, 0)
        super().__init__(QUOTE_FIELDS)
        self._books = books
        self._places: dict[str, int] = {}
        self._starts: list[int] = [0]
        self._pending_places, self._pending_values = bytearray(), bytearray()
        self._pending = 0
        self._reset(0)

    def relist(self, places: Sequence[Mapping[str, int]]) -> None:
        """Take the places of symbols within each book's listing; quotes that were not written are forgotten."""
        self._starts, self._places = [0], {}
        for book, own in zip(self._books, places, strict=True):
            first = self._starts[-1]
            self._places.update({symbol: first + place for symbol, place in own.items()})
            self._starts.append(first + len(book.listing))
        self._reset(self._starts[-1])

    def _reset(self, contracts: int) -> None:
        self._latest = np.full((contracts, WIDTH), np.nan)
        self._touched = np.zeros(contracts, np.bool_)
        self._ever = np.zeros(contracts, np.bool_)
        self._texts = QuoteTexts(self._places, contracts)
        self._forget_pending()

    def _forget_pending(self) -> None:
        # New ones: arrays look into the old.
        self._pending_places, self._pending_values = bytearray(), bytearray()
        self._pending = 0

    def quoted(self, symbols: Iterable[str]) -> int:
        """Return of how many of these symbols a quote was written since they were listed."""
        places = [place for symbol in symbols if (place := self._places.get(symbol)) is not None]
        return int(self._ever[places].sum())

    # --- events -------------------------------------------------------------------------------------------------------

    def configure(self, schema: Sequence[str]) -> None:
        """Take the order of fields that the server has announced; one without symbols is not usable, and ignored."""
        self._search_texts()  # they are in the schema before
        super().configure(schema)
        self._is_as_asked = list(schema) == self.asked

    def take_text(self, events: bytes) -> bool:
        """Take the text of events; return whether it was taken. What of it is overtaken is never decoded."""
        if not self._is_as_asked or not self._texts.take(events):
            return False
        if self._texts.is_due:
            self._search_texts()
            if self._texts.is_full:
                self._decode_texts()
        return True

    def take(self) -> dict[str, Row]:
        """Return the latest events of other symbols since the last call, and forget them."""
        self._search_texts()
        return super().take()

    def _search_texts(self) -> None:
        texts = self._texts
        if not texts.waiting:
            return
        chunk = texts.search()
        if chunk is None:
            waiting, texts.waiting = texts.waiting, []
            self._decode_texts()  # they came before
            for events in waiting:
                self._decode_events(events)
            return
        self.events += len(chunk.places)
        for at in np.flatnonzero(chunk.places < 0):
            self._take_event(chunk, int(at))
        texts.keep(chunk)

    def _decode_events(self, events: bytes) -> None:
        values = decoded(events)
        if values is None:
            self.dropped += 1
        else:
            self._take_compact(values)
            self._settle_pending()

    def _take_event(self, chunk: Chunk, at: int) -> None:
        """Take an event whose symbol was not found at once: another symbol than a contract's, or a rare one."""
        values = decoded(chunk.event(at))
        if values is None or len(values) != len(self.asked):
            self.dropped += 1
            return
        place = self._places.get(values[1])
        if place is None:
            self.changed[values[1]] = tuple(values[2:])
        else:
            chunk.places[at] = place

    def _decode_texts(self) -> None:
        if not self._texts.has_chunks:
            return
        self._settle_pending()  # what was decoded at its arrival came before the texts, and must not go over them
        for places, numbers in self._texts.latest():
            self._latest.view(ROW).ravel()[places] = np.frombuffer(packed_numbers(numbers), ROW)
            self._touched[places] = True

    def take_compact(self, values: list[Any]) -> bool:
        """Take one flat list of events, which belongs to the table from now on; return whether it fits the schema."""
        self._search_texts()
        self._decode_texts()
        return self._take_compact(values)

    def _take_compact(self, values: list[Any]) -> bool:
        width = self._width
        count, rest = divmod(len(values), width)
        if rest:
            self.dropped += 1
            return False
        self.events += count
        symbols = values[self._symbol_at :: width]
        if self._is_as_asked:
            # Without types and symbols the kept fields are left, one event after another.
            del values[1::width]
            del values[:: width - 1]
            numbers = values
        else:
            numbers = self._numbers_of(values, count)
        if count > 1:
            try:
                places: Sequence[int] = itemgetter(*symbols)(self._places)
            except (KeyError, TypeError):
                pass  # another symbol than a contract's is among them
            else:
                self._keep(places, numbers)
                return True
        self._take_mixed(symbols, numbers)
        return True

    def take_full(self, event: Mapping[str, Any]) -> bool:
        """Take one event with named fields; empty fields may be left out."""
        self._search_texts()
        self._decode_texts()
        used = super().take_full(event)
        if used:
            symbol = event[EVENT_SYMBOL]
            place = self._places.get(symbol)
            if place is not None:
                self._keep((place,), self.changed.pop(symbol))
        return used

    def _numbers_of(self, values: list[Any], count: int) -> list[Any]:
        """Return the kept fields of events in another schema than was asked for, one event after another."""
        result: list[Any] = [None] * (count * WIDTH)
        for place, offset in enumerate(self._offsets):
            if offset is not None:
                result[place::WIDTH] = values[offset :: self._width]
        return result

    def _take_mixed(self, symbols: Sequence[Any], numbers: Sequence[Any]) -> None:
        places: list[int] = []
        values: list[Any] = []
        for at, symbol in enumerate(symbols):
            row = numbers[at * WIDTH : (at + 1) * WIDTH]
            if not isinstance(symbol, str):
                continue
            place = self._places.get(symbol)
            if place is None:
                self.changed[symbol] = tuple(row)
            else:
                places.append(place)
                values += row
        if places:
            self._keep(places, values)

    def _keep(self, places: Sequence[int], numbers: Sequence[Any]) -> None:
        count = len(places)
        self._pending_values += packed_numbers(numbers)
        self._pending_places += _packer("q", count)(*places)
        self._pending += count
        if self._pending >= MAX_PENDING:
            self._settle_pending()

    def _settle(self) -> None:
        """Bring the latest quotes up to date."""
        self._settle_pending()
        self._search_texts()
        self._decode_texts()

    def _settle_pending(self) -> None:
        if not self._pending:
            return
        places = np.frombuffer(self._pending_places, np.int64)
        # Where a place comes twice the last value stays. A quote is moved as one element: half of the time of four.
        self._latest.view(ROW).ravel()[places] = np.frombuffer(self._pending_values, ROW)
        self._touched[places] = True
        self._forget_pending()

    # --- books --------------------------------------------------------------------------------------------------------

    def write(self, at: datetime, qualities: Sequence[QuoteQuality]) -> None:
        """Write the quotes since the last call into the books: of each contract the latest.

        Parameters
        ----------
        at
            When they arrived: the provider's own times are zero.
        qualities
            Of the quotes of each book.
        """
        self._settle()
        touched = np.flatnonzero(self._touched)
        if not touched.size:
            return
        self._ever[touched] = True
        self._touched[touched] = False
        bounds = np.searchsorted(touched, self._starts)
        for place, (book, quality) in enumerate(zip(self._books, qualities, strict=True)):
            chosen = touched[bounds[place] : bounds[place + 1]]
            if chosen.size:
                bid, ask, bid_size, ask_size = self._latest[chosen].T
                prices: dict[Price, npt.NDArray[np.float64]] = {
                    "bid": bid,
                    "ask": ask,
                    "bid_size": bid_size,
                    "ask_size": ask_size,
                }
                book.update(at, chosen - self._starts[place], prices, quality)
