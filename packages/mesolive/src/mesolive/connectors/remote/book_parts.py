"""Changes of a quote book as parts of messages, and the way back. Pure: no link, no clock.

Arrays travel as little-endian bytes. The sender keeps what it has sent and compares bit by bit, so that a part has
the contracts that changed since, each with the times of its last changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.connectors.remote.messages import BookPart, DayPart, Strikes, UnderlyingQuote
from mesolive.market.book import QuoteBook
from mesolive.market.columns import FIELDS, TIMES, ColumnPart, Columns, TimedPrice
from mesolive.market.contracts import Expiration, Right, Underlying
from mesolive.market.history import DailySeries, Day
from mesolive.market.listing import Listing
from mesolive.market.moments import NEVER, to_micros
from mesolive.market.quality import QuoteQuality
from mesolive.market.underlying_prices import UnderlyingPrices
from mesolive.market.view import Quote, UnderlyingSnapshot

CHUNK: Final = 4000
"""Contracts of one part at most: orders and their answers pass between the parts of a whole chain."""

_FLOAT: Final = np.dtype("<f8")
_TIME: Final = np.dtype("<i8")
_INDEX: Final = np.dtype("<u4")
_TIMED: Final[tuple[TimedPrice, ...]] = tuple(TIMES.values())

Indices = npt.NDArray[np.intp]


class SentBook:
    """What the other side knows of one book.

    Parameters
    ----------
    book
        The book that is sent.
    """

    def __init__(self, book: QuoteBook) -> None:
        self._book = book
        self._listing: Listing | None = None
        self._columns = Columns.empty(0)
        self._whole = 0
        self._version = -1
        self._at: datetime | None = None
        self._days: tuple[Day, ...] = ()
        self._quote: UnderlyingQuote | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the other side has every change up to the last read."""
        return self._listing is not None and self._whole >= len(self._listing)

    def next_part(self, shift: timedelta) -> BookPart | None:
        """Return what the other side does not know, at most a chunk of it; `None` where it knows everything.

        Parameters
        ----------
        shift
            Added to all times: the other computer's clock is ahead by it.
        """
        book = self._book
        micros = round(shift / timedelta(microseconds=1))
        if self._version == book.version and self._at == book.last_received_at and self.is_complete:
            days = self._new_days()
            return BookPart(symbol=book.listing.underlying.symbol, days=days) if days else None
        version = book.version
        view = book.view()
        columns, listing = view.columns, view.listing
        first = self._listing is None
        listed: tuple[Strikes, ...] | None = None
        if self._listing is not listing:
            self._listing, self._columns, self._whole = listing, Columns.empty(len(listing)), 0
            listed = _strikes(listing)
        whole = not self.is_complete
        indices = self._next_indices(columns)
        part = self._take(columns, indices, micros, whole=whole)
        if self.is_complete:
            self._version = version
        at, self._at = book.last_received_at, book.last_received_at
        quote = _underlying_quote(book, view.underlying.quote, micros)
        changed, self._quote = (None if quote == self._quote else quote), quote
        return BookPart(
            symbol=listing.underlying.symbol,
            underlying=listing.underlying if first else None,
            mute_seconds=book.mute_after.total_seconds() if first else None,
            exchange_hours=book.hours.of_exchange,
            always_open=book.hours.always,
            listing=listed,
            unread=() if listed is None else tuple(listing.unread),
            at=None if at is None else to_micros(at) + micros,
            indices=indices.astype(_INDEX).tobytes(),
            values=part.values,
            times=part.times,
            quality=part.quality,
            released=part.released,
            quote=changed,
            days=self._new_days(),
        )

    def _next_indices(self, columns: Columns) -> Indices:
        """Return contracts that changed; a new listing is sent whole, for the other side keeps its old quotes."""
        length = len(columns.quality)
        if self._whole < length:
            first, self._whole = self._whole, min(self._whole + CHUNK, length)
            return np.arange(first, self._whole)
        sent = self._columns
        changed = np.not_equal(columns.quality, sent.quality)
        changed |= columns.released != sent.released
        for field in FIELDS:
            changed |= columns.values[field].view(np.int64) != sent.values[field].view(np.int64)
        for timed in _TIMED:
            changed |= columns.times[timed] != sent.times[timed]
        return np.flatnonzero(changed)

    def _take(self, columns: Columns, indices: Indices, micros: int, *, whole: bool) -> _Encoded:
        """Return the fields that changed of some contracts, or all fields: also what is not there is stated then."""
        sent, result = self._columns, _Encoded()
        for field in FIELDS:
            new = columns.values[field][indices]
            if whole or (new.view(np.int64) != sent.values[field][indices].view(np.int64)).any():
                sent.values[field][indices] = new
                result.values[field] = new.astype(_FLOAT).tobytes()
        for timed in _TIMED:
            moments = columns.times[timed][indices]
            if whole or (moments != sent.times[timed][indices]).any():
                sent.times[timed][indices] = moments
                result.times[timed] = _shifted(moments, micros)
        quality, released = columns.quality[indices], columns.released[indices]
        if whole or (quality != sent.quality[indices]).any():
            sent.quality[indices] = quality
            result.quality = quality.tobytes()
        if whole or (released != sent.released[indices]).any():
            sent.released[indices] = released
            result.released = _shifted(released, micros)
        return result

    def _new_days(self) -> tuple[DayPart, ...]:
        days = self._book.history.days
        if days is self._days:
            return ()
        known = set(self._days)
        self._days = days
        return tuple(
            DayPart(day=day.day, close=day.close, iv=day.iv, open=day.open, last=day.last)
            for day in days
            if day not in known
        )


class _Encoded:
    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.times: dict[str, bytes] = {}
        self.quality = b""
        self.released = b""


def _shifted(moments: npt.NDArray[np.int64], micros: int) -> bytes:
    return np.where(moments == NEVER, NEVER, moments + micros).astype(_TIME).tobytes()


def _strikes(listing: Listing) -> tuple[Strikes, ...]:
    return tuple(
        Strikes(
            expiration=expiration,
            calls=tuple(listing.strike(index) for index in range(start, middle)),
            puts=tuple(listing.strike(index) for index in range(middle, end)),
        )
        for expiration, (start, middle, end) in zip(listing.expirations, listing.bounds, strict=True)
    )


def _underlying_quote(book: QuoteBook, quote: Quote, micros: int) -> UnderlyingQuote:
    def moment(time: datetime | None) -> int:
        return NEVER if time is None else to_micros(time) + micros

    return UnderlyingQuote(
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        mark=quote.mark,
        given_mark=book.prices.mark,
        times=(moment(quote.bid_time), moment(quote.ask_time), moment(quote.last_time), moment(quote.mark_time)),
        quality=int(quote.quality),
        today_open=book.prices.today_open,
        previous_close=book.prices.previous_close,
    )


# --- the way back -----------------------------------------------------------------------------------------------------


def listing_of(underlying: Underlying, strikes: Sequence[Strikes], unread: Sequence[Expiration]) -> Listing:
    """Return the listing that was sent; raises `ValueError` for one that cannot be."""
    listed = {item.expiration: {Right.CALL: item.calls, Right.PUT: item.puts} for item in strikes}
    return Listing(underlying, listed, unread)


def take_part(book: QuoteBook, part: BookPart) -> None:
    """Write a part into the book of the other side.

    No time is later than the book's own: the other clock may be ahead by what its correction left over.

    Raises
    ------
    ValueError
        When it does not fit the book.
    """
    now = to_micros(book.clock.now())
    if part.listing is not None:
        book.relist(listing_of(book.listing.underlying, part.listing, part.unread))
    indices = np.frombuffer(part.indices, _INDEX).astype(np.intp)
    if len(indices) and int(indices.max()) >= len(book.listing):
        raise ValueError(f"a quote of contract {int(indices.max())} of {len(book.listing)}")
    changes = ColumnPart(
        values={field: _prices(part.values[field]) for field in FIELDS if field in part.values},
        times={timed: _moments(part.times[timed], now) for timed in _TIMED if timed in part.times},
        quality=np.frombuffer(part.quality, np.int8) if part.quality else None,
        released=_moments(part.released, now) if part.released else None,
    )
    arrays = [*changes.values.values(), *changes.times.values(), changes.quality, changes.released]
    if any(array is not None and len(array) != len(indices) for array in arrays):
        raise ValueError(f"arrays of other lengths than {len(indices)} contracts")
    if changes.quality is not None and not np.isin(changes.quality, [int(item) for item in QuoteQuality]).all():
        raise ValueError("a quote of unknown quality")
    for values in changes.values.values():
        if np.isinf(values).any():
            raise ValueError("an infinite price")
    if part.quote is not None:
        _take_underlying(book, part.quote, now)
    if part.at is not None:
        book.replicate(_moment(min(part.at, now)) or book.clock.now(), indices, changes)
    if part.days:
        book.history = DailySeries.of(
            [*book.history.days, *(Day(item.day, item.close, item.iv, item.open, item.last) for item in part.days)]
        )


def _prices(data: bytes) -> npt.NDArray[np.float64]:
    return np.frombuffer(data, _FLOAT).astype(np.float64)


def _moments(data: bytes, now: int) -> npt.NDArray[np.int64]:
    return np.minimum(np.frombuffer(data, _TIME).astype(np.int64), now)


def _moment(micros: int) -> datetime | None:
    return None if micros == NEVER else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def _take_underlying(book: QuoteBook, quote: UnderlyingQuote, now: int) -> None:
    bid_time, ask_time, last_time, mark_time = (_moment(min(item, now)) for item in quote.times)
    state = UnderlyingSnapshot(
        book.listing.underlying,
        Quote(
            bid=quote.bid,
            ask=quote.ask,
            last=quote.last,
            mark=quote.mark,
            bid_time=bid_time,
            ask_time=ask_time,
            last_time=last_time,
            mark_time=mark_time,
            quality=QuoteQuality(quote.quality),
        ),
        today_open=quote.today_open,
        previous_close=quote.previous_close,
    )
    prices = UnderlyingPrices(
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        mark=quote.given_mark,
        today_open=quote.today_open,
        previous_close=quote.previous_close,
    )
    book.replicate_underlying(state, prices)
