"""Messages of TWS about contracts: details, positions and portfolio, with expirations as TWS writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from mesolive.doubles.products import MARKET_RULES, PRODUCTS
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.wire import Field, Message
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.trading_hours import trading_hours

ORDER_TYPES: Final = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALLOC,AVGCOST,BASKET,COND,DAY,GAT,GTC,GTD,GTT,HID,IOC,LIT,LMT,MIT,MKT,STP,STPLMT"
)
EXCHANGE_ZONE: Final = "US/Central"
HOURS_DAYS: Final = 5
"""For how many days ahead the hours of trading are listed."""


@dataclass(frozen=True, slots=True)
class GatewayZone:
    """The time zone that TWS was logged in with, in which it writes times and last trading days.

    Attributes
    ----------
    name
        As it is written into messages: TWS also writes names that no database of zones knows.
    """

    zone: ZoneInfo
    name: str

    @classmethod
    def of(cls, name: str, written: str = "") -> GatewayZone:
        """Return the zone with an IANA name; `written` replaces the name in messages."""
        return cls(ZoneInfo(name), written or name)


def last_moment(instrument: Instrument, sessions: ExchangeCalendar) -> datetime | None:
    """Return the last moment at which a contract trades."""
    if instrument.last_trade is None:
        return None
    session = sessions.session(instrument.last_trade)
    return instrument.settles_at if session is None else session[1]


def last_trade_day(instrument: Instrument, sessions: ExchangeCalendar, zone: GatewayZone) -> str:
    """Return the day of the last trade as TWS writes it: that of the gateway's time zone, which may be the next one."""
    moment = last_moment(instrument, sessions)
    return "" if moment is None else f"{moment.astimezone(zone.zone):%Y%m%d}"


def contract_data(
    req_id: int, instrument: Instrument, sessions: ExchangeCalendar, zone: GatewayZone, now: datetime, version: int
) -> Message:
    """Return the details of a contract.

    Before version 164 a version follows the message id, an obsolete multiplier of sizes follows the price step, and
    the sizes of orders are missing.
    """
    product = PRODUCTS[instrument.product]
    moment = last_moment(instrument, sessions)
    last = "" if moment is None else f"{moment.astimezone(zone.zone):%Y%m%d %H:%M:%S} {zone.name}"
    is_option = instrument.option is not None
    exchanges = product.option_exchanges if is_option else (product.exchange,)
    rule = product.market_rule if is_option or product.sec_type == "FUT" else 26
    old = version < 164
    today = sessions.local(now).date()
    hours = _hours(instrument.product, sessions, today, extended=True)
    fields: list[Field] = [10]
    if old:
        fields.append(8)
    fields += [
        req_id,
        instrument.symbol,
        instrument.sec_type,
        last,
        float(instrument.strike),
        instrument.right,
        instrument.exchange,
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
        instrument.trading_class,
        instrument.con_id,
        min(step for _, step in MARKET_RULES[rule]),
    ]
    if old:
        fields.append(100)
    fields += [
        instrument.multiplier,
        ORDER_TYPES,
        ",".join(exchanges),
        1,
        instrument.under_con_id,
        product.name,
        instrument.primary_exchange,
        "" if moment is None or instrument.expires is None else f"{instrument.expires:%Y%m}",
        "Indices" if product.sec_type == "IND" else "",
        "Broad Range Equity Index" if product.sec_type == "IND" else "",
        "*",
        EXCHANGE_ZONE,
        hours,
        _hours(instrument.product, sessions, today, extended=False),
        "",
        0,
        0,
        1,
        product.symbol if is_option else "",
        product.sec_type if is_option else "",
        ",".join(str(rule) for _ in exchanges),
        "" if instrument.expires is None else f"{instrument.expires:%Y%m%d}",
        "ETF" if instrument.symbol == "SPY" and not is_option else "",
    ]
    if version == 163:
        fields.append(1)
    if not old:
        fields += [1, 1, 1]
    return fields


def position(
    account: str,
    instrument: Instrument,
    quantity: Decimal,
    average_cost: Decimal,
    sessions: ExchangeCalendar,
    zone: GatewayZone,
) -> Message:
    """Return what an account holds of a contract; the cost is per contract, its multiplier included."""
    return (
        61,
        3,
        account,
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        last_trade_day(instrument, sessions, zone),
        float(instrument.strike),
        instrument.right,
        instrument.multiplier,
        "",
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
        quantity,
        average_cost,
    )


@dataclass(frozen=True, slots=True)
class Holding:
    """What a row of the portfolio shows beside the contract."""

    quantity: Decimal
    price: Decimal
    value: Decimal
    average_cost: Decimal
    unrealized: Decimal
    realized: Decimal


def portfolio_value(
    account: str, instrument: Instrument, holding: Holding, sessions: ExchangeCalendar, zone: GatewayZone
) -> Message:
    """Return one row of an account's portfolio."""
    return (
        7,
        8,
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        last_trade_day(instrument, sessions, zone),
        float(instrument.strike),
        instrument.right or "0",
        instrument.multiplier,
        instrument.primary_exchange,
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
        holding.quantity,
        holding.price,
        holding.value,
        holding.average_cost,
        holding.unrealized,
        holding.realized,
        account,
    )


@lru_cache(maxsize=64)
def _hours(product: str, sessions: ExchangeCalendar, day: date, *, extended: bool) -> str:
    """Return the hours of trading of some days in the exchange's zone: of all sessions, or of the liquid one."""
    hours = trading_hours(product, sessions)
    zone = ZoneInfo("America/Chicago")
    parts: list[str] = []
    for _ in range(HOURS_DAYS):
        running = hours.sessions(day) if extended else hours.order_sessions(day)
        if not running:
            parts.append(f"{day:%Y%m%d}:CLOSED")
        for session in running:
            opening, close = (moment.astimezone(zone) for moment in session)
            parts.append(f"{opening:%Y%m%d:%H%M}-{close:%Y%m%d:%H%M}")
        day += timedelta(days=1)
    return ";".join(parts)
