"""Quality of market data: live, delayed, frozen or modelled quotes."""

from __future__ import annotations

import enum


class QuoteQuality(enum.IntEnum):
    """What a quote is worth for a decision. The numbers are stored in columns of the quote book.

    Only `LIVE` quotes are traded on. An account may accept `DELAYED` ones; no account accepts the others.
    """

    LIVE = 0
    """The exchange's quote as it is now."""
    DELAYED = 1
    """The exchange's quote of some minutes ago (10 to 20 at most brokers)."""
    FROZEN = 2
    """The last quote before the close, or before the provider stopped its updates."""
    MODELLED = 3
    """Computed from other contracts' quotes: it is not quoted."""

    @property
    def word(self) -> str:
        """The word for it in messages."""
        return self.name.lower()
