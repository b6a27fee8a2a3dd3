"""Fill model of the simulated venue: fill prices and quantities. Pure: quotes in, prices out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

from mesolive.venues.base import VenueLeg
from mesolive.venues.combo_quotes import ComboQuote

CENT = Decimal("0.01")


class FillPrice(Struct, frozen=True):
    """What one combo costs: `combo` is the exact sum of ratio times leg price."""

    combo: Decimal
    legs: Mapping[str, Decimal]


def fill_price(legs: Sequence[VenueLeg], quote: ComboQuote, slippage: Decimal) -> FillPrice:
    """Return the price at which the combo is filled now.

    Each leg pays `slippage` of its half spread: 0 fills at the middle, 1 at the offer and the bid. Leg prices are whole
    cents, rounded against the trader.
    """
    prices: dict[str, Decimal] = {}
    combo = Decimal(0)
    for leg in legs:
        market = quote.legs[leg.name]
        half = (market.ask - market.bid) / 2
        if leg.ratio > 0:
            price = (market.middle + slippage * half).quantize(CENT, rounding=ROUND_CEILING)
        else:
            price = (market.middle - slippage * half).quantize(CENT, rounding=ROUND_FLOOR)
        prices[leg.name] = max(price, Decimal(0))
        combo += leg.ratio * prices[leg.name]
    return FillPrice(combo, prices)


def fill_quantity(remaining: Decimal, quote: ComboQuote, maximum: Decimal) -> Decimal:
    """Return how many combos are filled at once: what the market shows, and never more than `most`."""
    return min(remaining, maximum if quote.available is None else min(quote.available, maximum))
