"""Pre-trade price checks: an order's prices against the current market. Pure.

Prices are those of one combo per unit of the underlying: positive a debit, negative a credit. So paying too much and
selling too cheaply are both a price too high, and only that is refused: an order with a better price than the market
merely rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mesolive.trading.execution.risk_limits import RefusedError
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk import models
from mesolive_sdk.models import OrderType, StatusCode
from mesolive_sdk.ticks import tick_of

ALLOWED_TICKS = 5
"""Price steps allowed beyond the rest of the band: the market moves while an order is in flight."""


def price_band(quote: ComboQuote, fraction: Decimal, roots: Sequence[str]) -> Decimal:
    """Return how far above the combo's mark a price may lie.

    The greater of `fraction` of the mark and half of the combo's width, and `ALLOWED_TICKS` steps on top. So the
    natural price is within the band of an orderly market, also of a combo that is worth next to nothing. The width
    counts up to `fraction` of the legs' premiums: quotes that are wider than that are not a measure.

    Parameters
    ----------
    fraction
        The account's, such as 0.25.
    roots
        The trading class of each leg, which decides the price step.
    """
    half_width = (quote.natural - quote.opposite) / 2
    by_quotes = min(half_width, fraction * quote.gross)
    return max(fraction * abs(quote.middle), by_quotes) + ALLOWED_TICKS * tick_of(roots, quote.middle)


def highest_price(asked: models.LegGroupOrder, quote: ComboQuote) -> Decimal:
    """Return the most that one combo may cost: the limit, else the natural price, or the stop where that is higher."""
    if asked.LimitPrice is not None:
        return asked.LimitPrice
    if asked.StopPrice is not None:
        return max(asked.StopPrice, quote.natural)
    return quote.natural


def check_prices(asked: models.LegGroupOrder, quote: ComboQuote, fraction: Decimal, roots: Sequence[str]) -> None:
    """Refuse prices of the wrong sign, a stop that is reached already, and a price beyond the band.

    Raises
    ------
    RefusedError
        `WrongSign`, `StopReached` or `PriceOutsideBand`.
    """
    for field, price in (("LimitPrice", asked.LimitPrice), ("StopPrice", asked.StopPrice)):
        if price is not None:
            _check_sign(field, price, quote)
    reached = asked.StopPrice is not None and quote.middle >= asked.StopPrice
    if reached and asked.OrderType is OrderType.Stop:
        raise RefusedError(
            "StopReached",
            f"StopPrice {asked.StopPrice} is reached already: the combo's middle is {quote.middle}, so the stop would "
            "be a market order at once; send a Market order, or a stop above the middle",
            StatusCode.ValidationError,
        )
    highest, reference = _judged(asked, quote, reached=reached)
    band = price_band(quote, fraction, roots)
    if highest is not None and highest - reference > band:
        raise RefusedError(
            "PriceOutsideBand",
            f"the order may pay {highest}, which is {highest - reference} beyond {reference}; the band of this combo "
            f"is {band:.2f}",
        )


def check_worth(highest: Decimal, most_worth: Decimal | None) -> None:
    """Refuse to pay more for a combo than its largest possible value at expiration, independent of its quotes."""
    if most_worth is not None and highest > most_worth:
        raise RefusedError(
            "PriceOutsideBand",
            f"the order may pay {highest}, and the combo is worth at most {most_worth} at its expiration",
        )


def _judged(asked: models.LegGroupOrder, quote: ComboQuote, *, reached: bool) -> tuple[Decimal | None, Decimal]:
    """Return the highest price that can be judged now, and the price from which the band is measured."""
    match asked.OrderType:
        case OrderType.Limit:
            return asked.LimitPrice, quote.middle
        case OrderType.StopLimit:
            # Triggered at its stop, where the market will be then; at once where it is there already.
            assert asked.StopPrice is not None  # noqa: S101 - `price_problems` has seen to it
            return asked.LimitPrice, quote.middle if reached else asked.StopPrice
        case OrderType.Market:
            return quote.natural, quote.middle
        case _:
            return None, quote.middle  # a stop becomes a market order at a price that is unknown now


def _check_sign(field: str, price: Decimal, quote: ComboQuote) -> None:
    if price > 0 >= quote.natural:
        message = f"{field} {price} is a debit, and the combo brings a credit even at its worst ({quote.natural})"
        raise RefusedError("WrongSign", message, StatusCode.ValidationError)
    if price < 0 < quote.opposite:
        message = f"{field} {price} is a credit, and the combo costs a debit even at its best ({quote.opposite})"
        raise RefusedError("WrongSign", message, StatusCode.ValidationError)
