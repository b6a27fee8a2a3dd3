"""The protocol of a recording: recorded market data of one underlying, as the replay provider reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mesolive.market.book import QuoteBook
from mesolive.market.history import DailySeries
from mesolive.market.listing import Listing


class RecordingError(ValueError):
    """Nothing can be replayed from the files that were given."""


class Recording(Protocol):
    """Recorded market data of one underlying.

    Attributes
    ----------
    listing
        The contracts at the beginning.
    moments
        Times of the records (microseconds UTC), ascending, without duplicates.
    begins_at
        The moment from which there are option quotes: where a replay's clock should start.
    history
        The underlying's days before.
    silence
        For how long quotes count while nothing new is recorded.
    """

    listing: Listing
    moments: npt.NDArray[np.int64]
    begins_at: datetime
    history: DailySeries
    silence: timedelta

    @property
    def days(self) -> Sequence[date]:
        """The exchange-local dates on which options are quoted, ascending."""
        ...

    @property
    def has_underlying(self) -> bool:
        """Whether the underlying's price is recorded."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Anomalies in the files, a line each."""
        ...

    def apply(self, book: QuoteBook, micros: int) -> None:
        """Write the records of one time into the book."""
        ...
