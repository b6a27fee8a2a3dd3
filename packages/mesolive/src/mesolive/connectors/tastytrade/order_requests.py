"""Orders as tastytrade takes them: what it can be asked for, opening and closing, prices and their effect.

A price is unsigned beside its effect, per combo and unit of the underlying. Market orders have one leg there: a combo
at the market is sent as a limit at its own far price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.connectors.tastytrade.symbols import future_of, instrument_type, is_on_future, order_symbol
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.trading_hours import trading_hours
from mesolive.tastytrade_client import SOURCE, STRICT_POSITION_EFFECTS, NewLeg, NewOrder, price_text
from mesolive.venues.base import VenueRequest
from mesolive.venues.combo_limits import MAX_COMBO_LEGS
from mesolive.venues.combo_quotes import ComboQuote
from mesolive_sdk.models import BrokerType, OrderType, TimeInForce
from mesolive_sdk.ticks import on_tick, tick_above, tick_of, ticks_up

ZERO: Final = Decimal(0)
MAX_LEGS: Final = MAX_COMBO_LEGS[BrokerType.TastyTrade]
FAR_TICKS: Final = 2
"""How many ticks a marketable limit stands beyond the offers: the market moves until the order is there."""

_TYPES: Final = {
    OrderType.Market: "Market",
    OrderType.Limit: "Limit",
    OrderType.Stop: "Stop",
    OrderType.StopLimit: "Stop Limit",
}
_TIMES: Final = {TimeInForce.Day: "Day", TimeInForce.Gtc: "GTC"}


def why_not(request: VenueRequest) -> str | None:
    """Return why an order cannot be sent to tastytrade, or `None`."""
    legs, contracts = request.legs, [leg.contract for leg in request.legs]
    if not 1 <= len(legs) <= MAX_LEGS:
        return f"tastytrade takes 1 to {MAX_LEGS} legs, and this order has {len(legs)}"
    if len(set(contracts)) != len(contracts):
        return "tastytrade takes no two legs of the same contract"
    underlyings = sorted({contract.underlying for contract in contracts})
    if len(underlyings) > 1:
        return f"tastytrade takes one underlying per order, and this one has {', '.join(underlyings)}"
    futures = sorted({future_of(contract) for contract in contracts if is_on_future(contract)})
    if len(futures) > 1:
        return f"tastytrade takes options on one future per order, and this one has {', '.join(futures)}"
    if any(leg.ratio * request.qty % 1 or not leg.ratio for leg in legs):
        return "tastytrade takes whole contracts"
    return _why_not_priced(request)


def _why_not_priced(request: VenueRequest) -> str | None:
    if request.order_type not in _TYPES or request.time_in_force not in _TIMES:
        return f"an order of type {request.order_type.name} {request.time_in_force.name} is not known"
    stops = request.order_type in {OrderType.Stop, OrderType.StopLimit}
    if stops and len(request.legs) > 1:
        return "tastytrade takes stops for single options only"
    if request.order_type is OrderType.Stop and request.time_in_force is TimeInForce.Gtc:
        return "tastytrade takes stop orders of options for the day only"
    if request.order_type is OrderType.Market and request.time_in_force is TimeInForce.Gtc:
        return "tastytrade takes no market orders that are good till cancelled"
    roots = [leg.contract.root for leg in request.legs]
    for name, price in (("limit", request.limit_price), ("stop", request.stop_price)):
        if price is not None and not on_tick(roots, price):
            return f"the {name} price {price} is no multiple of the tick {tick_of(roots, price)}"
    return None


def closed_reason(request: VenueRequest, moment: datetime, calendar: ExchangeCalendar) -> str | None:
    """Return why the market of an order does not run now, or `None`; see `TradingHours.takes_orders`."""
    symbol = request.legs[0].contract.underlying
    if trading_hours(symbol, calendar).takes_orders(moment):
        return None
    return f"the market of {symbol} is closed, and this account's orders do not wait for the next session"


def actions_of(request: VenueRequest, position_of: Callable[[str], Decimal]) -> tuple[dict[str, str], str | None]:
    """Return the action of each leg by its symbol, by what the account holds; or why there is none.

    Parameters
    ----------
    position_of
        Signed contracts that the account holds of a symbol.
    """
    actions: dict[str, str] = {}
    for leg in request.legs:
        symbol, quantity = order_symbol(leg.contract), leg.ratio * request.qty
        now = position_of(symbol)
        word = "Buy" if quantity > 0 else "Sell"
        closes = now * quantity < 0
        if closes and abs(quantity) > abs(now):
            text = f"{symbol}: {abs(quantity)} to {word.lower()}, and {abs(now)} of them would close"
            return {}, f"a leg opens or closes, and cannot do both ({text}); send two orders"
        actions[symbol] = f"{word} to {'Close' if closes else 'Open'}"
    return actions, None


def not_held(request: VenueRequest, position_of: Callable[[str], Decimal]) -> dict[str, str]:
    """Return what an order closes by the books and would open at the broker: why, by the leg's symbol.

    Parameters
    ----------
    position_of
        Signed contracts that the account holds of a symbol at the broker.
    """
    lacking: dict[str, str] = {}
    for leg in request.legs:
        symbol, quantity = order_symbol(leg.contract), leg.ratio * request.qty
        if leg.held is not None and _closed(quantity, position_of(symbol)) < _closed(quantity, leg.held):
            lacking[symbol] = f"{symbol}: the books hold {leg.held:f}, the broker {position_of(symbol):f}"
    return lacking


def _closed(quantity: Decimal, position: Decimal) -> Decimal:
    """Return how many contracts of a signed quantity close what is held."""
    return min(abs(quantity), abs(position)) if quantity * position < 0 else ZERO


def closing_quantities(order: NewOrder) -> dict[str, Decimal]:
    """Return the signed quantities of the legs that close."""
    return {
        leg.symbol: Decimal(leg.quantity if leg.action.startswith("Buy") else -leg.quantity)
        for leg in order.legs or ()
        if leg.action.endswith("Close")
    }


def new_order(request: VenueRequest, actions: Mapping[str, str], limit: Decimal | None) -> NewOrder:
    """Return the order to send.

    Parameters
    ----------
    limit
        Its limit; also that of a combo at the market.
    """
    legs = tuple(
        NewLeg(
            instrument_type=instrument_type(leg.contract),
            symbol=order_symbol(leg.contract),
            quantity=int(abs(leg.ratio) * request.qty),
            action=actions[order_symbol(leg.contract)],
        )
        for leg in request.legs
    )
    kind = request.order_type
    if kind is OrderType.Market and limit is not None:
        kind = OrderType.Limit
    return NewOrder(
        order_type=_TYPES[kind],
        time_in_force=_TIMES[request.time_in_force],
        price=None if limit is None else price_text(limit),
        price_effect=None if limit is None else "Debit" if limit >= 0 else "Credit",
        stop_trigger=None if request.stop_price is None else price_text(request.stop_price),
        source=SOURCE,
        external_identifier=request.reference,
        automated_source=True,
        advanced_instructions=STRICT_POSITION_EFFECTS,
        legs=legs,
    )


def replacing(order: NewOrder) -> NewOrder:
    """Return the body of a replacement: the legs stay, and the identifier must be sent again."""
    return NewOrder(
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price=order.price,
        price_effect=order.price_effect,
        stop_trigger=order.stop_trigger,
        source=order.source,
        external_identifier=order.external_identifier,
        automated_source=order.automated_source,
        advanced_instructions=order.advanced_instructions,
    )


def marketable_limit(request: VenueRequest, quote: ComboQuote) -> Decimal:
    """Return a limit at which a combo is filled at once: its far price on the tick, and some ticks more."""
    roots = [leg.contract.root for leg in request.legs]
    return ticks_up(roots, tick_above(roots, quote.natural), FAR_TICKS)
