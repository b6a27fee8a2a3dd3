"""Combo prices at current quotes: for pre-trade risk checks, and for the simulated venue's fills."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.venues.base import VenueLeg
from mesolive_sdk.models import DataProviderType

ZERO = Decimal(0)


class LegQuote(Struct, frozen=True):
    """A two-sided market of one leg; sizes are `None` where the market does not show them."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal | None
    ask_size: Decimal | None

    @property
    def middle(self) -> Decimal:
        """The middle of the market."""
        return (self.bid + self.ask) / 2


class ComboQuote(Struct, frozen=True):
    """The market of one combo.

    Attributes
    ----------
    middle
        What it costs at the middle of every leg's market; negative for a credit.
    natural
        What it costs when every leg is bought at its offer and sold at its bid.
    opposite
        What it brings when it is traded the other way round, as a price of the same combo: never above `natural`.
    gross
        The sum of the legs' premiums at their middles, ratios included, whatever their sign.
    available
        How many combos the displayed sizes make; `None` where sizes are not shown.
    """

    legs: Mapping[str, LegQuote]
    middle: Decimal
    natural: Decimal
    opposite: Decimal
    gross: Decimal
    available: Decimal | None


def quote_combo(
    market: Market, legs: Sequence[VenueLeg], provider: DataProviderType | None = None
) -> ComboQuote | None:
    """Return the market of a combo now, or `None` while a leg has no two-sided market, or a modelled one only."""
    quotes: dict[str, LegQuote] = {}
    views: dict[str, BookView] = {}
    for leg in legs:
        symbol = leg.contract.underlying
        view = views.get(symbol)
        if view is None:
            try:
                view = views[symbol] = market.view(symbol, provider)
            except (UnknownUnderlyingError, UnknownProviderError):
                return None
        quote = _quote(view, leg.contract)
        if quote is None:
            return None
        quotes[leg.name] = quote
    middle = natural = opposite = gross = ZERO
    available: Decimal | None = None
    for leg in legs:
        quote = quotes[leg.name]
        buying = leg.ratio > 0
        middle += leg.ratio * quote.middle
        natural += leg.ratio * (quote.ask if buying else quote.bid)
        opposite += leg.ratio * (quote.bid if buying else quote.ask)
        gross += abs(leg.ratio) * quote.middle
        size = quote.ask_size if buying else quote.bid_size
        if size is not None:
            whole = size // abs(leg.ratio)
            available = whole if available is None else min(available, whole)
    return ComboQuote(quotes, middle, natural, opposite, gross, available)


def _quote(view: BookView, contract: OptionContract) -> LegQuote | None:
    result = view.find(contract)
    if result is None:
        return None
    chain, index = result
    bid, ask, bid_size, ask_size, quality = chain.top_of_book(index)
    if quality == QuoteQuality.MODELLED:
        return None  # it is not quoted
    if not (math.isfinite(bid) and math.isfinite(ask)) or ask <= 0 or bid > ask:
        return None
    return LegQuote(Decimal(repr(bid)), Decimal(repr(ask)), _size(bid_size), _size(ask_size))


def _size(size: float) -> Decimal | None:
    return None if not math.isfinite(size) else Decimal(int(size))
