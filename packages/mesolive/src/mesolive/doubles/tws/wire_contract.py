"""Contracts in requests of TWS clients: the twelve fields that name a contract, and the legs of a combo."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mesolive.doubles.tws.wire import FieldReader


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """A contract as a client names it: every field may be empty, and then matches everything.

    Attributes
    ----------
    last_trade
        Last trading day as `YYYYMMDD`, or the contract's month as `YYYYMM`.
    """

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True)
class ComboLeg:
    """One leg of a combo as a client names it."""

    con_id: int
    ratio: int
    action: str
    exchange: str
    open_close: int = 0
    short_sale_slot: int = 0
    designated_location: str = ""
    exempt_code: int = -1


def read_contract(reader: FieldReader) -> ContractQuery:
    """Return the contract that the next twelve fields name."""
    con_id = reader.integer()
    symbol, sec_type, last_trade = reader.texts(3)
    strike = reader.number()
    right, multiplier, exchange, primary, currency, local_symbol, trading_class = reader.texts(7)
    return ContractQuery(
        con_id=con_id,
        symbol=symbol,
        sec_type=sec_type,
        last_trade=last_trade,
        strike=strike or None,
        right={"CALL": "C", "PUT": "P", "0": "", "?": ""}.get(right, right),
        multiplier=multiplier,
        exchange=exchange,
        primary_exchange=primary,
        currency=currency,
        local_symbol=local_symbol,
        trading_class=trading_class,
    )


def read_combo_leg(reader: FieldReader) -> ComboLeg:
    """Return the leg of a combo order that the next eight fields name."""
    con_id, ratio = reader.integer(), reader.integer()
    action, exchange = reader.texts(2)
    open_close, slot = reader.integer(), reader.integer()
    return ComboLeg(con_id, ratio, action, exchange, open_close, slot, reader.text(), reader.integer(-1))
