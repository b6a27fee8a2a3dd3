"""Checks of orders that clients place: what TWS and IB refuse, with the code of the error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mesolive.doubles.products import PRODUCTS, increment
from mesolive.doubles.tws.gateway import Gateway
from mesolive.doubles.tws.instruments import BAG_CON_ID, Instrument
from mesolive.doubles.tws.margins import AccountValues, values_of
from mesolive.doubles.tws.matching import fill_quote
from mesolive.doubles.tws.place_order import PlaceOrder
from mesolive.doubles.tws.records import ZERO, Order

ORDER_TYPES: Final = frozenset({"LMT", "MKT", "STP", "STP LMT"})
TIMES_IN_FORCE: Final = frozenset({"", "DAY", "GTC", "IOC", "GTD", "FOK"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is refused.

    Attributes
    ----------
    by_server
        Whether IB's servers refuse it: then it had a permId, and is reported as Inactive.
    """

    code: int
    details: Mapping[str, object] = field(default_factory=dict[str, object])
    by_server: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """An order that TWS takes: its contracts with their signed ratios in a bought order, and its account."""

    legs: Sequence[tuple[Instrument, int]]
    con_id: int
    account: str


def check_order(gateway: Gateway, request: PlaceOrder) -> Checked | Refusal:
    """Return what an order is of, or why it is refused."""
    settings = gateway.settings
    if request.quantity <= 0:
        return Refusal(434)
    if request.quantity != request.quantity.to_integral_value():
        return _invalid("Fractional quantities are not supported")
    if request.action not in {"BUY", "SELL"}:
        return _invalid(f"Invalid order action {request.action}")
    account = request.account
    if not account:
        if settings.advisor:
            return Refusal(436)
        if len(settings.accounts) > 1:
            return Refusal(435)
        account = settings.accounts[0]
    if account not in gateway.state.accounts:
        return _invalid("Invalid account code")
    legs = _combo(gateway, request) if request.contract.sec_type == "BAG" else _single(gateway, request)
    if isinstance(legs, Refusal):
        return legs
    if not settings.option_trading and any(instrument.option is not None for instrument, _ in legs):
        return Refusal(460)
    if request.order_type not in ORDER_TYPES:
        return Refusal(387)
    if request.tif not in TIMES_IN_FORCE:
        return _invalid(f"Invalid time in force {request.tif}")
    wrong = _prices(request, legs)
    if wrong is not None:
        return wrong
    con_id = BAG_CON_ID if request.contract.sec_type == "BAG" else legs[0][0].con_id
    return Checked(legs, con_id, account)


def check_margin(gateway: Gateway, request: PlaceOrder, checked: Checked) -> Refusal | None:
    """Return why IB's servers refuse an order for its margin, or `None`."""
    if not gateway.settings.margin_check:
        return None
    before, after = margins(gateway, request, checked)
    if after.initial <= before.initial or after.equity_with_loan >= after.initial:
        return None
    reason = (
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{after.equity_with_loan:.2f} USD] MUST EXCEED THE INITIAL MARGIN [{after.initial:.2f} USD]"
    )
    return Refusal(201, {"reason": reason}, by_server=True)


def margins(gateway: Gateway, request: PlaceOrder, checked: Checked) -> tuple[AccountValues, AccountValues]:
    """Return the values of an order's account without and with it, filled at its limit or at the market."""
    account = gateway.account(checked.account)
    buying = request.action == "BUY"
    sign = 1 if buying else -1
    extra = [(instrument, Decimal(sign * ratio) * request.quantity) for instrument, ratio in checked.legs]
    price = request.limit_price
    if price is None:
        quote = fill_quote(gateway.markets, checked.legs, buying=buying, slippage=gateway.settings.slippage)
        price = ZERO if quote is None else quote.price
    cash = -sign * price * request.quantity * checked.legs[0][0].factor
    return values_of(gateway, account), values_of(gateway, account, extra, cash)


def differs(order: Order, request: PlaceOrder, con_id: int) -> int | None:
    """Return the code with which a modification is refused that changes what may not change, or `None`."""
    if request.order_type != order.order_type:
        return 329
    legs = [(leg.con_id, leg.ratio, leg.action) for leg in request.legs]
    same = (
        con_id == order.con_id
        and request.action == order.action
        and (request.account or order.account) == order.account
        and (request.contract.exchange or order.exchange) == order.exchange
        and legs == [(leg.con_id, leg.ratio, leg.action) for leg in order.legs]
    )
    return None if same else 105


def _single(gateway: Gateway, request: PlaceOrder) -> list[tuple[Instrument, int]] | Refusal:
    query = request.contract
    if gateway.instruments.conflicts(query):
        return Refusal(478, {"cause": "Requested contract does not match its conId"})
    matching = gateway.instruments.find(query, gateway.now())
    if len(matching) != 1:
        return Refusal(200)
    if matching[0].sec_type == "IND":
        return Refusal(201, {"reason": "No trading of this contract"}, by_server=True)
    if not query.exchange:
        return _invalid("Missing order exchange")
    return [(matching[0], 1)]


def _combo(gateway: Gateway, request: PlaceOrder) -> list[tuple[Instrument, int]] | Refusal:
    legs: list[tuple[Instrument, int]] = []
    if not request.legs:
        return _invalid("Combo details for leg are missing")
    if len(request.legs) > gateway.settings.max_combo_legs:
        reason = "The number of legs exceeds what the exchange supports"
        return Refusal(201, {"reason": reason}, by_server=True)
    if any(not leg.exchange for leg in request.legs):
        return Refusal(103)  # what TWS says when a leg has no exchange
    for leg in request.legs:
        instrument = gateway.instruments.known(leg.con_id)
        if instrument is None or not gateway.instruments.alive(instrument, gateway.now()):
            return Refusal(200)
        if leg.ratio <= 0 or leg.action not in {"BUY", "SELL"} or instrument.sec_type == "IND":
            return _invalid(f"Combo details for leg '{leg.con_id}' are invalid")
        legs.append((instrument, leg.ratio if leg.action == "BUY" else -leg.ratio))
    if math.gcd(*(ratio for _, ratio in legs)) != 1 or len({instrument.con_id for instrument, _ in legs}) != len(legs):
        return _invalid("Combo details are invalid: ratios must have no common divisor, and each contract one leg")
    if {instrument.symbol for instrument, _ in legs} != {request.contract.symbol}:
        return Refusal(200)
    if request.leg_prices:
        return Refusal(10058)
    return legs


def _prices(request: PlaceOrder, legs: Sequence[tuple[Instrument, int]]) -> Refusal | None:
    wanted: list[Decimal | None] = []
    if "LMT" in request.order_type:
        wanted.append(request.limit_price)
    if "STP" in request.order_type:
        wanted.append(request.aux_price)
    if any(price is None for price in wanted):
        return _invalid("Missing price of the order")
    product = PRODUCTS[legs[0][0].product]
    is_combo = request.contract.sec_type == "BAG"
    for price in wanted:
        assert price is not None  # noqa: S101 - checked above
        if legs[0][0].option is None and not is_combo:
            step = Decimal("0.25") if legs[0][0].sec_type == "FUT" else Decimal("0.01")
        else:
            step = product.combo_tick if is_combo else increment(product.market_rule, price)
        if price % step or (price < 0 and not is_combo):
            return Refusal(110)
    return None


def _invalid(cause: str) -> Refusal:
    return Refusal(321, {"request": "placeOrder", "cause": cause})
