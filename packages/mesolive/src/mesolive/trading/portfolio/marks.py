"""Marks of contracts as exact decimals, one market view per underlying and use."""

from __future__ import annotations

import math
from decimal import Decimal

from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.market.view import MarketView
from mesolive_sdk import models


def exact(value: float | None) -> Decimal | None:
    """Return a model number as a decimal with the digits that its shortest text has; `None` for no value."""
    if value is None or not math.isfinite(value):
        return None
    return Decimal(repr(float(value)))


class Marks:
    """Reads marks, taking one view per underlying so that all are of one moment.

    Parameters
    ----------
    market
        Where views of underlyings come from that are not in `views`.
    views
        Views to read first.
    provider
        Whose views the others are; `None` for the provider that serves the underlying.
    """

    def __init__(self, market: Market, *views: MarketView, provider: models.DataProviderType | None = None) -> None:
        self._market = market
        self._provider = provider
        self._views: dict[str, MarketView | None] = {view.underlying.underlying.symbol: view for view in views}

    def view(self, symbol: str) -> MarketView | None:
        """Return the one view of an underlying that is read here; `None` for one that the market does not have."""
        if symbol not in self._views:
            try:
                self._views[symbol] = self._market.view(symbol, self._provider)
            except (UnknownUnderlyingError, UnknownProviderError):
                self._views[symbol] = None
        return self._views[symbol]

    def of(self, contract: OptionContract) -> Decimal | None:
        """Return the contract's mark per unit, or `None` where the market has none."""
        view = self.view(contract.underlying)
        result = None if view is None else view.find(contract)
        if result is None:
            return None
        chain, index = result
        return exact(float(chain.mark[index]))
