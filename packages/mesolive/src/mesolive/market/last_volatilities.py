"""Volatilities of a chain's last solve, by contract: where the next solve begins."""

from __future__ import annotations

import numpy as np

from mesolive.market.listing import Listing
from mesolive.market.view import FloatArray


class LastVolatilities:
    """Keeps the last solved volatilities of one book's contracts, for its later views.

    They are only a start: what is solved from them does not depend on them (`mesolive.pricing.warm_start`).
    """

    def __init__(self) -> None:
        self._cached: tuple[Listing, FloatArray] | None = None

    def of(self, listing: Listing, span: slice) -> FloatArray | None:
        """Return the last volatilities of some contracts, NaN for those without; `None` where none has one."""
        if self._cached is None or self._cached[0] is not listing:
            return None
        known = self._cached[1][span]
        return None if np.isnan(known).all() else known.copy()

    def note(self, listing: Listing, span: slice, volatility: FloatArray) -> None:
        """Keep what was solved; where a contract has none now, the one before stays."""
        if self._cached is None or self._cached[0] is not listing:
            self._cached = listing, np.full(len(listing), np.nan)
        known = self._cached[1][span]
        np.copyto(known, volatility, where=~np.isnan(volatility))
