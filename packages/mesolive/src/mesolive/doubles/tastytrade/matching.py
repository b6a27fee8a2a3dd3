"""Fill prices of the double of tastytrade: what the legs of an order cost now, and how many combos there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from mesolive.doubles.markets import OptionQuote
from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.instruments import FUTURE, INDEX, Instrument
from mesolive.doubles.tastytrade.records import Order
from mesolive.doubles.tastytrade.values import ZERO

CENT: Final = Decimal("0.01")
UNDERLYING_SIZE: Final = 10_000
"""How many shares or futures there are at a price."""


@dataclass(frozen=True, slots=True)
class FillQuote:
    """What an order would be filled at now.

    Attributes
    ----------
    net
        Of one combo: greater than zero where it costs something.
    prices
        Of each leg.
    available
        How many combos the shown sizes make.
    """

    net: Decimal
    prices: Sequence[Decimal]
    available: int


def quote_of(desk: Desk, instrument: Instrument) -> OptionQuote | None:
    """Return the market of an instrument; `None` where there is none."""
    if instrument.option is not None:
        return desk.markets.quote(instrument.option)
    state = desk.markets.view(instrument.product).underlying.quote
    if instrument.kind == INDEX:
        last = _decimal(state.mark)
        return OptionQuote(_decimal(state.bid), _decimal(state.ask), last, 0, 0)
    shift = _carry(desk, instrument) if instrument.kind == FUTURE else ZERO
    bid, ask, last = _decimal(state.bid), _decimal(state.ask), _decimal(state.last)
    return OptionQuote(
        None if bid is None else bid + shift,
        None if ask is None else ask + shift,
        None if last is None else last + shift,
        UNDERLYING_SIZE,
        UNDERLYING_SIZE,
    )


def fill_quote(desk: Desk, order: Order) -> FillQuote | None:
    """Return what an order would be filled at, or `None` while a leg has no two-sided market.

    Each leg pays the setting `slippage` of its half spread; leg prices are whole cents, rounded against the trader.
    """
    net, available = ZERO, None
    prices: list[Decimal] = []
    slippage = desk.settings.slippage
    for leg, ratio in zip(order.legs, order.ratios, strict=True):
        quote = quote_of(desk, desk.instrument(leg.symbol))
        if quote is None or quote.bid is None or quote.ask is None or quote.ask <= 0:
            return None
        middle, half = (quote.bid + quote.ask) / 2, (quote.ask - quote.bid) / 2
        if ratio > 0:
            price = (middle + slippage * half).quantize(CENT, rounding=ROUND_CEILING)
        else:
            price = max((middle - slippage * half).quantize(CENT, rounding=ROUND_FLOOR), ZERO)
        prices.append(price)
        net += ratio * price
        shown = quote.ask_size if ratio > 0 else quote.bid_size
        # A combo that is larger than what is shown is filled one at a time: sizes are shown anew all the time.
        size = max(shown // abs(ratio), 1) if shown > 0 else 0
        available = size if available is None else min(available, size)
    return FillQuote(net, prices, available or 0)


def reached(order: Order, quote: FillQuote) -> bool:
    """Whether the limit of an order allows a fill; an order without one always does."""
    if order.order_type in {"Market", "Marketable Limit", "Stop"} or order.limit is None:
        return True
    return quote.net <= order.limit


def stop_reached(desk: Desk, order: Order) -> bool:
    """Whether the stop of a single leg has been reached, by the leg's own quote."""
    if order.stop_trigger is None:
        return True
    quote = quote_of(desk, desk.instrument(order.legs[0].symbol))
    if quote is None:
        return False
    if order.legs[0].sign > 0:
        return quote.ask is not None and quote.ask >= order.stop_trigger
    return quote.bid is not None and quote.bid <= order.stop_trigger


def _carry(desk: Desk, instrument: Instrument) -> Decimal:
    """Return by how much a later future costs more than the nearest: what the options on it imply."""
    view = desk.markets.view(instrument.product)
    nearest = _decimal(view.underlying.quote.mark)
    for expiration in view.expirations:
        if instrument.future is None or expiration.day != instrument.future.last_day:
            continue
        forward = _decimal(view.forward(expiration))
        if forward is not None and nearest is not None:
            return (forward - nearest).quantize(Decimal("0.25"))
    return ZERO


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None or value != value else Decimal(repr(round(float(value), 6)))  # noqa: PLR0124 - NaN
