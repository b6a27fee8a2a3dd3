"""Terms of orders as they are written to TWS: contract, legs, side, quantity and prices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from mesolive.connectors.ibkr.contract_mapping import COMBO, exchange_of, is_future_option
from mesolive.connectors.ibkr.order_book import ratios_of
from mesolive.connectors.ibkr.tws_messages import ComboLeg, Contract, OrderTicket
from mesolive.venues.base import VenueRequest
from mesolive_sdk.models import OrderType, TimeInForce

TYPES: Final = {
    OrderType.Market: "MKT",
    OrderType.Limit: "LMT",
    OrderType.Stop: "STP",
    OrderType.StopLimit: "STP LMT",
}
TIMES: Final = {TimeInForce.Day: "DAY", TimeInForce.Gtc: "GTC"}


def single_ratio(request: VenueRequest) -> Decimal | None:
    """Return the signed contracts per unit of an order of one contract; `None` for a combo."""
    if len({leg.contract for leg in request.legs}) > 1:
        return None
    return sum((leg.ratio for leg in request.legs), Decimal(0))


def why_not_written(request: VenueRequest) -> str | None:
    """Return why an order cannot be written to TWS, or `None`."""
    if request.order_type not in TYPES or request.time_in_force not in TIMES:
        return f"an order of type {request.order_type.value}, {request.time_in_force.value} cannot be sent to IB"
    if any(leg.ratio % 1 for leg in request.legs) or not request.legs:
        return "each leg of a combo must have a whole ratio other than zero"
    if len({is_future_option(leg.contract) for leg in request.legs}) > 1:
        return "a combo cannot mix options on futures with others"
    ratios: dict[object, int] = {}
    for leg in request.legs:
        ratios[leg.contract] = ratios.get(leg.contract, 0) + int(leg.ratio)
    if 0 in ratios.values():
        return "each leg of a combo must have a whole ratio other than zero"
    if len(ratios) > 1 and math.gcd(*ratios.values()) != 1:
        return "the ratios of a combo must have no common divisor"
    for price in (request.limit_price, request.stop_price):
        written = None if price is None else written_price(request, price)
        if written is not None and written < 0 and single_ratio(request) is not None:
            return f"a single option cannot be traded at {price}: its price would be negative"
    return None


def written_price(request: VenueRequest, price: Decimal) -> Decimal:
    """Return a price as TWS has it: per contract of a single option, else per combo that is bought."""
    ratio = single_ratio(request)
    return price if ratio is None else price / ratio


def written_quantity(request: VenueRequest, total: Decimal) -> Decimal:
    """Return a quantity as TWS has it: contracts of a single option, else combos."""
    ratio = single_ratio(request)
    return total if ratio is None else total * abs(ratio)


def contract_of(
    request: VenueRequest, con_ids: Sequence[int], route: str = ""
) -> tuple[Contract, tuple[ComboLeg, ...]]:
    """Return contract and legs of an order: a single option by its conId alone, else a combo that is bought.

    No other field goes with a conId: TWS refuses an order whose fields contradict it (478).

    Parameters
    ----------
    route
        The exchange; empty for SMART, or the one of options on futures.
    """
    first = request.legs[0].contract
    exchange = route or exchange_of(first)
    ratios = ratios_of(request, con_ids)
    if len(ratios) == 1:
        return Contract(con_id=next(iter(ratios)), exchange=exchange), ()
    legs = tuple(
        ComboLeg(con_id=con_id, ratio=abs(ratio), action="BUY" if ratio > 0 else "SELL", exchange=exchange)
        for con_id, ratio in ratios.items()
    )
    return Contract(symbol=first.underlying, sec_type=COMBO, currency="USD", exchange=exchange), legs


def ticket_of(request: VenueRequest, order_ref: str, total: Decimal, *, what_if: bool = False) -> OrderTicket:
    """Return side, quantity, type and prices: a combo is bought at a debit or, at a negative price, for a credit."""
    ratio = single_ratio(request)
    return OrderTicket(
        action="SELL" if ratio is not None and ratio < 0 else "BUY",
        quantity=written_quantity(request, total),
        order_type=TYPES[request.order_type],
        time_in_force=TIMES[request.time_in_force],
        account=request.account,
        order_ref=order_ref,
        limit_price=None if request.limit_price is None else written_price(request, request.limit_price),
        stop_price=None if request.stop_price is None else written_price(request, request.stop_price),
        what_if=what_if,
        outside_rth=request.night,
    )
