"""Rows of DXLink quotes written into quote books, many at a time: the conversion runs in C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from mesolive.market.book import QuoteBook
from mesolive.market.quality import QuoteQuality
from mesolive.tastytrade_client.dxlink_events import Row, number

QUOTE_FIELDS: Final = ("bidPrice", "askPrice", "bidSize", "askSize")
WIDTH: Final = len(QUOTE_FIELDS)

FloatArray = npt.NDArray[np.float64]


def as_numbers(rows: Mapping[str, Row]) -> FloatArray:
    """Return the values of quotes as an array of one row per symbol; NaN for what is no number."""
    count = len(rows) * WIDTH
    try:
        flat = np.fromiter(chain.from_iterable(rows.values()), np.float64, count)
    except (TypeError, ValueError):
        # A value that is absent or a text of another kind: rare, and read one by one.
        flat = np.fromiter((number(value) for row in rows.values() for value in row), np.float64, count)
    return flat.reshape(len(rows), WIDTH)


class QuoteWriter:
    """Writes quotes into the books of a provider.

    Parameters
    ----------
    books
        In the order of the places.
    """

    def __init__(self, books: Sequence[QuoteBook]) -> None:
        self._books = books
        self._starts: list[int] = []
        self._places: dict[str, int] = {}
        self.unknown = 0

    def list(self, places: Sequence[Mapping[str, int]]) -> None:
        """Take the places of symbols within each book's listing."""
        self._starts, self._places = [], {}
        first = 0
        for book, own in zip(self._books, places, strict=True):
            self._starts.append(first)
            self._places.update({symbol: first + place for symbol, place in own.items()})
            first += len(book.listing)
        self._starts.append(first)

    def write(self, at: datetime, rows: Mapping[str, Row], qualities: Sequence[QuoteQuality]) -> None:
        """Write quotes; symbols that are no contract of a book are left out.

        Parameters
        ----------
        at
            When they arrived: the provider's own times are zero.
        qualities
            Of the quotes of each book.
        """
        if not rows:
            return
        places = np.fromiter(map(self._places.get, rows, repeat(-1)), np.intp, len(rows))
        values = as_numbers(rows)
        self.unknown += int((places < 0).sum())
        for number_of_book, book in enumerate(self._books):
            first, end = self._starts[number_of_book], self._starts[number_of_book + 1]
            chosen = np.flatnonzero((places >= first) & (places < end))
            if chosen.size:
                own = values[chosen]
                book.update(
                    at,
                    places[chosen] - first,
                    {"bid": own[:, 0], "ask": own[:, 1], "bid_size": own[:, 2], "ask_size": own[:, 3]},
                    qualities[number_of_book],
                )
