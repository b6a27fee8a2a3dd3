"""Fill prices of orders against the market's quotes: what a combo or a contract costs now, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from mesolive.doubles.markets import Markets
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.records import Order

CENT: Final = Decimal("0.01")
UNDERLYING_SIZE: Final = 10_000
"""How many shares or futures there are at a price."""


@dataclass(frozen=True, slots=True)
class LegPrice:
    """What one leg is filled at.

    Attributes
    ----------
    ratio
        Of the leg in the order's direction: greater than zero where it is bought.
    """

    instrument: Instrument
    ratio: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class FillQuote:
    """What an order would be filled at now.

    Attributes
    ----------
    price
        Of the order's contract: the sum of the legs' prices, sold legs negative in a bought combo.
    middle
        The same at the middle of every leg's market: stop orders are triggered by it.
    available
        How many of the order's contract the shown sizes make.
    """

    price: Decimal
    middle: Decimal
    legs: Sequence[LegPrice]
    available: Decimal


@dataclass(frozen=True, slots=True)
class _Market:
    bid: Decimal
    ask: Decimal
    bid_size: int
    ask_size: int


def order_legs(order: Order, instrument_of: Callable[[int], Instrument | None]) -> list[tuple[Instrument, int]]:
    """Return the contracts of an order with their signed ratios in a bought one; nothing when one is not known."""
    if not order.is_combo:
        instrument = instrument_of(order.con_id)
        return [] if instrument is None else [(instrument, 1)]
    legs: list[tuple[Instrument, int]] = []
    for leg in order.legs:
        instrument = instrument_of(leg.con_id)
        if instrument is None:
            return []
        legs.append((instrument, leg.ratio * leg.sign))
    return legs


def fill_quote(
    markets: Markets, legs: Sequence[tuple[Instrument, int]], *, buying: bool, slippage: Decimal
) -> FillQuote | None:
    """Return what an order would be filled at, or `None` while a leg has no two-sided market.

    Parameters
    ----------
    legs
        Contracts with their signed ratios in a bought order.
    buying
        The order's side.
    slippage
        Part of its half spread that each leg pays. Leg prices are whole cents, rounded against the trader.
    """
    priced: list[LegPrice] = []
    price = middle = Decimal(0)
    available: Decimal | None = None
    for instrument, ratio in legs:
        market = _market(markets, instrument)
        if market is None:
            return None
        bought = (ratio > 0) == buying
        mid, half = (market.bid + market.ask) / 2, (market.ask - market.bid) / 2
        if bought:
            leg_price = (mid + slippage * half).quantize(CENT, rounding=ROUND_CEILING)
        else:
            leg_price = max((mid - slippage * half).quantize(CENT, rounding=ROUND_FLOOR), Decimal(0))
        priced.append(LegPrice(instrument, abs(ratio) if bought else -abs(ratio), leg_price))
        price += ratio * leg_price
        middle += ratio * mid
        shown = market.ask_size if bought else market.bid_size
        # A combo that is larger than what is shown is filled one at a time: sizes are shown anew all the time.
        size = Decimal(max(shown // abs(ratio), 1) if shown > 0 else 0)
        available = size if available is None else min(available, size)
    return FillQuote(price, middle, priced, available or Decimal(0))


def at_price(quote: FillQuote, price: Decimal) -> FillQuote:
    """Return the same fill at another price of the order: the first leg takes the difference."""
    first, *others = quote.legs
    sign = 1 if quote.price == sum((leg.ratio * leg.price for leg in quote.legs), Decimal(0)) else -1
    moved = first.price + sign * (price - quote.price) / first.ratio
    return FillQuote(price, quote.middle, [LegPrice(first.instrument, first.ratio, moved), *others], quote.available)


def reached(order: Order, quote: FillQuote) -> bool:
    """Whether an order's limit allows a fill at the quote; a market order's always does."""
    if order.limit_price is None or order.order_type in {"MKT", "STP"}:
        return True
    return quote.price <= order.limit_price if order.action == "BUY" else quote.price >= order.limit_price


def triggered(order: Order, quote: FillQuote) -> bool:
    """Whether the stop price of a stop order has been reached."""
    if order.order_type not in {"STP", "STP LMT"} or order.aux_price is None:
        return True
    return quote.middle >= order.aux_price if order.action == "BUY" else quote.middle <= order.aux_price


def _market(markets: Markets, instrument: Instrument) -> _Market | None:
    if instrument.option is not None:
        quote = markets.quote(instrument.option)
        if quote is None or quote.bid is None or quote.ask is None or quote.ask <= 0:
            return None
        return _Market(quote.bid, quote.ask, quote.bid_size, quote.ask_size)
    if instrument.sec_type == "IND":
        return None
    state = markets.view(instrument.product).underlying.quote
    if state.bid is None or state.ask is None:
        return None
    return _Market(Decimal(repr(state.bid)), Decimal(repr(state.ask)), UNDERLYING_SIZE, UNDERLYING_SIZE)
